"""The chapter on the whole gallery: its figure, its tables, its sentences."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.evaluation.gallery import difference, macro, of_texts
from cocofacet.report.sentences import interval, listed, percent, points, verdict
from cocofacet.report.style import MODES, finished

BOUNDS = ("chance", "perfect")


def names(k: int) -> dict[str, str]:
    """The measures of a chapter, as columns of the table -> as readers call them."""
    found = {"ap": "mAP", f"recall@{k}": f"Recall@{k}"}
    return found | {f"precision@{k}": f"Precision@{k}"}


def over_sizes(
    panels: Mapping[str, pd.DataFrame], k: int, sizes: Sequence[int], shown_as: str
) -> Figure:
    """Each measure against the size of the gallery, a row of panels a retriever.

    ``panels`` maps a retriever to the output of `whole_gallery.over_sizes`.
    """
    figure, grid = plt.subplots(
        len(panels), 3, figsize=(9.5, 2.9 * len(panels)), sharey=True, sharex=True,
        squeeze=False, layout="constrained",
    )  # fmt: skip
    handles = {}
    for row, (retriever, table) in zip(grid, panels.items(), strict=True):
        for axes, (measure, words) in zip(row, names(k).items(), strict=True):
            for mode, values in macro(table, measure).items():
                label, colour, marker = MODES[mode]
                bound = mode in BOUNDS
                (handles[label],) = axes.plot(
                    values.index, 100 * values, marker=None if bound else marker,
                    color=colour, linestyle=":" if bound else "-",
                )  # fmt: skip
            axes.set_title(f"{retriever}: {words}", fontsize=10)
            axes.set(xscale="log", ylim=(0, 103))
            axes.set_xticks(sizes, _ticks(sizes), fontsize=8)
            axes.minorticks_off()
        row[0].set_ylabel("%, macro over facets")
    grid[-1][1].set_xlabel("pictures in the gallery")
    figure.legend(
        handles.values(), handles, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3
    )
    return finished(figure, shown_as)


def _ticks(sizes: Sequence[int]) -> list[str]:
    """A label for each size; none where the next one would cover it."""
    after = [*sizes[1:], np.inf]
    return [
        f"{size}" if larger > 1.35 * size else ""
        for size, larger in zip(sizes, after, strict=True)
    ]


def by_facet(tables: Mapping[str, pd.DataFrame], k: int) -> pd.DataFrame:
    """The whole gallery: facets and their mean down, (retriever, mode, measure) across.

    In percent, with the texts and the mean numbers of positives and of images ranked.
    """
    first = next(iter(tables.values()))
    size = first["size"].max()
    some = first[(first["size"] == size) & (first["mode"] == "chance")]
    counts = some.groupby("facet", sort=False).agg(
        texts=("text", "size"),
        positives=("positives", "mean"),
        ranked=("candidates", "mean"),
    )
    columns = {("", "", name): counts[name] for name in counts}
    for retriever, table in tables.items():
        for mode in dict.fromkeys(table["mode"]):
            if mode in BOUNDS and table is not first:
                continue
            for measure, words in names(k).items():
                values = of_texts(table, measure)[mode].loc[size]
                key = ("" if mode in BOUNDS else retriever, MODES[mode][0], words)
                columns[key] = 100 * values.groupby("facet", sort=False).mean()
    found = pd.DataFrame(columns)
    found.loc["macro"] = found.mean()
    found.loc["macro", ("", "", "texts")] = counts.texts.sum()
    return found.rename_axis("facet")


def _order(values: pd.Series) -> str:
    """ "a > b = c", best first."""
    best_first = values.sort_values(ascending=False, kind="stable")
    text, before = "", None
    for mode, value in best_first.items():
        sign = "" if before is None else " = " if np.isclose(value, before) else " > "
        text, before = text + sign + MODES[mode][0], value
    return text


def order(table: pd.DataFrame, k: int) -> str:
    """Whether the order of the methods depends on the size, measure by measure."""
    said = []
    for measure, words in names(k).items():
        values = macro(table, measure).drop(columns=list(BOUNDS))
        orders = values.apply(_order, axis=1)
        groups = {each: orders.index[orders == each] for each in dict.fromkeys(orders)}
        if len(groups) == 1:
            said.append(
                f"By {words} the order is the same at every size: {orders.iloc[0]}."
            )
        else:
            parts = [
                f"{each} at {listed([str(size) for size in found])}"
                for each, found in groups.items()
            ]
            said.append(
                f"By {words} the order depends on the size: {'; '.join(parts)}."
            )
    return " ".join(said)


def gain(table: pd.DataFrame, mode: str, seed: int) -> str:
    """What a mode changes in the whole gallery against no prompt, in mAP."""
    value, low, high = difference(table, "ap", mode, "general", seed)
    whole = macro(table, "ap").iloc[-1]
    ending = {
        "gain": f"a gain of {100 * abs(value):.1f} points",
        "loss": f"a loss of {100 * abs(value):.1f} points",
        "undecided": f"{points(value)}, which may be no difference at all",
    }[verdict(low, high)]
    return (
        f"In the whole gallery of {whole.name:,} pictures, {MODES[mode][0]} has mAP "
        f"{percent(whole[mode])}, no prompt {percent(whole.general)}, a random order "
        f"{percent(whole.chance)}: {ending} ({interval(low, high)})."
    )


def falling(table: pd.DataFrame, mode: str) -> str:
    """How a mode's mAP moves from the smallest gallery to the whole one, beside what
    mere size does to a random order."""
    values = macro(table, "ap")
    small, whole = values.iloc[0], values.iloc[-1]
    return (
        f"From {small.name:,} pictures to {whole.name:,} the mAP of {MODES[mode][0]} "
        f"changes by {points(whole[mode] - small[mode])}; that of a random order by "
        f"{points(whole.chance - small.chance)}, by the size alone."
    )


def best_by_facet(table: pd.DataFrame) -> str:
    """On which facets which mode has the highest mAP in the whole gallery."""
    whole = of_texts(table, "ap").loc[table["size"].max()].drop(columns=list(BOUNDS))
    facets = whole.groupby("facet", sort=False).mean()
    groups: dict[str, list[str]] = {}
    for facet, values in facets.iterrows():
        best = values.index[np.isclose(values, values.max())]
        groups.setdefault(listed([MODES[mode][0] for mode in best]), []).append(facet)
    if len(groups) == 1:
        return f"On every facet {next(iter(groups))} has the highest mAP."
    parts = [f"{who} on {listed(facets)}" for who, facets in groups.items()]
    return f"The highest mAP has {'; '.join(parts)}."
