"""What is there of each facet, and what reaches it, at every training seed.

    python studies/rank_levels.py data/checkpoints

The folder holds ``seed<k>/<retriever>/``, as for ``studies/rank_seeds.py``; seed 0 is
that which is shipped. Of the profile mini, the retrievers of the chapter `why` are
measured. What is kept, in src/cocofacet/results/training/, are the levels with their
intervals and verdicts, levels.csv, and what made them, levels.json. Rows of weights
that are not in the folder stay, where all else that made them is the same.
"""

import argparse
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from rank_seeds import replaced, weights_in

from cocofacet.chapters.why import over_seeds
from cocofacet.evaluation.discriminant import STRENGTHS
from cocofacet.evaluation.probes import FOLDS
from cocofacet.evaluation.ranking import prompt_modes
from cocofacet.io import COMMITTED, read_json, write_atomic, write_json
from cocofacet.workspace import Workspace, open_workspace


def levels(workspace: Workspace, folder: Path) -> tuple[pd.DataFrame, dict]:
    """`over_seeds.found` of every retriever and seed, and what made it."""
    profile, tables, revisions = workspace.profile, [], {}
    for name, seed, where in weights_in(folder, workspace):
        if name not in (profile.dual, profile.promptable):
            continue
        retriever = workspace.retriever(**where)
        modes = ("general", "prompted") if retriever.promptable else ("general",)
        known = prompt_modes(workspace.questions)
        asked = {mode: known[mode] for mode in modes}
        tables.append(over_seeds.found(workspace, retriever, seed, asked))
        revisions[f"{name}, seed {seed}"] = retriever.revision
        print(f"seed {seed}: {name}")
    packages = ("cocofacet", "open_clip_torch", "torch", "transformers", "numpy")
    made = {
        "profile": profile.name,
        "seed": workspace.seed,
        "sources": workspace.made_from["sources"],
        "probe": {"shrinkage": list(STRENGTHS), "folds": FOLDS},
        "revisions": revisions,
        "packages": {name: version(name).split("+")[0] for name in packages},
    }
    return pd.concat(tables, ignore_index=True), made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoints", type=Path, help="folder of seed<k>/<retriever>/")
    parser.add_argument("--out", type=Path, default=COMMITTED / "training")
    given = parser.parse_args()
    table, made = levels(open_workspace("mini", "levels", 0), given.checkpoints)
    before, table_file = given.out / "levels.json", given.out / "levels.csv"
    known = read_json(before, dict) if before.is_file() else {}
    if known | {"revisions": {}} == made | {"revisions": {}}:
        table = replaced(over_seeds.read_all(table_file), table)
        made["revisions"] = known["revisions"] | made["revisions"]  # sorted as written
    write_atomic(table_file, table.to_csv(index=False, float_format="%.6f"))
    write_json(before, made)
    print(f"written to {given.out}")


if __name__ == "__main__":
    main()
