"""The chapter on the luck of the draw: other draws of the negatives, and their mean."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.benchmark.build import resampled
from cocofacet.evaluation.coverage import coverage
from cocofacet.evaluation.metrics import averages, per_query
from cocofacet.evaluation.ranking import rank_table
from cocofacet.evaluation.statistics import (
    NORMAL_95,
    interval,
    paired,
    spread_over_draws,
)
from cocofacet.report import tables
from cocofacet.report.style import INK, MODES, finished


def recalls_of_draws(
    benchmark,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    modes: Mapping[str, Mapping[str, Sequence[str | None]]],
    seeds: Sequence[int],
    ks: Sequence[int],
) -> pd.DataFrame:
    """Recall of each draw of negatives, ranked as `ranking.rank_table` does: columns
    seed, k, mode, facet (or an average), recall (a fraction)."""
    parts = []
    for seed in seeds:
        ranks = rank_table(resampled(benchmark, seed), queries, images, modes)
        parts += [long(averages(ranks, k)).assign(seed=seed, k=k) for k in ks]
    return pd.concat(parts, ignore_index=True)


def long(recalls: pd.DataFrame) -> pd.DataFrame:
    """`metrics.averages` of one retriever as columns mode, facet, recall."""
    by_mode = recalls.set_axis(recalls.index.get_level_values("mode"))
    return by_mode.rename_axis(columns="facet").stack().rename("recall").reset_index()


def beside_expectation(
    draws: pd.DataFrame, ranks: pd.DataFrame, k: int
) -> pd.DataFrame:
    """What the draws of one k do around the expectation.

    ``draws`` is the output of `recalls_of_draws`, ``ranks`` the tidy table with the
    eligible negatives. A row for each mode and facet or average; columns mode, facet,
    expected, low and high (the lowest and the highest draw), spread (the standard
    deviation of the draws) and predicted (what the closed form says that it is; missing
    for *balanced*).
    """
    expected = long(averages(ranks, k, expected=True)).set_index(["mode", "facet"])
    recalls = draws[draws.k == k].groupby(["mode", "facet"], sort=False).recall
    found = recalls.agg(low="min", high="max", spread="std")
    found.insert(0, "expected", expected.recall)
    predicted = [spread_over_draws(part, k) for _, part in ranks.groupby("mode")]
    return found.join(pd.concat(predicted)).reset_index()


def scatter(draws: pd.DataFrame, table: pd.DataFrame, k: int, shown_as: str) -> Figure:
    """Each draw's distance from the expectation (``table``: `beside_expectation`), in
    points, by facet and mode."""
    expected = tables.with_macro(table)[["mode", "facet", "expected"]]
    drawn = draws[draws.k == k].merge(expected)
    size = (7, 0.42 * drawn.facet.nunique() + 1.3)
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    sns.stripplot(
        x=100 * (drawn.recall - drawn.expected), y=drawn.facet,
        order=expected.facet.unique(),
        hue=drawn["mode"].map(lambda mode: MODES[mode][0]),
        palette=[MODES[mode][1] for mode in drawn["mode"].unique()],
        dodge=True, jitter=False, alpha=0.55, ax=axes,
    )  # fmt: skip
    axes.axvline(0, color=INK, linewidth=1.4)
    axes.set_xlabel(f"Recall@{k} of one draw minus the expectation (percentage points)")
    axes.set_ylabel("")
    sns.move_legend(axes, "lower left", bbox_to_anchor=(0, 1), ncols=2, title=None)
    return finished(figure, shown_as)


def beside_texts(table: pd.DataFrame, ranks: pd.DataFrame, k: int) -> pd.DataFrame:
    """How far single draws scatter, beside the interval over query texts, of the macro
    average in points: a row a mode; ``table``: `beside_expectation`.

    The standard deviation of the draws, and what the formula says it is; within how
    much 95 % of them lie, if they scatter as a normal would; how wide the interval is.
    """
    rows = {}
    for mode, part in table.groupby("mode", sort=False):
        found = interval(tables.of_mode(ranks, mode), k, expected=True)
        macro = tables.row_of(part, "macro")
        rows[MODES[mode][0]] = {
            "spread": macro.spread,
            "predicted": macro.predicted,
            "95 % of draws lie within": 2 * NORMAL_95 * macro.spread,
            "interval over texts": found.high - found.low,
        }
    return 100 * pd.DataFrame(rows).T


def trust(ranks: pd.DataFrame, k: int, mode: str, against: str) -> pd.DataFrame:
    """How far intervals can be trusted (`coverage`): facets and the macro average down.

    How many texts there are; how often the intervals of a mode, of another and of their
    difference hold the truth, in percent; the smallest gain that would be seen eight
    times in ten, in points.
    """
    pair = [tables.of_mode(ranks, name) for name in (against, mode)]
    queries = {MODES[against][0]: per_query(pair[0], k)}
    queries |= {MODES[mode][0]: per_query(pair[1], k)}
    queries |= {"difference": paired(pair[1], pair[0], k)}
    covers = {}
    for what, table in queries.items():
        parts = dict(list(table.groupby("facet", sort=False))) | {"macro": table}
        found = pd.DataFrame({name: coverage(part) for name, part in parts.items()}).T
        covers[what] = 100 * found.covers
    covers = {"texts": found.texts} | covers | {"gain seen": 100 * found.seen}
    return pd.DataFrame(covers).rename_axis("facet")
