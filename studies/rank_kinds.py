"""Rank the benchmark with every arm of the study on kinds of question.

    python studies/rank_kinds.py FOLDER --first FOLDER

The folders are those of `studies/kinds.py`, which says what is compared: of the study,
and of its first try. What is kept, in src/cocofacet/results/training/: kinds.hits.csv,
as `evaluation.seeds` reads it, where a retriever is "whole captions" (the first try's
shared part), "one thing" (the shared part) or an arm, such as "32 kinds"; and
kinds.pictures.csv, what a facet's question does to pictures
(`chapters.controls.image_side`). Our ten wordings of each question are asked, which no
training saw.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from rank_seeds import hits, wordings

from cocofacet.chapters.controls import image_side
from cocofacet.evaluation import seeds
from cocofacet.evaluation.ranking import prompt_modes
from cocofacet.io import COMMITTED, write_atomic
from cocofacet.retrievers.base import Retriever
from cocofacet.workspace import Workspace, open_workspace

BUILT_LIKE = "tiny-qwen2vl"  # the row of the zoo that reads such weights


def arms_in(folder: Path, first: Path) -> Iterator[tuple[str, int, Path]]:
    """What is shown, seed, and where the weights are: shared parts, then arms."""
    yield "whole captions", 0, first / "shared/model"
    yield "one thing", 0, folder / "shared/model"
    for model in sorted(folder.glob("arm-*-seed*/model")):
        _, kinds, seed = model.parent.name.split("-")
        yield f"{kinds} kinds", int(seed.removeprefix("seed")), model


def ranked(workspace: Workspace, retriever: Retriever) -> pd.DataFrame:
    """General, and under our wordings the facet's question and the others'."""
    parts = [workspace.ranks(retriever, ("general",)).assign(wording="")]
    for wording, questions in wordings().items():
        if wording not in (seeds.RELEASED, seeds.HUMAN):
            asked = prompt_modes(questions, ("prompted", "wrong"))
            parts.append(workspace.ranks(retriever, asked).assign(wording=wording))
    return pd.concat(parts, ignore_index=True)


def pictures(workspace: Workspace, retriever: Retriever) -> pd.DataFrame:
    """What the first of our wordings does to pictures, by facet and mode."""
    questions = wordings()["1"]
    images = workspace.embedded(retriever, (None, *questions.values()))
    given = (workspace.queries(retriever), images, questions, workspace.seed)
    return image_side(workspace.benchmark, *given)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=COMMITTED / "training")
    given = parser.parse_args()
    workspace = open_workspace("mini", "seeds", 0)
    tables, sides = [], {}
    for name, seed, weights in arms_in(given.folder, given.first):
        retriever = workspace.retriever(BUILT_LIKE, checkpoint=weights)
        ranks = ranked(workspace, retriever).assign(retriever=name, seed=seed)
        tables.append(hits(ranks).reset_index())
        sides[name, seed] = pictures(workspace, retriever)
        print(f"seed {seed}: {name}", flush=True)
    made = pd.concat(sides, names=["retriever", "seed", "facet", "mode"])
    for what, table in {
        "hits": pd.concat(tables),
        "pictures": made.reset_index(),
    }.items():
        path = given.out / f"kinds.{what}.csv"
        write_atomic(path, table.round(4).to_csv(index=False))
        print(f"written to {path}")


if __name__ == "__main__":
    main()
