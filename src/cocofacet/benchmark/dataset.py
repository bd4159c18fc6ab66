"""A benchmark, in memory and as a folder: queries, labels of all images, manifest."""

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.images import leaves_the_folder
from cocofacet.benchmark.query import POOL, Query, read_rows, text_of
from cocofacet.io import (
    InputError,
    beside,
    check_output,
    read_json,
    sha256_of,
    write_atomic,
    write_json,
    writing,
)
from cocofacet.parameters import PATH, takes

# Of a benchmark built here; the released files come without them.
MANIFEST = "manifest.json"
LABELS = "labels.json"

# facet -> image -> the labels that any annotation gives it, sorted.
Labels = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True)
class Benchmark:
    """Queries in the order of facets and rows, and how they were made.

    Attributes:
        queries: all queries, facet by facet.
        manifest: sources, settings and counts of the build; empty for files that
            came without one.
        labels: for each facet, every image that may stand in a pool, with all its
            labels, which may be none; empty where this is not known, as for the
            released files. Other draws and searches of the whole gallery need it.
    """

    queries: tuple[Query, ...]
    manifest: Mapping[str, object] = field(default_factory=dict)
    labels: Labels = field(default_factory=dict)

    @cached_property
    def facets(self) -> tuple[str, ...]:
        """The facets that have queries, in the queries' order."""
        return tuple(dict.fromkeys(query.facet for query in self.queries))

    def of(self, facet: str) -> tuple[Query, ...]:
        """The queries of one facet; none if it is missing."""
        return tuple(query for query in self.queries if query.facet == facet)

    @cached_property
    def images(self) -> tuple[str, ...]:
        """The gallery: every distinct path that is or could be a candidate, sorted."""
        candidates = {path for query in self.queries for path in query.candidates}
        return tuple(sorted(candidates.union(*self.labels.values())))

    def eligible(self, facet: str, label: str) -> tuple[str, ...]:
        """The images that may be negatives for a label: its 99 are drawn from these.

        Sorted; none where the labels are not known. Of an image that is neither
        eligible nor `with_label` nothing is claimed.
        """
        here = self.labels.get(facet)
        if not here:
            return ()
        return tuple(sorted(FACETS[facet].may_be_negatives(label, here)))

    def with_label(self, facet: str, label: str) -> tuple[str, ...]:
        """The images that have a label: what a search of the whole gallery is to find.

        Sorted; none where the labels are not known. Where labels are answers as given
        (scenes), these are the images with this very answer.
        """
        here = self.labels.get(facet, {})
        return tuple(sorted(i for i, labels in here.items() if label in labels))

    def indices(self, images: Iterable[str]) -> np.ndarray:
        """Positions in ``images``: (len(images),) int64."""
        return np.fromiter(map(self._position.__getitem__, images), dtype=np.int64)

    def pool_indices(self) -> np.ndarray:
        """Each query's candidates as positions in ``images``: (Q, 100) int32."""
        return self._pools

    @cached_property
    def _pools(self) -> np.ndarray:
        found = np.empty((len(self.queries), POOL), dtype=np.int32)
        for row, query in enumerate(self.queries):
            found[row] = self.indices(query.candidates)
        found.setflags(write=False)  # one array for all who ask
        return found

    @cached_property
    def _position(self) -> dict[str, int]:
        return {path: index for index, path in enumerate(self.images)}

    def save(self, folder: Path) -> None:
        """Write a file for each facet, the labels and the manifest, all or nothing.

        The files are made in a folder beside it and moved into place together. A
        folder that already holds this very benchmark is left as it is.

        Raises:
            InputError: the folder holds another benchmark or other files, or it
                cannot be made.
        """
        folder = Path(folder)
        check_free(folder)
        with writing(folder), beside(folder) as made:
            made.mkdir()
            digests = {}
            for name in self.facets:
                path = made / f"{FACETS[name].stem}.json"
                write_atomic(path, text_of(self.of(name)))
                digests[path.name] = sha256_of(path)
            if self.labels:
                write_atomic(made / LABELS, json.dumps(self.labels, sort_keys=True))
                digests[LABELS] = sha256_of(made / LABELS)
            write_json(made / MANIFEST, {**self.manifest, "files": digests})
            try:
                made.replace(os.path.realpath(folder))
            except OSError:
                # It is there already, perhaps since a moment ago.
                if not _same(self, folder):
                    raise InputError(
                        f"{folder}: {MANIFEST}: holds another benchmark (other "
                        "sources, settings or version). Choose another folder, or "
                        "remove this one."
                    ) from None


def check_free(folder: Path) -> None:
    """Refuse a folder that a benchmark cannot be saved to, before building one.

    Raises:
        InputError: it holds files but no manifest, or cannot be made: `check_output`.
    """
    real = Path(os.path.realpath(folder))
    check_output(folder, "--out", folder=True)
    check_output(real.parent, "--out", folder=True)  # it is made beside, and renamed
    if not folder.is_dir():
        return
    if any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise InputError(
            f"{folder}: {MANIFEST}: is missing, but the folder is not empty. "
            "Choose a new or an empty folder."
        )
    if os.path.ismount(folder):
        raise InputError(f"{folder}: folder: is a mount point. Name one below it.")


def _same(benchmark: Benchmark, folder: Path) -> bool:
    """Whether a folder holds exactly this benchmark."""
    try:
        found = load(folder)
    except InputError:
        return False
    unsaved = {"files": {}}  # a manifest names its files once it is saved
    return (
        found.queries == benchmark.queries
        and found.labels == benchmark.labels
        and {**found.manifest, **unsaved} == {**benchmark.manifest, **unsaved}
    )


@takes(folder=PATH)
def load(folder: Path) -> Benchmark:
    """Read a benchmark folder: files built here or the released ones.

    Raises:
        InputError: no facet's file is there, or a file, a row, the labels or the
            manifest cannot be used; the message names file, row, field and remedy.
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
            queries += read_rows(path, facet)
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
    labels = {}
    if (folder / LABELS).is_file():
        labels = _read_labels(folder / LABELS, {query.facet for query in queries})
    found = Benchmark(tuple(queries), manifest, labels)
    _check_pools(folder, found)
    return found


def _read_labels(path: Path, present: Collection[str]) -> Labels:
    """Read ``labels.json``, for the facets whose files are there."""

    def fail(where: str, what: str) -> InputError:
        remedy = "Rebuild the folder with `cocofacet build`."
        return InputError(f"{path}: {where}: {what}. {remedy}")

    content = read_json(path, dict)
    for facet, images in content.items():
        if facet not in FACETS:
            raise fail(facet, "is no facet")
        if not isinstance(images, dict):
            raise fail(facet, "does not map images to labels")
        allowed = FACETS[facet].labels  # None: any text
        for image, labels in images.items():
            if leaves_the_folder(image):
                raise fail(facet, f"{image!r} leaves the images folder")
            if not isinstance(labels, list) or any(
                not isinstance(label, str) or (allowed and label not in allowed)
                for label in labels
            ):
                raise fail(f"{facet}: {image}", "holds something that is not a label")
    return {
        facet: {image: tuple(labels) for image, labels in images.items()}
        for facet, images in content.items()
        if facet in present
    }


def _check_pools(folder: Path, benchmark: Benchmark) -> None:
    """Where the labels are known, they must allow every pool."""
    eligible = cache(lambda *key: set(benchmark.eligible(*key)))
    for query in benchmark.queries:
        if query.facet not in benchmark.labels:
            continue
        positive, *negatives = query.candidates
        here = benchmark.labels[query.facet].get(positive, ())
        fit = eligible(query.facet, query.label)
        if query.label not in here or not fit.issuperset(negatives):
            raise InputError(
                f"{folder / LABELS}: {query.facet}: does not go with the pool of "
                f"{query.id}. Rebuild the folder with `cocofacet build`, or delete "
                f"{LABELS}."
            )


def _check_digests(folder: Path, manifest: Mapping[str, object]) -> None:
    """The facets' files must be as the manifest records them; any may be missing."""
    digests = manifest.get("files")
    if not isinstance(digests, dict):
        raise InputError(
            f"{folder / MANIFEST}: files: is missing. Rebuild the folder with "
            "`cocofacet build`, or delete the manifest."
        )
    # No path that a file names is opened.
    for name in (*(f"{facet.stem}.json" for facet in FACETS.values()), LABELS):
        path = folder / name
        if name in digests and path.is_file() and sha256_of(path) != digests[name]:
            raise InputError(
                f"{path}: file: differs from what {MANIFEST} records. Rebuild the "
                "folder with `cocofacet build`, or delete the manifest."
            )
