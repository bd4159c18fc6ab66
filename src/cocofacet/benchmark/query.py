"""One query, and the rows of the official files: written, read back, checked."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from cocofacet import json_pieces
from cocofacet.benchmark.facets import Facet
from cocofacet.benchmark.images import official_name
from cocofacet.io import InputError, read_json

RELEASED = "coco-facet"  # the folder that the authors' query files are fetched into
POOL = 100  # candidates a query: 1 positive, then 99 negatives
# What every released row holds beside the query text and the candidates.
TARGET_TEXT = "<|image_1|> Represent the given image."

# A facet made of these sources alone has images of COCO's val2017 only, and a file may
# give their numbers in place of paths.
COCO_SOURCES = {"instances", "captions", "stuff"}

# Two texts that the released notebooks word in another way than the released answers of
# GPT-4o do. `facets` knows the wording of the answers.
REWORDED = {
    "Find me an everyday image showing 1 person in the picture.": (
        "Find me an everyday image showing one person in the picture."
    ),
    "Find me an everyday image that is taken in an overcast day.": (
        "Find me an everyday image that is taken in a overcast day."
    ),
}


@dataclass(frozen=True, slots=True)
class Query:
    """One query of the benchmark.

    Attributes:
        id: ``<file stem>:<row>``.
        facet: the facet's name.
        label: what is looked for, read back from the text by the facet's wording.
        text: the query text as in the official file.
        candidates: 100 image paths below the images folder, positive first. Distinct
            where built here; released rows may repeat one.
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
    """All queries of one official file, built here or released.

    facet: whose file it is; an `ImagePool` serves as well.

    Raises:
        InputError: the file or a row cannot be used; file, row, field and remedy are
            named.
    """
    number = count()
    # Each row becomes a query at once: as JSON all of them would take several times
    # the memory.
    rows = read_json(
        path, list, each=lambda row: _read_row(path, next(number), row, facet)
    )
    if not rows:
        raise InputError(f"{path}: rows: there are none. Delete or rebuild the file.")
    return rows


def _read_row(path: Path, index: int, row: object, facet: Facet) -> Query:
    def fail(name: str, what: str) -> InputError:
        remedy = "Rebuild the file with `cocofacet build`."
        if path.parent.name == RELEASED:
            again = f"cocofacet fetch {path.name} --out {path.parent.parent}"
            remedy = f"Delete the file and fetch it again: `{again}`."
        return InputError(f"{path}: row {index}: {name}: {what}. {remedy}")

    if not isinstance(row, dict):
        raise fail("row", "is not an object")
    for name in ("qry_text", "tgt_img_path"):
        if name not in row:
            raise fail(name, "is missing")
    text = row["qry_text"]
    if not isinstance(text, str):
        raise fail("qry_text", "is not a text")
    if row.get("qry_img_path"):
        raise fail("qry_img_path", "is not empty: no facet asks with an image")
    try:
        label = facet.label_of(REWORDED.get(text.strip(), text))
    except ValueError as error:
        raise fail("qry_text", str(error)) from None
    try:
        candidates = _candidates(row["tgt_img_path"], facet)
    except ValueError as error:
        raise fail("tgt_img_path", str(error)) from None
    # A text is asked many times: kept once.
    label, text = sys.intern(label), sys.intern(text)
    return Query(f"{facet.stem}:{index}", facet.name, label, text, candidates)


def _candidates(written: object, facet: Facet) -> tuple[str, ...]:
    """The 100 official paths that a row's ``tgt_img_path`` stands for.

    It is a list of paths; or, in some released files, a *text* that is a Python list,
    of file names (people) or of COCO's image numbers (gestures, materials). The text is
    parsed and never evaluated. A released pool may repeat an image.

    Raises:
        ValueError: it stands for none; the message says why.
    """
    if isinstance(written, str):
        try:
            # No file name holds a quote, so with these replaced the list is JSON.
            written = json_pieces.whole(written.replace("'", '"'))
        except ValueError:
            raise ValueError("is a text, but not the text of a list") from None
    if not isinstance(written, list):
        raise ValueError("is not a list")
    if len(written) != POOL:
        raise ValueError(f"has {len(written)} candidates, not {POOL}")
    return tuple(_official_path(candidate, facet) for candidate in written)


def _official_path(candidate: object, facet: Facet) -> str:
    """``val2017/000000000139.jpg``, also for its number and its bare file name."""
    if isinstance(candidate, int) and not isinstance(candidate, bool):
        of_coco = facet.sources and COCO_SOURCES.issuperset(facet.sources)
        if candidate < 0 or not of_coco:
            raise ValueError(
                f"{candidate} is the number of no image: {facet.name} are not of "
                "COCO's images alone"
            )
        candidate = f"{candidate:012d}.jpg"
    if not isinstance(candidate, str) or not candidate:
        raise ValueError(f"{candidate!r} is not a path")
    return official_name(candidate)
