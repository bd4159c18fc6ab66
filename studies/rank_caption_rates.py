"""Rank the benchmark with the CLIPs of the caption-rate experiment.

    python -m training caption-rates --out FOLDER --record FOLDER
    python studies/rank_caption_rates.py FOLDER

The folder holds ``caption-rate-<percent>/`` and, for each that is finished, its record
``caption-rate-<percent>-seed<k>.json``. Each seed has a folder of its own. Every query
is ranked in all ways of ``cocofacet.evaluation.probes``; ranks and settings go to
src/cocofacet/results/training/caption-rates/, because the weights are not shipped. The
ranks of other trainings stay there if the same benchmark and packages made them.
"""

import argparse
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from cocofacet.chapters.why import reached
from cocofacet.chapters.why.caption_rates import (
    COLUMNS,
    MADE,
    NAMED,
    RANKS,
    Rates,
    read,
)
from cocofacet.evaluation import probes
from cocofacet.evaluation.discriminant import STRENGTHS
from cocofacet.io import COMMITTED, write_atomic, write_json
from cocofacet.workspace import Workspace, open_workspace


def ranked(workspace: Workspace, folders: Sequence[Path]) -> Rates:
    """Rank with every checkpoint that has a record. ``ValueError`` if there is none."""
    tables, named, trainings = [], [], {}
    records = [p for f in folders for p in f.glob("caption-rate-*-seed*.json")]
    for path in sorted(records, key=lambda path: path.name):
        name, _, seed = path.stem.rpartition("-seed")
        if len(list(path.parent.glob(f"{name}-seed*.json"))) > 1:
            raise ValueError(
                f"{path.parent / name}: one checkpoint and records of several seeds. "
                "Train each seed into a folder of its own"
            )
        record = json.loads(path.read_text())
        (rate,) = set(record["settings"]["caption_rates"].values())
        dual = workspace.profile.dual
        retriever = workspace.retriever(dual, checkpoint=path.parent / name)
        modes = {"general": {facet: (None,) for facet in workspace.benchmark.facets}}
        found = reached.measure(workspace, retriever, modes)
        made_by = {"rate": rate, "seed": int(seed)}
        table = wide(workspace.benchmark, found.ranks).assign(**made_by)
        tables.append(table[COLUMNS])
        named.append(
            found.named.drop(columns=["mode", "weakest", "at_edge"]).assign(**made_by)
        )
        del record["log"]  # of recall on tune scenes: nothing that shaped the weights
        trainings[path.stem] = record | {"revision": retriever.revision}
        print(f"{path.stem}: {len(table)} queries ranked")
    if not tables:
        raise ValueError(
            f"no caption-rate-<percent>-seed<k>.json in {', '.join(map(str, folders))}"
        )
    made = {"profile": workspace.profile.name, "seed": workspace.seed}
    made["sources"] = workspace.made_from["sources"]
    packages = ("cocofacet", "open_clip_torch", "torch", "numpy", "scikit-learn")
    made["probe"] = f"discriminant analysis, shrinkage from {len(STRENGTHS)} values"
    made["packages"] = {name: version(name).split("+")[0] for name in packages}
    return Rates(
        pd.concat(tables, ignore_index=True),
        pd.concat(named, ignore_index=True),
        {"trainings": trainings, "ranked": made},
    )


def merged(kept: Rates | None, new: Rates) -> Rates:
    """Kept and new ranks in one table; where a training is in both, its new ranks.

    ``ValueError`` if another benchmark or other packages made the kept ranks.
    """
    if kept is None:
        return new
    if kept.made["ranked"] != new.made["ranked"]:
        raise ValueError(
            "the ranks in --out were made with another benchmark or other packages. "
            "Name another folder, or rank all checkpoints again"
        )
    made_by = ["rate", "seed"]
    tables = []
    for before, after in ((kept.ranks, new.ranks), (kept.named, new.named)):
        remade = before.set_index(made_by).index.isin(after.set_index(made_by).index)
        both = pd.concat([before[~remade], after], ignore_index=True)
        tables.append(both.sort_values(made_by, kind="stable", ignore_index=True))
    trainings = dict(sorted((kept.made["trainings"] | new.made["trainings"]).items()))
    return Rates(*tables, new.made | {"trainings": trainings})


def wide(benchmark, ranks: pd.DataFrame) -> pd.DataFrame:
    """A row a query, a column with its rank for each way; in the benchmark's order."""
    by_way = ranks.pivot(index="query", columns="mode", values="rank")
    by_way = by_way.rename(
        columns={probes.mode_of("general", w): w for w in probes.WAYS}
    )
    asked = pd.DataFrame(
        {"facet": q.facet, "label": q.label, "query": q.id} for q in benchmark.queries
    )
    return asked.join(by_way, on="query")


def save(found: Rates, folder: Path) -> None:
    """Write what ``caption_rates.read`` reads."""
    write_atomic(folder / RANKS, found.ranks.to_csv(index=False))
    first = ["rate", "seed", "facet"]
    columns = [*first, *found.named.columns.drop(first)]
    write_atomic(folder / NAMED, found.named[columns].to_csv(index=False))
    write_json(folder / MADE, found.made)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folders", type=Path, nargs="+", help="what --out and --record named")
    add("--out", type=Path, default=COMMITTED / "training/caption-rates")
    given = parser.parse_args()
    try:
        found = ranked(open_workspace("mini", "caption-rates", 0), given.folders)
        found = merged(read(given.out), found)
    except ValueError as error:
        parser.error(str(error))
    save(found, given.out)
    print(f"written to {given.out}")


if __name__ == "__main__":
    main()
