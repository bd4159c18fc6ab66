"""The best pictures for a text among many vectors in half precision, exactly.

One product in half precision finds all that may be among the best; these few are
scored again in double precision. No index is built, and none has to be kept.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: How far a score of `half_scores` may be off for unit vectors: the text is rounded to
#: eleven bits (at most 2^-11 of its length, so of any product), the score again.
ERROR = 2**-11 + 2**-12 + 1e-5
_ROWS = 65536  # scored again at a time


@dataclass(frozen=True)
class Term:
    """One text, and the vectors of all pictures that it is scored against.

    segments: arrays (n, D) float16 of unit rows, memory-mapped if they are many, laid
    end to end. text (D,): of length 1, or a weight. rows (N,) int64: for each of N
    pictures its row, -1 for none; None where each row is a picture.
    """

    segments: Sequence[np.ndarray]
    text: np.ndarray
    rows: np.ndarray | None = None

    def rough(self) -> np.ndarray:
        """Scores (N,) float32, each within ``ERROR`` times the text's length of the
        exact one; -inf where there is none."""
        parts = [half_scores(segment, self.text) for segment in self.segments]
        found = np.concatenate([np.empty(0, np.float32), *parts])
        found[np.isnan(found)] = -np.inf
        if self.rows is None:
            return found
        # A last element for the pictures that have none.
        return np.append(found, np.float32(-np.inf))[self.rows]

    def exact(self, pictures: np.ndarray) -> np.ndarray:
        """Scores (n,) float64 of some pictures, in double precision."""
        rows = pictures if self.rows is None else self.rows[pictures]
        found = np.empty(len(rows))
        starts = np.cumsum([0, *map(len, self.segments)])
        which = np.searchsorted(starts, rows, side="right") - 1
        for number in np.unique(which):
            of_it = np.flatnonzero(which == number)
            for start in range(0, len(of_it), _ROWS):
                some = of_it[start : start + _ROWS]
                vectors = self.segments[number][rows[some] - starts[number]]
                # Row by row: equal vectors get equal scores.
                found[some] = np.einsum("nd,d->n", vectors.astype(float), self.text)
        return found


def nearest(terms: Sequence[Term], count: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``count`` best pictures and their scores: int64 and float64, best first.

    A score is the sum over terms, as in double precision throughout; of equal ones the
    earlier picture is first. A picture that lacks a vector of some term, or whose
    vector holds NaN, is never found, so fewer may come back.
    """
    rough = np.sum([term.rough().astype(float) for term in terms], axis=0)
    count = min(count, int(np.isfinite(rough).sum()))
    if count < 1:
        return np.empty(0, np.int64), np.empty(0)
    error = ERROR * sum(np.linalg.norm(term.text) for term in terms)
    worst = np.partition(rough, -count)[-count]
    pictures = np.flatnonzero(rough >= worst - 2 * error)
    scores = np.sum([term.exact(pictures) for term in terms], axis=0)
    best = np.lexsort((pictures, -scores))[:count]
    return pictures[best], scores[best]


def half_scores(segment: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Scores (n,) float32 of one segment (n, D) float16.

    torch multiplies halves as they lie; numpy would convert all of them first."""
    import torch

    with warnings.catch_warnings():  # it may only be read, and is
        warnings.filterwarnings("ignore", message="The given NumPy array is not writ")
        halves = torch.from_numpy(segment)
    return torch.mv(halves, torch.from_numpy(text.astype(np.float16))).float().numpy()
