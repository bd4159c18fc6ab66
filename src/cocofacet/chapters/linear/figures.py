"""The figures of the chapter on the linear approximation."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from cocofacet.chapters.linear.anchors import ANCHORS_FROM, PUBLISHED, Draws
from cocofacet.embeddings.linear_map import VARIANTS
from cocofacet.report.figures import curves, log_ticks, recall_by_facet
from cocofacet.report.style import MODES, finished, legend_below, reference_line
from cocofacet.report.tables import recalls

# The lines that are not solid, beside their colours and markers.
LINES = {"released": "--", "centred": ":", "dual-linear": "-.", "dual-ridge": "-."}


def beside(
    draws: Draws, anchors: int, modes: pd.DataFrame, k: int, shown_as: str
) -> Figure:
    """Recall@k by facet and average of the released map with K anchors, mean over
    draws, beside ``modes``, the tidy table of general and prompted."""
    sources = list(draws.fits.anchors_from.unique())
    ranks = (
        draws.rows(source, PUBLISHED, anchors).assign(mode=source) for source in sources
    )
    found = recalls(pd.concat([modes, *ranks]), k)
    panel = {f"K = {anchors} anchors": found}
    return recall_by_facet(panel, k, shown_as, ("general", *sources, "prompted"))


def against_anchors(
    draws: Draws,
    modes: pd.DataFrame,
    k: int,
    dimension: int,
    marked: Mapping[int, str],
    shown_as: str,
) -> Figure:
    """Recall against K/d, a panel for each place that anchors are drawn from: mean of
    the draws, and their range as a band.

    ``modes``, as in `beside`, are level lines; ``marked`` are the K's that the text
    speaks of, each with words.
    """
    levels = recalls(modes, k).query("facet == 'macro'")
    fits = draws.recall(k).assign(ratio=lambda fits: fits.anchors / dimension)
    groups = fits.groupby(["anchors_from", "variant", "ratio"], sort=False)
    table = (100 * groups.recall.agg(["mean", "min", "max"])).reset_index()
    # All are linear maps here.
    looks = {name: (way.words, *MODES[name][1:]) for name, way in VARIANTS.items()}
    grid = curves(
        table, "ratio", "mean", "variant", looks, ("min", "max"),
        LINES, row="anchors_from", height=3.4, aspect=2,
    )  # fmt: skip
    grid.set_titles("")
    for axes, source in zip(grid.axes.flat, fits.anchors_from.unique(), strict=True):
        axes.set_title(f"anchors: {ANCHORS_FROM[source]}", loc="left", pad=18)
        log_ticks(axes, sorted(table.ratio.unique()), "{:.2g}")
        for level in levels.itertuples():
            words, colour, _ = MODES[level.mode]
            axes.axhline(100 * level.recall, color=colour, linewidth=2, label=words)
        for anchors, words in marked.items():
            reference_line(axes, anchors / dimension)
            place = {"xycoords": ("data", "axes fraction"), "ha": "center"}
            axes.annotate(words, (anchors / dimension, 1.01), fontsize=8, **place)
    grid.set_axis_labels(f"anchors K over d = {dimension}", f"Recall@{k} (%)")
    grid.figure.subplots_adjust(hspace=0.3)
    legend_below(grid.figure, grid.axes.flat)
    return finished(grid.figure, f"{shown_as}; macro over facets")
