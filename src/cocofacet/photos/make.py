"""Index a folder: look what is new, embed it under every question in one pass."""

import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from tqdm import tqdm

from cocofacet.benchmark.facets import FACETS
from cocofacet.embeddings.store import writing
from cocofacet.io import InputError, readable
from cocofacet.parameters import (
    HOW,
    NAMED,
    PATH,
    TEXT,
    optional,
    takes,
    whole,
)
from cocofacet.photos import files, index, pieces, segments, weights
from cocofacet.photos.files import shown
from cocofacet.retrievers import cost
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.on_demand import OnDemand

LONGEST = 10_000  # characters; a model that takes any number needs minutes for more
_CUT = re.compile(r"\.[0-9a-f]{32}$")  # what a killed run had not written whole


@takes(
    folder=PATH,
    retriever=NAMED,
    store=optional(PATH),
    device=TEXT,
    precision=optional(TEXT),
    actors=whole(1),
    **HOW,
)
def index_folder(
    folder: Path,
    retriever: str | object | None = None,
    ask: Sequence[str] = (),
    store: Path | None = None,
    device: str = "cpu",
    precision: str | None = None,
    ray: bool = False,
    actors: int = 1,
    asking: bool = False,
    tell=print,
    **how: int | None,
) -> index.Index:
    """Embed every picture below a folder that is new or changed -> its index.

    In general, under each question of ``ask`` (a facet's name, or words) and under
    those that were asked before, in one pass. retriever: a row's name, any object that
    is one, or None for the one in use before, or that fits (`weights.row_for`).
    asking: whether it has to take questions later. store: see `index.store_of`; ray,
    actors: as `distribute.embed_missing`; how: batch and workers, as in
    `loader.embed_files`. ``tell`` is given lines to print.

    Run again after a kill it ends with the same vectors, byte for byte.

    Raises:
        InputError: see there, and for a folder without pictures, a question that is
            empty, another process that indexes it, and a lack of space.
    """
    folder = files.existing(folder)
    place, questions = index.place_of(folder, store), questions_of(ask)
    named = retriever is None or isinstance(retriever, str)
    if ray and not named:
        raise InputError("ray: retriever: name a row of the zoo, for each actor.")
    with _alone(place, folder):
        scan = files.scan(folder, place / "catalogue.arrow")
        tell(_found(folder, scan))
        if named:
            here = "cpu" if ray else device
            row = _row(folder, place, scan, retriever, here, questions, asking, tell)
            before = index.by(folder, place, row.name)
            precision = precision or weights.precision(before, row, device)
            lacking = pieces.lacking(before, scan.files, questions)
            tell(_announced(row, lacking, here, precision or row.precision))
            settings = {"precision": precision}
            retriever = OnDemand(row.name, place, device=here, **settings)
        index.choose(place, folder, retriever)
        segments.finish(place / index.folder_of(retriever))
        kept = index.open_index(folder, retriever.name, store)
        todo = pieces.plan(kept, scan.files, questions, retriever)
        start, count = time.perf_counter(), sum(len(piece.rows) for piece in todo)
        if ray:
            from cocofacet.embeddings import distribute

            load = {"name": row.name, "device": device, **settings}
            distribute.embed_missing(todo, load, actors, embed=pieces.embed, **how)
        else:
            shown_as = {"desc": retriever.name, "unit": "image", "disable": None}
            with tqdm(total=count, **shown_as) as bar:
                for piece in pieces.embed(retriever, todo, **how):
                    bar.update(len(piece.rows))
        kept = index.open_index(folder, retriever.name, store)
        tell(_done(kept, count, time.perf_counter() - start))
        for line in _left_out(kept, scan):
            tell(line)
    return kept


def _row(
    folder, place: Path, scan: files.Scan, name, device: str, questions, asking, tell
):
    """The row named, in use, or fitting; says where it is added to another."""
    known = index.chosen(place)
    asked = asking or len(questions) > 1
    row = weights.row_for(folder, scan.files, name or known.get("row"), device, asked)
    if known and known["row"] != row.name:
        tell(f"it was indexed by {known['row']}; vectors by {row.name} are added")
    return row


def questions_of(ask: Sequence[str]) -> tuple[str | None, ...]:
    """None for general, and each question once; a facet's name stands for its own."""
    found = [one_line("--ask", q) for q in _listed(ask)]
    if not all(found):
        raise InputError("--ask: a question is empty. Write one, or a facet's name.")
    named = [FACETS[each].question if each in FACETS else each for each in found]
    return tuple(dict.fromkeys([None, *named]))


def _listed(ask: object) -> Sequence[object]:
    return ask if isinstance(ask, list | tuple) else [ask]


def one_line(what: str, text: object) -> str:
    """A text, its blanks tidied; InputError where it is none, or not all of it is."""
    if not isinstance(text, str):
        raise InputError(f"{what}: {text!r} is no text.")
    if len(text) > LONGEST:
        raise InputError(
            f"{what}: has {len(text):,} characters. Use {LONGEST:,} at most."
        )
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InputError(
            f"{what}: {text[:60]!r} holds what is no character. Write it as UTF-8."
        )
    return " ".join(text.split())


@contextmanager
def _alone(place: Path, folder: Path) -> Iterator[None]:
    """No other process indexes this folder meanwhile; the lock ends with its holder."""
    with ExitStack() as held:
        with writing(place / ".lock"):
            place.mkdir(parents=True, exist_ok=True)
            try:
                held.enter_context(FileLock(place / ".lock", timeout=0))
            except Timeout:
                raise InputError(
                    f"{shown(folder)}: index: another process is at it. Wait for its "
                    "end."
                ) from None
        for part in place.rglob(".*"):
            if _CUT.search(part.name) and part.is_file():
                part.unlink(missing_ok=True)
        yield


def _found(folder: Path, scan: files.Scan) -> str:
    size = readable(sum(file.size for file in scan.files))
    news = f"{scan.read:,} new or changed, {scan.gone:,} gone"
    return f"{shown(folder)}: {len(scan.files):,} pictures, {size}; {news}"


def _announced(row, lacking: dict, device: str, precision: str) -> str:
    """What is about to happen: pictures, questions, download, time."""
    count = sum(map(len, lacking.values()))
    if not count:
        return f"{row.name}: nothing to embed"
    most = max(map(len, lacking))
    each = f"{most} vectors each at most" if most > 1 else "a vector each"
    said = f"{row.name}: embeds {count:,} pictures, {each}"
    if loading.missing(row) is not None:
        size = loading.to_come([row]) or int(row.download * 1e9)
        said += f"; downloads {readable(size)}"
    if not cost.parameters(row):
        return said
    machine = weights.device_of(device, precision)
    times = [
        cost.estimate(row, machine, len(found), len(asked))
        for asked, found in lacking.items()
    ]
    if None not in times:
        seconds = sum(time.seconds for time in times)
        said += f"; {cost.about(seconds)} on {device} (estimated)"
    return said


def _done(kept: index.Index, count: int, seconds: float) -> str:
    said = f"{kept.retriever}, revision {kept.revision}: {count:,} pictures embedded"
    if count:
        said += f" in {seconds:.1f} s"
    asked = ", ".join(q or "general" for q in kept.questions)
    return f"{said}; under {asked}\nkept in {shown(kept.place)}"


def _left_out(kept: index.Index, scan: files.Scan) -> Iterator[str]:
    """What is not indexed, a line a file, and why."""
    why = dict(scan.lost)
    lacking = np.zeros(len(kept), bool)
    refused = {}
    for question in kept.questions:
        lacking |= kept.vectors(question).rows < 0
        refused |= kept.refused(question)
    for row in np.flatnonzero(lacking):
        digest = kept.sha256[row].tobytes()
        other = "changed or deleted meanwhile; index again"
        why[kept.paths[row]] = refused.get(digest, other)
    if why:
        yield f"not indexed: {len(why):,}"
    for path, reason in sorted(why.items()):
        yield f"  {shown(path)}: {reason}"


def forget(folder: Path, store: Path | None = None) -> str:
    """Remove the index of a folder, which need not be there any more -> what was
    removed and where; InputError where there is none."""
    place = index.place_of(folder, store)
    if not (place / "catalogue.arrow").exists() and not index.chosen(place):
        raise InputError(f"{shown(folder)}: index: there is none in {shown(place)}.")
    there = [path for path in place.rglob("*") if path.is_file()]
    size = readable(sum(path.stat().st_size for path in there))
    with writing(place):
        shutil.rmtree(place)
    return f"removed: {shown(place)}, {size}; the pictures are as they were"
