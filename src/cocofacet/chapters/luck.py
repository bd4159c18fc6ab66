"""The chapter on the luck of the draw: other draws of the negatives, and their mean."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.benchmark.build import resampled
from cocofacet.evaluation.coverage import coverage
from cocofacet.evaluation.metrics import AVERAGES, averages, per_query
from cocofacet.evaluation.ranking import rank_table
from cocofacet.evaluation.statistics import (
    NORMAL_95,
    beyond_three_errors,
    interval,
    paired,
    spread_over_draws,
)
from cocofacet.report import tables
from cocofacet.report.sentences import percent, points
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
    expected, mean, lowest, highest, spread (the standard deviation of the draws) and
    predicted (what the closed form says that it is; missing for *balanced*).
    """
    expected = long(averages(ranks, k, expected=True)).set_index(["mode", "facet"])
    recalls = draws[draws.k == k].groupby(["mode", "facet"], sort=False).recall
    found = recalls.agg(["mean", "min", "max", "std"])
    found.columns = ["mean", "lowest", "highest", "spread"]
    found.insert(0, "expected", expected.recall)
    predicted = [spread_over_draws(part, k) for _, part in ranks.groupby("mode")]
    return found.join(pd.concat(predicted)).reset_index()


def scatter(draws: pd.DataFrame, table: pd.DataFrame, k: int, shown_as: str) -> Figure:
    """Each draw's distance from the expectation, in points, by facet and mode; the
    expectation itself (``table``: `beside_expectation`) stands below each facet."""
    table = table[~table.facet.isin(AVERAGES[1:])]
    expected = table.expected.map(percent).groupby(table.facet, sort=False)
    at = expected.agg(" | ".join)
    drawn = draws[draws.k == k].merge(table[["mode", "facet", "expected"]])
    size = (7, 0.52 * len(at) + 1.3)
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    sns.stripplot(
        x=100 * (drawn.recall - drawn.expected), y=drawn.facet, order=list(at.index),
        hue=drawn["mode"].map(lambda mode: MODES[mode][0]),
        palette=[MODES[mode][1] for mode in drawn["mode"].unique()],
        dodge=True, jitter=False, alpha=0.55, ax=axes,
    )  # fmt: skip
    axes.axvline(0, color=INK, linewidth=1.4)
    axes.set_yticks(
        range(len(at)), [f"{facet}\n{words}" for facet, words in at.items()]
    )
    axes.set_xlabel(f"Recall@{k} of one draw minus the expectation (percentage points)")
    axes.set_ylabel("")
    sns.move_legend(axes, "lower left", bbox_to_anchor=(0, 1), ncols=2, title=None)
    return finished(figure, shown_as)


def grid(by_k: Mapping[int, pd.DataFrame], modes: Mapping[str, str]) -> pd.DataFrame:
    """Facets and averages down, (mode, k) across: "expected [lowest, highest draw]",
    and the standard deviation of the draws (and the predicted one) in points.

    ``by_k`` maps k to `beside_expectation`; ``modes`` maps a mode to its heading.
    """
    columns = {}
    for mode, heading in modes.items():
        for k, table in by_k.items():
            here = table[table["mode"] == mode]
            draws = here.rename(columns={"lowest": "low", "highest": "high"})
            columns[heading, f"R@{k}"] = tables.cells(draws, "expected")
            columns[heading, f"R@{k} spread"] = {
                row.facet: _spread(row) for row in here.itertuples()
            }
    return pd.DataFrame(columns).rename_axis("facet")


def _spread(row) -> str:
    predicted = "" if np.isnan(row.predicted) else f" ({100 * row.predicted:.2f})"
    return f"{100 * row.spread:.2f}{predicted}"


def trust(ranks: pd.DataFrame, k: int, mode: str, against: str) -> pd.DataFrame:
    """How often intervals of a mode, of another and of their difference hold the truth:
    `coverage` of each facet and of the macro average; columns what, facet, then its."""
    pair = [tables.of_mode(ranks, name) for name in (mode, against)]
    queries = {
        against: per_query(pair[1], k),
        mode: per_query(pair[0], k),
        "difference": paired(*pair, k),
    }
    rows = []
    for what, table in queries.items():
        parts = {facet: part for facet, part in table.groupby("facet", sort=False)}
        for facet, part in {**parts, "macro": table}.items():
            rows.append({"what": what, "facet": facet, **coverage(part)})
    return pd.DataFrame(rows)


def trust_grid(found: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Facets down: texts, the share of intervals that hold the truth in percent, and
    the smallest gain that would be seen, in points; ``found``: `trust`."""
    by = found.set_index(["facet", "what"])
    columns = {("", "texts"): by.texts.groupby(level="facet", sort=False).first()}
    for what, words in names.items():
        covers = by.covers.xs(what, level="what")
        columns["95 % intervals that hold", words] = covers.map(percent)
    seen = by.seen.xs("difference", level="what")
    columns["seen 8 times in 10", "gain"] = seen.map(points)
    return pd.DataFrame(columns).rename_axis("facet")


def gains(
    draws: pd.DataFrame, ranks: pd.DataFrame, k: int, mode: str, against: str
) -> pd.DataFrame:
    """The gain of a mode in expectation and over the draws, by facet or average:
    columns facet, expected, lowest, highest; fractions."""
    recalls = draws[draws.k == k].set_index(["seed", "facet", "mode"]).recall.unstack()
    each = (recalls[mode] - recalls[against]).groupby("facet", sort=False)
    expected = long(averages(ranks, k, expected=True)).set_index(["facet", "mode"])
    expected = expected.recall.unstack()
    found = each.agg(lowest="min", highest="max")
    found.insert(0, "expected", expected[mode] - expected[against])
    return found.reset_index()


def beside_texts(
    table: pd.DataFrame, ranks: pd.DataFrame, k: int, count: int
) -> pd.DataFrame:
    """How far draws scatter, beside the interval over query texts: a row a mode.

    ``table``: `beside_expectation`, all modes, of ``count`` draws. In points: within
    how much 95 % of single draws lie, if they scatter as a normal would, and the width
    of the interval of the macro average; how many means over the draws lie more than
    three of their own standard errors from the expectation.
    """
    rows = {}
    for mode, part in table.groupby("mode", sort=False):
        found = interval(tables.of_mode(ranks, mode), k, expected=True)
        luck = 2 * NORMAL_95 * tables.row_of(part, "macro").spread
        width = found.high - found.low
        known = part[part.predicted > 0]
        moments = known["mean"], known.expected, known.predicted
        rows[MODES[mode][0]] = {
            "95 % of draws lie within": f"{100 * luck:.2f}",
            "interval over texts": f"{100 * width:.2f}",
            "ratio": f"{luck / width:.2f}" if width > 0 else "not known",
            "means beyond three errors": f"{beyond_three_errors(*moments, count).sum()}"
            f" of {len(known)}",
        }
    return pd.DataFrame(rows).T.rename_axis("macro average, in points")


def gain_grid(found: pd.DataFrame) -> pd.DataFrame:
    """`gains` in points: facets and averages down; expected, lowest, highest draw."""
    shown = found.set_index("facet")[["expected", "lowest", "highest"]]
    return shown.map(lambda value: points(value).removesuffix(" points"))
