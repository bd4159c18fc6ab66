"""From ranks to every recall that the book shows.

What recall@k means here: each query has one positive among 100 candidates, so the
recall@k of a query is 1 when its positive ranks in the first k and 0 otherwise, and a
recall shown is a mean of those; with one positive it is also what others call hit@k.

One tidy table holds everything: a row per (profile, run, retriever, revision, mode,
prompt, facet, query) with the rank of the positive. All averages are weighted means
over queries, which is what lets one bootstrap serve them all.

A pool is one draw of 99 out of all eligible negatives. With ``expected`` every function
here takes, in place of a query's 1 or 0, its recall in expectation over all such draws.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from cocofacet.benchmark.query import POOL
from cocofacet.evaluation.ranking import (
    COLUMNS,
    GROUP,
    LUCK,
    pool_scores,
    prompt_modes,
    rank_of_positive,
    rank_rows,
    rank_table,
)

__all__ = [
    "AVERAGES",
    "COLUMNS",
    "GROUP",
    "LUCK",
    "Interval",
    "averages",
    "by_text",
    "expected_recall",
    "interval",
    "paired",
    "paired_difference",
    "per_query",
    "pool_scores",
    "prompt_modes",
    "rank_of_positive",
    "rank_rows",
    "rank_table",
    "recall_at",
    "recall_by_facet",
]

AVERAGES = ("macro", "micro", "balanced")


def recall_at(ranks: np.ndarray, k: int) -> float:
    """Fraction of ranks (Q,) that are at most k; NaN when there are none."""
    ranks = np.asarray(ranks)
    return float((ranks <= k).mean()) if ranks.size else float("nan")


def expected_recall(table: pd.DataFrame, k: int, drawn: int = POOL - 1) -> np.ndarray:
    """Recall@k of each row, in expectation over all draws of negatives: (rows,).

    ``drawn`` of the E ``eligible`` images are drawn without replacement, and A of the E
    count ``above`` the positive. How many of these are drawn is hypergeometric, and the
    positive ranks in the first k when they are at most k - 1:

        P(H <= k - 1),  H ~ Hypergeometric(E, A, drawn).

    Where only just so many are eligible there is one draw, and this is its hit. NaN
    where E and A are missing. Raises ValueError when fewer are eligible than drawn.
    """
    known = table.reindex(columns=LUCK).apply(pd.to_numeric)
    eligible, above = known.to_numpy(dtype=np.float64, na_value=np.nan).T
    if (eligible < drawn).any():
        raise ValueError(f"fewer than the {drawn} negatives drawn are eligible")
    return hypergeom.cdf(k - 1, eligible, above, drawn)


def per_query(table: pd.DataFrame, k: int, expected: bool = False) -> pd.DataFrame:
    """One row per group and query with ``hit``, its recall@k averaged over its rows.

    Under several wrong prompts a query has several rows; it still counts once. Raises
    ValueError when the expectation is asked for and not known of every row.
    """
    hit = expected_recall(table, k) if expected else table["rank"] <= k
    if np.isnan(hit).any():
        raise ValueError(
            f"the eligible negatives are not known for {np.isnan(hit).sum()} of "
            f"{len(hit)} rows, so there is no expectation over draws"
        )
    keys = [*GROUP, "facet", "query", "text", "label"]
    hits = table[keys].assign(hit=np.asarray(hit, dtype=np.float64))
    return hits.groupby(keys, sort=False, as_index=False, dropna=False)["hit"].mean()


def averages(table: pd.DataFrame, k: int, expected: bool = False) -> pd.DataFrame:
    """Recall@k for each group: a column per facet, then macro, micro and balanced.

    Index: profile, run, retriever, revision, mode. macro is the mean over facets,
    micro the mean over queries, balanced the mean over facets of the mean over a
    facet's labels. Which of them the paper's averages are is not known.
    """
    rows, hits = {}, per_query(table, k, expected)
    for group, queries in hits.groupby(GROUP, sort=False, dropna=False):
        facets = queries.groupby("facet", sort=False)["hit"].mean()
        means = {name: _average(queries, name) for name in AVERAGES}
        rows[group] = {**facets, **means}
    index = pd.MultiIndex.from_tuples(list(rows), names=GROUP)
    return pd.DataFrame(list(rows.values()), index=index)


def recall_by_facet(
    table: pd.DataFrame, k: int, expected: bool = False
) -> pd.DataFrame:
    """A row per group and facet: queries, texts, recall and label-balanced recall."""
    rows, keys, hits = [], [*GROUP, "facet"], per_query(table, k, expected)
    for key, queries in hits.groupby(keys, sort=False, dropna=False):
        counts = (len(queries), queries["text"].nunique())
        rows.append([*key, *counts, *(_average(queries, a) for a in AVERAGES[1:])])
    return pd.DataFrame(rows, columns=[*keys, "queries", "texts", "recall", "balanced"])


@dataclass(frozen=True)
class Interval:
    """An average with its 95 % bootstrap interval over query texts.

    Recalls are fractions. ``texts`` and ``queries`` are totals, ``fewest_texts`` is
    the number of texts of the facet with the fewest: where it is small, the interval
    speaks of those texts and not of texts in general. ``expected``: over all draws of
    the negatives, not the one.
    """

    value: float
    low: float
    high: float
    average: str
    k: int
    queries: int
    texts: int
    fewest_texts: int
    expected: bool = False


def interval(
    table: pd.DataFrame,
    k: int,
    average: str = "macro",
    seed: int = 0,
    draws: int = 2000,
    expected: bool = False,
) -> Interval:
    """The average of one group's table and its 95 % interval.

    Bootstrap stratified by facet; what is drawn again are query *texts*, each with all
    its queries, because the queries of one text share whatever is odd about it. For
    one facet pass only its rows. Where every facet has a single text nothing can be
    drawn again, and the bounds are NaN.
    """
    hits = _one_group(table, k, expected)
    return _bootstrap(hits, k, average, seed, draws, expected)


def paired_difference(
    table_a: pd.DataFrame,
    table_b: pd.DataFrame,
    k: int,
    average: str = "macro",
    seed: int = 0,
    draws: int = 2000,
    expected: bool = False,
) -> Interval:
    """Average of a minus average of b, with a 95 % interval over query texts.

    Paired: both tables must rank the same queries, and each draw takes the same texts
    from both. With the same seed it draws the same texts as `interval`.
    """
    hits = paired(table_a, table_b, k, expected)
    return _bootstrap(hits, k, average, seed, draws, expected)


def paired(
    table_a: pd.DataFrame, table_b: pd.DataFrame, k: int, expected: bool = False
) -> pd.DataFrame:
    """One row per query, as `per_query`, with a's hit minus b's as ``hit``.

    Raises ValueError when the tables hold several groups or rank different queries.
    """
    a, b = _one_group(table_a, k, expected), _one_group(table_b, k, expected)
    both = a.merge(b[["query", "hit"]], on="query", suffixes=("", "_b"))
    if not len(both) == len(a) == len(b):
        raise ValueError(
            f"the tables rank different queries: {len(a)} and {len(b)}, "
            f"{len(both)} in common"
        )
    both["hit"] -= both.pop("hit_b")
    return both


def _one_group(table: pd.DataFrame, k: int, expected: bool) -> pd.DataFrame:
    groups = table[GROUP].drop_duplicates()
    if len(groups) != 1:
        raise ValueError(f"one group expected, {len(groups)} given:\n{groups}")
    return per_query(table, k, expected)


def by_text(queries: pd.DataFrame, average: str) -> pd.DataFrame:
    """What an average adds up, a row per (facet, text): hit (weighted) and weight.

    Sorted, so that the order of queries cannot matter.
    """
    return _sums(queries, average).groupby(["facet", "text"]).sum()


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
    queries: pd.DataFrame, k: int, average: str, seed: int, draws: int, expected: bool
) -> Interval:
    """Draw texts with replacement inside each facet; (draws,) weighted means."""
    rng = np.random.default_rng(seed)
    hits, weights, texts = [], [], []
    for _, facet in by_text(queries, average).groupby(level="facet"):
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
    return Interval(
        value=_average(queries, average),
        low=float(low),
        high=float(high),
        average=average,
        k=k,
        queries=len(queries),
        texts=sum(texts),
        fewest_texts=min(texts),
        expected=expected,
    )
