"""The chapter on training: tables from the JSON records that `training` leaves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from cocofacet.evaluation import seeds
from cocofacet.io import read_json

GUESS = 0.01  # Recall@1 of a guess among a hundred
# In a record -> its heading.
SETTINGS = {
    "settings.steps": "steps",
    "settings.batch": "batch",
    "settings.rate": "learning rate",
    "settings.train_scenes": "scenes",
    "settings.seed": "seed",
    "threads": "threads",
    "wall_seconds": "minutes",
    "versions.torch": "torch",
}


def read_records(folder: Path) -> dict[str, dict]:
    """Name -> record, in the order of the names; what studies leave has no seed."""
    paths = sorted(Path(folder).glob("*-seed*.json"))
    return {path.stem: read_json(path, dict) for path in paths}


def settings(records: Mapping[str, dict]) -> pd.DataFrame:
    """A row for each record, of what a reader needs to judge or repeat it."""
    table = pd.json_normalize(list(records.values())).set_axis(list(records))
    table = table[list(SETTINGS)].rename(columns=SETTINGS)
    return table.assign(minutes=table.minutes / 60)


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
            if name.endswith("-seed0") and not name.startswith("caption-rate-")
            for entry in record["log"]
            for mode in ("general", "prompted")
            if mode in entry
        ]
    )


def last_shares(records: Mapping[str, dict]) -> pd.DataFrame:
    """Percent right at the end, a row for each record that measures a share by facet:
    answers in words, or texts matched to queries."""
    shares = {
        name: record["log"][-1][what]
        for name, record in records.items()
        for what in ("answers", "texts")
        if what in record["log"][-1]
    }
    table = 100 * pd.DataFrame(shares).T
    return table[[*table.columns.drop("macro"), "macro"]]


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


def by_rule(hits: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """What the rule between models counts, a row each: macro Recall@1 under our
    wordings, in percent; by how many points seeds, wordings and both together move it
    (one standard deviation); the percent that these are of its variance, where the rest
    is the query texts'; and on how many facets the embedding without a question finds
    more than a guess.
    """
    rows = {}
    for name in names:
        asked = seeds.ours(seeds.of_mode(hits, name, 1))
        *own, texts, _draw = seeds.spreads(asked).spread ** 2
        general = seeds.by_facet(seeds.of_mode(hits, name, 1, seeds.GENERAL))
        general.pop("macro")
        rows[name] = {
            "macro R@1": 100 * seeds.by_facet(asked)["macro"].value,
            "moved by, points": 100 * sum(own) ** 0.5,
            "their share, %": 100 * sum(own) / (sum(own) + texts),
            "facets above a guess": sum(each.low > GUESS for each in general.values()),
        }
    return pd.DataFrame(rows).T
