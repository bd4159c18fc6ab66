"""Rank the benchmark with the checkpoints of other training seeds.

    python studies/rank_seeds.py data/checkpoints

The folder holds ``seed<k>/<retriever>/``, as ``training`` wrote them. The ranks go to
src/cocofacet/results/training/seeds.ranks.csv: the weights are too large to ship for
every seed, the ranks are not. Column k of the shipped seed is made in the same way.
"""

import argparse
from pathlib import Path

import pandas as pd

from cocofacet.io import COMMITTED, write_atomic
from cocofacet.workspace import open_workspace

COLUMNS = ["seed", "retriever", "mode", "facet", "query", "rank"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoints", type=Path, help="folder of seed<k>/<retriever>/")
    parser.add_argument(
        "--out", type=Path, default=COMMITTED / "training/seeds.ranks.csv"
    )
    given = parser.parse_args()
    workspace = open_workspace("mini", "seeds", 0)
    tables = []
    for weights in sorted(given.checkpoints.glob("seed*/*/*.safetensors")):
        folder = weights.parent
        seed = int(folder.parent.name.removeprefix("seed"))
        if folder.name not in workspace.profile.retrievers:
            continue  # a warm-up is no retriever
        retriever = workspace.retriever(folder.name, checkpoint=folder)
        modes = ("general", "prompted") if retriever.promptable else ("general",)
        tables.append(workspace.ranks(retriever, modes).assign(seed=seed)[COLUMNS])
        print(f"seed {seed}: {folder.name}")
    if not tables:
        parser.error(f"{given.checkpoints}: no seed<k>/<retriever>/*.safetensors here")
    write_atomic(given.out, pd.concat(tables).to_csv(index=False))
    print(f"written to {given.out}")


if __name__ == "__main__":
    main()
