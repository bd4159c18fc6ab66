"""How often an interval holds the truth, and what gain it could have seen.

Where the truth is known this can be counted. So take the texts at hand for the whole
population: draw as many again inside each facet, with replacement, each with its number
of queries; let each query hit as often as its text's queries did; and see whether the
interval of `statistics` around what was drawn holds the value of the population.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from cocofacet.evaluation.crossed import Crossed
from cocofacet.evaluation.statistics import half_width, spread

REPEATS = 4000
CROSSED_REPEATS = 1000
FEW_LEVELS = 8  # of a factor, below which those at hand can't stand for all there are
POWER = 0.8  # of the cases in which a gain is seen


def coverage(queries: pd.DataFrame, seed: int = 0) -> dict[str, float]:
    """The macro average of ``hit``, drawn again and again.

    queries: columns facet, text, hit (-1, 0 or 1), as from `metrics.per_query` or
    `statistics.paired`. texts: how many; covers: the share of intervals that hold the
    population's value; too_low, too_high: of those that lie wholly below it, and above;
    half: their median half-width; seen: the smallest gain whose interval would leave
    out zero in `POWER` of the cases, at the median error.
    """
    rng = np.random.default_rng(seed)
    facets = [texts for _, texts in _outcomes(queries).groupby(level="facet")]
    truth = np.mean([(t.up - t.down).sum() / t.queries.sum() for t in facets])
    values, errors = zip(*(_drawn(texts, rng) for texts in facets), strict=True)
    value = np.mean(values, axis=0)  # (REPEATS,)
    error, freedom = spread([each / len(facets) for each in errors])
    half = half_width(error, freedom)
    slack = 1e-9  # equal on paper
    low, high = value + half < truth - slack, value - half > truth + slack
    seen = half + stats.t.ppf(POWER, freedom) * error
    return {
        "texts": sum(map(len, facets)),
        "covers": float(1 - (low | high).mean()),
        "too_low": float(low.mean()),
        "too_high": float(high.mean()),
        "half": float(np.median(half)),
        "seen": float(np.median(seen)),
    }


def crossed_coverage(
    counts: pd.DataFrame, factors: Sequence[str], seed: int = 0
) -> float:
    """The share of intervals of `crossed` that hold the truth, where the average at
    hand is the truth, and as many levels and texts are drawn again: as `_levels` says,
    and texts inside their facet with replacement."""
    rng = np.random.default_rng(seed)
    population = Crossed.of(counts, factors)
    hits = np.broadcast_to(
        population.hits, (CROSSED_REPEATS, *population.hits.shape)
    )  # (R, levels of each factor, T)
    for axis, size in enumerate(population.hits.shape[:-1], start=1):
        moved = np.moveaxis(hits, axis, -1)
        drawn = np.einsum("r...b,rab->r...a", moved, _levels(size, rng))
        hits = np.moveaxis(drawn, -1, axis)
    parts = [
        rng.integers(here.start, here.stop, (CROSSED_REPEATS, here.stop - here.start))
        for here in population.facets
    ]
    texts = np.concatenate(parts, axis=1)  # (R, T)
    places = np.expand_dims(texts, [*range(1, population.factors + 1)])
    drawn = replace(
        population,
        hits=np.take_along_axis(hits, places, axis=-1),
        queries=population.queries[texts],
    )
    half = half_width(*drawn.spread())
    return float((np.abs(drawn.value - population.value) <= half + 1e-9).mean())


def _levels(size: int, rng) -> np.ndarray:
    """How much each of the levels at hand adds to each that is drawn: (R, size, size).

    One of them, where there are enough. Two training seeds are no population: drawn
    twice from, half of the draws would hold one seed twice and see no spread. So below
    `FEW_LEVELS` a level is normal, with the mean and the covariance of those at hand.
    """
    if size >= FEW_LEVELS:
        return np.eye(size)[rng.integers(size, size=(CROSSED_REPEATS, size))]
    shares = rng.normal(size=(CROSSED_REPEATS, size, size))
    shares -= shares.mean(axis=-1, keepdims=True)
    return 1 / size + shares / np.sqrt(max(size - 1, 1))


def _outcomes(queries: pd.DataFrame) -> pd.DataFrame:
    """Columns queries, up and down (how many of them hit 1 and -1), by facet, text."""
    signs = queries.assign(queries=1, up=queries.hit == 1, down=queries.hit == -1)
    return signs.groupby(["facet", "text"])[["queries", "up", "down"]].sum()


def _drawn(texts: pd.DataFrame, rng) -> tuple[np.ndarray, np.ndarray]:
    """A facet drawn `REPEATS` times: its value (R,), each text's error in it (R, n)."""
    chosen = rng.integers(len(texts), size=(REPEATS, len(texts)))
    queries, up, down = texts.to_numpy().T[:, chosen]  # (R, n) each
    ups = rng.binomial(queries, up / queries)
    left = queries - up
    downs = rng.binomial(queries - ups, np.where(left, down / np.maximum(left, 1), 0))
    hits, total = ups - downs, queries.sum(axis=1, keepdims=True)
    value = hits.sum(axis=1, keepdims=True) / total
    return value[:, 0], (hits - queries * value) / total
