"""Vectors that were made elsewhere, ranked as a row of the zoo is.

Parquet: a row a vector, with columns kind ("text" or "image"), name (the query text, or
the official path), prompt (null for none, else the question) and vector (D numbers).

safetensors: tensors ``texts`` (T, D) and ``images`` (P, N, D), and in the metadata,
under "cocofacet", one JSON object {"texts": [T], "images": [N], "prompts": [P]}.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cocofacet import json_pieces
from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.images import path_of
from cocofacet.evaluation.ranking import prompts_of, rank_table
from cocofacet.io import (
    InputError,
    checked_name,
    sha256_of,
    write_atomic,
    write_json,
)
from cocofacet.picture import open_image

COLUMNS = ["kind", "name", "prompt", "vector"]
HEADER = "cocofacet"
UNIT = 1e-5  # rows this near to length 1 are taken as they are


@dataclass(frozen=True)
class Vectors:
    """Unit vectors of one retriever, float32 rows by (prompt, name).

    texts have the prompt None. source: what a message names.
    """

    source: str
    texts: Mapping[tuple[None, str], np.ndarray]
    images: Mapping[tuple[str | None, str], np.ndarray]

    def ranks(
        self, benchmark: Benchmark, modes: Mapping[str, Mapping], **columns: str
    ) -> pd.DataFrame:
        """The tidy table, as from `ranking.rank_table`; ``InputError`` says how many
        texts or pictures have no vector, and names one."""
        texts = self._rows("texts", None, [query.text for query in benchmark.queries])
        images = {
            prompt: self._rows("images", prompt, benchmark.images)
            for prompt in prompts_of(modes)
        }
        return rank_table(benchmark, texts, images, modes, **columns)

    def _rows(self, kind: str, prompt: str | None, names: Sequence[str]) -> np.ndarray:
        """(len(names), D) float32."""
        known = getattr(self, kind)
        lacking = sorted({name for name in names if (prompt, name) not in known})
        if lacking:
            under = f" under the prompt {prompt!r}" if prompt is not None else ""
            raise InputError(
                f"{self.source}: {kind}: {len(lacking):,} of {len(set(names)):,} have "
                f"no vector{under}, such as {lacking[0]!r}. Add them."
            )
        return np.stack([known[prompt, name] for name in names])


def read(path: Path) -> Vectors:
    """A file of vectors; ``InputError`` names what is wrong with it."""
    readers = {".parquet": _parquet, ".safetensors": _safetensors}
    if path.suffix not in readers:
        raise InputError(f"{path}: file: is neither .parquet nor .safetensors.")
    if not os.path.isfile(path):  # a pipe would be waited for
        what = "is no plain file" if os.path.exists(path) else "not found"
        raise InputError(f"{path}: file: {what}. Check the path.")
    try:
        rows = readers[path.suffix](path)
    except InputError:
        raise
    except Exception as error:  # each library has its own
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{path}: file: cannot be read as {path.suffix[1:]} ({said}). See "
            "`cocofacet evaluate --help`."
        ) from None
    return _checked(str(path), rows)


def _parquet(path: Path) -> list[tuple]:
    table = pd.read_parquet(path)
    if absent := [name for name in COLUMNS if name not in table]:
        raise InputError(
            f"{path}: {absent[0]}: the column is missing. Needed: {', '.join(COLUMNS)}."
        )
    if wrong := sorted(set(map(str, table.kind)) - {"text", "image"}):
        raise InputError(f'{path}: kind: {wrong[0]!r} is neither "text" nor "image".')
    return [
        (f"{row.kind}s", None if _missing(row.prompt) else row.prompt, row.name,
         row.vector)
        for row in table[COLUMNS].itertuples(index=False)
    ]  # fmt: skip


def _missing(cell: object) -> bool:
    return pd.api.types.is_scalar(cell) and pd.isna(cell)


def _safetensors(path: Path) -> list[tuple]:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        said = json_pieces.whole((file.metadata() or {}).get(HEADER, "{}"))
        if not {"texts", "images", "prompts"} <= set(said):
            raise InputError(
                f"{path}: metadata: {HEADER}: is no JSON object with texts, images and "
                "prompts."
            )
        texts, images = file.get_tensor("texts"), file.get_tensor("images")
    for kind, found, shape in (
        ("texts", texts.shape[:-1], (len(said["texts"]),)),
        ("images", images.shape[:-1], (len(said["prompts"]), len(said["images"]))),
    ):
        if found != shape:
            raise InputError(
                f"{path}: {kind}: the tensor is {found} by D, and the metadata names "
                f"{shape}."
            )
    rows = [("texts", None, *pair) for pair in zip(said["texts"], texts, strict=True)]
    for prompt, vectors in zip(said["prompts"], images, strict=True):
        pairs = zip(said["images"], vectors, strict=True)
        rows += [("images", prompt, name, vector) for name, vector in pairs]
    return rows


def _checked(source: str, rows: Sequence[tuple]) -> Vectors:
    """Rows (kind, prompt, name, vector): each once, of one size, finite, not zero."""
    found, size = {"texts": {}, "images": {}}, None
    for kind, prompt, name, vector in rows:
        prompt = None if kind == "texts" else prompt
        for what, text in (
            ("a name", name),
            ("a prompt", "" if prompt is None else prompt),
        ):
            if not isinstance(text, str):
                said = f"{what} is no text: {str(text)[:40]!r}"
                raise InputError(f"{source}: {kind}: {said}.")
        under = f" under {prompt!r}" if prompt is not None else ""
        where = f"{source}: {kind}: {name!r}{under}"
        if (prompt, name) in found[kind]:
            raise InputError(f"{where}: is there twice. Keep one.")
        vector = _numbers(where, vector)
        size = size or vector.shape
        if vector.ndim != 1 or vector.shape != size:
            raise InputError(
                f"{where}: has the shape {vector.shape}, the first vector {size}. All "
                "must have one size."
            )
        length = float(np.linalg.norm(vector))
        if not math.isfinite(length) or not length:
            raise InputError(f"{where}: is zero, or holds what is no finite number.")
        if abs(length - 1) > UNIT:
            vector = vector / length
        found[kind][prompt, name] = vector.astype(np.float32)
    return Vectors(source, **found)


def _numbers(where: str, vector: object) -> np.ndarray:
    """In float64, where squares of any float32 have room; no text, no date."""
    try:
        vector = np.asarray(vector)
        # What is no number by its type, though it might be read as one.
        words = any(isinstance(each, str | bytes) for each in vector.flat)
        if vector.dtype.kind in "USMm" or words:
            raise TypeError
        return vector.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{where}: is no list of numbers.") from None


def embedded_by(
    retriever,
    benchmark: Benchmark,
    images: Path,
    modes: Mapping[str, Mapping],
    batch: int = 32,
) -> Vectors:
    """Vectors of any object with a ``name``, ``embed_texts(texts) -> (T, D)`` and
    ``embed_images(pictures, prompts) -> (P, N, D)``, for one benchmark and its modes
    (mode -> facet -> prompts); pictures are PIL images, prompts texts or None."""
    source, prompts = str(retriever.name), prompts_of(modes)
    texts = sorted({query.text for query in benchmark.queries})
    vectors = np.asarray(retriever.embed_texts(texts))
    _shaped(f"{source}: embed_texts", vectors, (len(texts),))
    rows = [("texts", None, *pair) for pair in zip(texts, vectors, strict=True)]
    for start in range(0, len(benchmark.images), batch):
        names = benchmark.images[start : start + batch]
        pictures = [open_image(path_of(images, name)) for name in names]
        vectors = np.asarray(retriever.embed_images(pictures, prompts))
        _shaped(f"{source}: embed_images", vectors, (len(prompts), len(names)))
        for prompt, each in zip(prompts, vectors, strict=True):
            pairs = zip(names, each, strict=True)
            rows += [("images", prompt, name, vector) for name, vector in pairs]
    return _checked(source, rows)


def _shaped(where: str, vectors: np.ndarray, shape: tuple[int, ...]) -> None:
    if vectors.shape[:-1] != shape:
        raise InputError(f"{where}: returned {vectors.shape}, not {(*shape, 'D')}.")


def keep(
    ranks: pd.DataFrame, folder: Path, benchmark: Benchmark, made_from: Mapping
) -> Path:
    """Write ranks of one retriever into ``folder`` (results/<profile>/<run>), and
    beside them what they were made from, where `runs.collect` and the page of results
    find them -> the file of ranks."""
    name = checked_name("retriever", ranks.retriever.iloc[0])
    for what, part in (("profile", folder.parent.name), ("run", folder.name)):
        checked_name(what, part)
    ranks = ranks.assign(profile=folder.parent.name, run=folder.name)
    path = folder / f"vectors-{name}.ranks.csv"
    write_atomic(path, ranks.to_csv(index=False))
    manifest = {
        "run": folder.name,
        "queries": len(benchmark.queries),
        "rows": len(ranks),
        "sources": benchmark.manifest.get("sources", "released files"),
        "seed": benchmark.manifest.get("seed", ""),
        "retrievers": {
            name: {"revision": ranks.revision.iloc[0], "precision": "given"}
        },
        **made_from,
    }
    write_json(folder / f"vectors-{name}.manifest.json", manifest)
    return path


def revision_of(path: Path) -> str:
    """What stands for a file's version in ranks."""
    return f"sha256 {sha256_of(path)[:12]}"
