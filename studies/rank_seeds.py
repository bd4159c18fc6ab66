"""Rank the benchmark with every training seed, under every wording of its questions.

    python studies/rank_seeds.py data/checkpoints

The folder holds ``seed<k>/<retriever>/``, as ``training`` wrote them; seed 0 is that
which is shipped. The weights of every seed are too large to ship. What is kept, in
src/cocofacet/results/training/seeds.hits.csv, is how many queries of each text hit: in
general, under the facet's question, under the others', through the paper's linear map,
and under the question whose text is nearest to the query's.

Rows of weights that are not in the folder stay, so a training may be ranked as soon as
it ends, and its weights be lost.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.questions import more_questions
from cocofacet.embeddings import linear_map
from cocofacet.evaluation import seeds
from cocofacet.evaluation.metrics import expected_recall
from cocofacet.evaluation.ranking import pools_of, prompt_modes
from cocofacet.evaluation.scores import gallery_scores
from cocofacet.io import COMMITTED, write_atomic
from cocofacet.retrievers.base import Retriever
from cocofacet.retrievers.zoo import ROWS
from cocofacet.workspace import Workspace, open_workspace

SHIPPED = 0
ANCHORS = 100  # the paper's K
# Weights of no seed are shipped -> the row whose templates they are run with.
UNSHIPPED = {"tiny-qwen2vl-worded": "tiny-qwen2vl"}


def weights_in(folder: Path, workspace: Workspace) -> Iterator[tuple[str, int, dict]]:
    """Name, seed, and what `workspace.retriever` loads it by."""
    own = {name: name for name in workspace.profile.retrievers}
    for name, row in (own | UNSHIPPED).items():
        if ROWS[row].answers:  # its answers belong to one question each
            continue
        if name in own:
            yield name, SHIPPED, {"name": row}
        for made in sorted(folder.glob(f"seed*/{name}")):
            seed = int(made.parent.name.removeprefix("seed"))
            if (seed != SHIPPED or name in UNSHIPPED) and [*made.glob("*.safetensors")]:
                yield name, seed, {"name": row, "checkpoint": made}


def wordings() -> dict[str, dict[str, str]]:
    """Wording -> facet -> question: the authors' two, then ours by their number."""
    found = {
        seeds.RELEASED: {name: each.question for name, each in FACETS.items()},
        seeds.HUMAN: {name: each.human_question for name, each in FACETS.items()},
    }
    more = more_questions()
    for number in range(len(more[next(iter(FACETS))])):
        found[str(number + 1)] = {facet: asked[number] for facet, asked in more.items()}
    return found


def ranked(
    workspace: Workspace, retriever: Retriever, seed: int, stand_ins: bool
) -> pd.DataFrame:
    """Every mode under every wording, with a column ``wording``. stand_ins: under our
    wordings also what stands in for the facet's question."""
    parts = [workspace.ranks(retriever, ("general",)).assign(wording="")]
    if not retriever.promptable:
        return parts[0]
    for number, (wording, questions) in enumerate(wordings().items()):
        modes = prompt_modes(questions)
        tables = [workspace.ranks(retriever, {"prompted": modes["prompted"]})]
        ours = wording not in (seeds.RELEASED, seeds.HUMAN)
        if ours and stand_ins:
            # As many anchors drawn anew for each seed and wording.
            rng = np.random.default_rng([seed, number])
            tables += [
                workspace.ranks(retriever, {"wrong": modes["wrong"]}),
                through_map(workspace, retriever, questions, rng),
                under_nearest(workspace, retriever, questions),
            ]
        parts += [table.assign(wording=wording) for table in tables]
    return pd.concat(parts, ignore_index=True)


def through_map(
    workspace: Workspace,
    retriever: Retriever,
    questions: Mapping[str, str],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Mode "linear": least squares on `ANCHORS` held out, the released score."""
    prompts = (None, *questions.values())
    general, *prompted = workspace.anchor_gallery(retriever, prompts)
    drawn = rng.choice(len(general), ANCHORS, replace=False)
    anchors = linear_map.Anchors(general[drawn])
    (images,), queries = workspace.gallery(retriever), workspace.queries(retriever)
    made, parts = workspace.identity(retriever), []
    for facet, vectors in zip(questions, prompted, strict=True):
        fitted = linear_map.least_squares(anchors, vectors[drawn])
        pools = pools_of(workspace.benchmark, facet)
        scores = linear_map.scores(fitted, queries[pools.first], images)
        parts.append(pools.ranks(scores, "linear", None, **made))
    return pd.concat(parts, ignore_index=True)


def under_nearest(
    workspace: Workspace, retriever: Retriever, questions: Mapping[str, str]
) -> pd.DataFrame:
    """Mode "nearest": each text is searched under the question nearest to it."""
    asked = tuple(questions.values())
    images = workspace.gallery(retriever, asked)  # (P, N, D)
    vectors = workspace.texts(retriever, asked)  # (P, D)
    queries = workspace.queries(retriever)
    made, parts = workspace.identity(retriever), []
    for facet in questions:
        pools = pools_of(workspace.benchmark, facet)
        texts = queries[pools.first]  # (T, D)
        nearest = (texts @ vectors.T).argmax(axis=1)
        scores = [
            gallery_scores(text[None], images[number])[0]
            for text, number in zip(texts, nearest, strict=True)
        ]
        parts.append(pools.ranks(np.stack(scores), "nearest", None, **made))
    return pd.concat(parts, ignore_index=True)


def hits(ranks: pd.DataFrame) -> pd.DataFrame:
    """A row for each text, as `evaluation.seeds` reads it."""
    found = ranks.assign(queries=1)
    for k in (1, 5):
        found[f"hits_{k}"] = found["rank"] <= k
        p = expected_recall(found, k)
        found[f"draw_{k}"] = p * (1 - p)
    sums = found.groupby(seeds.KEYS, sort=False)[[*seeds.COUNTS, *seeds.VARIANCES]]
    return sums.sum().round(4)


def replaced(kept: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """`kept` with the rows ``made`` in place of those of their retrievers and seeds;
    in the order of the zoo, then of the seeds."""
    remade = pd.MultiIndex.from_frame(made[["retriever", "seed"]]).unique()
    stays = ~pd.MultiIndex.from_frame(kept[["retriever", "seed"]]).isin(remade)
    table = pd.concat([kept[stays], made])
    place = table.retriever.map({name: at for at, name in enumerate(ROWS | UNSHIPPED)})
    return table.iloc[np.lexsort([table.seed, place])].reset_index(drop=True)


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
    table = seeds.read(given.out) if given.out.is_file() else None
    for name, seed, where in weights_in(given.checkpoints, workspace):
        retriever = workspace.retriever(**where)
        stand_ins = name == workspace.profile.promptable
        ranks = ranked(workspace, retriever, seed, stand_ins)
        made = hits(ranks.assign(retriever=name, seed=seed)).reset_index()
        table = made if table is None else replaced(table, made)
        write_atomic(given.out, table.to_csv(index=False))
        print(f"seed {seed}: {name}")
    print(f"written to {given.out}")


if __name__ == "__main__":
    main()
