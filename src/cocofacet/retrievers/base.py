"""What every retriever is: two functions from text and image to unit vectors."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from cocofacet.io import InputError
from cocofacet.retrievers.zoo.row import Row

# The prompt that is the bare instruction: the prompted template, its question empty.
# Stored embeddings are named by prompts, so the value must stay.
BARE = ""
Fingerprint = dict[str, str | int | float]


class NoVector(InputError, FloatingPointError):
    """A model gave what is no vector: zero, or no finite numbers."""


class UnfitText(InputError):
    """A question or a text, and no picture, is what cannot be processed."""


class Prepare(Protocol):
    """The part of embedding that needs no weights, picklable for worker processes."""

    def __call__(
        self, images: Sequence[Image.Image], prompts: Sequence[str | None]
    ) -> dict[str, object]:
        """B images under P prompts -> what `Retriever.embed_prepared` takes: a
        dictionary of tensors, and of lists and dictionaries of tensors."""
        ...


@dataclass(frozen=True)
class Checkpoint:
    """Weights on this machine, and how to run them.

    directory: where. weights: what identifies them in a fingerprint. revision: which.
    adapter: the directory of one to be merged into the model. text: of a retriever that
    answers, its text embedder's directory. precision: fp32, bf16 or fp16.
    """

    directory: Path
    weights: str
    revision: str
    adapter: Path | None = None
    text: Path | None = None
    device: str = "cpu"
    precision: str = "fp32"


class Retriever:
    """Embeds texts and images into one space, where the dot product is the score.

    name: its row in the zoo. revision: which weights. dim: D. promptable: whether an
    image can be embedded under a prompt. device: where it computes. fingerprint:
    everything that shapes a vector except the image and the prompt; equal
    fingerprints, equal vectors. A retriever whose texts depend on more than its images
    has a ``text_fingerprint`` for these.

    A family's class sets ``promptable``, ``dim``, ``prepare`` and ``fingerprint``, and
    says what `embed_prepared` and `embed_batch` do.
    """

    promptable: bool
    dim: int
    prepare: Prepare
    fingerprint: Fingerprint

    def __init__(self, row: Row, files: Checkpoint, batch_size: int):
        self.name, self.revision, self.row = row.name, files.revision, row
        self.device, self.batch_size = files.device, batch_size

    def embed_prepared(self, prepared: dict[str, object]) -> np.ndarray:
        """One batch from ``prepare`` -> (P, B, D) float32, unit rows.

        Embeddings that are not finite raise FloatingPointError.
        """
        raise NotImplementedError

    def embed_batch(self, texts: list[str]) -> np.ndarray:
        """One batch of texts, in their template -> (B, D) float32, not normalised."""
        raise NotImplementedError

    def query(self, text: str) -> str:
        """A query in its template."""
        return self.row.text.format(text=text)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Texts -> (Q, D) float32, unit rows, batch by batch."""
        texts = [self.query(text) for text in texts]
        found = [np.empty((0, self.dim), np.float32)]
        for start in range(0, len(texts), self.batch_size):
            found.append(self.embed_batch(texts[start : start + self.batch_size]))
        return unit_rows(np.concatenate(found), self.name)

    def embed_images(
        self, images: Sequence[Image.Image], prompts: Sequence[str | None] = (None,)
    ) -> np.ndarray:
        """Images under prompts -> (P, N, D) float32, unit rows, batch by batch.

        A prompt is None for the general template, `BARE` for the bare instruction, or
        a question. A retriever that is not promptable raises ValueError for a prompt
        that is not None.
        """
        prompts, size = tuple(prompts), self.batch_size
        if not self.promptable:
            refuse(prompts, self.name)
        found = [np.empty((len(prompts), 0, self.dim), np.float32)]
        for start in range(0, len(images) if prompts else 0, size):
            prepared = self.prepare(images[start : start + size], prompts)
            found.append(self.embed_prepared(prepared))
        return np.concatenate(found, axis=1)


def refuse(prompts: Sequence[str | None], retriever: str) -> None:
    """ValueError for any prompt, of a retriever that takes none."""
    if tuple(prompts) != (None,):
        raise ValueError(
            f"{retriever} is a dual encoder: it takes no prompt, and {prompts!r} "
            "were given"
        )


def fingerprint_of(row: Row, files: Checkpoint, **parts: object) -> Fingerprint:
    """A retriever's fingerprint: its row, weights and versions, and a family's own
    parts, of which settings (dictionaries) are written as JSON."""
    import torch  # here, so that the command line need not wait for it

    found = {"retriever": row.name, "weights": files.weights, "text": row.text, **parts}
    found["torch"] = torch.__version__.split("+")[0]
    for key, part in found.items():
        if isinstance(part, dict):
            found[key] = json.dumps(part, sort_keys=True, default=str)
    return found


def unit_rows(vectors: np.ndarray, retriever: str) -> np.ndarray:
    """L2-normalise the last axis in float32; (..., D) -> (..., D) float32.

    Raises `NoVector`, naming the retriever, when a row is not finite or zero:
    such a row would rank images by accident.
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise NoVector(
            f"{retriever}: an embedding is zero or not finite; try precision fp32"
        )
    return vectors / lengths
