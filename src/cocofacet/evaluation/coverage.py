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
    """The share of intervals of `crossed` that hold the truth, where the
    levels and texts at hand are the whole population, and as many are drawn again."""
    rng = np.random.default_rng(seed)
    population = Crossed.of(counts, factors)
    parts = [
        rng.integers(here.start, here.stop, (CROSSED_REPEATS, here.stop - here.start))
        for here in population.facets
    ]
    texts = np.concatenate(parts, axis=1)  # (R, T)
    places = [
        rng.integers(size, size=(CROSSED_REPEATS, size))
        for size in population.hits.shape[:-1]
    ] + [texts]
    # Each repeat takes its own levels of every factor, and its own texts.
    axes = range(1, len(places) + 1)
    places = [
        np.expand_dims(place, [other for other in axes if other != axis])
        for axis, place in zip(axes, places, strict=True)
    ]
    drawn = replace(
        population,
        hits=population.hits[tuple(places)],
        queries=population.queries[texts],
    )
    half = half_width(*drawn.spread())
    return float((np.abs(drawn.value - population.value) <= half + 1e-9).mean())


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
