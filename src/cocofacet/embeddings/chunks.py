"""The files of one chunk of images: a file a prompt, written together.

The header of each file says in full what its name stands for: the retriever's
fingerprint, the prompt, the images' names; and beside them the sha256 of every image
and of the embeddings. It is one JSON text: the order of several is left to chance by
safetensors, and equal files should be equal byte for byte.

All prompts that a chunk lacks are computed together, and the last bit of a vector can
depend on what it was computed with. So their files are written under a name of their
own, ``.<chunk>.safetensors.ready``, and renamed once all of them are there. Whenever a
run is killed, then, the next one either finds them all, and renames the rest, or
computes them all again: the store ends up the same, byte for byte.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from cocofacet.io import InputError, write_atomic

_HEADER = "cocofacet"


@dataclass(frozen=True)
class Chunk:
    """n images whose embeddings share a file, and the files that the store lacks.

    start: the first one's place in the gallery; sha256: of each image; fingerprint: of
    the retriever; files: one for each missing prompt.
    """

    start: int
    names: tuple[str, ...]
    paths: tuple[Path, ...]
    sha256: tuple[str, ...]
    fingerprint: dict[str, str | int | float]
    files: dict[str | None, Path]

    def header(self, prompt: str | None) -> dict[str, object]:
        """What a file of these images says of itself."""
        return {
            "fingerprint": self.fingerprint,
            "prompt": prompt,
            "names": list(self.names),
            "image_sha256": list(self.sha256),
        }


def short_hash(content: object) -> str:
    """What stands for something in the name of a file or folder."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest(vectors: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()


def _ready(file: Path) -> Path:
    return file.with_name(f".{file.name}.ready")


def write(chunk: Chunk, found: dict[str | None, np.ndarray]) -> None:
    """Write the embeddings (n, D) of all prompts that the chunk lacks.

    Raises InputError when the store cannot be written.
    """
    for prompt, file in chunk.files.items():
        vectors = np.ascontiguousarray(found[prompt])
        header = {**chunk.header(prompt), "embeddings_sha256": _digest(vectors)}
        metadata = {_HEADER: json.dumps(header, sort_keys=True)}
        with _writing(file):
            write_atomic(_ready(file), save({"embeddings": vectors}, metadata))
    _rename(chunk)


def finish(chunk: Chunk) -> dict[str | None, np.ndarray] | None:
    """Take up what a killed run had ready, if it had all that the chunk lacks.

    Returns the embeddings (n, D) by prompt, or None.
    """
    found = {}
    for prompt, file in chunk.files.items():
        found[prompt] = read(_ready(file), chunk.header(prompt))
        if found[prompt] is None:
            return None
    _rename(chunk)
    return found


def _rename(chunk: Chunk) -> None:
    for file in chunk.files.values():
        with _writing(file):
            os.replace(_ready(file), file)


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Where another process has written the same file, it took the other names.
        if isinstance(error, FileNotFoundError) and file.exists():
            return
        raise InputError(
            f"{file.parent}: store: cannot be written ({error.strerror}). Free some "
            "space or choose another folder with --store."
        ) from None


def sweep(folder: Path) -> None:
    """Remove what killed runs left of files that are there by now."""
    for leftover in folder.glob(".*.safetensors.*"):
        chunk = leftover.name.lstrip(".").partition(".")[0]
        if (folder / f"{chunk}.safetensors").exists():
            with suppress(OSError):  # nobody's reading depends on it
                leftover.unlink(missing_ok=True)


def read(file: Path, header: dict[str, object]) -> np.ndarray | None:
    """The stored embeddings (n, D); None when absent, of other images, or damaged."""
    try:
        if not file.exists():
            return None
        with safe_open(file, framework="numpy") as stored:
            kept = json.loads((stored.metadata() or {}).get(_HEADER, "{}"))
            vectors = stored.get_tensor("embeddings")
    except (SafetensorError, OSError, ValueError) as error:
        warnings.warn(f"{file}: damaged ({error}); computing it again", stacklevel=3)
        return None
    digest = kept.pop("embeddings_sha256", None)
    if kept != header:  # another version of an image stands under the same name
        return None
    if digest != _digest(vectors):
        warnings.warn(f"{file}: damaged (sha256); computing it again", stacklevel=3)
        return None
    return vectors
