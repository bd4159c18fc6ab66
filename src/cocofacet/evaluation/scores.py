"""Scores of queries with images, from their embeddings: a tie is exactly a tie."""

import numpy as np

# The shape of one matrix product: so many texts at a time, and so many images, both
# filled up with zeros. BLAS sums another shape's edges in another order.
TEXTS, FILLED, IMAGES = 512, 8, 256
# Dimensions of one product in single precision: the fewer, the smaller its error.
BLOCK = 256
# Of all scores, how many may be looked at again one by one before it is slower than
# all in double precision.
AGAIN = 0.01


def pool_scores(
    queries: np.ndarray, images: np.ndarray, pool: np.ndarray
) -> np.ndarray:
    """Score each query against the candidates of its own pool.

    queries (Q, D), images (N, D), pool (Q, C) integer indices into images; returns
    (Q, C) float64. Made for few texts that have many pools: each distinct query is
    scored once against each distinct image in the pools of up to `TEXTS` of them.
    """
    queries, images, pool = _pooled(queries, images, pool)
    queries = queries.astype(np.float64)
    texts, text_of = _distinct(queries)
    scores = np.empty(pool.shape)
    for start in range(0, len(texts), TEXTS):
        rows = np.flatnonzero((text_of >= start) & (text_of < start + TEXTS))
        used, place = _used(pool[rows], len(images))
        found = _products(queries[texts[start : start + TEXTS]], images, used)
        scores[rows] = found[text_of[rows, None] - start, place[pool[rows]]]
    return scores


def _used(pool: np.ndarray, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of so many images stand in a pool, and for each its place among these."""
    used = np.zeros(images, dtype=bool)
    used[pool] = True
    return np.flatnonzero(used), np.cumsum(used) - 1


def _pooled(
    queries: np.ndarray, images: np.ndarray, pool: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All as arrays; ValueError where shapes do not match."""
    queries, images = _matching(queries, images)
    pool = np.asarray(pool)
    if pool.ndim != 2 or len(pool) != len(queries):
        raise ValueError(f"pool {pool.shape} must be (Q, C) with Q = {len(queries)}")
    if pool.size and (pool.min() < 0 or pool.max() >= len(images)):
        raise ValueError(f"pool points outside the {len(images)} images")
    return queries, images, pool


def scores_to_rank(
    queries: np.ndarray, images: np.ndarray, pool: np.ndarray
) -> np.ndarray:
    """Scores (Q, C) that give the ranks of `pool_scores`, in half the time.

    Arguments and chunks as there. All is scored in single precision, and again in
    double what may, by the bound on rounding, lie on the other side of the positive,
    which stands in column 0. Other entries are in order with the positive alone.
    """
    queries, images, pool = _pooled(queries, images, pool)
    singles = all(a.dtype in (np.float16, np.float32) for a in (queries, images))
    if not singles or not pool.size:
        return pool_scores(queries, images, pool)
    rough, error = _rough(queries, images, pool)
    with np.errstate(all="ignore"):
        doubt = ~(np.abs(rough - rough[:, :1]) > 2 * error[:, None])  # NaN too
    doubt[:, 0] = False
    rows, columns = np.nonzero(doubt)
    if len(rows) > AGAIN * pool.size:
        return pool_scores(queries, images, pool)
    scores, asked = rough.astype(np.float64), np.unique(rows)
    scores[asked, 0] = _one_by_one(queries, images, asked, pool[asked, 0])
    scores[rows, columns] = _one_by_one(queries, images, rows, pool[rows, columns])
    return scores


def _rough(
    queries: np.ndarray, images: np.ndarray, pool: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Scores (Q, C) float32 as of `pool_scores`, and how far those of a query may be
    from the true ones (Q,); NaN where single precision has none.

    A sum of n products is off by at most n u / (1 - n u) times the product of both
    lengths, u = 2^-24, in whatever order it is made (Higham, Accuracy and Stability of
    Numerical Algorithms, 3.1). Here n is a block, and the sum over blocks.
    """
    dimension = queries.shape[1]
    steps = BLOCK + -(-dimension // BLOCK) + 1
    tiny = dimension * float(np.finfo(np.float32).tiny)  # what underflow may take away
    number: dict[bytes, int] = {}
    text_of = np.array([number.setdefault(q.tobytes(), len(number)) for q in queries])
    texts = queries[np.unique(text_of, return_index=True)[1]].astype(np.float32)
    rough, error = np.empty(pool.shape, np.float32), np.empty(len(pool))
    for start in range(0, len(texts), TEXTS):
        rows = np.flatnonzero((text_of >= start) & (text_of < start + TEXTS))
        used, place = _used(pool[rows], len(images))
        here, asked = texts[start : start + TEXTS], text_of[rows] - start
        with np.errstate(all="ignore"):  # what is not finite is NaN, or in doubt
            found, longest = _blocks(here, images, used)
            lengths = np.sqrt(_squares(here).astype(float) + tiny)
        rough[rows] = found[asked[:, None], place[pool[rows]]]
        # The lengths themselves are rounded: the last factor is more than that.
        off = steps * 2.0**-24 * 1.01 * lengths * np.sqrt(longest + tiny) + tiny
        error[rows] = off[asked]
    return rough, error


def _blocks(
    texts: np.ndarray, images: np.ndarray, chosen: np.ndarray
) -> tuple[np.ndarray, float]:
    """Scores (T, n) of float32 texts and chosen images, block by block of dimensions,
    and the largest squared length of an image. Where that is not finite, scores are
    NaN."""
    scores, longest = np.empty((len(texts), len(chosen)), np.float32), 0.0
    for start in range(0, len(chosen), IMAGES):
        tile = images[chosen[start : start + IMAGES]].astype(np.float32, copy=False)
        found = np.zeros((len(texts), len(tile)), np.float32)
        for block in range(0, texts.shape[1], BLOCK):
            here = slice(block, block + BLOCK)
            found += texts[:, here] @ tile[:, here].T
        squares = _squares(tile)
        finite = np.isfinite(squares)
        found[:, ~finite] = np.nan
        longest = max(longest, float(squares[finite].max(initial=0)))
        scores[:, start : start + IMAGES] = found
    return scores, longest


def _squares(rows: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", rows, rows)


def _one_by_one(
    queries: np.ndarray, images: np.ndarray, rows: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """Scores (n,) float64 of queries[rows] with images[places], each by itself: those
    of equal images are equal."""
    scores = np.empty(len(rows))
    for start in range(0, len(rows), IMAGES):
        here = slice(start, start + IMAGES)
        texts, seen = queries[rows[here]], images[places[here]]
        scores[here] = np.einsum(
            "nd,nd->n", texts.astype(np.float64), seen.astype(np.float64)
        )
    return scores


def gallery_scores(queries: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Score each query against every image.

    queries (T, D), images (N, D); returns (T, N) float64.
    """
    queries, images = _matching(queries, images)
    queries = queries.astype(np.float64)
    texts, text_of = _distinct(queries)
    found = _products(queries[texts], images, np.arange(len(images)))
    return found if len(texts) == len(queries) else found[text_of]


def _products(texts: np.ndarray, images: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Score texts (T, D) against the chosen (n,) images: (T, n) float64.

    Equal embeddings get equal scores: each is scored once, and gathered. Two columns of
    a matrix product may differ in the last bit although they are equal, which would
    turn an exact tie into a rank.
    """
    first, of_first = _distinct(images, chosen)
    filled = np.zeros((-(-len(texts) // FILLED) * FILLED, texts.shape[1]))
    filled[: len(texts)] = texts
    tile = np.zeros((IMAGES, texts.shape[1]))
    scores = np.empty((len(texts), len(first)))
    for start in range(0, len(first), IMAGES):
        some = first[start : start + IMAGES]
        tile[: len(some)] = images[some]
        found = _product(filled, tile)[: len(texts), : len(some)]
        scores[:, start : start + IMAGES] = found
    return scores if len(first) == len(chosen) else scores[:, of_first]


def _product(texts: np.ndarray, images: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):  # NaN and infinity may be scores
        return texts @ images.T


def _distinct(
    rows: np.ndarray, chosen: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The chosen (n,) rows, by default all, without repetition: positions in ``rows``
    of the first of each (m,), and for each chosen row which of these it equals (n,).
    """
    chosen = np.arange(len(rows)) if chosen is None else chosen
    first: dict[int, int] = {}
    equal = chosen.copy()
    for place, row in enumerate(chosen.tolist()):
        values = rows[row] + 0.0  # -0.0 becomes 0.0, which has other bytes
        earlier = first.setdefault(hash(values.tobytes()), row)
        if earlier != row and np.array_equal(rows[earlier], values):
            equal[place] = earlier
    return np.unique(equal, return_inverse=True)


def _matching(queries: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays; ValueError where shapes do not match."""
    queries, images = np.asarray(queries), np.asarray(images)
    if queries.ndim != 2 or images.ndim != 2 or queries.shape[1] != images.shape[1]:
        raise ValueError(
            f"queries {queries.shape} and images {images.shape} must be (Q, D), (N, D)"
        )
    return queries, images
