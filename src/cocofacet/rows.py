"""One query, and the row of an official file that holds it."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cocofacet.errors import InputError
from cocofacet.facets import Facet
from cocofacet.sources import read_json

POOL = 100  # candidates a query: 1 positive, then 99 negatives
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


def read_rows(path: Path, facet: Facet) -> list[Query]:
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
    if any(map(leaves_the_folder, candidates)):
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


def leaves_the_folder(path: str) -> bool:
    """Paths are joined to the images folder and must not lead out of it."""
    return path.startswith("/") or ".." in path.split("/")
