"""Rerank: the general embedding finds the first n pictures, the prompted one puts them
in order. The rest keeps the general order behind them."""

from collections.abc import Sequence

import numpy as np

from cocofacet.evaluation.gallery import GallerySearch
from cocofacet.evaluation.ranking import Pools
from cocofacet.io import InputError


def reranked(
    first: np.ndarray, second: np.ndarray, depth: int, positive: np.ndarray
) -> np.ndarray:
    """Places (Q, N) int64 from 1: the best ``depth`` by first, ordered by second.

    first, second (Q, N) scores; positive (Q, N) bool. As everywhere, ties and NaN count
    against the positives, in both stages: one that ties for the last place within the
    depth is not within it.

    >>> reranked(np.array([[3.0, 2.0, 1.0]]), np.array([[1.0, 2.0, 3.0]]), 2,
    ...          np.array([[False, False, True]]))
    array([[2, 1, 3]])
    """
    top = _places((positive, _key(first, positive))) <= depth
    return _places((positive, _key(np.where(top, second, first), positive), ~top))


def _key(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """What to sort by, ascending; a NaN is the worst that can be for a positive."""
    return np.where(np.isnan(scores), np.where(positive, np.inf, -np.inf), -scores)


def _places(keys: tuple[np.ndarray, ...]) -> np.ndarray:
    """Each row's places from 1; the last of the keys (Q, N) decides first."""
    return 1 + np.lexsort(keys, axis=-1).argsort(axis=-1)


def ranks_in_pools(
    pools: Pools, first: np.ndarray, second: np.ndarray, depth: int
) -> np.ndarray:
    """Ranks (Q,) of the positives of a facet's pools; scores (T, N), a row a text."""
    positive = np.zeros(pools.pool.shape, bool)
    positive[:, 0] = True
    return reranked(pools.own(first), pools.own(second), depth, positive)[:, 0]


def ranks_in_gallery(
    search: GallerySearch, first: np.ndarray, second: np.ndarray, depth: int
) -> list[np.ndarray]:
    """For each text the ranks of its positives; scores (T, N).

    The first ``depth`` are taken among *all* pictures, as a search would; then those
    that are neither positive nor negative are taken out of the ranking.
    """
    places = reranked(first, second, depth, search.positive)
    found = []
    for row, positive, negative in zip(
        places, search.positive, search.negative, strict=True
    ):
        judged = np.sort(row[positive | negative])
        found.append(1 + np.searchsorted(judged, np.sort(row[positive])))
    return found


def depths_within(depths: Sequence[int], images: int) -> list[int]:
    """The depths, ascending, each once, at most the gallery's size; ``InputError`` for
    none, or for one that is no whole number from 1."""
    wrong = [d for d in depths if not isinstance(d, int) or d < 1]
    if wrong or not depths:
        raise InputError(f"depths: {depths!r}: give whole numbers from 1 upwards.")
    return sorted({min(depth, images) for depth in depths})
