"""The linear map kept as K anchors against W as a d x d matrix, in one run.

    python benchmarks/linear_map.py [--queries 256] [--repeats 20]

Random unit vectors, at the paper's setting (d = 3,072, K = 100) and at the tiny model's
d with the published K/d and the published K. Prints JSON and writes it to
src/cocofacet/results/benchmarks/linear_map.json: for each setting and way the bytes
kept in memory, the milliseconds to map a batch of queries, the milliseconds to make
what is kept, and the largest difference between the two ways' mapped queries.
"""

import argparse
from pathlib import Path

import numpy as np
from machine import RESULTS, best_of, described, keep, threads

from cocofacet.embeddings.linear_map import Anchors, least_squares

SETTINGS = ((3072, 100), (192, 6), (192, 100))  # (d, K)


def unit(rng, rows, dimension):
    found = rng.normal(size=(rows, dimension))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def measure(dimension: int, anchors: int, queries: int, repeats: int) -> dict:
    rng = np.random.default_rng(0)
    general, prompted, asked = (
        unit(rng, rows, dimension) for rows in (anchors, anchors, queries)
    )
    fit, factors = best_of(lambda: least_squares(Anchors(general), prompted), 3)
    product, matrix = best_of(lambda: prompted.T @ np.linalg.pinv(general.T), 3)
    mapped, ours = best_of(lambda: factors.queries(asked), repeats)
    mapped_whole, whole = best_of(lambda: asked @ matrix, repeats)
    return {
        "d": dimension,
        "K": anchors,
        "factors": {
            "bytes": factors.source.nbytes + factors.target.nbytes,
            "milliseconds_a_batch": 1000 * mapped,
            "milliseconds_to_fit": 1000 * fit,
        },
        "matrix": {
            "bytes": matrix.nbytes,
            "milliseconds_a_batch": 1000 * mapped_whole,
            "milliseconds_to_fit": 1000 * product,
        },
        "times_smaller": matrix.nbytes / (2 * factors.target.nbytes),
        "times_faster": mapped_whole / mapped,
        "largest_difference": float(np.abs(ours - whole).max()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--queries", type=int, default=256, help="in a batch")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--out", type=Path, default=RESULTS / "linear_map.json")
    options = parser.parse_args()
    found = [measure(*each, options.queries, options.repeats) for each in SETTINGS]
    result = {
        **described(),
        "threads": threads(),
        "precision": "float64",
        "queries_a_batch": options.queries,
        "best_of": options.repeats,
        "settings": found,
        "compared": [
            {
                "what": f"W as {row['K']} anchors, d = {row['d']:,}",
                "against": f"the {row['d']:,} x {row['d']:,} matrix",
                "times_faster": row["times_faster"],
                "times_smaller": row["times_smaller"],
            }
            for row in found
        ],
    }
    keep(options.out, result)


if __name__ == "__main__":
    main()
