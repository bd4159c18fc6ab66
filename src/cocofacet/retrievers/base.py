"""What every retriever is: two functions from text and image to unit vectors."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from PIL import Image

# The prompt that is the bare instruction: the prompted template, its question empty.
# Stored embeddings are named by prompts, so the value must stay.
BARE = ""


class Prepare(Protocol):
    """The part of embedding that needs no weights: resizing, templates, tokens.

    It is picklable and holds no model, so that worker processes can do it while the
    device computes.
    """

    def __call__(
        self, images: Sequence[Image.Image], prompts: Sequence[str | None]
    ) -> dict[str, object]:
        """B images under P prompts -> what `Retriever.embed_prepared` takes: a
        dictionary of tensors, and of lists and dictionaries of tensors."""
        ...


class Retriever(Protocol):
    """Embeds texts and images into one space, where the dot product is the score.

    name: its row in the zoo. revision: which weights. dim: D. promptable: whether an
    image can be embedded under a prompt. device: where it computes. fingerprint:
    everything that shapes a vector except the image and the prompt; equal
    fingerprints, equal vectors. A retriever whose texts depend on more than its images
    has a ``text_fingerprint`` for these.
    """

    name: str
    revision: str
    dim: int
    promptable: bool
    device: str
    fingerprint: dict[str, str | int | float]
    prepare: Prepare

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Texts -> (Q, D) float32, unit rows."""
        ...

    def embed_prepared(self, prepared: dict[str, object]) -> np.ndarray:
        """One batch from ``prepare`` -> (P, B, D) float32, unit rows.

        Embeddings that are not finite raise FloatingPointError.
        """
        ...

    def embed_images(
        self, images: Sequence[Image.Image], prompts: Sequence[str | None] = (None,)
    ) -> np.ndarray:
        """Images under prompts -> (P, N, D) float32, unit rows, batch by batch.

        A prompt is None for the general template, `BARE` for the bare instruction, or
        a question. A retriever that is not promptable raises ValueError for a prompt
        that is not None.
        """
        ...


def embed_in_batches(
    retriever: Retriever, images: Sequence[Image.Image], prompts: Sequence[str | None]
) -> np.ndarray:
    """`Retriever.embed_images` by prepare and embed_prepared, batch by batch."""
    prompts, size = tuple(prompts), retriever.batch_size
    found = [np.empty((len(prompts), 0, retriever.dim), np.float32)]
    for start in range(0, len(images) if prompts else 0, size):
        prepared = retriever.prepare(images[start : start + size], prompts)
        found.append(retriever.embed_prepared(prepared))
    return np.concatenate(found, axis=1)


def unit_rows(vectors: np.ndarray, retriever: str) -> np.ndarray:
    """L2-normalise the last axis in float32; (..., D) -> (..., D) float32.

    Raises FloatingPointError, naming the retriever, when a row is not finite or zero:
    such a row would rank images by accident.
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise FloatingPointError(
            f"{retriever}: an embedding is zero or not finite; try precision fp32"
        )
    return vectors / lengths
