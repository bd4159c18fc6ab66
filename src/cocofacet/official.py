"""Queries with their pools of 100 candidates: in memory and in the official files.

On disk a benchmark is a folder with one official JSON file a facet and, where it was
built here, a ``manifest.json`` that says from what, with which settings, and what was
left out. Any facet may be missing; the released files load the same way.
"""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from cocofacet.errors import InputError
from cocofacet.facets import FACETS, Facet
from cocofacet.files import sha256_of, write_atomic, write_json
from cocofacet.sources import read_json

POOL = 100  # candidates a query: 1 positive, then 99 negatives
MANIFEST = "manifest.json"
# What the released rows hold beside the query text and the candidates.
TARGET_TEXT = "<|image_1|> Represent the given image."


@dataclass(frozen=True)
class Query:
    """One query of the benchmark.

    Attributes:
        id: ``<file stem>:<row>``.
        facet: the facet's name.
        label: what is looked for, read back from the text by the facet's wording.
        text: the query text as in the official file.
        candidates: 100 distinct image paths below the images folder, positive first.
    """

    id: str
    facet: str
    label: str
    text: str
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class Benchmark:
    """Queries in the order of facets and rows, and how they were made.

    Attributes:
        queries: all queries, facet by facet.
        manifest: sources, settings and counts of the build; empty for files that
            came without one.
    """

    queries: tuple[Query, ...]
    manifest: Mapping[str, object] = field(default_factory=dict)

    @cached_property
    def facets(self) -> tuple[str, ...]:
        """The facets that have queries, in the benchmark's order."""
        present = {query.facet for query in self.queries}
        return tuple(name for name in FACETS if name in present)

    def of(self, facet: str) -> tuple[Query, ...]:
        """The queries of one facet; none if it is missing."""
        return tuple(query for query in self.queries if query.facet == facet)

    @cached_property
    def images(self) -> tuple[str, ...]:
        """The gallery: every distinct candidate path, sorted."""
        return tuple(sorted({p for query in self.queries for p in query.candidates}))

    def pool_indices(self) -> np.ndarray:
        """Each query's candidates as positions in ``images``: (Q, 100) int64."""
        position = {path: index for index, path in enumerate(self.images)}
        rows = [[position[p] for p in query.candidates] for query in self.queries]
        return np.array(rows, dtype=np.int64).reshape(len(rows), POOL)

    def counts(self) -> list[dict[str, object]]:
        """One row a facet and label: ``{"facet", "label", "text", "queries"}``.

        Facets in the benchmark's order, labels in order of first appearance.
        """
        counted = Counter((q.facet, q.label, q.text) for q in self.queries)
        return [
            {"facet": facet, "label": label, "text": text, "queries": number}
            for (facet, label, text), number in counted.items()
        ]

    def dropped(self, facet: str) -> dict[str, int]:
        """Reason -> how many images or labels of a facet the builder left out."""
        reports = self.manifest.get("facets", {})
        reasons = reports.get(facet, {}).get("dropped", {})
        return {reason: len(what) for reason, what in reasons.items()}

    def save(self, folder: Path) -> None:
        """Write one official file a facet and the manifest, all or nothing.

        The files are made in a folder beside and moved into place together. A folder
        that holds this very benchmark is left as it is.

        Raises:
            InputError: the folder holds another benchmark or other files, or it
                cannot be made.
        """
        folder = Path(folder)
        check_free(folder)
        beside = _folder_beside(folder)
        try:
            digests = {}
            for name in self.facets:
                path = beside / f"{FACETS[name].stem}.json"
                write_atomic(path, text_of(self.of(name)))
                digests[path.name] = sha256_of(path)
            write_json(beside / MANIFEST, {**self.manifest, "files": digests})
            try:
                beside.replace(folder)
            except OSError:
                # There already, perhaps since a moment ago: fine if it is the same.
                if not _same(self, folder):
                    raise InputError(
                        f"{folder}: {MANIFEST}: holds another benchmark (other "
                        "sources, settings or version). Choose another folder, or "
                        "remove this one."
                    ) from None
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def _folder_beside(folder: Path) -> Path:
    """An empty folder next to this one, so that a rename can put it in its place."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise InputError(
            f"{folder}: folder: cannot be made ({error.strerror}). Choose another."
        ) from None
    # mkdtemp makes private folders; give it the mode of an ordinary one.
    umask = os.umask(0)
    os.umask(umask)
    made.chmod(0o777 & ~umask)
    return made


def check_free(folder: Path) -> None:
    """Refuse a folder that a benchmark cannot be saved to, before building one.

    Raises:
        InputError: it is a file, or it holds files but no manifest.
    """
    if folder.is_dir():
        if any(folder.iterdir()) and not (folder / MANIFEST).is_file():
            raise InputError(
                f"{folder}: {MANIFEST}: is missing, but the folder is not empty. "
                "Choose a new or an empty folder."
            )
    elif folder.exists():
        raise InputError(f"{folder}: folder: is a file. Choose another name.")


def text_of(queries: Sequence[Query]) -> str:
    """Queries as the text of an official file, a row a line."""
    rows = (
        {
            "qry_text": query.text,
            "qry_img_path": "",
            "tgt_text": TARGET_TEXT,
            "tgt_img_path": query.candidates,
        }
        for query in queries
    )
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def _same(benchmark: Benchmark, folder: Path) -> bool:
    """Whether a folder holds exactly this benchmark."""
    try:
        found = load(folder)
    except InputError:
        return False
    recorded = {key: v for key, v in found.manifest.items() if key != "files"}
    built = {key: v for key, v in benchmark.manifest.items() if key != "files"}
    return recorded == built and found.queries == benchmark.queries


def load(folder: Path) -> Benchmark:
    """Read a benchmark folder: files built here or the released ones.

    Raises:
        InputError: no facet's file is there, or a file, a row or the manifest cannot
            be used; the message names file, row, field and remedy.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(
            f"{folder}: folder: does not exist. Build one with `cocofacet build`."
        )
    queries: list[Query] = []
    for facet in FACETS.values():
        path = folder / f"{facet.stem}.json"
        if path.is_file():
            queries += _read_facet(path, facet)
    if not queries:
        stems = ", ".join(f"{facet.stem}.json" for facet in FACETS.values())
        raise InputError(
            f"{folder}: files: holds no benchmark file. One of these is needed: "
            f"{stems}. Build them with `cocofacet build`."
        )
    manifest = {}
    if (folder / MANIFEST).is_file():
        manifest = read_json(folder / MANIFEST, dict)
        _check_digests(folder, manifest)
    return Benchmark(tuple(queries), manifest)


def _read_facet(path: Path, facet: Facet) -> list[Query]:
    rows = read_json(path, list)
    if not rows:
        raise InputError(f"{path}: rows: there are none. Delete or rebuild the file.")
    return [_read_row(path, index, row, facet) for index, row in enumerate(rows)]


def _read_row(path: Path, index: int, row: object, facet: Facet) -> Query:
    def fail(name: str, what: str) -> InputError:
        remedy = "Rebuild the file with `cocofacet build` or fetch it again."
        return InputError(f"{path}: row {index}: {name}: {what}. {remedy}")

    if not isinstance(row, dict):
        raise fail("row", "is not an object")
    kinds = {"qry_text": (str, "text"), "tgt_img_path": (list, "list")}
    for name, (kind, word) in kinds.items():
        if name not in row:
            raise fail(name, "is missing")
        if not isinstance(row[name], kind):
            raise fail(name, f"is not a {word}")
    candidates = row["tgt_img_path"]
    if len(candidates) != POOL:
        raise fail("tgt_img_path", f"has {len(candidates)} candidates, not {POOL}")
    if not all(isinstance(p, str) and p for p in candidates):
        raise fail("tgt_img_path", "holds something that is not a path")
    # Paths are joined to the images folder and must not lead out of it.
    if any(p.startswith("/") or ".." in p.split("/") for p in candidates):
        raise fail("tgt_img_path", "holds a path that leaves the images folder")
    repeated = [p for p, times in Counter(candidates).items() if times > 1]
    if repeated:
        raise fail("tgt_img_path", f"repeats the candidate {repeated[0]!r}")
    try:
        label = facet.label_of(row["qry_text"])
    except ValueError as error:
        raise fail("qry_text", str(error)) from None
    return Query(
        f"{facet.stem}:{index}", facet.name, label, row["qry_text"], tuple(candidates)
    )


def _check_digests(folder: Path, manifest: Mapping[str, object]) -> None:
    """Facet files may be taken away, but not changed behind the manifest's back."""
    digests = manifest.get("files")
    if not isinstance(digests, dict):
        raise InputError(
            f"{folder / MANIFEST}: files: is missing. Rebuild the folder with "
            "`cocofacet build`, or delete the manifest."
        )
    for name, digest in digests.items():
        path = folder / name
        if path.is_file() and sha256_of(path) != digest:
            raise InputError(
                f"{path}: file: differs from what {MANIFEST} records. Rebuild the "
                "folder with `cocofacet build`, or delete the manifest."
            )
