"""Rank the benchmark with every training seed, under every wording of its questions.

    python studies/rank_seeds.py data/checkpoints

The folder holds ``seed<k>/<retriever>/``, as ``training`` wrote them; seed 0 is that
which is shipped. The weights of every seed are too large to ship. What is kept, in
src/cocofacet/results/training/seeds.hits.csv, is how many queries of each text hit.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.questions import more_questions
from cocofacet.io import COMMITTED, write_atomic
from cocofacet.retrievers.zoo import ROWS
from cocofacet.workspace import Workspace, open_workspace

SHIPPED = 0
KEYS = ["retriever", "seed", "mode", "facet", "text"]


def ways(promptable: bool) -> dict[str, Mapping]:
    """Mode -> facet -> prompts: "general", the two released questions, ours by their
    place in the list."""
    found = {"general": dict.fromkeys(FACETS, (None,))}
    if promptable:
        found["prompted"] = {name: (each.question,) for name, each in FACETS.items()}
        found["human"] = {name: (each.human_question,) for name, each in FACETS.items()}
        more = more_questions()
        for number in range(len(more[next(iter(FACETS))])):
            mode = f"ours {number + 1}"
            found[mode] = {facet: (asked[number],) for facet, asked in more.items()}
    return found


def weights_in(folder: Path, workspace: Workspace) -> Iterator[tuple[str, int, dict]]:
    """Retriever, seed, and where its weights are."""
    for name in workspace.profile.retrievers:
        if ROWS[name].answers:  # its answers belong to one question each
            continue
        yield name, SHIPPED, {}
        for made in sorted(folder.glob(f"seed*/{name}")):
            seed = int(made.parent.name.removeprefix("seed"))
            if seed != SHIPPED and list(made.glob("*.safetensors")):
                yield name, seed, {"checkpoint": made}


def hits(ranks: pd.DataFrame) -> pd.DataFrame:
    """How many queries there are of each text, and how many rank first and in five."""
    found = ranks.assign(
        queries=1, hits_1=ranks["rank"] <= 1, hits_5=ranks["rank"] <= 5
    )
    return found.groupby(KEYS, sort=False)[["queries", "hits_1", "hits_5"]].sum()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoints", type=Path, help="folder of seed<k>/<retriever>/")
    parser.add_argument(
        "--out", type=Path, default=COMMITTED / "training/seeds.hits.csv"
    )
    given = parser.parse_args()
    workspace = open_workspace("mini", "seeds", 0)
    tables = []
    for name, seed, where in weights_in(given.checkpoints, workspace):
        retriever = workspace.retriever(name, **where)
        ranks = workspace.ranks(retriever, ways(retriever.promptable))
        tables.append(hits(ranks.assign(seed=seed)))
        print(f"seed {seed}: {name}")
        write_atomic(given.out, pd.concat(tables).reset_index().to_csv(index=False))
    print(f"written to {given.out}")


if __name__ == "__main__":
    main()
