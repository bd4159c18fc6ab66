"""Ranks against the obvious way to compute them, in one run.

    python benchmarks/evaluate_speed.py

Random embeddings at the size of the full benchmark: 9,112 queries of 263 distinct
texts, each with a pool of 100 images, at 3,072 dimensions. Prints JSON and writes it to
src/cocofacet/results/benchmarks/evaluate_speed.json: seconds of each way, the ratio,
and whether both gave the same ranks; ends with an error if they did not.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
from machine import RESULTS, described, keep

from cocofacet.evaluation.ranking import rank_of_positive
from cocofacet.evaluation.scores import scores_to_rank


def plain_ranks(queries, images, pool):
    """One query after the other, one candidate after the other."""
    ranks = []
    for query, candidates in zip(queries.astype(float), pool, strict=True):
        scores = [float(query @ images[c].astype(float)) for c in candidates]
        ranks.append(1 + sum(not score < scores[0] for score in scores[1:]))
    return np.array(ranks)


def pool_ranks(queries, images, pool):
    return rank_of_positive(scores_to_rank(queries, images, pool))


def timed(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--queries", type=int, default=9112)
    parser.add_argument("--texts", type=int, default=263)
    parser.add_argument("--images", type=int, default=10000)
    parser.add_argument("--dim", type=int, default=3072)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS / "evaluate_speed.json")
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    texts = rng.standard_normal((options.texts, options.dim), dtype=np.float32)
    queries = texts[np.arange(options.queries) % options.texts]
    images = rng.standard_normal((options.images, options.dim), dtype=np.float32)
    pool = np.array([rng.permutation(options.images)[:100] for _ in queries])
    # The two take turns, and the fastest of each counts.
    ours, plain = [], []
    for _ in range(options.repeats):
        expected, seconds = timed(plain_ranks, queries, images, pool)
        plain.append(seconds)
        ranks, seconds = timed(pool_ranks, queries, images, pool)
        ours.append(seconds)
    ours, plain = min(ours), min(plain)

    result = {
        **described(),
        "load": os.getloadavg()[0],  # of other work too, which makes seconds longer
        "precision": "float64",
        "settings": {
            name: getattr(options, name)
            for name in ("queries", "texts", "images", "dim")
        },
        "ranks": {
            "seconds": ours,
            "plain_seconds": plain,
            "times_faster": plain / ours,
            "same": bool((ranks == expected).all()),
        },
    }
    size = f"{options.queries:,} pools of 100 for {options.texts:,} texts"
    size += f", d = {options.dim:,}"
    result["compared"] = [
        {
            "what": f"ranks of {size}",
            "against": "a loop over the queries",
            "times_faster": result["ranks"]["times_faster"],
        },
    ]
    keep(options.out, result)
    if not result["ranks"]["same"]:
        sys.exit("the two ways do not give the same ranks")


if __name__ == "__main__":
    main()
