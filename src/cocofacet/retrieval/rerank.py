"""Rerank: find with the general embedding, decide with the prompted one.

The general embedding finds the first n pictures; only those are embedded under the
question, and put in order by it. The rest keeps the general order behind them. A query
costs n pictures, whatever the size of the gallery. What it can reach is bounded by what
the general embedding finds: a picture that is not among the n stays behind.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from cocofacet.embeddings.linear_map import Anchors, ridge
from cocofacet.embeddings.linear_map import scores as mapped_scores
from cocofacet.evaluation.gallery import Asked, measures
from cocofacet.evaluation.ranking import Pools, gallery_scores, pools_of, rank_rows
from cocofacet.io import InputError

Images = Mapping[str | None, np.ndarray]


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
    own = [scores[pools.text[:, None], pools.pool] for scores in (first, second)]
    for scores in own:  # a positive repeated among the negatives cannot outrank it
        scores[:, 1:][pools.pool[:, 1:] == pools.pool[:, :1]] = -np.inf
    positive = np.zeros(pools.pool.shape, bool)
    positive[:, 0] = True
    return reranked(*own, depth, positive)[:, 0]


def ranks_in_gallery(
    asked: Asked, first: np.ndarray, second: np.ndarray, depth: int
) -> list[np.ndarray]:
    """For each text the ranks of its positives; scores (T, N).

    The first ``depth`` are taken among *all* pictures, as a search would. Then those
    of which nothing is claimed are taken out of the ranking.
    """
    places = reranked(first, second, depth, asked.positive)
    found = []
    for row, positive, negative in zip(
        places, asked.positive, asked.negative, strict=True
    ):
        judged = np.sort(row[positive | negative])
        found.append(1 + np.searchsorted(judged, np.sort(row[positive])))
    return found


def depths_within(depths: Sequence[int], images: int) -> list[int]:
    """The depths, ascending, each once; what exceeds the gallery is the gallery.

    Raises ``InputError`` for none, or for one that is no whole number from 1.
    """
    wrong = [d for d in depths if not isinstance(d, int) or d < 1]
    if wrong or not depths:
        raise InputError(f"depths: {depths!r}: give whole numbers from 1 upwards.")
    return sorted({min(depth, images) for depth in depths})


def by_depth(
    benchmark,
    queries: np.ndarray,
    images: Images,
    questions: Mapping[str, str],
    depths: Sequence[int],
    ks: Sequence[int],
    **columns: str,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Rerank every text at every depth: pools, gallery, cost.

    queries (Q, D); images maps prompt -> (N, D), None among the prompts; questions maps
    facet -> its question. Three modes: "general" (depth 0), "prompted" (all embedded
    beforehand; depth N), and "rerank"; "bound" is a second stage that knows the answer.

    Pools: the tidy table of ranks, mode "rerank-<n>" and "bound-<n>". Gallery: columns
    mode, depth, facet, text and the `measures`. Cost: depth -> how many different
    pictures all texts together have embedded under a question.
    """
    total = len(benchmark.images)
    ranks, searched, cost = [], [], dict.fromkeys(depths, 0)
    for facet, question in questions.items():
        asked, pools = Asked.of(benchmark, facet), pools_of(benchmark, facet)
        texts = queries[asked.rows]
        general, prompted = (
            gallery_scores(texts, images[prompt]) for prompt in (None, question)
        )
        stages = [("general", 0, general), ("prompted", total, prompted)]
        for depth in depths:
            stages += [("rerank", depth, prompted), ("bound", depth, asked.positive)]
            top = reranked(general, general, depth, asked.positive) <= depth
            cost[depth] += int(top.any(axis=0).sum())
        for mode, depth, second in stages:
            second = second.astype(np.float64)
            name = f"{mode}-{depth}" if mode in ("rerank", "bound") else mode
            prompt = None if mode == "general" else question
            found = ranks_in_pools(pools, general, second, depth)
            ranks.append(_tidy(pools, found, name, prompt, columns))
            each = ranks_in_gallery(asked, general, second, depth)
            searched += _rows(asked, each, {"mode": mode, "depth": depth}, ks)
    costs = pd.Series(cost, name="embedded").rename_axis("depth")
    return pd.concat(ranks, ignore_index=True), pd.DataFrame(searched), costs


def by_ridge(
    benchmark,
    queries: np.ndarray,
    images: Images,
    anchors: Images,
    questions: Mapping[str, str],
    count: int,
    draws: int,
    ks: Sequence[int],
    seed: int,
    **columns: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The linear map (ridge) fitted to ``count`` anchors, for the same queries.

    anchors maps prompt -> (A, D). Pools and gallery as from `by_depth`, mode "ridge",
    each query and text once a draw. Raises ``InputError`` for more anchors than there
    are.
    """
    available = len(anchors[None])
    if not 1 <= count <= available or draws < 1:
        raise InputError(
            f"anchors, draws: {count} and {draws}: there are {available} anchors to "
            "draw from, and one draw is the least."
        )
    rng = np.random.default_rng(seed)
    chosen = [rng.permutation(available)[:count] for _ in range(draws)]
    ranks, searched = [], []
    for rows in chosen:
        basis = Anchors(anchors[None][rows])
        for facet, question in questions.items():
            asked, pools = Asked.of(benchmark, facet), pools_of(benchmark, facet)
            linear = ridge(basis, anchors[question][rows])
            scores = mapped_scores(linear, queries[asked.rows], images[None], True)
            found = ranks_in_pools(pools, scores, scores, 0)
            ranks.append(_tidy(pools, found, "ridge", question, columns))
            each = ranks_in_gallery(asked, scores, scores, 0)
            searched += _rows(asked, each, {"mode": "ridge", "depth": 0}, ks)
    return pd.concat(ranks, ignore_index=True), pd.DataFrame(searched)


def _tidy(pools, ranks, mode, prompt, columns) -> pd.DataFrame:
    # One positive and `rank - 1` negatives above it make just that rank.
    scores = np.where(np.arange(pools.pool.shape[1]) < ranks[:, None], 1.0, 0.0)
    return rank_rows(pools.queries, scores, mode, prompt, **columns)


def _rows(asked: Asked, ranks, shared: dict, ks) -> Iterator[dict]:
    for text, each in zip(asked.texts, ranks, strict=True):
        yield {**shared, "facet": asked.facet, "text": text} | measures(each, ks)
