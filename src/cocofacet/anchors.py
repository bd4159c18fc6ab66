"""How well the linear approximation does, draw after draw of its anchors.

One draw of K anchors says as much about the draw as about the method, and the
released script makes just one, unseeded, from the gallery it is then tested on. Here
anchors come from images held out from the evaluation, and every K is drawn many times.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from cocofacet import approximate
from cocofacet.benchmark import Benchmark
from cocofacet.evaluate import rank_rows

RIDGES = tuple(10.0**power for power in range(-4, 2))


def tuned_ridge(
    general: np.ndarray, prompted: np.ndarray, ridges: Sequence[float] = RIDGES
) -> float:
    """The ridge whose map, fitted to four fifths of the anchors, points best at the
    prompted embeddings of the rest: the largest mean cosine.

    general, prompted (K, D). Only the K anchors are used, so that tuning costs no
    image more. With fewer than five anchors there is nothing to hold out, and the
    middle of ``ridges`` is taken.
    """
    kept = 4 * len(general) // 5
    if kept == len(general) or kept == 0:
        return ridges[len(ridges) // 2]

    def agreement(ridge: float) -> float:
        linear = approximate.fit(general[:kept], prompted[:kept], ridge)
        mapped = linear.images(general[kept:])
        lengths = np.linalg.norm(mapped, axis=1) + np.finfo(float).tiny
        return float(((mapped * prompted[kept:]).sum(axis=1) / lengths).mean())

    return max(ridges, key=agreement)


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], approximate.LinearMap]] = {
    "linear": approximate.fit,
    "ridge": lambda u, v: approximate.fit(u, v, tuned_ridge(u, v)),
}


def ranks_over_draws(
    benchmark: Benchmark,
    queries: np.ndarray,
    images: np.ndarray,
    anchors: np.ndarray,
    prompted_anchors: Mapping[str, np.ndarray],
    sizes: Sequence[int],
    draws: int,
    seed: int,
    **columns: str,
) -> pd.DataFrame:
    """Rank every query with maps fitted to each draw of each number of anchors.

    queries (Q, D) and images (N, D), general, in the benchmark's order; anchors
    (A, D) general; prompted_anchors maps facet -> (A, D). Draw number i takes the
    first K of the same random order of anchors for every K, so that a larger K adds
    anchors to a smaller one. Returns the tidy table, with columns anchors, draw and
    condition (of U) added; ``mode`` is a key of ``METHODS``. Raises ValueError when a
    size exceeds the number of anchors.
    """
    if max(sizes) > len(anchors):
        raise ValueError(f"{max(sizes)} anchors wanted, {len(anchors)} are held out")
    pool = benchmark.pool_indices()
    facets = np.array([query.facet for query in benchmark.queries])
    rng = np.random.default_rng(seed)
    parts = []
    for draw in range(draws):
        order = rng.permutation(len(anchors))
        for size in sizes:
            chosen = order[:size]
            for facet, prompted in prompted_anchors.items():
                rows = np.flatnonzero(facets == facet)
                asked = [benchmark.queries[row] for row in rows]
                for method, fitted in METHODS.items():
                    linear = fitted(anchors[chosen], prompted[chosen])
                    scores = approximate.scores(
                        linear, queries[rows], images, pool[rows], cosine=True
                    )
                    part = rank_rows(asked, scores, method, None, **columns)
                    parts.append(
                        part.assign(anchors=size, draw=draw, condition=linear.condition)
                    )
    return pd.concat(parts, ignore_index=True)


def recall_over_draws(ranks: pd.DataFrame, k: int) -> pd.DataFrame:
    """Macro Recall@k of each method, number of anchors and draw.

    Columns method, anchors, draw, recall.
    """
    hits = ranks.assign(recall=ranks["rank"] <= k, method=ranks["mode"])
    keys = ["method", "anchors", "draw"]
    by_facet = hits.groupby([*keys, "facet"], sort=False).recall.mean()
    return by_facet.groupby(keys, sort=False).mean().reset_index()
