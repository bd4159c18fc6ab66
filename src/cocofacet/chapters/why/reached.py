"""What is in an embedding, what reaches it, and what was missing."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cocofacet.evaluation.probes import (
    SIZES,
    WAYS,
    ProbeResults,
    mode_of,
    rank_ways,
)
from cocofacet.evaluation.statistics import lowest_share, paired_difference
from cocofacet.evaluation.truth import read_truth
from cocofacet.report import figures, tables
from cocofacet.report.findings import Finding, finding
from cocofacet.report.style import INK, MODES, SERIES, finished, legend_below
from cocofacet.retrievers.base import Retriever
from cocofacet.workspace import Workspace

SHOWN = {way: MODES[way] for way in WAYS}  # how it looks
LEVELS = ("probe", "images", "words")  # there, reached from pictures, from words

MARGIN = 0.1  # of recall: words within it of the probe reach what is there

# What the levels say of a facet.
VERDICTS = {
    "reached": (
        f"words find it: the probe is less than {100 * MARGIN:.0f} points ahead"
    ),
    "in part": "words are above chance, and the probe is ahead",
    "not reached": "there, and words are not clearly above chance",
    "faint": (
        "there, but less than half of the way from chance to always; words are neither "
        "clearly above chance nor clearly behind the probe"
    ),
    "lost": "even the probe names it no better than chance",
    "undecided": (
        "words are above chance; their texts are too few or too unlike to say whether "
        "the probe is ahead"
    ),
}


def measure(
    workspace: Workspace,
    retriever: Retriever,
    modes: Mapping[str, Mapping],
    curves: bool = False,
) -> ProbeResults:
    """`probes.rank_ways` of a retriever; modes maps mode -> facet -> (its prompt,).

    Where the world's truth is known, all its pictures are trained on, also those held
    out from the gallery.
    """
    scenes = read_truth(workspace.annotations, held_out=True)
    names = workspace.benchmark.images
    images = workspace.embedded(retriever, modes)
    if scenes:
        names += workspace.anchors
        held_out = workspace.anchor_gallery(retriever, tuple(images))
        pairs = zip(images.items(), held_out, strict=True)
        images = {prompt: np.concatenate([rows, out]) for (prompt, rows), out in pairs}
    return rank_ways(
        workspace.benchmark,
        workspace.queries(retriever),
        images,
        modes,
        workspace.seed,
        [scenes.get(name) for name in names],
        curves,
        **workspace.identity(retriever),
    )


def levels(ranks: pd.DataFrame, modes: Sequence[str], k: int) -> pd.DataFrame:
    """`tables.recalls` of one retriever, with the columns mode and way."""
    named = {mode_of(mode, way): (mode, way) for mode in modes for way in WAYS}
    found = tables.recalls(ranks, k)
    found[["mode", "way"]] = [named[name] for name in found["mode"]]
    return found


def by_embedding(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """ "retriever, mode" -> its rows, of retriever -> a table with a column mode."""
    return {
        f"{name}, {mode}": rows
        for name, table in tables.items()
        for mode, rows in table.groupby("mode", sort=False)
    }


def figure(
    panels: Mapping[str, pd.DataFrame], k: int, shown_as: str, seeds: pd.DataFrame
) -> Figure:
    """The levels of each facet with their intervals, a panel for each embedding (the
    `levels` of one mode), read by itself; beside them a ring for each row of ``seeds``
    (`over_seeds.read`), of other training seeds."""
    ways = {
        title: tables.facets_only(table).assign(mode=table.way)
        for title, table in panels.items()
    }
    made = figures.recall_by_facet(ways, k, shown_as, WAYS, SHOWN, columns=len(panels))
    for axes, (title, table) in zip(made.axes, ways.items(), strict=False):
        own = seeds[seeds.who == title]
        drawn = dict(zip(WAYS, axes.containers, strict=True))
        for way in LEVELS:
            heights = pd.Series(drawn[way].lines[0].get_ydata(), table.facet.unique())
            axes.plot(
                100 * own[way], own.facet.map(heights), "o", markersize=4, zorder=4,
                markerfacecolor="none", color=SHOWN[way][1],
            )  # fmt: skip
    return made


def curves(by_embedding: Mapping[str, pd.DataFrame], shown_as: str) -> Figure:
    """Balanced accuracy against the pictures that teach, a panel a facet, a line for
    each embedding; dotted: chance. Tables as ``curve`` of `ProbeResults`."""
    values = ["balanced", "low", "high", "even"]
    shown = pd.concat(t.assign(who=who) for who, t in by_embedding.items())
    shown[values] *= 100
    colours = zip(dict.fromkeys(shown.who), SERIES, strict=False)
    looks = {who: (who, *look) for who, look in colours}
    grid = figures.curves(
        shown, "trained", "balanced", "who", looks, band=("low", "high"),
        col="facet", col_wrap=4, height=2.3, aspect=0.95, ylim=(-3, 103),
    )  # fmt: skip
    for facet, axes in grid.axes_dict.items():
        even = shown[shown.facet == facet].even.iloc[0]
        axes.axhline(even, color=INK, linewidth=1, linestyle=(0, (2, 3)))
        figures.log_ticks(axes, SIZES[::2])
    grid.set_titles("{col_name}", size=9)
    grid.set_axis_labels("pictures that teach", "balanced acc. (%)")
    legend_below(grid.figure, grid.axes.flat)
    return finished(grid.figure, shown_as)


def judged(
    ranks: pd.DataFrame,
    found: pd.DataFrame,
    named: pd.DataFrame,
    mode: str,
    k: int,
) -> pd.DataFrame:
    """What the levels of one embedding say of each facet.

    ``ranks``, ``found`` (`levels`) and ``named`` (of `probes.ProbeResults`) hold one
    retriever. Columns facet, verdict; named, its interval and even (balanced naming
    and its chance); and for each of `LEVELS` its recall and interval.
    """
    named = named[named["mode"] == mode].set_index("facet")
    parts = [_named(named, "balanced", "named"), named.even]
    found = tables.facets_only(found[found["mode"] == mode]).set_index("facet")
    parts += [_named(found[found.way == way], "recall", way) for way in LEVELS]
    words = found[found.way == "words"]
    both = [tables.of_mode(ranks, mode_of(mode, way)) for way in ("probe", "words")]
    verdicts = {}
    for facet, right in named.iterrows():
        pair = (table[table.facet == facet] for table in both)
        ahead = paired_difference(*pair, k, average="micro")
        verdicts[facet] = judge(right, lower_end(words.loc[facet]), ahead, k)
    verdicts = pd.Series(verdicts, name="verdict")
    return pd.concat([verdicts, *parts], axis=1).rename_axis("facet").reset_index()


def _named(table: pd.DataFrame, value: str, name: str) -> pd.DataFrame:
    """The columns value, low and high, named after what they are of."""
    columns = [name, f"{name}_low", f"{name}_high"]
    return table[[value, "low", "high"]].set_axis(columns, axis=1)


def lower_end(row) -> float:
    """The lower end of a row of `levels`: over texts or over queries, the lower one.

    A handful of texts that all find next to nothing agree too well with each other.
    """
    hits = round(row.recall * row.queries)
    over_queries = lowest_share(hits, int(row.queries))
    return float(np.minimum(row.low, over_queries))  # NaN stays NaN


def judge(named, words: float, ahead, k: int) -> str:
    """A key of `VERDICTS` from intervals.

    named: low, high and even, of the probe's balanced naming and its chance. words: the
    lower end of the text's Recall@k, of which chance is k in 100. ahead: low and high,
    of the probe's Recall@k minus the text's, paired.
    """
    if np.isnan([words, ahead.low, ahead.high]).any():
        return "undecided"
    if words > k / 100:
        if ahead.high < MARGIN:
            return "reached"
        return "in part" if ahead.low > 0 else "undecided"
    if named.low <= named.even:
        return "lost"
    if named.high < (1 + named.even) / 2 and ahead.low <= 0:
        return "faint"
    return "not reached"


# What asks, by its mode in the tidy table.
ASKED = {
    "general": "the text, without the question",
    "general-probe": "a linear probe, without the question",
    "general-images": "mean of other pictures, without the question",
    "general-grounded": "mean of what the text finds, without the question",
    "prompted": "the text, with the question",
    "prompted-probe": "a linear probe, with the question",
}
# The mode said to find more, and the other.
CONTRASTS = {
    "words": ("prompted", "general"),
    "probe": ("prompted-probe", "general-probe"),
    "general_probe": ("general-probe", "general"),
    "general_images": ("general-images", "general"),
    "general_grounded": ("general-grounded", "general"),
    "prompted_probe": ("prompted-probe", "prompted"),
}


def contrasts(ranks: pd.DataFrame, k: int) -> dict[str, Finding]:
    """`CONTRASTS` of a promptable retriever, modes general and prompted in all ways."""
    return {
        key: finding(
            " − ".join(ASKED[mode] for mode in modes),
            f"Recall@{k}, macro",
            tables.difference_row(*(tables.of_mode(ranks, mode) for mode in modes), k),
        )
        for key, modes in CONTRASTS.items()
    }


def there(named: pd.DataFrame) -> dict[str, Finding]:
    """Whether the probe names the classes of each facet better than chance; ``named``
    holds one embedding."""
    return {
        f"there_{row.facet}": Finding(
            f"{row.facet}: the probe, without the question − chance",
            "balanced accuracy",
            *(end - row.even for end in (row.balanced, row.low, row.high)),
            over="images",
        )
        for row in named.itertuples()
    }
