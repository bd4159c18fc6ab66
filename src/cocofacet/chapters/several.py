"""The chapter on several attributes at once: its figure, its tables, its sentences."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.evaluation.metrics import recall_at
from cocofacet.evaluation.statistics import paired_difference
from cocofacet.report.sentences import (
    bulleted,
    difference,
    listed,
    percent,
    points,
    verdict,
)
from cocofacet.report.style import INK, MODES, finished
from cocofacet.report.tables import of_mode
from cocofacet.retrieval.combine import WAYS, Several

COLOURS = ("#4c7fd0", "#e08214", "#0f9e78", "#cc79a7")


def asked(queries: Mapping[tuple[str, ...], Sequence[Several]]) -> pd.DataFrame:
    """A row for each set of facets: its queries, what they are to find, a text."""
    return pd.DataFrame(
        {
            "queries": len(found),
            "positives": np.mean([each.positive.sum() for each in found]),
            "ranked": np.mean(
                [(each.positive | each.negative).sum() for each in found]
            ),
            "the first of them": found[0].query.text,
        }
        for found in queries.values()
    ).set_axis([" + ".join(facets) for facets in queries])


def recall_and_map(
    ranks: pd.DataFrame, searched: pd.DataFrame, k: int, shown_as: str
) -> Figure:
    """Each way (down) for each number of facets (colours): recall in pools, and mAP."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(8.5, 3.6), sharey=True, layout="constrained"
    )
    recall = (ranks["rank"] <= k).groupby([ranks["mode"], ranks["facet"]]).mean()
    precision = searched.groupby(["mode", "together"]).ap.mean()
    numbers = sorted(ranks["facet"].unique())
    for place, number in enumerate(numbers):
        shift = 0.16 * (place - (len(numbers) - 1) / 2)
        style = {"linestyle": "", "markersize": 7, "label": number}
        style |= {"marker": "oD^s"[place % 4], "color": COLOURS[place % 4]}
        for axes, values in ((left, recall), (right, precision)):
            rows = [100 * values[way, number] for way in WAYS]
            axes.plot(rows, np.arange(len(WAYS)) + shift, **style)
    left.axvline(k, color=INK, linewidth=1, linestyle=(0, (2, 3)))
    left.set(xlabel=f"Recall@{k} in pools of 100 (%)", xlim=(-2, 102))
    right.set(xlabel="mAP in the gallery (%)", xlim=(-2, 102))
    left.set_yticks(range(len(WAYS)), [MODES[way][0] for way in WAYS])
    left.invert_yaxis()
    handles, words = left.get_legend_handles_labels()
    figure.legend(
        handles, words, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=len(words)
    )
    return finished(figure, shown_as)


def by_set(ranks: pd.DataFrame, searched: pd.DataFrame, k: int) -> pd.DataFrame:
    """(set of facets, measure) down, ways across; in percent."""
    sets = ranks["query"].str.split(":").str[0].str.replace("+", " + ")
    hits = (ranks["rank"] <= k).groupby([sets, ranks["mode"]], sort=False).mean()
    named = searched.facets.str.replace("+", " + ")
    found = searched.groupby([named, "mode"], sort=False).ap.mean()
    both = {f"Recall@{k}": hits, "mAP": found}
    table = 100 * pd.concat({name: each.unstack() for name, each in both.items()})
    table = table.swaplevel()[list(WAYS)]
    order = [(name, measure) for name in dict.fromkeys(sets) for measure in both]
    return (
        table.loc[order]
        .rename(columns={way: MODES[way][0] for way in WAYS})
        .rename_axis(index=["facets", "measure"], columns=None)
    )


# What is changed -> the way with it and the way without; nothing else differs.
CHANGES = {
    "Splitting the query alone": ("part-general", "general"),
    "Asking the images alone": ("whole-prompted", "general"),
    "Doing both": ("part-prompted", "general"),
    "One long question in place of none": ("long", "general"),
    "One long question in place of each facet's own": ("long", "whole-prompted"),
    "The least score in place of the sum": ("part-least", "part-prompted"),
}


def _paired(
    ranks: pd.DataFrame, way: str, against: str, number: str, k: int, seed: int
) -> pd.Series:
    """One way minus another for one number of facets, over queries."""
    here = ranks[ranks["facet"] == number]
    a, b = (of_mode(here, mode) for mode in (way, against))
    found = paired_difference(a, b, k, "micro", seed)
    levels = [recall_at(table["rank"], k) for table in (a, b)]
    names = ("facet", "value", "reference", "difference", "low", "high")
    values = (number, *levels, found.value, found.low, found.high)
    return pd.Series(dict(zip(names, values, strict=True)))


def changes(ranks: pd.DataFrame, k: int, seed: int) -> pd.DataFrame:
    """`CHANGES`, paired by query: columns change, facet (how many together), value,
    reference, difference, low, high."""
    rows = {
        (change, number): _paired(ranks, way, against, number, k, seed)
        for change, (way, against) in CHANGES.items()
        for number in dict.fromkeys(ranks["facet"])
    }
    found = pd.DataFrame(rows.values())
    return found.assign(change=[change for change, _ in rows])


def changed(found: pd.DataFrame, k: int) -> str:
    """What each change does, for each number of facets; from `changes`."""
    said = []
    for change, rows in found.groupby("change", sort=False):
        effects = [
            {
                "gain": f"gains {100 * abs(row.difference):.1f} points",
                "loss": f"loses {100 * abs(row.difference):.1f} points",
                "undecided": f"decides nothing ({points(row.difference)})",
            }[verdict(row.low, row.high)]
            + f" with {row.facet}"
            for row in rows.itertuples()
        ]
        said.append(f"{change} {listed(effects)}.")
    return bulleted(f"In Recall@{k} (over queries), one step at a time:", said)


def best(ranks: pd.DataFrame, k: int, seed: int) -> str:
    """The best way for each number of facets, and the general embedding beside it."""
    said = []
    for number in dict.fromkeys(ranks["facet"]):
        here = ranks[ranks["facet"] == number]
        recalls = (here["rank"] <= k).groupby(here["mode"], sort=False).mean()
        way = recalls.idxmax()
        if way == "general":
            said.append(
                f"With {number}, no way does better than no prompt (Recall@{k} "
                f"{percent(recalls[way])}, over queries)."
            )
            continue
        row = _paired(ranks, way, "general", number, k, seed)
        what = f"With {number}, the best way ({MODES[way][0]})"
        said.append(difference(row, what, "no prompt", k, "over queries"))
    return " ".join(said)


def weakest(searched: pd.DataFrame, way: str) -> str:
    """The sets of facets on which a way does worst and best, by mAP."""
    found = searched[searched["mode"] == way].groupby("facets", sort=False).ap.mean()
    if len(found) == 1:
        return f"{found.index[0].replace('+', ' and ')} is the only set of facets here."
    low, high = found.idxmin(), found.idxmax()
    return (
        f"{MODES[way][0][0].upper()}{MODES[way][0][1:]} does worst on "
        f"{listed(low.split('+'))} (mAP {percent(found[low])}) and best on "
        f"{listed(high.split('+'))} ({percent(found[high])})."
    )
