"""The doors for files: errors a user can act on, whole files, JSON, tables."""

import csv
import hashlib
import io
import json
import os
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
    """Something the user gave cannot be used.

    The message names the file, the field and the remedy; the command line prints it
    without a traceback and exits with status 2.
    """


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write ``content`` to ``path``: the old file or the new one, never a part.

    The temporary file lies in the same folder, because a rename is atomic only
    within one file system.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
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
        InputError: the file is missing, is not JSON or is cut short, or holds
            something else (then ``remedy`` is said).
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
) -> "pd.DataFrame":
    """Read a CSV file with a header, all columns as they stand.

    text: columns of ids, labels, revisions, which stay text even where they look like
    numbers. ranks: of whole numbers from 1. numbers: of any numbers. counts: of whole
    numbers from 0; a cell may be empty (then missing, dtype Int64), or the column
    absent.

    Raises:
        InputError: the file is missing, empty, binary, no UTF-8 or ragged, or a column
            is missing or holds something else. It names the file, the field, and the
            remedy; ``what`` is what the file should have been.
    """
    import pandas as pd

    content = _table_text(path, what, remedy)
    table = pd.read_csv(
        io.StringIO(content),
        keep_default_na=False,
        na_values=dict.fromkeys(counts, ""),
        dtype=dict.fromkeys(text, str),
    )
    for column in (*text, *ranks, *numbers):
        if column not in table:
            raise InputError(
                f"{path}: column {column!r} is missing, so this is no {what}. {remedy}"
            )
    counts = [column for column in counts if column in table]
    for columns, kind, least in (
        (ranks, "whole number from 1", 1),
        (counts, "whole number from 0", 0),
        (numbers, "number", float("-inf")),
    ):
        for column in columns:
            found = pd.to_numeric(table[column].astype(str), errors="coerce")
            right = found >= least  # False for what is no number
            if columns is not numbers:
                right &= (found % 1 == 0) & (found < 2**53)
            if columns is counts:
                right |= table[column].isna()
            if not right.all():
                row = int(right.argmin())
                raise InputError(
                    f"{path}: row {row + 1}: {column}: "
                    f"{str(table[column].iloc[row])[:40]!r} is no {kind}. {remedy}"
                )
    kinds = dict.fromkeys(ranks, "int64") | dict.fromkeys(counts, "Int64")
    return table.astype(kinds)


def _table_text(path: Path, what: str, remedy: str) -> str:
    """The text of a CSV file with a header and rows that are all as long."""
    content = _bytes_of(path)
    try:
        content = content.decode()
        if "\0" in content:
            raise ValueError("it is binary")
        rows = [row for row in csv.reader(io.StringIO(content, newline="")) if row]
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path}: file: no {what} ({error}). {remedy}") from None
    if len(rows) < 2:
        raise InputError(f"{path}: file: is empty, so this is no {what}. {remedy}")
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise InputError(
                f"{path}: row {number}: has {len(row)} fields and the header "
                f"{len(rows[0])}, so the file is cut short or damaged. {remedy}"
            )
    return content


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
