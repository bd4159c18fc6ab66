"""The linear approximation: prompted embeddings from general ones by a matrix.

When a question is known only at query time, embedding the gallery again under it is
too slow. The paper (section on the linear approximation) embeds only K anchor images
both ways, general U (D, K) and prompted V (D, K), and solves W U ~ V by least squares,
W = V U^+. The score of a query q and a general image embedding u is then

    <q, W u> = <W^T q, u>,

so it is the *query* that is mapped, once, and the gallery stays as it is.

W has rank at most K. It is kept here as its two factors, 2 K D numbers, and never as
D x D: with K anchors, W^T q = (U^+)^T (V^T q). The released code builds the D x D
matrix (and an SVD of it that it does not use), and its score drops 1 / ||W u||, so it
is not the cosine that the exact method uses; `scores` offers both.

Arrays hold embeddings as rows: general and prompted anchors are (K, D) here.
"""

from dataclasses import dataclass

import numpy as np

from cocofacet.evaluate import pool_scores


@dataclass(frozen=True)
class LinearMap:
    """W (D, D) = prompted^T @ inverse, kept as its factors; float64.

    inverse (K, D): the (regularised) pseudo-inverse U^+ of the general anchors.
    prompted (K, D): the prompted anchors, V^T.
    condition: largest over smallest singular value of U, infinite where U is
    singular; it says how much least squares may amplify noise. rank: how many
    singular values were kept.
    """

    inverse: np.ndarray
    prompted: np.ndarray
    ridge: float
    condition: float
    rank: int

    def queries(self, queries: np.ndarray) -> np.ndarray:
        """W^T q for each row: (Q, D) -> (Q, D) float64, not normalised."""
        return (np.asarray(queries, np.float64) @ self.prompted.T) @ self.inverse

    def images(self, images: np.ndarray) -> np.ndarray:
        """W u for each row: (N, D) -> (N, D) float64, not normalised."""
        return (np.asarray(images, np.float64) @ self.inverse.T) @ self.prompted


@dataclass(frozen=True)
class Anchors:
    """The K general anchors, decomposed once for every question and every ridge.

    general (K, D) = left (K, R) @ diag(values) @ right (R, D), R = min(K, D).
    """

    left: np.ndarray
    values: np.ndarray
    right: np.ndarray
    kept: np.ndarray  # (R,) bool: singular values above rounding noise

    def fit(self, prompted: np.ndarray, ridge: float = 0.0) -> LinearMap:
        """The map to prompted anchors (K, D); see `fit`."""
        prompted = np.asarray(prompted, np.float64)
        if prompted.shape != (len(self.left), self.right.shape[1]):
            raise ValueError(
                f"anchors general {(len(self.left), self.right.shape[1])} and prompted "
                f"{prompted.shape} must both be (K, D)"
            )
        if not np.isfinite(prompted).all():
            raise ValueError("anchors must be finite")
        if not ridge >= 0:
            raise ValueError(f"ridge {ridge} must be 0 or more")
        gains = np.zeros_like(self.values)
        gains[self.kept] = self.values[self.kept] / (
            self.values[self.kept] ** 2 + ridge
        )
        condition = self.values[0] / self.values[-1] if self.kept.all() else np.inf
        # general = U^T = left S right, so U^+ = left gains right, anchors as rows.
        return LinearMap(
            inverse=(self.left * gains) @ self.right,
            prompted=prompted,
            ridge=float(ridge),
            condition=float(condition),
            rank=int(self.kept.sum()),
        )


def decompose(general: np.ndarray) -> Anchors:
    """Decompose general anchors (K, D), by singular values.

    Raises ValueError when they are no matrix, none, or not finite.
    """
    general = np.asarray(general)
    if general.ndim != 2 or not len(general):
        raise ValueError(f"anchors general {general.shape} must be (K, D) with K > 0")
    if not np.isfinite(general).all():
        raise ValueError("anchors must be finite")
    # The usual cut-off of a pseudo-inverse, at the precision the anchors came in:
    # below it a singular value of float32 embeddings is rounding noise.
    eps = np.finfo(np.result_type(general, np.float32)).eps
    left, values, right = np.linalg.svd(general.astype(np.float64), full_matrices=False)
    kept = values > values[0] * max(general.shape) * eps
    return Anchors(left, values, right, kept)


def fit(general: np.ndarray, prompted: np.ndarray, ridge: float = 0.0) -> LinearMap:
    """Fit W to K anchors: general (K, D) -> prompted (K, D).

    ridge = 0 is least squares (the smallest W where K < D); ridge > 0 minimises
    ||W U - V||^2 + ridge ||W||^2, which is what keeps W calm near K = D, where least
    squares interpolates noise. One singular value decomposition serves both.
    Raises ValueError for shapes that do not match, K = 0, a negative ridge or
    anchors that are not finite.
    """
    return decompose(general).fit(prompted, ridge)


def scores(
    linear: LinearMap,
    queries: np.ndarray,
    images: np.ndarray,
    pool: np.ndarray,
    cosine: bool = False,
) -> np.ndarray:
    """Approximate scores of each query against its pool.

    queries (Q, D), *general* images (N, D), pool (Q, C) -> (Q, C) float64. With
    ``cosine`` each score is divided by ||W u||, as in the exact method; without it
    the score is the released code's. An image that W maps to zero then scores NaN,
    which counts against the positive.
    """
    found = pool_scores(linear.queries(queries), images, pool)
    if not cosine:
        return found
    lengths = np.linalg.norm(linear.images(images), axis=1)  # (N,)
    with np.errstate(divide="ignore", invalid="ignore"):
        return found / np.where(lengths > 0, lengths, np.nan)[pool]
