"""The chapter on other pools and other bases: its figure and its findings."""

from collections.abc import Iterable, Mapping
from itertools import cycle

import pandas as pd
from matplotlib.figure import Figure

from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.io import InputError
from cocofacet.report import figures
from cocofacet.report.findings import Finding, finding, of_gain
from cocofacet.report.style import SERIES
from cocofacet.report.tables import facets_only, row_of
from cocofacet.workspace import Workspace

# (base, pool) -> `tables.differences` of prompted against general.
Gains = Mapping[tuple[str, str], pd.DataFrame]


def gains(found: Gains, k: int, shown_as: str) -> Figure:
    """What the question changes: by facet, a panel a base, a colour a pool."""
    pools = dict.fromkeys(pool for _, pool in found)
    pairs = zip(pools, cycle(SERIES), strict=False)
    looks = {pool: (pool, *look) for pool, look in pairs}
    panels: dict[str, dict] = {}
    for (base, pool), table in found.items():
        panels.setdefault(base, {})[looks[pool]] = facets_only(table)
    label = f"difference in Recall@{k} (points)"
    return figures.intervals(panels, "difference", label, shown_as, line=0)


def findings_of(
    found: Gains, captions: Mapping[str, pd.DataFrame], k: int
) -> dict[str, Finding]:
    """What the question gains with each base on each pool, and what the questions cost
    a query that asks for a whole caption: base -> `tables.differences`."""
    said = {}
    for number, ((base, pool), table) in enumerate(found.items()):
        contrast = f"the facet's question − no question: {base}, {pool}"
        said |= of_gain(f"case_{number}", contrast, table, k)
    for number, (base, table) in enumerate(captions.items()):
        contrast = f"no question − any question, for whole captions: {base}"
        said[f"captions_{number}"] = finding(
            contrast, f"Recall@{k}, over queries", row_of(table, "captions")
        )
    return said


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
