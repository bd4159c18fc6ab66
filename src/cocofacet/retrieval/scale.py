"""A scale instead of a cutoff: what share of a picture's answer goes to a text.

A cosine says nothing alone: where one model finds, another ranks at random. Among
alternatives it does. A question's answers compete ("day", "night", "dusk"), and with
them texts about other things, to which a picture that shows none of the answers goes.
"""

from collections.abc import Iterator

import numpy as np

from cocofacet.benchmark.facets import FACETS
from cocofacet.io import InputError

#: Texts this near to the one asked (cosine) say the same and do not compete with it.
SAME = 0.8
STANDS_OUT = 0.5  #: the share from which a picture is said to show what was asked
_CHUNK = 65536  # pictures at a time


def shares(
    images: np.ndarray,
    text: np.ndarray,
    alternatives: np.ndarray,
    temperature: float,
) -> np.ndarray:
    """The share of the text, between 0 and 1, in each picture: (N,) float64.

    images (N, D), text (D,), alternatives (A, D): unit vectors, any float dtype.
    temperature: what cosines were divided by in the model's own training. A share is
    the text's part of a softmax over the text and the alternatives that do not say
    `SAME`; NaN where the picture's vector is.

    Raises:
        InputError: the temperature is not above 0, or no alternative is left.

    >>> shares(np.eye(2), np.array([1.0, 0.0]), np.array([[0.0, 1.0]]), 0.5).round(2)
    array([0.88, 0.12])
    """
    if not temperature > 0:
        raise InputError(f"temperature: {temperature}: must be above 0.")
    text = np.asarray(text, np.float64)
    others = competing(text, np.asarray(alternatives, np.float64))
    if not len(others):
        raise InputError(
            "alternatives: none differs from the text that is searched for. Name what "
            "else a picture might show."
        )
    texts = np.vstack([text, others]).T / temperature
    return np.concatenate([_first(chunk @ texts) for chunk in _chunks(images)] or [[]])


def competing(text: np.ndarray, alternatives: np.ndarray) -> np.ndarray:
    """The alternatives (A, D) that do not say the same as the text (D,)."""
    return alternatives[alternatives @ text < SAME]


def label_texts() -> list[str]:
    """The texts of all labels of all facets with a closed list, as released: what a
    picture might show, whatever was asked."""
    facets = FACETS.values()
    return [facet.wording(label) for facet in facets for label in facet.labels or ()]


def _chunks(images: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(images), _CHUNK):
        yield images[start : start + _CHUNK].astype(np.float64)


def _first(logits: np.ndarray) -> np.ndarray:
    """The first column of a softmax over rows."""
    with np.errstate(over="ignore"):  # infinitely less is a share of 0
        return 1 / np.exp(logits - logits[:, :1]).sum(axis=1)
