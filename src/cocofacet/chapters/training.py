"""The chapter on training: tables from the JSON records that `training` leaves."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from cocofacet.evaluation import seeds
from cocofacet.io import read_json

RATE = "caption-rate-"  # how the names of the caption-rate records begin


def read_records(folder: Path) -> dict[str, dict]:
    """Name -> record, in the order of the names; what studies leave has no seed."""
    paths = sorted(Path(folder).glob("*-seed*.json"))
    return {path.stem: read_json(path, dict) for path in paths}


def settings(records: Mapping[str, dict]) -> pd.DataFrame:
    """A row for each record, of what a reader needs to judge or repeat it."""
    rows = {
        name: {
            "steps": record["settings"]["steps"],
            "batch": record["settings"]["batch"],
            "learning rate": f"{record['settings']['rate']:g}",
            "scenes": f"{record['settings']['train_scenes']:,}",
            "seed": record["settings"]["seed"],
            "threads": record["threads"],
            "minutes": f"{record['wall_seconds'] / 60:.1f}",
            "torch": record["versions"]["torch"],
        }
        for name, record in records.items()
    }
    return pd.DataFrame(rows).T


def curves(records: Mapping[str, dict]) -> pd.DataFrame:
    """Macro Recall@1 on tune scenes while the shipped seed was trained, without the
    caption-rate models: columns model, step, mode, recall."""
    return pd.DataFrame(
        [
            {
                "model": name.removesuffix("-seed0"),
                "step": entry["step"],
                "mode": mode,
                "recall": entry[mode]["macro"][0],
            }
            for name, record in records.items()
            for entry in record["log"]
            for mode in ("general", "prompted")
            if name.endswith("-seed0") and not name.startswith(RATE) and mode in entry
        ],
        columns=["model", "step", "mode", "recall"],
    )


def last_shares(records: Mapping[str, dict]) -> pd.DataFrame:
    """Percent right at the end, a row for each record that measures a share by facet:
    answers in words, or texts matched to queries."""
    found = {}
    for name, record in records.items():
        last = record["log"][-1]
        if share := last.get("answers") or last.get("texts"):
            found[name] = share
    return _macro_last(100 * pd.DataFrame(found).T)


def by_caption_rate(records: Mapping[str, dict], k: int = 1) -> pd.DataFrame:
    """Percent Recall@k (1 or 5) on tune scenes at the end, by caption rate and seed."""
    rows = {}
    for name, record in records.items():
        if name.startswith(RATE):
            (rate,) = set(record["settings"]["caption_rates"].values())
            found = pd.DataFrame(record["log"][-1]["general"], index=[1, 5])
            rows[f"{100 * rate:g} %", record["settings"]["seed"]] = 100 * found.loc[k]
    index = pd.MultiIndex.from_tuples(rows, names=["captions", "seed"])
    return _macro_last(pd.DataFrame(list(rows.values()), index=index))


def _macro_last(table: pd.DataFrame) -> pd.DataFrame:
    return table[sorted(table.columns, key=lambda name: (name == "macro", name))]


def of_seeds(hits: pd.DataFrame) -> pd.DataFrame:
    """Percent macro Recall@1 and @5 of each retriever, mode and seed: without a
    question, and with the released one. ``hits``: the table of `evaluation.seeds`."""
    modes = {seeds.GENERAL: "", seeds.PROMPTED: seeds.RELEASED}
    shown = hits[hits["mode"].map(modes) == hits.wording]
    keys, columns = ["retriever", "mode", "seed"], {}
    for k in (1, 5):
        sums = shown.groupby([*keys, "facet"])[[f"hits_{k}", "queries"]].sum()
        recall = 100 * sums[f"hits_{k}"] / sums.queries
        columns[f"macro R@{k}"] = recall.groupby(keys).mean()
    return pd.DataFrame(columns)
