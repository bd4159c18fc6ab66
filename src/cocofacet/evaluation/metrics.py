"""From ranks to recalls. A query has one positive among 100 candidates: its recall@k is
1 when that ranks in the first k, else 0; others call it hit@k. With ``expected`` it is
the expectation over all draws of 99 out of the eligible negatives."""

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from cocofacet.benchmark.query import POOL
from cocofacet.evaluation.ranking import COLUMNS, GROUP, POOL_COLUMNS
from cocofacet.io import InputError
from cocofacet.parameters import Kind, takes

# Means over facets, over queries, and over facets of the mean over a facet's labels.
AVERAGES = ("macro", "micro", "balanced")
RANKS = Kind(
    "table of ranks, as rank_table makes it",
    lambda v: isinstance(v, pd.DataFrame) and set(COLUMNS) <= {*v.columns, "prompt"},
)


def recall_at(ranks: np.ndarray, k: int) -> float:
    """Fraction of ranks (Q,) that are at most k; NaN when there are none. `InputError`
    where k or a rank is not from 1 up."""
    hits = _hits(ranks, k)
    return float(hits.mean()) if hits.size else float("nan")


def _hits(ranks: np.ndarray, k: int) -> np.ndarray:
    """Whether ranks (Q,) are at most k."""
    try:
        ranks = np.asarray(ranks)
    except ValueError:  # lists of several lengths
        ranks = np.array([None])
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputError(f"k: {k!r} is no whole number from 1 up.")
    # What is missing would count as a miss, and 0 as a hit.
    whole = ranks.dtype.kind in "iuf" and ((ranks >= 1) & (ranks % 1 == 0)).all()
    if not whole:
        raise InputError("rank: holds what is no rank from 1 up.")
    return ranks <= k


def expected_recall(table: pd.DataFrame, k: int, drawn: int = POOL - 1) -> np.ndarray:
    """Recall@k of each row, in expectation over all draws of negatives: (rows,).

    ``drawn`` of the E ``eligible`` images are drawn without replacement, and A of the E
    count ``above`` the positive. How many of these are drawn is hypergeometric, and the
    positive ranks in the first k when they are at most k - 1:

        P(H <= k - 1),  H ~ Hypergeometric(E, A, drawn).

    Where only just so many are eligible there is one draw, and this is its hit. NaN
    where E and A are missing. Raises InputError when fewer are eligible than drawn.
    """
    known = table.reindex(columns=POOL_COLUMNS).apply(pd.to_numeric)
    eligible, above = known.to_numpy(dtype=np.float64, na_value=np.nan).T
    if (eligible < drawn).any():
        raise InputError(f"fewer than the {drawn} negatives drawn are eligible")
    return hypergeom.cdf(k - 1, eligible, above, drawn)


def per_query(table: pd.DataFrame, k: int, expected: bool = False) -> pd.DataFrame:
    """One row per group and query with ``hit``, its recall@k averaged over its rows.

    Under several wrong prompts a query has several rows; it still counts once. Raises
    InputError when the expectation is asked for and not known of every row.
    """
    hit = _hits(table["rank"], k)
    if expected:
        hit = expected_recall(table, k)
    if np.isnan(hit).any():
        raise InputError(
            f"the eligible negatives are not known for {np.isnan(hit).sum()} of "
            f"{len(hit)} rows, so there is no expectation over draws"
        )
    keys = [*GROUP, "facet", "query", "text", "label"]
    hits = table[keys].assign(hit=np.asarray(hit, dtype=np.float64))
    return hits.groupby(keys, sort=False, as_index=False, dropna=False)["hit"].mean()


@takes(table=RANKS)
def averages(table: pd.DataFrame, k: int, expected: bool = False) -> pd.DataFrame:
    """Recall@k for each group: a column per facet, then `AVERAGES`; index `GROUP`.

    Which of them the paper's averages are is not known.
    """
    rows, hits = {}, per_query(table, k, expected)
    for group, queries in hits.groupby(GROUP, sort=False, dropna=False):
        facets = queries.groupby("facet", sort=False)["hit"].mean()
        means = {name: average_of(queries, name) for name in AVERAGES}
        rows[group] = {**facets, **means}
    index = pd.MultiIndex.from_tuples(list(rows), names=GROUP)
    return pd.DataFrame(list(rows.values()), index=index)


def weighted_hits(queries: pd.DataFrame, average: str) -> pd.DataFrame:
    """What an average adds up, a row per query: facet, text, hit (weighted), weight."""
    if average not in AVERAGES:
        raise InputError(f"average {average!r}: choose one of {', '.join(AVERAGES)}")
    found = queries[["facet", "text", "hit"]].assign(weight=1.0)
    if average == "balanced":
        same_label = queries.groupby(["facet", "label"])["hit"].transform("size")
        found[["hit", "weight"]] = found[["hit", "weight"]].div(same_label, axis=0)
    return found


def average_of(queries: pd.DataFrame, average: str) -> float:
    """One of `AVERAGES` of the hits of one group's queries, as from `per_query`."""
    sums = weighted_hits(queries, average).groupby("facet")[["hit", "weight"]].sum()
    if average == "micro":
        return float(sums["hit"].sum() / sums["weight"].sum())
    return float((sums["hit"] / sums["weight"]).mean())
