"""What is kept of one folder of photographs, and how it is read.

    <store>/<folder name>-<hash of its path>/
        folder.json                          whose it is, and the retriever in use
        catalogue.arrow                      see `photos.files`
        <retriever>-<key>/retriever.json     what shapes its vectors
        <retriever>-<key>/<question>/00001.safetensors ...    see `photos.segments`

The store is one for each user (`store_of`). A picture is known by the sha256 of its
file: copies share a vector, and a picture that moved keeps it.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import platformdirs

from cocofacet.embeddings.store import writing
from cocofacet.io import InputError, read_json, write_json
from cocofacet.photos import files, segments

# Versions of libraries, of which a vector depends by less than a half keeps of it.
_VERSIONS = {"torch", "transformers", "open_clip", "sentence_transformers", "pillow"}
_DELETE = "Delete this file and index again: vectors are kept."


def store_of(store: Path | None) -> Path:
    """Where indexes lie: the folder given, or the user's own for such data."""
    if store is not None:
        return Path(os.path.abspath(os.path.expanduser(store)))
    return platformdirs.user_data_path("cocofacet", appauthor=False) / "photos"


def place_of(folder: Path, store: Path | None = None) -> Path:
    """Where the index of a folder lies, or would."""
    folder = Path(os.path.realpath(os.path.expanduser(folder)))
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    # The same in every locale, of which not all have all letters.
    name = os.fsencode(folder.name).decode("utf-8", "replace")
    name = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)[:40].strip(".") or "pictures"
    return store_of(store) / f"{name}-{digest}"


def identity(retriever) -> dict[str, object]:
    """What shapes a retriever's vectors, as far as halves show it."""
    parts = retriever.fingerprint.items()
    return {key: value for key, value in parts if key not in _VERSIONS}


def folder_of(retriever) -> str:
    """The name of a retriever's folder: its own, and 8 digits of what shapes it."""
    text = json.dumps(identity(retriever), sort_keys=True)
    return f"{retriever.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Vectors:
    """All pictures under one question.

    segments: arrays (n, D) float16, mapped into memory, laid end to end the rows of
    ``rows``. rows (N,) int64: for each row of the catalogue its vector's row, or -1.
    """

    segments: tuple[np.ndarray, ...]
    rows: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """(S + 1,) int64: the row each segment starts with, and how many there are."""
        return np.cumsum([0, *map(len, self.segments)])

    def take(self, pictures: np.ndarray) -> np.ndarray:
        """Rows of the catalogue that have a vector -> (n, D) float16."""
        rows = self.rows[pictures]
        if (rows < 0).any():
            raise IndexError("a picture without a vector")
        found = np.empty((len(rows), self.segments[0].shape[1]), np.float16)
        starts = self.starts
        which = np.searchsorted(starts, rows, side="right") - 1
        for number in np.unique(which):
            of_it = which == number
            found[of_it] = self.segments[number][rows[of_it] - starts[number]]
        return found


@dataclass(frozen=True)
class Index:
    """The index of a folder by one retriever, read only.

    folder: of the pictures; place: of the index; made_by: the retriever's folder in it;
    retriever, revision, dim: whose vectors they are, and their size. precision: it was
    run in; None where it has none.
    """

    folder: Path
    place: Path
    made_by: str
    retriever: str
    revision: str
    dim: int
    precision: str | None

    def __len__(self) -> int:
        """How many picture files the catalogue has."""
        return self._table.num_rows

    @cached_property
    def _table(self):
        return files.table(self.place / "catalogue.arrow")

    @cached_property
    def paths(self) -> list[bytes]:
        """Of each row: the path below the folder, as `files.shown` and
        `files.path_of` take it."""
        return self._table.column("path").to_pylist()

    @cached_property
    def sha256(self) -> np.ndarray:
        """(N, 32) uint8, of each row's file."""
        column = self._table.column("sha256").combine_chunks()
        data = column.buffers()[1]
        found = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
        start = column.offset * 32
        return found[start : start + len(column) * 32].reshape(-1, 32)

    @cached_property
    def _segments(self) -> dict[str | None, list[segments.Segment]]:
        return dict(_read_all(self.place / self.made_by, self.dim))

    @property
    def questions(self) -> tuple[str | None, ...]:
        """Under which there are vectors; None is general, which comes first."""
        return tuple(sorted(self._segments, key=lambda asked: asked or ""))

    def vectors(self, question: str | None = None) -> Vectors:
        """The vectors under a question; InputError where it was not indexed."""
        found = self._segments.get(question)
        if found is None:
            under = "in general" if question is None else f"under {question!r}"
            raise InputError(
                f"{files.shown(self.folder)}: index: {self.retriever} has no vectors "
                f"{under}. Run `cocofacet index` with --ask."
            )
        there = np.concatenate([segment.sha256 for segment in found])
        arrays = tuple(segment.vectors for segment in found)
        return Vectors(arrays, _matching(self.sha256, there))

    def count(self, question: str | None) -> int:
        """How many contents were embedded under a question, or refused."""
        found = self._segments[question]
        return sum(len(each.vectors) + len(each.refused) for each in found)

    def refused(self, question: str | None = None) -> dict[bytes, str]:
        """Pictures that have no vector under a question: sha256 -> why."""
        found = {
            bytes.fromhex(digest): why
            for segment in self._segments.get(question, ())
            for digest, why in segment.refused.items()
        }
        table = self._table.select(["sha256", "unreadable"]).to_pydict()
        pairs = zip(table["sha256"], table["unreadable"], strict=True)
        return found | {digest: why for digest, why in pairs if why}


def _read_all(
    folder: Path, dim: int
) -> Iterator[tuple[str | None, list[segments.Segment]]]:
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        known = segments.numbers(each) if each.is_dir() else []
        found = [segments.read(segments.file_of(each, number), dim) for number in known]
        if found:
            yield found[0].question, found


def _matching(wanted: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The row of each digest (N, 32) among (n, 32): (N,) int64, -1 where it is not.

    Sorted by their first 8 bytes, which is quick, and compared as a whole.
    """
    if not len(there):
        return np.full(len(wanted), -1, np.int64)
    keys, sought = _keys(there), _keys(wanted)
    order = np.argsort(keys, kind="stable")
    near = np.searchsorted(keys, sought, sorter=order)
    rows = order[np.minimum(near, len(order) - 1)]
    return np.where((there[rows] == wanted).all(axis=1), rows, -1).astype(np.int64)


def _keys(digests: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(digests[:, :8]).view(np.uint64)[:, 0]


def chosen(place: Path) -> dict[str, str]:
    """What folder.json says: ``folder``, and of the retriever in use its ``row`` and
    its folder ``made_by``; empty where nothing is indexed."""
    path = place / "folder.json"
    if not path.exists():
        return {}
    found = read_json(path, dict, _DELETE)
    if not all(isinstance(found.get(key), str) for key in ("row", "made_by")):
        raise InputError(f"{path}: row, made_by: missing. {_DELETE}")
    return found


def choose(place: Path, folder: Path, retriever) -> None:
    """Write down whose vectors these are, and that this retriever is in use."""
    row, made_by = retriever.name, folder_of(retriever)
    said = {"folder": files.shown(folder), "row": row, "made_by": made_by}
    described = {
        "name": retriever.name,
        "revision": retriever.revision,
        "dim": int(retriever.dim),
        "fingerprint": identity(retriever),
    }
    for path, content in (
        (place / made_by / "retriever.json", described),
        (place / "folder.json", said),
    ):
        with writing(path):
            write_json(path, content)


def made(place: Path) -> list[str]:
    """The retrievers' folders that an index has."""
    return sorted(file.parent.name for file in place.glob("*/retriever.json"))


def by(folder: Path, place: Path, row: str) -> Index | None:
    """The index of a folder by a row: in the version in use, or else the last one."""
    known, made_by = chosen(place), [n for n in made(place) if n[:-9] == row]
    if not made_by:
        return None
    name = known["made_by"] if known.get("row") == row else made_by[-1]
    path = place / name / "retriever.json"
    said = read_json(path, dict, _DELETE)
    try:
        about = (str(said["name"]), str(said["revision"]), int(said["dim"]))
        precision = said["fingerprint"].get("precision")
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError(
            f"{path}: name, revision, dim, fingerprint: missing. {_DELETE}"
        ) from None
    return Index(folder, place, name, *about, precision)


def open_index(
    folder: Path, row: str | None = None, store: Path | None = None
) -> Index:
    """The index of a folder by the retriever in use, or by the row named.

    Raises:
        InputError: there is none, or it was made with another retriever.
    """
    folder, place = files.existing(folder), place_of(folder, store)
    name, again = files.shown(folder), "cocofacet index FOLDER"
    known = chosen(place)
    if not known:
        raise InputError(f"{name}: index: there is none. Run `{again}` first.")
    found = by(folder, place, row or known["row"])
    if found is None:
        raise InputError(
            f"{name}: index: made with {known['row']}, not {row}. Run `{again} "
            f"--retriever {row}` to add it, or leave --retriever out."
        )
    return found
