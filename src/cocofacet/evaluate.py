"""From embeddings to ranks, and from ranks to every recall that the book shows.

What recall@k means here: each query has one positive among 100 candidates, so the
recall@k of a query is 1 when its positive ranks in the first k and 0 otherwise, and a
recall shown is a mean of those; with one positive it is also what others call hit@k.

One tidy table holds everything: a row per (profile, run, retriever, revision, mode,
prompt, facet, query) with the rank of the positive. All averages are weighted means
over queries, which is what lets one bootstrap serve them all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

GROUP = ["profile", "run", "retriever", "revision", "mode"]
COLUMNS = [*GROUP, "prompt", "facet", "query", "text", "label", "rank"]
AVERAGES = ("macro", "micro", "balanced")


def pool_scores(
    queries: np.ndarray, images: np.ndarray, pool: np.ndarray, memory: int = 1 << 20
) -> np.ndarray:
    """Score each query against the candidates of its own pool.

    queries (Q, D), images (N, D), pool (Q, C) integer indices into images; returns
    (Q, C) float64. ``memory`` bounds, in bytes, the candidates gathered at a time:
    what fits into the cache is an order of magnitude faster than what does not.

    Every score is summed in the same order, so equal embeddings get equal scores: a
    blocked matrix product may differ in the last bit from column to column, and would
    turn an exact tie into a rank.
    """
    queries, images, pool = np.asarray(queries), np.asarray(images), np.asarray(pool)
    if queries.ndim != 2 or images.ndim != 2 or queries.shape[1] != images.shape[1]:
        raise ValueError(
            f"queries {queries.shape} and images {images.shape} must be (Q, D), (N, D)"
        )
    if pool.ndim != 2 or len(pool) != len(queries):
        raise ValueError(f"pool {pool.shape} must be (Q, C) with Q = {len(queries)}")
    if pool.size and (pool.min() < 0 or pool.max() >= len(images)):
        raise ValueError(f"pool points outside the {len(images)} images")
    queries = queries.astype(np.float64)
    scores = np.empty(pool.shape)
    step = max(1, memory // (8 * max(1, pool.shape[1] * queries.shape[1])))
    for start in range(0, len(queries), step):
        rows = slice(start, start + step)
        candidates = images[pool[rows]].astype(np.float64)  # (q, C, D)
        scores[rows] = np.einsum("qcd,qd->qc", candidates, queries[rows])
    return scores


def rank_of_positive(scores: np.ndarray) -> np.ndarray:
    """Rank of the positive, which stands in column 0: scores (Q, C) -> (Q,) int64.

    1 + the number of negatives that do *not* score strictly below the positive. Ties
    count against it, and so does NaN on either side (every comparison with NaN is
    false), so that a constant or broken scorer gets the last rank and no recall. The
    released code breaks ties for the positive at k = 1 and arbitrarily at k = 5.

    >>> rank_of_positive(np.array([[0.5, 0.9, 0.5, 0.1]]))
    array([3])
    """
    scores = np.asarray(scores)
    below = scores[:, 1:] < scores[:, :1]
    return 1 + (~below).sum(axis=1, dtype=np.int64)


def recall_at(ranks: np.ndarray, k: int) -> float:
    """Fraction of ranks (Q,) that are at most k; NaN when there are none."""
    ranks = np.asarray(ranks)
    return float((ranks <= k).mean()) if ranks.size else float("nan")


def rank_rows(
    queries: Sequence, scores: np.ndarray, mode: str, prompt: str | None, **columns: str
) -> pd.DataFrame:
    """Rows of the tidy table for Q benchmark queries and their scores (Q, C).

    ``columns`` are profile, run, retriever and revision; one left out is "". ``prompt``
    is the question that the images were shown with: missing (None) for the general
    embedding, "" for the bare instruction.
    """
    unknown = set(columns) - set(GROUP)
    if unknown:
        raise ValueError(f"unknown columns {sorted(unknown)}; the table has {COLUMNS}")
    if len(queries) != len(scores):
        raise ValueError(f"{len(queries)} queries but {len(scores)} rows of scores")
    fields = ("facet", "text", "label")
    return pd.DataFrame(
        {
            **{name: columns.get(name, "") for name in GROUP},
            "mode": mode,
            "prompt": pd.Series([prompt] * len(queries), dtype=object),
            "query": [query.id for query in queries],
            **{name: [getattr(query, name) for query in queries] for name in fields},
            "rank": rank_of_positive(scores),
        }
    )[COLUMNS]


def prompt_modes(
    questions: Mapping[str, str],
) -> dict[str, dict[str, tuple[str | None, ...]]]:
    """The four ways to show an image, as mode -> facet -> prompts.

    questions maps facet -> its question. general: no prompt; bare: the instruction
    with an empty question; prompted: the facet's own question; wrong: the question of
    every other facet, one after the other, so that no single odd question stands for
    "a wrong prompt".
    """
    others = {
        facet: tuple(q for other, q in questions.items() if other != facet)
        for facet in questions
    }
    return {
        "general": {facet: (None,) for facet in questions},
        "bare": {facet: ("",) for facet in questions},
        "prompted": {facet: (question,) for facet, question in questions.items()},
        "wrong": others,
    }


def rank_table(
    benchmark,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    modes: Mapping[str, Mapping[str, Sequence[str | None]]],
    **columns: str,
) -> pd.DataFrame:
    """Rank every query of a benchmark in every mode.

    queries (Q, D) in the order of ``benchmark.queries``; images maps prompt -> (N, D)
    in the order of ``benchmark.images``; modes maps mode -> facet -> the prompts shown
    (see `prompt_modes`). A query has one row per prompt of its mode. A facet that a
    mode does not name has no rows there.
    """
    pool = benchmark.pool_indices()
    facets = np.array([query.facet for query in benchmark.queries])
    parts = []
    for mode, prompts_of in modes.items():
        for facet, prompts in prompts_of.items():
            rows = np.flatnonzero(facets == facet)
            asked = [benchmark.queries[row] for row in rows]
            for prompt in prompts if len(rows) else ():
                scores = pool_scores(queries[rows], images[prompt], pool[rows])
                parts.append(rank_rows(asked, scores, mode, prompt, **columns))
    if not parts:
        raise ValueError("none of the modes names a facet of this benchmark")
    return pd.concat(parts, ignore_index=True)


def per_query(table: pd.DataFrame, k: int) -> pd.DataFrame:
    """One row per group and query with ``hit``, its recall@k averaged over its rows.

    Under several wrong prompts a query has several rows; it still counts once.
    """
    hits = table.assign(hit=(table["rank"] <= k).astype(float))
    keys = [*GROUP, "facet", "query", "text", "label"]
    return hits.groupby(keys, sort=False, as_index=False, dropna=False)["hit"].mean()


def averages(table: pd.DataFrame, k: int) -> pd.DataFrame:
    """Recall@k for each group: a column per facet, then macro, micro and balanced.

    Index: profile, run, retriever, revision, mode. macro is the mean over facets,
    micro the mean over queries, balanced the mean over facets of the mean over a
    facet's labels. Which of them the paper's averages are is not known.
    """
    rows = {}
    for group, queries in per_query(table, k).groupby(GROUP, sort=False, dropna=False):
        facets = queries.groupby("facet", sort=False)["hit"].mean()
        means = {name: _average(queries, name) for name in AVERAGES}
        rows[group] = {**facets, **means}
    index = pd.MultiIndex.from_tuples(list(rows), names=GROUP)
    return pd.DataFrame(list(rows.values()), index=index)


def recall_by_facet(table: pd.DataFrame, k: int) -> pd.DataFrame:
    """A row per group and facet: queries, texts, recall and label-balanced recall."""
    rows, keys = [], [*GROUP, "facet"]
    for key, queries in per_query(table, k).groupby(keys, sort=False, dropna=False):
        counts = (len(queries), queries["text"].nunique())
        rows.append([*key, *counts, *(_average(queries, a) for a in AVERAGES[1:])])
    return pd.DataFrame(rows, columns=[*keys, "queries", "texts", "recall", "balanced"])


@dataclass(frozen=True)
class Interval:
    """An average with its 95 % bootstrap interval over query texts.

    Recalls are fractions. ``texts`` and ``queries`` are totals, ``fewest_texts`` is
    the number of texts of the facet with the fewest: where it is small, the interval
    speaks of those texts and not of texts in general.
    """

    value: float
    low: float
    high: float
    average: str
    k: int
    queries: int
    texts: int
    fewest_texts: int


def interval(
    table: pd.DataFrame,
    k: int,
    average: str = "macro",
    seed: int = 0,
    draws: int = 2000,
) -> Interval:
    """The average of one group's table and its 95 % interval.

    Bootstrap stratified by facet; what is drawn again are query *texts*, each with all
    its queries, because the queries of one text share whatever is odd about it. For
    one facet pass only its rows. Where every facet has a single text nothing can be
    drawn again, and the bounds are NaN.
    """
    return _bootstrap(_one_group(table, k), k, average, seed, draws)


def paired_difference(
    table_a: pd.DataFrame,
    table_b: pd.DataFrame,
    k: int,
    average: str = "macro",
    seed: int = 0,
    draws: int = 2000,
) -> Interval:
    """Average of a minus average of b, with a 95 % interval over query texts.

    Paired: both tables must rank the same queries, and each draw takes the same texts
    from both. With the same seed it draws the same texts as `interval`.
    """
    a, b = _one_group(table_a, k), _one_group(table_b, k)
    both = a.merge(b[["query", "hit"]], on="query", suffixes=("", "_b"))
    if not len(both) == len(a) == len(b):
        raise ValueError(
            f"the tables rank different queries: {len(a)} and {len(b)}, "
            f"{len(both)} in common"
        )
    both["hit"] -= both.pop("hit_b")
    return _bootstrap(both, k, average, seed, draws)


def _one_group(table: pd.DataFrame, k: int) -> pd.DataFrame:
    groups = table[GROUP].drop_duplicates()
    if len(groups) != 1:
        raise ValueError(f"one group expected, {len(groups)} given:\n{groups}")
    return per_query(table, k)


def _sums(queries: pd.DataFrame, average: str) -> pd.DataFrame:
    """What an average adds up, a row per query: facet, text, hit (weighted), weight."""
    if average not in AVERAGES:
        raise ValueError(f"average {average!r}: choose one of {', '.join(AVERAGES)}")
    found = queries[["facet", "text", "hit"]].assign(weight=1.0)
    if average == "balanced":
        same_label = queries.groupby(["facet", "label"])["hit"].transform("size")
        found[["hit", "weight"]] = found[["hit", "weight"]].div(same_label, axis=0)
    return found


def _average(queries: pd.DataFrame, average: str) -> float:
    sums = _sums(queries, average).groupby("facet")[["hit", "weight"]].sum()
    if average == "micro":
        return float(sums["hit"].sum() / sums["weight"].sum())
    return float((sums["hit"] / sums["weight"]).mean())


def _bootstrap(
    queries: pd.DataFrame, k: int, average: str, seed: int, draws: int
) -> Interval:
    """Draw texts with replacement inside each facet; (draws,) weighted means."""
    # groupby sorts: the order of rows cannot matter.
    by_text = _sums(queries, average).groupby(["facet", "text"]).sum()
    rng = np.random.default_rng(seed)
    hits, weights, texts = [], [], []
    for _, facet in by_text.groupby(level="facet"):
        count = len(facet)
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=draws)
        hits.append(drawn @ facet["hit"].to_numpy())
        weights.append(drawn @ facet["weight"].to_numpy())
        texts.append(count)
    hits, weights = np.array(hits), np.array(weights)  # (facets, draws)
    if average == "micro":
        means = hits.sum(axis=0) / weights.sum(axis=0)
    else:
        means = (hits / weights).mean(axis=0)
    low, high = np.quantile(means, [0.025, 0.975])
    if max(texts) == 1:
        low = high = float("nan")
    value, counts = _average(queries, average), (sum(texts), min(texts))
    return Interval(value, float(low), float(high), average, k, len(queries), *counts)
