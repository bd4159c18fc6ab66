"""What an embedding holds by what its captions say, and what a question never trained
does to it: hits made beforehand by ``studies/rank_kinds.py``, with settings that
``studies/kinds.py`` explains."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from cocofacet.evaluation import seeds
from cocofacet.evaluation.crossed import crossed
from cocofacet.io import read_json, read_table
from cocofacet.report import figures
from cocofacet.report.findings import Finding, finding
from cocofacet.report.style import MODES as MODE_LOOKS

LEARNT = 0.25  # of the way from the most frequent answer to always right
MODES = (seeds.GENERAL, seeds.PROMPTED, "wrong")
WHOLE, ONE = "whole captions", "one thing"
# Panel -> its retriever in the table.
PANELS = {
    "captions that say much": WHOLE,
    "half of them say one thing": ONE,
    "then asked 32 other kinds": "32 kinds",
}


def recalls(hits: pd.DataFrame, k: int) -> dict[str, pd.DataFrame]:
    """Panel -> columns mode, facet, recall, low, high: a facet's average over our
    wordings, with an interval over seeds, wordings and texts."""
    panels = {}
    for title, name in PANELS.items():
        rows = []
        for mode in MODES:
            counts = seeds.of_mode(hits, name, k, mode)
            for facet, found in seeds.by_facet(counts).items():
                ends = {"recall": found.value, "low": found.low, "high": found.high}
                rows.append({"mode": mode, "facet": facet, **ends})
        panels[title] = pd.DataFrame(rows)
    return panels


def figure(hits: pd.DataFrame, k: int, shown_as: str) -> Figure:
    """`recalls`, beside chance."""
    return figures.recall_by_facet(recalls(hits, k), k, shown_as, MODES, columns=3)


def sides(path: Path) -> pd.DataFrame:
    """The pictures' side, in percent, facets and their mean down: how often a probe
    names the class without a question, beside chance; and in the last model how much
    of the spread lies between a facet's classes, without its question and under it."""
    numbers = ["probe", "chance", "between its classes"]
    found = read_table(path, ["retriever", "facet", "mode"], numbers=numbers)
    order = found.facet.unique()
    found = 100 * found.set_index(["retriever", "mode", "facet"])[numbers].sort_index()
    general, asked = (MODE_LOOKS[mode][0] for mode in MODES[:2])
    last = PANELS["then asked 32 other kinds"]
    columns = {("a probe names", "chance"): found.chance[ONE, general]}
    for name in PANELS.values():
        columns["a probe names", name] = found.probe[name, general]
    for mode, words in ((general, "no question"), (asked, "its question")):
        columns[f"spread, {last}", words] = found["between its classes"][last, mode]
    table = pd.DataFrame(columns).loc[order]
    table.loc["mean"] = table.mean()
    return table


def told(table: pd.DataFrame) -> dict[str, str]:
    """What the page says of `sides`: name -> a number in percent."""
    probe, spread = (table[name] for name in table.columns.unique(0))
    numbers = {
        "probe_chance": probe.loc["mean", "chance"],
        "probe_whole": probe.loc["mean", WHOLE],
        "probe_one": probe.loc["mean", ONE],
        "people_general": spread.loc["people", "no question"],
        "people_asked": spread.loc["people", "its question"],
    }
    return {f"kinds_{name}": f"{number:.0f}" for name, number in numbers.items()}


def learnt(gate: Path) -> pd.DataFrame:
    """What became of the kinds asked, by the study's gate: how many were learnt, and
    which, the best first."""
    gaps = pd.Series({k: of["gap"] for k, of in read_json(gate, dict)["asked"].items()})
    gaps = gaps.sort_values(ascending=False)
    parts = {"learnt": gaps[gaps >= LEARNT], "not learnt": gaps[gaps < LEARNT]}
    rows = {
        words: {"kinds": str(len(part)), "which": ", ".join(part.index)}
        for words, part in parts.items()
    }
    return pd.DataFrame(rows).T.rename_axis("became")


# key -> what is said, then (retriever, mode) of the first and of the second.
_ASKED = PANELS["then asked 32 other kinds"]
CONTRASTS: Mapping[str, tuple[str, tuple[str, str], tuple[str, str]]] = {
    "one_thing": (
        "captions, half of which say one thing − captions that say much, no question",
        (ONE, seeds.GENERAL),
        (WHOLE, seeds.GENERAL),
    ),
    "kinds": (
        "a question never trained − no question, 32 other kinds asked",
        (_ASKED, seeds.PROMPTED),
        (_ASKED, seeds.GENERAL),
    ),
    "kinds_own": (
        "a facet's question − the others', none trained, 32 other kinds asked",
        (_ASKED, seeds.PROMPTED),
        (_ASKED, "wrong"),
    ),
    "kinds_none": (
        "a question never trained − no question, no question trained",
        (ONE, seeds.PROMPTED),
        (ONE, seeds.GENERAL),
    ),
}


def findings_of(hits: pd.DataFrame, k: int) -> dict[str, Finding]:
    """`CONTRASTS`, Recall@k, macro."""
    found = {}
    for key, (words, *pair) in CONTRASTS.items():
        one, other = (seeds.of_mode(hits, name, k, mode) for name, mode in pair)
        interval = crossed(seeds.less(one, other), seeds.FACTORS, within=(-1, 1))
        asked = f"{one.wording.nunique()} wordings × " if one.wording.any() else ""
        over = f"{asked}{interval.texts} texts, 1 seed"
        found[key] = finding(words, f"Recall@{k}, macro", interval, over)
    return found
