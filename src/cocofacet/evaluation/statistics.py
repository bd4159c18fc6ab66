"""Every interval and every test of the book. Unless said otherwise, query *texts* are
resampled or flipped, inside their facet: what is odd about one, all its queries share.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from cocofacet.evaluation.metrics import average_of, per_query, weighted_hits
from cocofacet.evaluation.ranking import GROUP

DRAWS = 2000  # of a bootstrap
TAILS = [0.025, 0.975]  # of which a 95 % interval is
NORMAL_95 = 1.96  # standard deviations to either side that hold 95 % of a normal
ALL_FLIPS = 16  # texts with a difference, up to which every flip is tried: 65,536
RANDOM_FLIPS = 20_000  # flips drawn at random above that


@dataclass(frozen=True)
class Interval:
    """An average of Recall@k, or a difference of two, with its 95 % interval.

    Values are fractions. Where ``texts`` are few, the interval speaks of those texts
    and not of texts in general.
    """

    value: float
    low: float
    high: float
    queries: int
    texts: int


def interval(
    table: pd.DataFrame,
    k: int,
    average: str = "macro",
    seed: int = 0,
    draws: int = DRAWS,
    expected: bool = False,
) -> Interval:
    """The average of one group's tidy table and its 95 % bootstrap interval.

    For one facet pass only its rows. The bounds are NaN where every facet has a single
    text. Raises ValueError for several groups and for an unknown average.
    """
    return _bootstrap(_one_group(table, k, expected), average, seed, draws)


def paired_difference(
    table_a: pd.DataFrame,
    table_b: pd.DataFrame,
    k: int,
    average: str = "macro",
    seed: int = 0,
    draws: int = DRAWS,
    expected: bool = False,
) -> Interval:
    """Average of a minus average of b, with its 95 % bootstrap interval.

    Both tables must rank the same queries, and each draw takes the same texts of both.
    """
    return _bootstrap(paired(table_a, table_b, k, expected), average, seed, draws)


def paired(
    table_a: pd.DataFrame, table_b: pd.DataFrame, k: int, expected: bool = False
) -> pd.DataFrame:
    """One row per query, as `metrics.per_query`, with a's hit minus b's as ``hit``.

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
    """What an average adds up, a row per (facet, text): hit (weighted) and weight;
    sorted, so that the order of queries cannot matter."""
    return weighted_hits(queries, average).groupby(["facet", "text"]).sum()


def _resampled(
    texts: pd.DataFrame, seed: int, draws: int
) -> Iterator[tuple[pd.DataFrame, np.ndarray]]:
    """Facet by facet: its rows of `by_text`, and how often each draw takes each text,
    (draws, texts) int64."""
    rng = np.random.default_rng(seed)
    for _, facet in texts.groupby(level="facet"):
        count = len(facet)
        yield facet, rng.multinomial(count, np.full(count, 1 / count), size=draws)


def _bootstrap(queries: pd.DataFrame, average: str, seed: int, draws: int) -> Interval:
    hits, weights, texts = [], [], []
    for facet, drawn in _resampled(by_text(queries, average), seed, draws):
        hits.append(drawn @ facet["hit"].to_numpy())
        weights.append(drawn @ facet["weight"].to_numpy())
        texts.append(len(facet))
    hits, weights = np.array(hits), np.array(weights)  # (facets, draws)
    if average == "micro":
        means = hits.sum(axis=0) / weights.sum(axis=0)  # (draws,)
    else:
        means = (hits / weights).mean(axis=0)
    low, high = np.quantile(means, TAILS)
    if max(texts) == 1:
        low = high = float("nan")
    return Interval(
        value=average_of(queries, average),
        low=float(low),
        high=float(high),
        queries=len(queries),
        texts=sum(texts),
    )


def share_of_gap(
    ranks: pd.DataFrame,
    general: pd.DataFrame,
    prompted: pd.DataFrame,
    k: int,
    seed: int = 0,
) -> tuple[float, float, float]:
    """(found - general) / (prompted - general) in macro Recall@k: value, low, high.

    A 95 % bootstrap interval; numerator and denominator meet the same texts. All NaN
    where prompting has no clear gain: there is no gap to divide by then.
    """
    found, without, with_it = (
        per_query(table, k).set_index("query") for table in (ranks, general, prompted)
    )
    queries = found[["facet", "text"]].assign(weight=1.0, found=found.hit)
    queries = queries.assign(without=without.hit, with_it=with_it.hit)
    texts = queries.groupby(["facet", "text"]).sum()
    means = []
    for facet, drawn in _resampled(texts, seed, DRAWS):
        times = np.vstack([np.ones(len(facet)), drawn])  # first, each text once
        sums = times @ facet.to_numpy()  # (1 + draws, weight and three recalls)
        means.append(sums[:, 1:] / sums[:, :1])
    found, without, with_it = np.mean(means, axis=0).T  # (1 + draws,) each
    gap = with_it - without
    if not np.quantile(gap[1:], TAILS[0]) > 0:
        return (float("nan"),) * 3
    share = (found - without) / gap
    return (float(share[0]), *map(float, np.quantile(share[1:], TAILS)))


def macro_of_texts(values: pd.Series, seed: int) -> tuple[float, float, float]:
    """The mean over facets of the mean over their texts: value, low, high.

    values: one number a text, with an index level "facet". A 95 % bootstrap interval.
    """
    rng = np.random.default_rng(seed)
    means = []
    for _, texts in values.groupby(level="facet"):
        chosen = rng.integers(len(texts), size=(DRAWS, len(texts)))
        means.append([texts.mean(), *texts.to_numpy()[chosen].mean(axis=1)])
    value, *drawn = np.mean(means, axis=0)
    low, high = np.quantile(drawn, TAILS)
    return float(value), float(low), float(high)


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
    return binomtest(hits, of).proportion_ci(method="wilson").low


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


def beyond_three_errors(
    mean: pd.Series, expected: pd.Series, spread: pd.Series, count: int
) -> pd.Series:
    """Whether a mean of ``count`` draws, each with this spread, lies further from its
    expectation than three of its own standard errors: bool."""
    return (mean - expected).abs() > 3 * (spread / np.sqrt(count))


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

    Raises ValueError as `paired` does, and for an unknown average.
    """
    sums = by_text(paired(table_a, table_b, k, expected), average)
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
