"""The chapter on other pools and other bases: its figure, its table, its sentences."""

from collections.abc import Mapping
from itertools import cycle

import pandas as pd
from matplotlib.figure import Figure

from cocofacet.report import figures
from cocofacet.report.sentences import difference, interval, listed, points, verdict
from cocofacet.report.tables import facets_only, grid_of, row_of

COLOURS = ("#e08214", "#4c7fd0", "#0f9e78", "#cc79a7")

# (base, pool) -> `tables.differences` of prompted against general.
Gains = Mapping[tuple[str, str], pd.DataFrame]


def gains(found: Gains, k: int, shown_as: str) -> Figure:
    """What the question changes: by facet, a panel a base, a colour a pool."""
    pools = dict.fromkeys(pool for _, pool in found)
    looks = zip(pools, cycle(COLOURS), cycle("oDs^"), strict=False)
    look_of = dict(zip(pools, looks, strict=True))
    panels: dict[str, dict] = {}
    for (base, pool), table in found.items():
        panels.setdefault(base, {})[look_of[pool]] = facets_only(table)
    label = f"difference in Recall@{k} (points)"
    return figures.intervals(panels, "difference", label, shown_as, line=0)


def grid(found: Gains) -> pd.DataFrame:
    """Facets and the macro average down, (base, pool) across: gain [interval]."""
    return grid_of(found, "difference", sign=True)


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
