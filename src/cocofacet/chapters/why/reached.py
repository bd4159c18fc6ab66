"""What is in an embedding, what reaches it, and what was missing."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cocofacet.evaluation.probes import WAYS, ProbeResults, mode_of, rank_ways
from cocofacet.evaluation.statistics import (
    lowest_share,
    paired_difference,
    share_of_gap,
)
from cocofacet.evaluation.truth import read_truth
from cocofacet.report import tables
from cocofacet.report.figures import recall_by_facet
from cocofacet.report.sentences import (
    bulleted,
    difference,
    effect,
    interval,
    listed,
    percent,
    points,
    verdict,
)
from cocofacet.retrievers.base import Retriever
from cocofacet.workspace import Workspace

SHOWN = {
    "probe": ("there: a linear probe", "#0f9e78", "^"),
    "half": ("the probe, taught by half as many", "#8fd3bf", "^"),
    "images": ("from images: mean of others", "#4c7fd0", "s"),
    "grounded": ("grounded: mean of what the text finds", "#cc79a7", "v"),
    "words": ("from words: the text", "#e08214", "D"),
}  # way -> how it looks

# What the levels say of a facet -> in words, after "are".
VERDICTS = {
    "reached": "reached from words no worse than by the probe",
    "in part": "reached in part",
    "not reached": "there but not reached from words",
    "lost": "lost: even the probe names them no better than chance",
    "undecided": "asked for with a single text, which decides nothing",
}


def measure(
    workspace: Workspace, retriever: Retriever, modes: Mapping[str, Mapping]
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
        **workspace.identity(retriever),
    )


def levels(ranks: pd.DataFrame, modes: Sequence[str], k: int) -> pd.DataFrame:
    """`tables.recalls` of one retriever, with the columns mode and way."""
    named = {mode_of(mode, way): (mode, way) for mode in modes for way in WAYS}
    found = tables.recalls(ranks, k)
    found[["mode", "way"]] = [named[name] for name in found["mode"]]
    return found


def of_way(found: pd.DataFrame, mode: str, way: str) -> pd.DataFrame:
    """The rows of one mode and way of `levels`."""
    return found[(found["mode"] == mode) & (found.way == way)]


def figure(panels: Mapping[str, pd.DataFrame], k: int, shown_as: str) -> Figure:
    """The levels of each facet with their intervals, a panel for each embedding (the
    `levels` of one mode), read by itself."""
    ways = {
        title: tables.facets_only(table).assign(mode=table.way)
        for title, table in panels.items()
    }
    return recall_by_facet(ways, k, shown_as, WAYS, SHOWN, columns=len(panels))


def grid(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Facets and the macro average down, (embedding, way) across: recall [interval].

    The probe's half, which only says how far the probe is from done, is left out.
    """
    ways = {
        (title, way): table[table.way == way]
        for title, table in panels.items()
        for way in WAYS
        if way != "half"
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


def judged(
    ranks: pd.DataFrame,
    found: pd.DataFrame,
    named: pd.DataFrame,
    mode: str,
    k: int,
) -> pd.DataFrame:
    """What the levels of one embedding say of each facet.

    ``ranks``, ``found`` (`levels`) and ``named`` (of `probes.ProbeResults`) hold one
    retriever. Columns facet, verdict, named and even (balanced naming and its chance),
    probe, words (recalls).
    """
    probe, words = (
        of_way(found, mode, way).set_index("facet") for way in ("probe", "words")
    )
    both = [tables.of_mode(ranks, mode_of(mode, way)) for way in ("probe", "words")]
    named = named[named["mode"] == mode].set_index("facet")
    rows = []
    for facet in dict.fromkeys(both[0].facet):
        pair = (table[table.facet == facet] for table in both)
        ahead = paired_difference(*pair, k, average="micro").low
        right, read = named.loc[facet], words.loc[facet]
        said = judge(right.low - right.even, lower_end(read), ahead, k)
        recall = probe.recall[facet]
        rows.append((facet, said, right.balanced, right.even, recall, read.recall))
    columns = ["facet", "verdict", "named", "even", "probe", "words"]
    return pd.DataFrame(rows, columns=columns)


def lower_end(row) -> float:
    """The lower end of a row of `levels`: over texts or over queries, the lower one.

    A handful of texts that all find next to nothing agree too well with each other.
    """
    hits = round(row.recall * row.queries)
    over_queries = lowest_share(hits, int(row.queries))
    return float(np.minimum(row.low, over_queries))  # NaN stays NaN


def judge(there: float, words: float, ahead: float, k: int) -> str:
    """A key of `VERDICTS` from the lower ends of three intervals.

    there: how far the probe names classes above chance, balanced. words: the text's
    Recall@k, of which chance is k in 100. ahead: the probe's Recall@k minus the text's,
    paired.

    >>> judge(there=0.4, words=0.005, ahead=0.3, k=1)
    'not reached'
    """
    if np.isnan([words, ahead]).any():
        return "undecided"
    if words > k / 100:
        return "in part" if ahead > 0 else "reached"
    return "not reached" if there > 0 else "lost"


def concluded(table: pd.DataFrame, who: str, k: int) -> str:
    """A list for an embedding, from `judged`: which facets are lost, which are
    there but not reached, which are reached; with the levels where these differ."""
    parts = []
    for name, words in VERDICTS.items():
        facets = [_with_levels(r) for r in table.itertuples() if r.verdict == name]
        if facets:
            parts.append(f"{listed(facets)} are {words}.")
    return bulleted(f"{who}, in Recall@{k}:", parts)


def _with_levels(row) -> str:
    """A facet with what its verdict rests on, where that is not all or nothing."""
    recalls = f"probe {percent(row.probe)}, words {percent(row.words)}"
    named = f"named rightly {percent(row.named)} against {percent(row.even)} by chance"
    more = {"in part": f" ({recalls})", "not reached": f" ({named}; {recalls})"}
    return row.facet + more.get(row.verdict, "")


def missing(ranks: pd.DataFrame, who: str, k: int) -> str:
    """How much of what the question gains a better query could have had without it.

    ``ranks`` of a promptable retriever, modes general and prompted in all ways. The
    probe on the general embedding stands for the best query.
    """
    ways = ("general-probe", "general-half", "general", "prompted")
    probe, half, general, prompted = (tables.of_mode(ranks, mode) for mode in ways)
    gain = tables.difference_row(prompted, general, k)
    if verdict(gain.low, gain.high) != "gain":
        return f"With {who} the question has no clear gain in Recall@{k} to explain."
    more = tables.difference_row(probe, half, k)
    share, low, high = share_of_gap(probe, general, prompted, k)
    text = (
        f"With {who}, words reach macro Recall@{k} {percent(gain.reference)} without "
        f"the question and {percent(gain.value)} with it. A probe on the embedding "
        f"without it reaches {percent(more.value)}, {_whole(share)} of that way (95 % "
        f"interval {_whole(low)} to {_whole(high)}); taught by half as many images, "
        f"{percent(more.reference)}. "
    )
    if low > 0.5:
        return text + (
            "So most of what the question gains was there already, and the text failed "
            'to reach it. That is what "Seeing Is Not Addressing" argues.'
        )
    if verdict(more.low, more.high) == "gain":
        return text + (
            "So at least that part was there already and the text failed to reach it. "
            "How much more is open, because the probe still gains from more images."
        )
    if high < 0.5:
        return text + (
            "So most of what the question gains was not within reach of a better "
            "query, nor do more images find it. That is what the paper suspects."
        )
    return text + "Whether most of it was there already is undecided."


def _whole(share: float) -> str:
    return f"{100 * share:.0f} %".replace("-", "−")


def brought_in(ranks: pd.DataFrame, k: int) -> str:
    """Whether the question changes what the probe finds, and not only the words."""
    modes = (mode_of(mode, "probe") for mode in ("prompted", "general"))
    probes = (tables.of_mode(ranks, mode) for mode in modes)
    row = tables.difference_row(*probes, k)
    return difference(row, "On prompted embeddings a probe", "on general ones", k)


def asked_with_images(
    ranks: pd.DataFrame, modes: Mapping[str, str], way: str, k: int
) -> str:
    """What a query made of images gains or loses against the text, macro. ``modes``:
    one retriever's, with their names."""
    parts = []
    for mode, name in modes.items():
        pair = (tables.of_mode(ranks, mode_of(mode, w)) for w in (way, "words"))
        row = tables.difference_row(*pair, k)
        unsure = f"is undecided with {points(row.difference)}"
        does = effect(row.difference, row.low, row.high, unsure)
        parts.append(f"with {name} {does} ({interval(row.low, row.high)})")
    query = {
        "images": "the mean of other images that carry the label",
        "grounded": "the mean of the ten images that the text finds",
    }[way]
    return (
        f"Against the text, a query that is {query} {listed(parts)}, in macro "
        f"Recall@{k}."
    )
