"""Every interval and every test of the book.

What varies at random are query *texts*, inside their facet, unless said otherwise: what
is odd about one, all its queries share. An average is a sum of what each text adds to
it, and its 95 % interval is Student's: from the spread of these parts inside facets,
with Satterthwaite's degrees of freedom, since facets differ in their number of texts
and in their spread. `coverage` simulates how often such an interval holds the truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan

import numpy as np
import pandas as pd
from scipy import stats

from cocofacet.evaluation.metrics import RANKS, average_of, per_query, weighted_hits
from cocofacet.evaluation.ranking import GROUP
from cocofacet.io import InputError
from cocofacet.parameters import takes, whole

LEVEL = 0.95  # of every interval
NORMAL_95 = 1.96  # standard deviations to either side that hold 95 % of a normal
FEW_TEXTS = 8  # below so many an interval excludes zero only if the sign flip does
ALL_FLIPS = 16  # texts with a difference, up to which every flip is tried: 65,536
RANDOM_FLIPS = 20_000  # flips drawn at random above that


@dataclass(frozen=True)
class Interval:
    """An average of Recall@k, or a difference of two, with its 95 % interval.

    Values are fractions. Where ``texts`` are few, the interval is wide; where all texts
    agree it is a point, and says nothing about a text that was not asked.
    """

    value: float
    low: float
    high: float
    queries: int
    texts: int


@takes(table=RANKS)
def interval(
    table: pd.DataFrame, k: int, average: str = "macro", expected: bool = False
) -> Interval:
    """The average of one group's tidy table with its interval, inside 0 to 1.

    For one facet pass only its rows. The bounds are NaN where every facet has a single
    text. Raises InputError for several groups and for an unknown average.
    """
    return _interval(_one_group(table, k, expected), average, (0, 1))


@takes(table_a=RANKS, table_b=RANKS)
def paired_difference(
    table_a: pd.DataFrame,
    table_b: pd.DataFrame,
    k: int,
    average: str = "macro",
    expected: bool = False,
) -> Interval:
    """Average of a minus average of b, with its interval, inside -1 to 1.

    Both tables must rank the same queries, and what varies is the difference of each
    text. Below `FEW_TEXTS` texts the interval reaches to zero unless the exact sign
    flip rules zero out as well.
    """
    return _difference(paired(table_a, table_b, k, expected), average)


def _difference(queries: pd.DataFrame, average: str) -> Interval:
    found = _interval(queries, average, (-1, 1))
    if found.texts >= FEW_TEXTS or found.low <= 0 <= found.high:
        return found
    if _sign_flip(queries, average).p <= 1 - LEVEL:
        return found
    return replace(found, low=min(found.low, 0.0), high=max(found.high, 0.0))


def paired(
    table_a: pd.DataFrame, table_b: pd.DataFrame, k: int, expected: bool = False
) -> pd.DataFrame:
    """One row per query, as `metrics.per_query`, with a's hit minus b's as ``hit``.

    Raises InputError when the tables hold several groups or rank different queries.
    """
    a, b = _one_group(table_a, k, expected), _one_group(table_b, k, expected)
    both = a.merge(b[["query", "hit"]], on="query", suffixes=("", "_b"))
    if not len(both) == len(a) == len(b):
        raise InputError(
            f"the tables rank different queries: {len(a)} and {len(b)}, "
            f"{len(both)} in common"
        )
    both["hit"] -= both.pop("hit_b")
    return both


def _one_group(table: pd.DataFrame, k: int, expected: bool) -> pd.DataFrame:
    groups = table[GROUP].drop_duplicates()
    if len(groups) != 1:
        known = [" ".join(map(str, group)) for group in groups.itertuples(index=False)]
        raise InputError(
            f"one group expected, {len(groups)} given: {'; '.join(known)}. Choose the "
            "rows of one."
        )
    return per_query(table, k, expected)


def between_facets(table: pd.DataFrame, named: Sequence[str], k: int) -> Interval:
    """Mean recall of the facets named less that of all others, each facet alike.

    Raises ValueError as `interval` does, and where there are no others."""
    queries = _one_group(table, k, expected=False)
    queries["hit"] *= against_others(queries.facet, named)
    return _interval(queries, "macro", (-1, 1))


def against_others(facets: pd.Series, named: Sequence[str]) -> pd.Series:
    """What to weigh hits with, row by row, so that their macro average is the mean
    recall of the facets named less that of the others."""
    there = list(dict.fromkeys(facets))
    first = [facet for facet in there if facet in named]
    if not first or len(first) == len(there):
        raise ValueError(f"of {there} some must be among {named}, and some not")
    weights = {True: len(there) / len(first), False: -len(there)}
    weights[False] /= len(there) - len(first)
    return facets.isin(first).map(weights)


def by_text(queries: pd.DataFrame, average: str) -> pd.DataFrame:
    """What an average adds up, a row per (facet, text): hit (weighted) and weight;
    sorted, so that the order of queries cannot matter."""
    return weighted_hits(queries, average).groupby(["facet", "text"]).sum()


def _interval(queries: pd.DataFrame, average: str, within: tuple) -> Interval:
    sums = by_text(queries, average)
    value = average_of(queries, average)
    low, high = around(value, _errors(sums.hit, sums.weight, average), within)
    return Interval(value, low, high, len(queries), len(sums))


def _errors(hits: pd.Series, weights: pd.Series, average: str) -> pd.Series:
    """How far each text pulls an average of ratios from where it is.

    hits, weights: sums by (facet, text). The linear term of the ratio: a text's hits
    less those that its weight would have at the average recall, over all weight. In
    micro the average is that of all facets together.
    """
    if average == "micro":
        return (hits - weights * (hits.sum() / weights.sum())) / weights.sum()
    facets = weights.groupby(level="facet")
    total = facets.transform("sum")
    recall = hits.groupby(level="facet").transform("sum") / total
    return (hits - weights * recall) / total / facets.ngroups


def around(value: float, errors: pd.Series, within: tuple) -> tuple[float, float]:
    """A 95 % interval around a sum of independent parts: low, high.

    errors: of each part, with an index level "facet"; parts of a facet are drawn alike.
    """
    half = half_width(*spread([e.to_numpy() for _, e in errors.groupby(level="facet")]))
    if not half > 0:  # NaN, or nothing differs
        return value + float(half), value + float(half)
    return float(max(value - half, within[0])), float(min(value + half, within[1]))


def spread(facets: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The standard error of a sum of independent parts, and its degrees of freedom.

    facets: of each its parts (..., n), which are drawn alike. The variance is the sum
    over facets of n / (n - 1) times the squared distances from the facet's mean; the
    degrees of freedom are Satterthwaite's (Biometrics Bulletin 2, 1946). Both have the
    shape (...); NaN where no facet has two parts.
    """
    several = [parts for parts in facets if parts.shape[-1] > 1]
    if not several:
        return (np.full(facets[0].shape[:-1], nan),) * 2
    sizes = np.array([parts.shape[-1] for parts in several])
    each = np.stack([parts.var(axis=-1, ddof=1) for parts in several], axis=-1) * sizes
    variance, bottom = each.sum(axis=-1), (each**2 / (sizes - 1)).sum(axis=-1)
    # Where nothing differs any degrees of freedom do.
    freedom = np.divide(variance**2, bottom, np.ones_like(variance), where=bottom > 0)
    return np.sqrt(variance), freedom


def half_width(error: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Half of Student's 95 % interval."""
    return stats.t.ppf((1 + LEVEL) / 2, freedom) * error


def difference_of_texts(values: pd.Series) -> Interval:
    """The mean over facets of the mean over their texts, with its interval as in
    `paired_difference`.

    values: the difference of each text, with index levels "facet" and "text".
    """
    return _difference(values.rename("hit").reset_index(), "macro")


def mean_of_shares(
    shares: np.ndarray, counts: np.ndarray
) -> tuple[float, float, float]:
    """The mean of C shares, each of so many cases: value, low, high.

    shares (C,), counts (C,). A 95 % normal interval over the cases of each share.
    """
    variances = shares * (1 - shares) / counts
    around = NORMAL_95 * np.sqrt(variances.sum()) / len(shares)
    mean = shares.mean()
    return float(mean), float(mean - around), float(mean + around)


def lowest_share(hits: int, of: int) -> float:
    """The lower end of the 95 % Wilson interval of ``hits`` of so many cases."""
    return stats.binomtest(hits, of).proportion_ci(method="wilson").low


def spread_over_draws(ranks: pd.DataFrame, k: int) -> pd.Series:
    """The standard deviation that one draw of negatives has around the expectation.

    Each query draws by itself and hits with its expected recall p, so the variance of
    a mean of n queries is the sum of p (1 - p) over n squared. ``ranks`` holds one
    mode; index mode, facet: each facet, then macro and micro.
    """
    hits = per_query(ranks, k, expected=True)
    variance = hits.assign(hit=hits.hit * (1 - hits.hit)).groupby("facet").hit
    by_facet = variance.sum() / variance.size() ** 2
    rows = {
        **by_facet,
        "macro": by_facet.sum() / len(by_facet) ** 2,
        "micro": variance.sum().sum() / len(hits) ** 2,
    }
    (mode,) = hits["mode"].unique()
    index = pd.MultiIndex.from_product([[mode], [*rows]], names=["mode", "facet"])
    return pd.Series(np.sqrt(list(rows.values())), index, name="predicted")


@dataclass(frozen=True)
class SignFlip:
    """A two-sided sign-flip test of a paired difference.

    ``value`` is the difference (a fraction) and ``p`` the share of the ``flips`` whose
    average lies as far from zero, or further. ``exact``: all flips there are were
    tried, and p is at least 2 / flips; otherwise they were drawn at random, and p
    counts the one that was found among them, so that it is never 0. Of the ``texts``
    only those ``differing`` have a sign to flip.
    """

    value: float
    p: float
    flips: int
    exact: bool
    texts: int
    differing: int


@takes(table_a=RANKS, table_b=RANKS, seed=whole(0))
def sign_flip(
    table_a: pd.DataFrame,
    table_b: pd.DataFrame,
    k: int,
    average: str = "macro",
    seed: int = 0,
    expected: bool = False,
) -> SignFlip:
    """Could a paired difference be chance? A test that needs no model of the data.

    If a and b did equally well, a toss of a coin would decide which of them came out
    ahead for a query text. So the sign of each text's difference is flipped: how often
    is the average as far from zero as the one found? Up to `ALL_FLIPS` texts that
    differ, all flips are tried, else `RANDOM_FLIPS` are drawn with the seed. For one
    facet pass only its rows.

    Raises InputError as `paired` does, and for an unknown average.
    """
    return _sign_flip(paired(table_a, table_b, k, expected), average, seed)


def _sign_flip(queries: pd.DataFrame, average: str, seed: int = 0) -> SignFlip:
    sums = by_text(queries, average)
    shares = _shares(sums, average)
    # What is equal on paper may differ in the last bit.
    slack = 1e-12 * np.abs(shares).sum()
    differing = shares[np.abs(shares) > slack]
    exact = len(differing) <= ALL_FLIPS
    if exact:
        flips = np.arange(1 << len(differing))[:, None] >> np.arange(len(differing)) & 1
    else:
        shape = (RANDOM_FLIPS, len(differing))
        flips = np.random.default_rng(seed).integers(0, 2, size=shape)
    signs = 1.0 - 2.0 * flips  # (flips, differing) of -1 and 1
    as_far = np.abs(signs @ differing) >= abs(differing.sum()) - slack
    # Drawn flips may all miss the one that was found; all flips hold it.
    found = 0 if exact else 1
    return SignFlip(
        value=float(shares.sum()),
        p=float((as_far.sum() + found) / (len(signs) + found)),
        flips=len(signs),
        exact=exact,
        texts=len(shares),
        differing=len(differing),
    )


def _shares(sums: pd.DataFrame, average: str) -> np.ndarray:
    """What each text adds to the average: (texts,); the average is their sum."""
    if average == "micro":
        return (sums["hit"] / sums["weight"].sum()).to_numpy()
    weight = sums.groupby(level="facet")["weight"]
    return (sums["hit"] / weight.transform("sum") / weight.ngroups).to_numpy()
