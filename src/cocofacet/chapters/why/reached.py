"""What is in an embedding, what reaches it, and what was missing."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cocofacet.evaluation.discriminant import STRENGTHS
from cocofacet.evaluation.probes import (
    FOLDS,
    SIZES,
    WAYS,
    ProbeResults,
    mode_of,
    rank_ways,
)
from cocofacet.evaluation.statistics import (
    lowest_share,
    paired_difference,
    share_of_gap,
)
from cocofacet.evaluation.truth import read_truth
from cocofacet.report import figures, tables
from cocofacet.report.findings import Finding, finding
from cocofacet.report.sentences import listed
from cocofacet.report.style import INK, MODES, SERIES, finished, legend_below
from cocofacet.retrievers.base import Retriever
from cocofacet.workspace import Workspace

SHOWN = {way: MODES[way] for way in WAYS}  # how it looks
LEVELS = ("probe", "images", "words")  # there, reached from pictures, from words

MARGIN = 0.1  # of recall: words within it of the probe reach what is there

# What the levels say of a facet -> in words, after "are".
VERDICTS = {
    "reached": (
        f"reached from words: the probe is less than {100 * MARGIN:.0f} points ahead"
    ),
    "in part": "reached in part: words are above chance, and the probe is ahead",
    "not reached": "there, and words are not clearly above chance",
    "faint": (
        "faintly there, and words are not clearly above chance: the probe names them "
        "better than chance, but less than half of the way from chance to always, and "
        "is not clearly ahead of words"
    ),
    "lost": "lost: even the probe names them no better than chance",
    "undecided": (
        "undecided: words are above chance, and their texts are too few or too unlike "
        "to say whether the probe is ahead"
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


def of_way(found: pd.DataFrame, mode: str, way: str) -> pd.DataFrame:
    """The rows of one mode and way of `levels`."""
    return found[(found["mode"] == mode) & (found.way == way)]


def figure(
    panels: Mapping[str, pd.DataFrame],
    k: int,
    shown_as: str,
    seeds: pd.DataFrame | None = None,
) -> Figure:
    """The levels of each facet with their intervals, a panel for each embedding (the
    `levels` of one mode), read by itself; beside them a ring for each row of ``seeds``
    (`over_seeds.read`), of other training seeds."""
    ways = {
        title: tables.facets_only(table).assign(mode=table.way)
        for title, table in panels.items()
    }
    made = figures.recall_by_facet(ways, k, shown_as, WAYS, SHOWN, columns=len(panels))
    for axes, title in zip(made.axes, panels, strict=False):
        facets = list(dict.fromkeys(ways[title].facet))
        own = () if seeds is None else seeds[seeds.who == title].groupby("seed")
        for _, of_seed in own:
            values = of_seed.set_index("facet").reindex(facets)
            for way, drawn in zip(WAYS, axes.containers, strict=True):
                if way in values:
                    y = drawn.lines[0].get_ydata()
                    ring = {"markerfacecolor": "none", "color": SHOWN[way][1]}
                    axes.plot(100 * values[way], y, "o", markersize=4, zorder=4, **ring)
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


def grid(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Facets and the macro average down, (embedding, way) across: recall [interval]."""
    ways = {
        (title, way): table[table.way == way]
        for title, table in panels.items()
        for way in WAYS
    }
    return tables.grid_of(ways, "recall")


def naming_grid(named: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How often the probe names an image's class, in percent, beside what needs no
    picture: (embedding, measure) across, facets down. Tables as of `probes.naming`."""
    columns = {}
    for title, table in named.items():
        table = table.set_index("facet", drop=False)
        percents = 100 * table[["accuracy", "majority", "even"]]
        percents = percents.map("{:.1f}".format)
        columns[title, "right"] = percents.accuracy
        columns[title, "balanced"] = pd.Series(tables.cells(table, "balanced"))
    columns["without a picture", "right"] = percents.majority
    columns["without a picture", "balanced"] = percents.even
    columns["", "images"] = table.images
    return pd.DataFrame(columns, index=table.index)


def strengths(named: Mapping[str, pd.DataFrame]) -> str:
    """Whether the grid of strengths was wide enough for all probes; tables as above."""
    edge = [
        f"{row.facet} of {title} ({row.at_edge} of {FOLDS} folds)"
        for title, table in named.items()
        for row in table.itertuples()
        if row.at_edge
    ]
    if edge:
        return (
            f"For {listed(edge)} the weakest shrinkage was chosen, {STRENGTHS[-1]:g}: "
            "a weaker one might find more."
        )
    least = min(table.weakest.min() for table in named.values())
    return (
        f"Shrinkage was chosen from {STRENGTHS[0]:g} (nearest class mean) down to "
        f"{STRENGTHS[-1]:g}; the weakest chosen anywhere is {least:g}, inside the grid."
    )


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
    recalls = {way: of_way(found, mode, way).set_index("facet") for way in LEVELS}
    both = [tables.of_mode(ranks, mode_of(mode, way)) for way in ("probe", "words")]
    named = named[named["mode"] == mode].set_index("facet")
    rows = []
    for facet in dict.fromkeys(both[0].facet):
        pair = (table[table.facet == facet] for table in both)
        ahead = paired_difference(*pair, k, average="micro")
        right, read = named.loc[facet], recalls["words"].loc[facet]
        said = judge(right, lower_end(read), ahead, k)
        row = {"facet": facet, "verdict": said, "named": right.balanced}
        row |= {"named_low": right.low, "named_high": right.high, "even": right.even}
        for way, table in recalls.items():
            for end in ("recall", "low", "high"):
                row[way if end == "recall" else f"{way}_{end}"] = table[end][facet]
        rows.append(row)
    return pd.DataFrame(rows)


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


def contrasts(ranks: pd.DataFrame, k: int) -> dict[str, Finding]:
    """What the question changes for the text and for the probe, and whether another
    query finds more than the text; of a promptable retriever, modes general and
    prompted in all ways."""
    pairs = {
        "words": ("the text, with the question − without", "prompted", "general"),
        "probe": (
            "a linear probe, with the question − without",
            mode_of("prompted", "probe"),
            mode_of("general", "probe"),
        ),
    }
    for mode, name in {"general": "without", "prompted": "with"}.items():
        for way in ("probe", "images", "grounded"):
            query = SHOWN[way][0].partition(": ")[2]
            words = f"{query} − the text, {name} the question"
            pairs[f"{mode}_{way}"] = words, mode_of(mode, way), mode
    return {
        key: finding(
            words,
            f"Recall@{k}, macro",
            tables.difference_row(*(tables.of_mode(ranks, mode) for mode in modes), k),
        )
        for key, (words, *modes) in pairs.items()
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


def half(ranks: pd.DataFrame, k: int) -> Finding:
    """Whether a better query could have had most of what the question gains without it;
    ``ranks`` as for `contrasts`. A probe without the question stands for the best."""
    ways = ("general-probe", "general", "prompted")
    share = share_of_gap(*(tables.of_mode(ranks, mode) for mode in ways), k)
    return Finding(
        "a probe's part of what the question gains, without it − one half",
        f"Recall@{k}, macro",
        *(value - 0.5 for value in share),
    )
