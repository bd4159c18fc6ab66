"""The doors for files: errors a user can act on, whole files, JSON, tables."""

import csv
import errno
import hashlib
import io
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from cocofacet import json_pieces

if TYPE_CHECKING:
    import pandas as pd

# Results that are shipped with the package, because chapters read them.
COMMITTED = Path(__file__).parent / "results"
LONGEST_NAME = 255  # bytes of a file's name, on every common file system
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
    """Write ``content`` to ``path``: the old file or the new one, never a part.

    A link is followed. A pipe or a device, such as /dev/stdout, is written to.

    Raises:
        InputError: it cannot be written; then nothing is left.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    with writing(path):
        stream = _stream(path)
        if stream is not None:
            _send(stream, data)
            return
        with beside(path) as temporary:
            with open(temporary, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, os.path.realpath(path))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """InputError for a file, or a folder of files, that cannot be written."""
    try:
        yield
    except (OSError, InputError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if not isinstance(cause, OSError):
            raise
        raise InputError(
            f"{path}: file: cannot be written ({cause.strerror or cause}). Free some "
            "space, or choose a place that can be written."
        ) from cause


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A name of one's own for what is made whole and then renamed to ``path``.

    In the same folder, as a rename is atomic only within one file system. Where that
    fails, neither it nor a folder that was made for it is left.
    """
    path = Path(os.path.realpath(path))
    made = [folder for folder in path.parents if not folder.exists()]
    # Long names have room for no more.
    temporary = path.with_name(f".{path.name[:50]}.{uuid4().hex}")
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
        finally:
            with suppress(OSError):
                temporary.unlink() if temporary.is_file() else shutil.rmtree(temporary)
    except BaseException:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise


def _stream(path: Path) -> Path | int | None:
    """What must not be replaced: a device or pipe, or this process's own output."""
    try:
        found = path.stat()
    except OSError:
        return None  # not there, or it is said when it is written
    for own in (1, 2):  # where it goes to a file, opening that would cut it
        with suppress(OSError):
            if os.path.samestat(found, os.fstat(own)):
                return own
    if stat.S_ISCHR(found.st_mode) or stat.S_ISFIFO(found.st_mode):
        return path
    if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode):
        return None
    raise InputError(f"{path}: file: is a disk or a socket. Choose another.")


def _send(stream: Path | int, data: bytes) -> None:
    for own in filter(None, (sys.stdout, sys.stderr)):
        own.flush()  # what was printed before comes before
    with (
        suppress(BrokenPipeError),  # its reader has enough
        open(stream, "wb", closefd=isinstance(stream, Path)) as file,
    ):
        file.write(data)


def check_output(path: Path, field: str, folder: bool = False) -> None:
    """Refuse, before the work, what could not be written after it.

    field: the option that named it; folder: a folder is wanted, not a file.

    Raises:
        InputError: it is a folder (or none), lies below a file, has too long a name, or
            cannot be written.
    """
    try:
        _try_to_write(Path(path), folder)
    except (OSError, ValueError) as error:
        what = str(path) if len(str(path)) < 200 else f"{str(path)[:100]}..."
        reason = getattr(error, "strerror", None) or error
        kind = "folder" if folder else "file"
        raise InputError(
            f"{field}: {what}: cannot be written ({reason}). Choose another {kind}."
        ) from None


def _try_to_write(path: Path, folder: bool) -> None:
    """OSError or ValueError where ``path`` cannot be written; leaves nothing."""
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in path.parts):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    with suppress(FileNotFoundError):
        is_folder = stat.S_ISDIR(path.stat().st_mode)
        if is_folder != folder:
            raise ValueError("it is a folder" if is_folder else "it is no folder")
        if not folder and _stream(path) is not None:
            return
        if not folder and not os.access(path, os.W_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    real = Path(os.path.realpath(path))
    there = (real, *real.parents) if folder else real.parents
    nearest = next(parent for parent in there if parent.exists())
    # A permission says little: the disk may be read-only, the user root.
    with tempfile.TemporaryFile(dir=nearest):
        pass


def write_json(path: Path, content: object) -> None:
    """Write JSON that is the same, byte for byte, whenever the content is.

    Raises:
        InputError: it cannot be written, or `read_json` would refuse it, such as NaN.
    """
    try:
        text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
        text.encode()
        json_pieces.whole(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: content: cannot be kept as JSON ({_brief(error)})."
        ) from None
    write_atomic(path, text + "\n")


def read_json(
    path: Path,
    kind: type,
    remedy: str = "Use the official file.",
    each: Callable[[object], object] | None = None,
) -> object:
    """Parse a JSON file whose top level must be a ``kind`` (dict or list).

    each: what to keep of an item of the list, or of the lists in the object; where it
    is given, the file is never in memory as a whole.

    Raises:
        InputError: the file is missing, not JSON, cut short, or (then with
            ``remedy``) holds something else.
    """
    try:
        if each is None:
            content = json_pieces.whole(_bytes_of(path))
        else:
            with _readable(path), open(path, "rb") as file:
                content = json_pieces.read(file, each)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: file: not JSON, or cut short ({_brief(error)}). Fetch it again."
        ) from None
    if not isinstance(content, kind):
        raise InputError(f"{path}: top level: is not a {_KINDS[kind]}. {remedy}")
    return content


def _brief(error: Exception) -> str:
    """An error in a line; of a text that cannot be written only what is wrong."""
    if isinstance(error, UnicodeEncodeError):
        return "it holds half a character"
    return " ".join(str(error).split())[:200]


def _bytes_of(path: Path) -> bytes:
    with _readable(path):
        return Path(path).read_bytes()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """InputError for a file that cannot be read."""
    try:
        _check_plain(path)
        yield
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
    """The sha256 of a file, in hexadecimal; OSError for a pipe or a device too."""
    _check_plain(path)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_plain(path: Path) -> None:
    """OSError for what is there and is a pipe or a device: reading it may never end."""
    try:
        mode = os.stat(path).st_mode
    except ValueError:  # a name with NUL, of which opening says the same
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "it is no plain file", str(path))


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
