"""The chapter on other pools and other bases: its figure, its table, its sentences."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.report.sentences import difference, interval, listed, points, verdict
from cocofacet.report.style import INK, finished
from cocofacet.report.tables import facets_only, row_of, with_interval

COLOURS = ("#e08214", "#4c7fd0", "#0f9e78", "#cc79a7")

# (base, pool) -> `tables.differences` of prompted against general.
Gains = Mapping[tuple[str, str], pd.DataFrame]


def gains(found: Gains, k: int, shown_as: str) -> Figure:
    """What the question changes: by facet, a panel a base, a colour a pool."""
    bases = list(dict.fromkeys(base for base, _ in found))
    pools = list(dict.fromkeys(pool for _, pool in found))
    facets = list(
        dict.fromkeys(f for table in found.values() for f in facets_only(table).facet)
    )
    figure, grid = plt.subplots(
        1, len(bases), sharey=True, squeeze=False, layout="constrained",
        figsize=(max(7, 4 * len(bases)), (0.3 + 0.14 * len(pools)) * len(facets) + 1.4),
    )  # fmt: skip
    for axes, base in zip(grid[0], bases, strict=True):
        for place, pool in enumerate(pools):
            if (base, pool) not in found:
                continue
            table = found[base, pool].set_index("facet").reindex(facets)
            low, high = table.difference - table.low, table.high - table.difference
            axes.errorbar(
                100 * table.difference,
                np.arange(len(facets)) + 0.22 * (place - (len(pools) - 1) / 2),
                xerr=100 * np.vstack([low, high]),
                fmt="oDs^"[place % 4],
                color=COLOURS[place % 4],
                label=pool,
                elinewidth=1.6,
            )
        axes.axvline(0, color=INK, linewidth=1)
        axes.set(title=base, xlabel=f"difference in Recall@{k} (points)")
    grid[0][0].set_yticks(np.arange(len(facets)), facets)
    grid[0][0].invert_yaxis()
    handles, words = grid[0][0].get_legend_handles_labels()
    figure.legend(
        handles, words, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=len(pools)
    )
    return finished(figure, shown_as)


def grid(found: Gains) -> pd.DataFrame:
    """Facets and the macro average down, (base, pool) across: gain [interval]."""
    columns = {}
    for key, table in found.items():
        table = table[~table.facet.isin(["micro", "balanced"])]
        columns[key] = {
            row.facet: with_interval(row.difference, row.low, row.high, sign=True)
            for row in table.itertuples()
        }
    return pd.DataFrame(columns).rename_axis("facet")


def everywhere(found: Gains, k: int) -> str:
    """Whether the question gains with every base on every pool."""
    verdicts, parts = [], []
    for (base, pool), table in found.items():
        row = row_of(table, "macro")
        verdicts.append(verdict(row.low, row.high))
        parts.append(
            f"{base} on {pool} {points(row.difference)} ({interval(row.low, row.high)})"
        )
    gaining = verdicts.count("gain")
    start = {
        len(verdicts): "With every base and on every pool the question gains",
        0: "With no base and on no pool the question clearly gains",
    }.get(gaining, f"The question gains in {gaining} of {len(verdicts)} cases")
    return f"{start}; Recall@{k}, macro over facets: {listed(parts)}."


def unlike(found: Gains, k: int) -> str:
    """Facets on which bases or pools contradict each other."""
    seen: dict[str, dict[str, list[str]]] = {}
    for (base, pool), table in found.items():
        for row in facets_only(table).itertuples():
            which = verdict(row.low, row.high)
            seen.setdefault(row.facet, {}).setdefault(which, []).append(
                f"{base} on {pool}"
            )
    odd = [
        f"{facet} rises with {listed(by['gain'])} and falls with {listed(by['loss'])}"
        for facet, by in seen.items()
        if {"gain", "loss"} <= by.keys()
    ]
    if not odd:
        return "No facet rises with one and falls with another."
    return f"They contradict each other: {listed(odd)}."


def captions(tables: Mapping[str, pd.DataFrame], k: int) -> str:
    """What the questions cost a query that asks for a whole caption, base by base."""
    return " ".join(
        difference(
            row_of(table, "captions"),
            f"Asked for whole captions, the mean over all questions with {base}",
            "no prompt",
            k,
            "over queries",
        )
        for base, table in tables.items()
    )
