"""Exact search: FAISS's flat index against a chunked matrix product, in one run.

    python benchmarks/exact_search.py [--vectors 1000000] [--repeats 5]

Random unit vectors in float32 with 512 dimensions, 10,000 and 100,000 of them and then
``--vectors``; the ten best of each of 100 queries. Prints JSON and writes it to
src/cocofacet/results/benchmarks/exact_search.json: for each number of vectors and each
way the milliseconds for all queries together and for one alone, the seconds to build
what is searched, and the most memory that its process ever held. Each way runs in a
process of its own. FAISS is left out where faiss-cpu is not installed.

A million vectors are 2 GB, and FAISS copies them once: 5 GB of memory are needed.
"""

import argparse
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from machine import RESULTS, best_of, described, keep, threads

DIMENSION, QUERIES, TOP = 512, 100, 10
SMALLER = (10_000, 100_000)
CHUNK = 16_384  # vectors multiplied at a time

Search = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def unit_vectors(count: int, seed: int) -> np.ndarray:
    """(count, DIMENSION) float32, made in place so that nothing is held twice."""
    rng = np.random.default_rng(seed)
    found = np.empty((count, DIMENSION), np.float32)
    for start in range(0, count, CHUNK):
        rows = found[start : start + CHUNK]
        rng.standard_normal(dtype=np.float32, out=rows)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def best_of_both(scores: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The TOP best of each row, best first."""
    some = np.argpartition(-scores, TOP - 1, axis=1)[:, :TOP]
    scores, ids = (np.take_along_axis(each, some, axis=1) for each in (scores, ids))
    order = np.argsort(-scores, axis=1, kind="stable")
    return tuple(np.take_along_axis(each, order, axis=1) for each in (scores, ids))


def in_chunks(product: Callable, vectors: np.ndarray, queries: np.ndarray):
    """Scores and ids (Q, TOP): ``product`` finds a chunk's best, which are merged."""
    scores = np.full((len(queries), TOP), -np.inf, np.float32)
    ids = np.full((len(queries), TOP), -1)
    for start in range(0, len(vectors), CHUNK):
        more, where = product(queries, vectors[start : start + CHUNK])
        scores, ids = best_of_both(
            np.hstack([scores, more]), np.hstack([ids, where + start])
        )
    return scores, ids


def by_numpy(vectors: np.ndarray) -> Search:
    def product(queries, chunk):
        scores = queries @ chunk.T
        return best_of_both(
            scores, np.broadcast_to(np.arange(len(chunk)), scores.shape)
        )

    return partial(in_chunks, product, vectors)


def by_torch(vectors: np.ndarray, device: str = "cpu") -> Search:
    import torch

    def product(queries, chunk):
        scores = torch.from_numpy(queries).to(device) @ chunk.T
        best = scores.topk(TOP, dim=1)
        return best.values.cpu().numpy(), best.indices.cpu().numpy()

    return partial(in_chunks, product, torch.from_numpy(vectors).to(device))


def by_faiss(vectors: np.ndarray) -> Search:
    import faiss

    index = faiss.IndexFlatIP(DIMENSION)
    index.add(vectors)
    return lambda queries: index.search(queries, TOP)


@dataclass(frozen=True)
class Way:
    """build: from vectors (N, D) to a search of them. needs: the module it uses."""

    build: Callable[[np.ndarray], Search]
    needs: str


WAYS = {
    "numpy (chunks)": Way(by_numpy, "numpy"),
    "torch (chunks)": Way(by_torch, "torch"),
    "FAISS (IndexFlatIP)": Way(by_faiss, "faiss"),
}


def measure(name: str, count: int, repeats: int) -> tuple[dict, np.ndarray, np.ndarray]:
    """One way with so many vectors: the numbers, then scores and ids (Q, TOP)."""
    vectors, queries = unit_vectors(count, 0), unit_vectors(QUERIES, 1)
    import_module(WAYS[name].needs)  # outside of what is timed
    start = time.perf_counter()
    search = WAYS[name].build(vectors)
    built = time.perf_counter() - start
    del vectors  # an index that copied them does not need them
    together, (scores, ids) = best_of(lambda: search(queries), repeats)
    alone, _ = best_of(lambda: search(queries[:1]), repeats)
    numbers = {
        "milliseconds_for_all_queries": 1000 * together,
        "milliseconds_for_one_query": 1000 * alone,
        "seconds_to_build": built,
        "peak_bytes_of_the_process": 1024
        * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    return numbers, scores, ids


def in_fresh_process(name: str, count: int, repeats: int):
    """`measure` in a new process, so that the peak of memory is of this way alone."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, name, count, repeats).result()


def compared(count: int, repeats: int) -> dict:
    """Every way that is installed, and whether it finds what numpy finds."""
    found, first = {}, None
    for name, way in WAYS.items():
        if find_spec(way.needs) is None:
            found[name] = None
            continue
        numbers, scores, ids = in_fresh_process(name, count, repeats)
        first = first or (scores, ids)
        found[name] = numbers | {
            "same_pictures": float((ids == first[1]).mean()),
            "largest_difference": float(np.abs(scores - first[0]).max()),
        }
    return {"vectors": count, "bytes": count * DIMENSION * 4, "ways": found}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--vectors", type=int, default=1_000_000, help="at the most")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS / "exact_search.json")
    options = parser.parse_args()
    if options.vectors < TOP or options.repeats < 1:
        parser.error(f"--vectors must be at least {TOP}, --repeats at least 1")
    counts = sorted({*(n for n in SMALLER if n < options.vectors), options.vectors})
    # First: a process begins with the peak of the one that starts it, and to describe
    # the machine loads torch.
    sizes = [compared(count, options.repeats) for count in counts]
    result = {
        **described(),
        "threads": threads(),
        "precision": "float32",
        "d": DIMENSION,
        "queries": QUERIES,
        "best": TOP,
        "chunk": CHUNK,
        "best_of": options.repeats,
        "sizes": sizes,
    }
    keep(options.out, result)


if __name__ == "__main__":
    main()
