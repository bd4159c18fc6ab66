"""What an index lacks, planned by pieces, each embedded and kept as a whole."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cocofacet.io import InputError, check_space, sha256_of
from cocofacet.photos import files, index, segments
from cocofacet.photos.files import File
from cocofacet.picture import open_image

# How many pictures share a segment: what a kill loses, and few enough files to search.
LEAST, MOST, PART = 256, 2048, 16
_IN_ONE_GO = 16  # segments that are planned for the workers together


@dataclass(frozen=True)
class Piece:
    """Pictures that are embedded together: a segment for each question.

    rows: of the catalogue; paths: of their files; fingerprint: of the retriever;
    files: question -> the segment.
    """

    rows: tuple[File, ...]
    paths: tuple[Path, ...]
    fingerprint: dict[str, object]
    files: dict[str | None, Path]

    @property
    def names(self) -> tuple[bytes, ...]:
        return tuple(row.path for row in self.rows)


def lacking(
    kept: index.Index | None,
    there: Sequence[File],
    questions: Sequence[str | None],
) -> dict[tuple[str | None, ...], list[File]]:
    """The pictures to embed, by the questions that they lack: each content once, in
    the order of paths. What was asked before is asked of new pictures too."""
    had = kept.questions if kept else ()
    asked = tuple(dict.fromkeys([*questions, *had]))
    without = {}
    for question in asked:
        done = set()
        if question in had:
            rows, digests = kept.vectors(question).rows, kept.sha256
            done = {digest.tobytes() for digest in digests[rows >= 0]}
            done |= kept.refused(question).keys()
        without[question] = done
    found, seen = defaultdict(list), set()
    for file in there:
        lacks = tuple(q for q in asked if file.sha256 not in without[q])
        if lacks and not file.unreadable and file.sha256 not in seen:
            seen.add(file.sha256)
            found[lacks].append(file)
    return found


def plan(
    kept: index.Index,
    there: Sequence[File],
    questions: Sequence[str | None],
    retriever,
) -> list[Piece]:
    """The plan, which depends on nothing but what is there and what is lacking: a run
    after a kill goes on with the pieces that the killed one had before it.

    Raises:
        InputError: the disk has no room for it.
    """
    lacks = lacking(kept, there, questions)
    folder = kept.place / kept.made_by
    counts = {question: kept.count(question) for question in kept.questions}
    number = max((n for q in counts for n in _numbers(folder, q)), default=0)
    pieces, needed = [], 0
    for asked in sorted(lacks, key=lambda asked: [*map(segments.folder_of, asked)]):
        rows = lacks[asked]
        needed += len(rows) * len(asked) * (2 * retriever.dim + 32)
        while rows:
            size = max(counts.get(asked[0], 0) // PART // 64 * 64, LEAST)
            part, rows = rows[: min(size, MOST)], rows[min(size, MOST) :]
            number += 1
            to = {
                question: segments.file_of(
                    folder / segments.folder_of(question), number
                )
                for question in asked
            }
            paths = tuple(files.path_of(kept.folder, row.path) for row in part)
            pieces.append(Piece(tuple(part), paths, retriever.fingerprint, to))
            for question in asked:
                counts[question] = counts.get(question, 0) + len(part)
    check_space(kept.place, needed)
    return pieces


def _numbers(folder: Path, question: str | None) -> list[int]:
    return segments.numbers(folder / segments.folder_of(question))


def embed(retriever, pieces: Sequence[Piece], **how) -> Iterator[Piece]:
    """Embed pieces and write their segments; yields each when it is kept.

    A picture that cannot be decoded or prepared is kept as refused; one that is another
    file by now, or gone, is left out.
    """
    for start in range(0, len(pieces), _IN_ONE_GO):
        yield from _embed(retriever, pieces[start : start + _IN_ONE_GO], how)


def _embed(retriever, pieces: Sequence[Piece], how: dict) -> Iterator[Piece]:
    from cocofacet.embeddings.loader import Work, embed_files  # it loads torch

    bad: dict[Path, str] = {}
    done = 0
    while done < len(pieces):
        rest = pieces[done:]
        good = [[p for p in piece.paths if p not in bad] for piece in rest]
        works = [
            Work(tuple(paths), tuple(piece.files))
            for paths, piece in zip(good, rest, strict=True)
        ]
        try:
            for piece, vectors in zip(
                rest, embed_files(retriever, works, **how), strict=True
            ):
                _keep(piece, vectors, bad)
                done += 1
                yield piece
        except InputError as error:
            found = _named(error, rest, bad)
            if not found:
                raise
            bad |= found


def _named(error: InputError, pieces: Sequence[Piece], bad: dict) -> dict[Path, str]:
    """The picture that an error names, and others of its piece that cannot be opened:
    path -> why; nothing where it is about no picture."""
    said = str(error)
    paths = (p for piece in pieces for p in piece.paths if p not in bad)
    named = [path for path in paths if said.startswith(f"{path}: ")]
    if not named:
        return {}
    path = max(named, key=lambda each: len(str(each)))
    piece = next(piece for piece in pieces if path in piece.paths)
    with ThreadPoolExecutor() as pool:
        why = dict(zip(piece.paths, pool.map(cannot, piece.paths), strict=True))
    found = {each: said for each, said in why.items() if said and each not in bad}
    return found | {path: files.reason(error, path)}


def cannot(path: Path) -> str:
    """Why a picture cannot be opened; "" where it can."""
    try:
        open_image(path)
    except InputError as error:
        return files.reason(error, path)
    return ""


def _keep(piece: Piece, vectors: np.ndarray, bad: dict[Path, str]) -> None:
    """Write the segments of a piece: vectors (P, n, D) of those that are not bad."""
    pairs = list(zip(piece.rows, piece.paths, strict=True))
    still = {path for row, path in pairs if _still(row, path)}
    embedded = [(row, path) for row, path in pairs if path not in bad]
    chosen = [n for n, (_, path) in enumerate(embedded) if path in still]
    refused = {
        row.sha256.hex(): bad[path]
        for row, path in pairs
        if path in bad and path in still and _reads_alike(row, path)
    }
    found = dict(zip(piece.files, vectors[:, chosen], strict=True))
    segments.write(piece.files, [embedded[n][0].sha256 for n in chosen], found, refused)


def _still(row: File, path: Path) -> bool:
    """Whether a file is the one that the catalogue has."""
    try:
        state = path.stat()
    except OSError:
        return False
    return (state.st_size, state.st_mtime_ns) == (row.size, row.mtime_ns)


def _reads_alike(row: File, path: Path) -> bool:
    """Whether the bytes are still those that were read, and not a disk's failure: only
    then a picture is refused for good."""
    try:
        return bytes.fromhex(sha256_of(path)) == row.sha256
    except OSError:
        return False
