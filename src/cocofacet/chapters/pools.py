"""The chapter on other pools and other bases: its figure, its table, its sentences."""

from collections.abc import Iterable, Mapping
from itertools import cycle

import pandas as pd
from matplotlib.figure import Figure

from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.io import InputError
from cocofacet.report import figures
from cocofacet.report.sentences import by_verdict, difference, interval, listed, points
from cocofacet.report.tables import facets_only, grid_of, row_of
from cocofacet.workspace import Workspace

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
    cases = {f"{base} on {pool}": table for (base, pool), table in found.items()}
    macro = pd.DataFrame({name: row_of(cases[name], "macro") for name in cases}).T
    gaining = len(by_verdict(macro, macro.index)["gain"])
    start = {
        len(macro): "With every base and on every pool the question gains",
        0: "With no base and on no pool the question clearly gains",
    }.get(gaining, f"The question gains in {gaining} of {len(macro)} cases")
    parts = [
        f"{name} {points(row.difference)} ({interval(row.low, row.high)})"
        for name, row in macro.iterrows()
    ]
    return f"{start}; Recall@{k}, macro over facets: {listed(parts)}."


def unlike(found: Gains) -> str:
    """Facets on which bases or pools contradict each other."""
    rows = pd.concat(found, names=["base", "pool"]).reset_index()
    rows["case"] = rows.base + " on " + rows.pool
    odd = []
    for facet, cases in facets_only(rows).groupby("facet", sort=False):
        by = by_verdict(cases, cases.case)
        if by["gain"] and by["loss"]:
            odd.append(
                f"{facet} rises with {listed(by['gain'])} and falls with "
                f"{listed(by['loss'])}"
            )
    if not odd:
        return "No facet rises with one and falls with another."
    return f"They contradict each other: {listed(odd)}."


def there(workspace: Workspace, names: Iterable[str]) -> dict[str, Workspace]:
    """The pools whose files are there; why one is left out is printed."""
    found = {}
    for name in names:
        pool = workspace.pool(name)
        try:
            _ = pool.benchmark
        except InputError as error:
            print(f"left out: {error}")
        else:
            found[name] = pool
    return found


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
