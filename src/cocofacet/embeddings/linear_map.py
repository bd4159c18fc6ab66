"""The linear map from general to prompted embeddings, fitted on a few anchor images.

W U ~ V is solved by least squares (the paper's linear approximation). A score is
<q, W u> = <W^T q, u>: the query is mapped, and the gallery stays as it is.
"""

# Of K anchors U (D, K) are general, V (P, K) prompted; arrays hold them as rows. W has
# rank R <= K and is kept as two factors, never as D x D. Paper and released code have
# D = P, one embedder; from another embedder's gallery W is rectangular.

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

RIDGES = tuple(10.0**power for power in range(-4, 2))


@dataclass(frozen=True)
class LinearMap:
    """u -> W u + offset with W = target^T @ source, kept as its factors; float64.

    source (R, D): orthonormal directions of the gallery's space. target (R, P): where
    they go in the prompted space. offset (P,): zero unless anchors were centred.
    condition: largest over smallest singular value of the anchors that were solved
    for, infinite where they are singular; it says how much noise may be amplified.
    """

    source: np.ndarray
    target: np.ndarray
    offset: np.ndarray
    condition: float
    ridge: float = 0.0

    def queries(self, queries: np.ndarray) -> np.ndarray:
        """W^T q for each row: (Q, P) -> (Q, D) float64, not normalised."""
        return (np.asarray(queries, np.float64) @ self.target.T) @ self.source

    def images(self, images: np.ndarray) -> np.ndarray:
        """W u + offset for each row: (N, D) -> (N, P) float64, not normalised."""
        # In the cheaper order: through W itself only where K is near D or above.
        factors = [np.asarray(images, np.float64), self.source.T, self.target]
        return np.linalg.multi_dot(factors) + self.offset


def scores(
    linear: LinearMap, queries: np.ndarray, images: np.ndarray, cosine: bool = False
) -> np.ndarray:
    """Approximate scores: queries (Q, P), *general* images (N, D) -> (Q, N) float64.

    cosine: divide by ||W u + offset||, as in the exact method; NaN, which counts
    against the positive, for an image that is mapped to zero. Without, it is the
    released score, and the offset, the same for all images of a query, is left out.
    """
    queries = np.asarray(queries, np.float64)
    found = linear.queries(queries) @ np.asarray(images, np.float64).T  # (Q, N)
    if not cosine:
        return found
    lengths = np.linalg.norm(linear.images(images), axis=1)  # (N,)
    lengths = np.where(lengths > 0, lengths, np.nan)
    return (found + (queries @ linear.offset)[:, None]) / lengths


@dataclass(frozen=True)
class Decomposed:
    """Anchors as mean + left (K, R) @ diag(values) @ right (R, D), where mean may be
    None: decomposed once, for every question and every ridge.

    Singular values below rounding noise are left out; ``condition`` is infinite then.
    """

    mean: np.ndarray | None
    left: np.ndarray
    values: np.ndarray
    right: np.ndarray
    condition: float

    def fit(self, prompted: np.ndarray, ridge: float = 0.0) -> LinearMap:
        """The map to prompted anchors (K, P) that minimises ||W U - V||^2 + ridge
        ||W||^2; V is centred where U was."""
        means = 0 * prompted[0] if self.mean is None else prompted.mean(axis=0)
        gains = self.values / (self.values**2 + ridge)  # (R,)
        target = gains[:, None] * (self.left.T @ (prompted - means))  # (R, P)
        offset = means
        if self.mean is not None:
            offset = means - (self.right @ self.mean) @ target
        return LinearMap(self.right, target, offset, self.condition, float(ridge))


def decompose(general: np.ndarray, centre: bool = False) -> Decomposed:
    """Singular values of anchors (K, D), centred or not."""
    mean, around, most = None, np.asarray(general, np.float64), min(general.shape)
    if centre:
        mean, most = around.mean(axis=0), min(most, len(general) - 1)
        around = around - mean
    left, values, right = np.linalg.svd(around, full_matrices=False)
    # The usual cut-off of a pseudo-inverse, at the precision the anchors came in:
    # below it a singular value of float32 embeddings is rounding noise.
    eps = np.finfo(np.result_type(general, np.float32)).eps
    rank = int((values[:most] > values[0] * max(general.shape) * eps).sum())
    condition = values[0] / values[most - 1] if 0 < rank == most else np.inf
    kept = slice(rank)
    return Decomposed(mean, left[:, kept], values[kept], right[kept], float(condition))


class Anchors:
    """The K anchors (K, D) of one draw, decomposed when first asked for."""

    def __init__(self, general: np.ndarray):
        self.general = np.asarray(general)
        if self.general.ndim != 2 or not len(self.general):
            raise ValueError(
                f"anchors general {self.general.shape} must be (K, D) with K > 0"
            )
        if not np.isfinite(self.general).all():
            raise ValueError("anchors must be finite")

    @cached_property
    def whole(self) -> Decomposed:
        return decompose(self.general)

    @cached_property
    def centred(self) -> Decomposed:
        return decompose(self.general, centre=True)

    @cached_property
    def tuning(self) -> Decomposed:
        """The first four fifths, for choosing the ridge on the last fifth."""
        return decompose(self.general[: 4 * len(self.general) // 5])


def _matching(anchors: Anchors, prompted: np.ndarray) -> np.ndarray:
    prompted = np.asarray(prompted, np.float64)
    if prompted.ndim != 2 or len(prompted) != len(anchors.general):
        raise ValueError(
            f"anchors general {anchors.general.shape} and prompted {prompted.shape} "
            "must be (K, D) and (K, P)"
        )
    if not np.isfinite(prompted).all():
        raise ValueError("anchors must be finite")
    return prompted


def least_squares(anchors: Anchors, prompted: np.ndarray) -> LinearMap:
    """W = V U^+, the paper's."""
    return anchors.whole.fit(_matching(anchors, prompted))


def centred(anchors: Anchors, prompted: np.ndarray) -> LinearMap:
    """Least squares between centred anchors, an affine map; of one anchor its mean."""
    return anchors.centred.fit(_matching(anchors, prompted))


def orthogonal(anchors: Anchors, prompted: np.ndarray) -> LinearMap:
    """Procrustes: the W with singular values 1 that brings W U closest to V.

    Directions that no anchor spans are mapped to zero: W is a partial isometry.
    """
    whole = anchors.whole
    prompted = _matching(anchors, prompted)
    # V U^T in the R directions that the anchors span.
    cross = whole.values[:, None] * (whole.left.T @ prompted)  # (R, P)
    left, values, right = np.linalg.svd(cross, full_matrices=False)
    kept = values > values[0] * max(cross.shape) * np.finfo(np.float32).eps
    target = left[:, kept] @ right[kept]
    return LinearMap(whole.right, target, 0 * prompted[0], whole.condition)


def ridge(anchors: Anchors, prompted: np.ndarray) -> LinearMap:
    """Ridge regression, tuned on the anchors it is given, and no other.

    Of ``RIDGES`` that is kept whose map, fitted to four fifths of the anchors, points
    best (mean cosine) at the last fifth; the middle one for fewer than five anchors.
    """
    prompted = _matching(anchors, prompted)
    strength = RIDGES[len(RIDGES) // 2]
    if len(prompted) >= 5:
        kept = 4 * len(prompted) // 5
        least = anchors.tuning.fit(prompted[:kept])
        squares = anchors.tuning.values**2
        inside = anchors.general[kept:] @ least.source.T  # (K - kept, R)

        def agreement(strength: float) -> float:
            mapped = (inside * (squares / (squares + strength))) @ least.target
            lengths = np.linalg.norm(mapped, axis=1) + np.finfo(float).tiny
            return float(((mapped * prompted[kept:]).sum(axis=1) / lengths).mean())

        strength = max(RIDGES, key=agreement)
    return anchors.whole.fit(prompted, strength)


@dataclass(frozen=True)
class Variant:
    """A way to fit W, whose gallery it starts from, and how it is scored.

    words: its name in tables and legends. gallery: ``general``, of the promptable
    retriever itself, or ``dual``, of the dual encoder. cosine: as in `scores`.
    """

    words: str
    fit: Callable[[Anchors, np.ndarray], LinearMap]
    gallery: str = "general"
    cosine: bool = True


VARIANTS = {
    "released": Variant("least squares, released score", least_squares, cosine=False),
    "linear": Variant("least squares", least_squares),
    "centred": Variant("least squares, centred", centred),
    "ridge": Variant("ridge", ridge),
    "orthogonal": Variant("orthogonal", orthogonal),
    "dual-linear": Variant(
        "least squares, from the dual encoder", least_squares, "dual"
    ),
    "dual-ridge": Variant("ridge, from the dual encoder", ridge, "dual"),
}
