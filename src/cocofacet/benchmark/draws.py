"""Draw the negatives of a query, and draw them again."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import FACETS, Facet
from cocofacet.benchmark.query import POOL
from cocofacet.io import InputError


def draw(items: Sequence[str], number: int, key: tuple) -> list[str]:
    """``number`` items without replacement, decided by ``key`` alone.

    The key is hashed with SHA-256, so that no query's draw depends on another's, on
    the order of the queries, or on Python's own string hashing. Only
    ``Random.random`` is used, the one generator Python promises not to change.
    """
    digest = hashlib.sha256("\n".join(map(str, key)).encode()).digest()
    generator = random.Random(int.from_bytes(digest, "big"))
    moved: dict[int, int] = {}  # Fisher-Yates, without copying the items
    chosen = []
    for place in range(number):
        other = place + int(generator.random() * (len(items) - place))
        chosen.append(items[moved.get(other, other)])
        moved[other] = moved.get(place, place)
    return chosen


def negatives(
    eligible: Sequence[str], seed: int, facet: Facet, positive: str, label: str
) -> list[str]:
    """The 99 negatives of one query, decided by the seed and the query alone."""
    return draw(eligible, POOL - 1, (seed, facet.stem, positive, label))


def redrawn(benchmark: Benchmark, seed: int) -> Benchmark:
    """The same queries with their negatives drawn by another seed.

    Just the queries that `build` makes with this seed, without reading a source again.

    Raises:
        InputError: which images are eligible is not known (released files).
    """
    unknown = [facet for facet in benchmark.facets if facet not in benchmark.carried]
    if unknown:
        raise InputError(
            f"benchmark: {unknown[0]}: the labels of its images are not known, so no "
            "negatives can be drawn. Build the benchmark with `cocofacet build`."
        )
    eligible: dict[tuple[str, str], tuple[str, ...]] = {}
    queries = []
    for query in benchmark.queries:
        key = (query.facet, query.label)
        if key not in eligible:
            eligible[key] = benchmark.eligible(*key)
        positive, facet = query.candidates[0], FACETS[query.facet]
        drawn = negatives(eligible[key], seed, facet, positive, query.label)
        queries.append(replace(query, candidates=(positive, *drawn)))
    manifest = {**benchmark.manifest, "seed": seed}
    return Benchmark(tuple(queries), manifest, benchmark.carried)
