"""Small benchmarks of given pools, and tidy tables of given ranks."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cocofacet.evaluation.ranking import COLUMNS


@dataclass(frozen=True)
class SmallQuery:
    """What `rank_table` needs of a query."""

    id: str
    facet: str
    label: str
    text: str


class SmallBenchmark:
    """A benchmark of given pools: what `rank_table` needs of one."""

    def __init__(self, queries, pool, eligible=None):
        self.queries, self.pool = tuple(queries), np.array(pool)
        self.of_label = eligible or {}
        known = [*self.pool.flat, *(i for here in self.of_label.values() for i in here)]
        self.images = range(max(known, default=-1) + 1)

    def pool_indices(self):
        return self.pool

    def eligible(self, facet, label):
        return self.of_label.get((facet, label), ())

    def indices(self, images):
        return np.array(images, dtype=np.int64)  # images are called by their number


def table_of(rows, **columns):
    """A tidy table from (facet, text, label, rank) rows, one query each."""
    frame = pd.DataFrame(rows, columns=["facet", "text", "label", "rank"])
    given = {"profile": "mini", "run": "a", "retriever": "r", "revision": "0"}
    frame = frame.assign(mode="general", prompt=None, query=range(len(frame)), **given)
    return frame.assign(**columns)[COLUMNS]


def small_world(seed=0, images=400, dim=6):
    """Two labels with three positives each, and everything else eligible. Embeddings
    of few values, so that ties are common."""
    rng = np.random.default_rng(seed)
    eligible = {("f", "a"): range(10, images), ("f", "b"): range(150, images)}
    queries = [
        SmallQuery(f"f:{n}", "f", label, f"{label}?")
        for n, label in enumerate("aaabbb")
    ]
    pool = [
        [n, *rng.choice(eligible["f", query.label], 99, replace=False)]
        for n, query in enumerate(queries)
    ]
    texts = rng.integers(-1, 2, size=(2, dim)).astype(np.float32)
    embedded = rng.integers(-1, 2, size=(images, dim)).astype(np.float32)
    embedded[5] = np.nan
    return SmallBenchmark(queries, pool, eligible), texts[[0, 0, 0, 1, 1, 1]], embedded


ROWS = [
    ("animals", "cat?", "cat", 1),
    ("animals", "dog?", "dog", 9),
    ("animals", "dog?", "dog", 1),
    ("times", "night?", "night", 7),
]
# Expected Recall@1: 1, 1/100, 1/2 and 0.
EXPECTED = table_of(ROWS).assign(eligible=[120, 100, 198, 100], above=[0, 1, 1, 2])
