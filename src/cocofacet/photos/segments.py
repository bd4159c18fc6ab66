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
        file = file_of(ready.parent, int(ready.stem.lstrip(".")))
        together = _said(ready)["together"]
        files = [retriever / name / file.name for name in together]
        if all(each.exists() or _ready(each).exists() for each in files):
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


def read(file: Path) -> Segment:
    """A segment, its vectors mapped into memory.

    Raises:
        InputError: the file is damaged.
    """
    try:
        said = _said(file)
        with safe_open(file, framework="numpy") as stored:
            sha256 = stored.get_tensor("sha256")
        vectors = _mapped(file, "vectors")
        if sha256.shape != (len(vectors), 32):
            raise ValueError("its tensors don't fit each other")
        return Segment(vectors, sha256, said["question"], said["refused"])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{file}: segment: damaged ({error}). Delete this file and index again."
        ) from None


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
