"""How well the linear approximation does, draw after draw of its anchors.

One draw of K anchors says as much about the draw as about the method, and the
released script makes just one, unseeded, from the gallery it is then tested on. Here
anchors come from images held out from the evaluation, and every K is drawn many times.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from cocofacet import approximate
from cocofacet.approximate import LinearMap, decompose
from cocofacet.benchmark import Benchmark
from cocofacet.evaluate import rank_rows

RIDGES = tuple(10.0**power for power in range(-4, 2))


def least_squares(general: np.ndarray) -> Callable[[np.ndarray], LinearMap]:
    """A fitter for any question's prompted anchors (K, D)."""
    return decompose(general).fit


def ridge(general: np.ndarray) -> Callable[[np.ndarray], LinearMap]:
    """A fitter that tunes its strength on the anchors it is given, and no other.

    The ridge kept is the one whose map, fitted to four fifths of the anchors, points
    best (mean cosine) at the prompted embeddings of the last fifth. With fewer than
    five anchors nothing can be held out, and the middle of ``RIDGES`` is taken.
    """
    kept = 4 * len(general) // 5
    tried, held_out = decompose(general[: max(1, kept)]), general[kept:]
    everything = decompose(general)

    def agreement(prompted: np.ndarray, strength: float) -> float:
        mapped = tried.fit(prompted[:kept], strength).images(held_out)
        lengths = np.linalg.norm(mapped, axis=1) + np.finfo(float).tiny
        return float(((mapped * prompted[kept:]).sum(axis=1) / lengths).mean())

    def fitted(prompted: np.ndarray) -> LinearMap:
        strength = RIDGES[len(RIDGES) // 2]
        if len(general) >= 5:
            strength = max(RIDGES, key=lambda ridge: agreement(prompted, ridge))
        return everything.fit(prompted, strength)

    return fitted


METHODS = {"linear": least_squares, "ridge": ridge}


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
            fitters = {name: make(anchors[chosen]) for name, make in METHODS.items()}
            for facet, prompted in prompted_anchors.items():
                rows = np.flatnonzero(facets == facet)
                asked = [benchmark.queries[row] for row in rows]
                for method, fitted in fitters.items():
                    linear = fitted(prompted[chosen])
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
