"""Vectors on disk, for pictures that come and go: segments that never change.

    <retriever>-<key>/<question>/00001.safetensors

holds n pictures under one question (``general`` is none): the tensors ``vectors``
(n, D) float16, unit rows, and ``sha256`` (n, 32) uint8, of the pictures' files. In the
metadata, under "cocofacet", a JSON object: the question (null for none), the folders of
the questions that were asked in the same pass, and the pictures that could not be
embedded, sha256 -> why. New pictures make new segments, under the next number.

A pass writes one segment for each question, and a vector's last bit can depend on what
was asked with it. So all are written under a name of their own, ``.00001.ready``, and
renamed once all are there: a killed pass ends as if it had not begun, or is finished.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from cocofacet import json_pieces
from cocofacet.embeddings.store import writing
from cocofacet.io import InputError, write_atomic

HEADER = "cocofacet"
GENERAL = "general"
# What a file that is no segment makes its readers raise.
_DAMAGE = (SafetensorError, OSError, ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True)
class Segment:
    """vectors (n, D) float16, mapped into memory; sha256 (n, 32) uint8; refused:
    sha256 in hexadecimal -> why."""

    vectors: np.ndarray
    sha256: np.ndarray
    question: str | None
    refused: Mapping[str, str]


def folder_of(question: str | None) -> str:
    """The name of a question's folder."""
    if question is None:
        return GENERAL
    return f"question-{hashlib.sha256(question.encode()).hexdigest()[:16]}"


def numbers(folder: Path) -> list[int]:
    """The numbers of the segments of one question, in order."""
    stems = (file.stem for file in folder.glob("*.safetensors"))
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def file_of(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.safetensors"


def _ready(file: Path) -> Path:
    return file.with_name(f".{file.stem}.ready")


def write(
    files: Mapping[str | None, Path],
    sha256: Sequence[bytes],
    vectors: Mapping[str | None, np.ndarray],
    refused: Mapping[str, str],
) -> None:
    """Write a pass over n pictures: vectors (n, D) by question, into a file each.

    Raises:
        InputError: a file cannot be written.
    """
    digests = np.frombuffer(b"".join(sha256), np.uint8).reshape(-1, 32)
    together = sorted(folder_of(question) for question in files)
    for question, file in files.items():
        said = {"question": question, "together": together, "refused": dict(refused)}
        tensors = {
            "vectors": np.ascontiguousarray(vectors[question], np.float16),
            "sha256": digests,
        }
        # One JSON text, sorted: equal segments are equal byte for byte.
        content = save(tensors, {HEADER: json.dumps(said, sort_keys=True)})
        with writing(file):
            write_atomic(_ready(file), content)
    _rename(files.values())


def finish(retriever: Path) -> None:
    """Take up what a killed pass had ready, or remove it where not all of it is."""
    for ready in sorted(retriever.glob("*/.*.ready")):
        if not ready.exists():  # renamed with another
            continue
        try:
            file = file_of(ready.parent, int(ready.stem.lstrip(".")))
            files = [retriever / name / file.name for name in _said(ready)["together"]]
        except _DAMAGE:
            files = []
        if files and all(each.exists() or _ready(each).exists() for each in files):
            _rename(each for each in files if _ready(each).exists())
        else:
            with writing(ready):
                ready.unlink()


def _rename(files) -> None:
    for file in files:
        with writing(file):
            os.replace(_ready(file), file)


def _said(file: Path) -> dict[str, object]:
    with safe_open(file, framework="numpy") as stored:
        return json_pieces.whole(stored.metadata()[HEADER])


def read(file: Path, dim: int) -> Segment:
    """A segment of vectors of ``dim`` numbers, mapped into memory.

    Raises:
        InputError: the file is damaged.
    """
    try:
        said = _said(file)
        with safe_open(file, framework="numpy") as stored:
            sha256 = stored.get_tensor("sha256")
        vectors = _mapped(file, "vectors")
        question, refused = said["question"], said["refused"]
        _check(vectors, sha256, dim)
        if not isinstance(question, str | None):
            raise ValueError("its question is no text")
        for digest, why in refused.items():
            bytes.fromhex(digest), why.strip
        return Segment(vectors, sha256, question, refused)
    except OSError as error:  # such as too many open files
        raise InputError(
            f"{file}: segment: cannot be read ({error.strerror or error})."
        ) from None
    except _DAMAGE as error:
        raise InputError(
            f"{file}: segment: damaged ({error}). Delete this file and index again."
        ) from None


def _check(vectors: np.ndarray, sha256: np.ndarray, dim: int) -> None:
    """ValueError where the tensors are not those that `write` writes."""
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        raise ValueError(f"its vectors are {vectors.shape}, not (n, {dim})")
    if sha256.shape != (len(vectors), 32) or sha256.dtype != np.uint8:
        raise ValueError("its tensors don't fit each other")


def _mapped(file: Path, name: str) -> np.ndarray:
    """A float16 tensor of a safetensors file: 8 bytes for the header's length, the
    header, a JSON object that names offsets, the data."""
    with open(file, "rb") as stored:
        length = int.from_bytes(stored.read(8), "little")
        tensor = json_pieces.whole(stored.read(length))[name]
    if tensor["dtype"] != "F16":
        raise ValueError(f"{name} is {tensor['dtype']}, not F16")
    shape = tuple(tensor["shape"])
    if 0 in shape:
        return np.empty(shape, np.float16)
    start = 8 + length + tensor["data_offsets"][0]
    return np.memmap(file, np.float16, mode="r", offset=start, shape=shape)
