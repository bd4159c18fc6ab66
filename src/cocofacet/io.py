"""The doors for files: errors a user can act on, whole files, JSON, tables."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# Results that are shipped with the package, because chapters read them.
COMMITTED = Path(__file__).parent / "results"
_KINDS = {dict: "JSON object", list: "list"}


class InputError(ValueError):
    """Something the user gave cannot be used: file, field and remedy. The command line
    prints it without a traceback and exits with status 2."""


def checked_name(what: str, name: object) -> str:
    """The name of a profile, a run or a retriever, as part of a path.

    Raises:
        InputError: it is no such name; one like ``../x`` would lead elsewhere.
    """
    letters = isinstance(name, str) and re.fullmatch(r"\w([\w .-]*\w)?", name)
    if not letters or len(name.encode()) > 100:
        raise InputError(
            f"{what}: {name!r} cannot name a folder or a file. Use letters, digits, _ "
            "and -."
        )
    return name


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write ``content`` to ``path``: the old file or the new one, never a part."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    # In the same folder, as a rename is atomic only within one file system.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files private; give them the mode an ordinary write would.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, content: object) -> None:
    """Write JSON that is the same, byte for byte, whenever the content is."""
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    write_atomic(path, text + "\n")


def read_json(path: Path, kind: type, remedy: str = "Use the official file.") -> object:
    """Parse a JSON file whose top level must be a ``kind`` (dict or list).

    Raises:
        InputError: the file is missing, not JSON, cut short, or (then with
            ``remedy``) holds something else.
    """
    content = _bytes_of(path)
    try:
        content = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: file: not JSON, or cut short ({error}). Fetch it again."
        ) from None
    if not isinstance(content, kind):
        raise InputError(f"{path}: top level: is not a {_KINDS[kind]}. {remedy}")
    return content


def _bytes_of(path: Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: file: not found. Check the path.") from None
    except OSError as error:
        raise InputError(f"{path}: file: {error.strerror}. Check the path.") from None


def read_table(
    path: Path,
    text: Sequence[str],
    ranks: Sequence[str] = (),
    numbers: Sequence[str] = (),
    counts: Sequence[str] = (),
    what: str = "table of ranks",
    remedy: str = "Delete the file and make it again.",
    pool: int = 100,
) -> "pd.DataFrame":
    """Read a CSV file with a header; columns that are not named stay text.

    text: columns of ids, labels, revisions, even where they look like numbers. ranks:
    of whole numbers from 1 to ``pool``. numbers: of any numbers. counts: of whole
    numbers from 0; a cell may be empty (then missing, dtype Int64), or the column
    absent.

    Raises:
        InputError: the file is missing, empty, binary, no UTF-8, ragged or without a
            last line end, or a column is missing or holds something else; ``what`` is
            what it should have been.
    """
    import pandas as pd

    def fail(problem: str) -> InputError:
        return InputError(f"{path}: {problem}. {remedy}")

    content = _bytes_of(path)
    try:
        content = content.decode("utf-8-sig")
        if "\0" in content:
            raise ValueError("it is binary")
        lines = io.StringIO(content, newline="")
        rows = [row for row in csv.reader(lines, strict=True) if row]
    except (ValueError, csv.Error) as error:
        raise fail(f"file: no {what} ({error})") from None
    if len(rows) < 2:
        raise fail(f"file: is empty, so this is no {what}")
    if content[-1] not in "\r\n":  # of 12 a 1 may be left
        raise fail("file: its last line has no end, so it is cut short")
    header = rows[0]
    if len(set(header)) < len(header):
        raise fail("header: names a column twice")
    for number, row in enumerate(rows):
        if len(row) != len(header):
            fields = f"has {len(row)} fields and the header {len(header)}"
            raise fail(f"row {number}: {fields}, so the file is cut short or damaged")
    table = pd.DataFrame(dict(zip(header, zip(*rows[1:], strict=True), strict=True)))
    for column in (*text, *ranks, *numbers):
        if column not in table:
            raise fail(f"column {column!r} is missing, so this is no {what}")
    for columns, kind, least, most, dtype in (
        (ranks, f"whole number from 1 to {pool}", 1, pool, "int64"),
        (counts, "whole number from 0", 0, 2**53, "Int64"),
        (numbers, "number", -sys.float_info.max, sys.float_info.max, None),
    ):
        for column in table.columns.intersection(columns):
            found = pd.to_numeric(table[column], errors="coerce")
            right = (found >= least) & (found <= most)  # False for what is no number
            if columns is not numbers:
                right &= found % 1 == 0
            if columns is counts:
                right |= table[column] == ""
            if not right.all():
                row = int(right.argmin())
                value = repr(table[column].iloc[row][:40])
                raise fail(f"row {row + 1}: {column}: {value} is no {kind}")
            table[column] = found.astype(dtype) if dtype else found
    return table


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_space(folder: Path, needed: int) -> None:
    """Check that the disk has room.

    Raises:
        InputError: fewer than ``needed`` bytes are free where ``folder`` is or will be.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise InputError(
            f"{folder}: disk: {readable(needed)} are needed, {readable(free)} are "
            "free. Free some space, or choose a folder on another disk."
        )


def readable(size: int | None) -> str:
    """Bytes in the unit a person reads: 815585330 -> "816 MB"; unknown -> "?"."""
    if size is None:
        return "?"
    for unit, bytes_of_it in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= bytes_of_it:
            return f"{size / bytes_of_it:.3g} {unit}"
    return f"{size} bytes"
