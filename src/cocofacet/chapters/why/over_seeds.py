"""The levels of each facet at every training seed. Made beforehand, by
``studies/rank_levels.py``, as the weights of only one seed are shipped."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from cocofacet.chapters.why.reached import LEVELS, judged, levels, measure
from cocofacet.evaluation.probes import ProbeResults
from cocofacet.io import read_table
from cocofacet.retrievers.base import Retriever
from cocofacet.workspace import Workspace

KS = (1, 5)
KEYS = ["retriever", "seed", "mode", "k"]
TEXT = ["retriever", "mode", "facet", "verdict"]
NUMBERS = ["seed", "k", "even"] + [
    f"{name}{end}" for name in ("named", *LEVELS) for end in ("", "_low", "_high")
]


def found(
    workspace: Workspace, retriever: Retriever, seed: int, modes: Mapping[str, Mapping]
) -> pd.DataFrame:
    """`reached.judged` for each mode and k: columns KEYS and those."""
    results = measure(workspace, retriever, modes)
    parts = []
    for k in KS:
        by_way = levels(results.ranks, modes, k)
        for mode in modes:
            keys = dict(zip(KEYS, (retriever.name, seed, mode, k), strict=True))
            rows = judged(results.ranks, by_way, results.named, mode, k)
            parts.append(rows.assign(**keys))
    return pd.concat(parts, ignore_index=True)[[*KEYS, *parts[0].columns.drop(KEYS)]]


def read_all(path: Path) -> pd.DataFrame:
    """The table of all retrievers, seeds, modes and k."""
    table = read_table(path, TEXT, numbers=NUMBERS, what="table of levels")
    return table.astype({"seed": int, "k": int})


def read(path: Path, k: int) -> pd.DataFrame:
    """The rows of one k, with who: "retriever, mode"."""
    table = read_all(path)
    return table[table.k == k].assign(who=table.retriever + ", " + table["mode"])


def here(
    found: Mapping[str, ProbeResults], panels: Mapping[str, pd.DataFrame], k: int
) -> pd.DataFrame:
    """`reached.judged` of what was just measured, as `read` gives the other seeds:
    retriever -> what its probe found, "retriever, mode" -> its levels."""
    parts = []
    for who, table in panels.items():
        name, mode = who.rsplit(", ", 1)
        rows = judged(found[name].ranks, table, found[name].named, mode, k)
        parts.append(rows.assign(who=who, seed="here"))
    return pd.concat(parts)


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """Facets down, (embedding, seed) across: a key of `reached.VERDICTS`, and beside
    it how often the probe names rightly, in percent."""
    said = table.verdict + (100 * table.named).map(", {:.0f}".format)
    seed = table.seed.map(lambda seed: seed if seed == "here" else f"seed {seed}")
    wide = table.assign(said=said, seed=seed).pivot(
        index="facet", columns=["who", "seed"], values="said"
    )
    return wide.loc[table.facet.unique()].sort_index(axis=1)
