"""The best pictures for a text among many vectors in half precision, exactly.

One product in half precision finds all that may be among the best; these few are
scored again in double precision. No index is built, and none has to be kept.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

#: How far a score of `half_scores` may be off for unit vectors: the text is rounded to
#: eleven bits (at most 2^-11 of its length, so of any product), the score again.
ERROR = 2**-11 + 2**-12 + 1e-5
_ROWS = 65536  # scored again at a time


def nearest(
    segments: Sequence["torch.Tensor"], text: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The ``count`` best rows and their scores: int64 and float64, best first.

    segments: float16 tensors (n, D) of unit vectors, on the CPU, memory-mapped if they
    are many; rows are counted through all of them. text (D,): a unit vector. Scores are
    those of a product in double precision; of equal ones the earlier row is first, and
    fewer come back where there are fewer. A row that holds NaN is never found.
    """
    rough = np.concatenate([half_scores(each, text) for each in segments] or [[]])
    rough[np.isnan(rough)] = -np.inf
    count = min(count, int(np.isfinite(rough).sum()))
    if count < 1:
        return np.empty(0, np.int64), np.empty(0)
    worst = np.partition(rough, -count)[-count]
    rows = np.flatnonzero(rough >= worst - 2 * ERROR)
    scores = _exact(segments, rows, np.asarray(text, np.float64))
    best = np.lexsort((rows, -scores))[:count]
    return rows[best], scores[best]


def half_scores(segment: "torch.Tensor", text: np.ndarray) -> np.ndarray:
    """Scores (n,) float32 of one segment, each within ``ERROR`` of the exact one.

    torch multiplies halves as they lie; numpy would convert all of them first."""
    import torch

    return torch.mv(segment, torch.from_numpy(text.astype(np.float16))).float().numpy()


def _exact(
    segments: Sequence["torch.Tensor"], rows: np.ndarray, text: np.ndarray
) -> np.ndarray:
    """The scores of some rows (ascending), in double precision."""
    starts = np.cumsum([0, *(len(each) for each in segments)])
    parts = [np.empty(0)]
    for segment, first, last in zip(segments, starts[:-1], starts[1:], strict=True):
        own = rows[np.searchsorted(rows, first) : np.searchsorted(rows, last)] - first
        for start in range(0, len(own), _ROWS):
            chunk = segment[own[start : start + _ROWS]].numpy().astype(np.float64)
            # Row by row: equal vectors get equal scores.
            parts.append(np.einsum("nd,d->n", chunk, text))
    return np.concatenate(parts)
