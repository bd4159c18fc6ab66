"""The pictures below a folder: found, told apart by content, kept in a catalogue.

The catalogue is one Arrow IPC file, a row a picture file, sorted by path:

    path        binary: below the folder, with "/", as the file system writes it
    size        int64: bytes
    mtime_ns    int64: when it was changed, nanoseconds since 1970
    sha256      32 bytes
    unreadable  text: why its content is no picture; empty where it is one
"""

import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psutil
import pyarrow as pa
from PIL import Image
from tqdm import tqdm

from cocofacet.embeddings.store import writing
from cocofacet.escape import plain
from cocofacet.io import InputError, sha256_of, write_atomic
from cocofacet.picture import header

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "GIF", "HEIF")
ENDINGS = {
    *(".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".gif"),
    *(".heic", ".heif"),
}
NO_HEIF = "HEIC needs pillow-heif: pip install pillow-heif"
SCHEMA = pa.schema(
    [
        ("path", pa.binary()),
        ("size", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("sha256", pa.binary(32)),
        ("unreadable", pa.string()),
    ]
)
# What the system shows of itself as files, below / of Linux: none is a picture.
_NO_DISKS = {
    *("proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "debugfs", "tracefs"),
    *("securityfs", "pstore", "bpf", "mqueue", "hugetlbfs", "configfs", "autofs"),
}
_JUNCTION = 0xA0000003  # st_reparse_tag, on Windows alone
_SECONDS = 30  # between two writings of the catalogue while files are read
_AT_ONCE = 512  # files read between two looks at the clock


class File(NamedTuple):
    """One row of the catalogue."""

    path: bytes
    size: int
    mtime_ns: int
    sha256: bytes
    unreadable: str


@dataclass(frozen=True)
class Scan:
    """What was found below a folder: the files that are there, what could not even be
    read (path -> why), and how many of the files were read, or are gone."""

    files: tuple[File, ...]
    lost: dict[bytes, str]
    read: int
    gone: int


def shown(path: bytes | str | os.PathLike) -> str:
    """A path for a terminal: in one line, and in letters where it has them."""
    return plain(os.fsencode(path).decode("utf-8", "backslashreplace"))


def path_of(folder: Path, path: bytes) -> Path:
    """Where a picture of the catalogue lies."""
    return folder / os.fsdecode(path)


def existing(folder: Path) -> Path:
    """The folder, absolute; InputError where there is none."""
    folder = os.path.expanduser(folder)
    if not os.path.isdir(folder):  # of any name, where Path.is_dir raises
        raise InputError(f"{shown(folder)}: folder: not there. Check the path.")
    return Path(os.path.realpath(folder))


def find(folder: Path) -> Iterator[tuple[bytes, os.stat_result]]:
    """Path below the folder and state of each picture file, told by its ending.

    Hidden files and folders are passed over, folders that are links too, what the
    system shows of itself (/proc), and links to files that lie outside.
    """
    mounted = psutil.disk_partitions(all=True)
    system = {Path(disk.mountpoint) for disk in mounted if disk.fstype in _NO_DISKS}
    for place, folders, names in os.walk(folder):
        below = {name: Path(place, name) for name in folders}
        folders[:] = sorted(
            name
            for name, path in below.items()
            if path not in system and not _passed_over(path)
        )
        for name in names:
            if os.path.splitext(name)[1].lower() not in ENDINGS:
                continue
            path = Path(place, name)
            if _passed_over(path):
                continue
            try:
                state = path.stat()
                if path.is_symlink() and not path.resolve().is_relative_to(folder):
                    continue
            except OSError:  # a link to nothing or itself, or deleted this moment
                continue
            if path.is_file():
                yield os.fsencode(path.relative_to(folder).as_posix()), state


def _passed_over(path: Path) -> bool:
    """Whether a file or folder is hidden, by its name or as Windows and macOS do (that
    of deleted files is), or a junction, as Windows calls a link to a folder."""
    if path.name.startswith("."):
        return True
    try:
        state = path.lstat()
    except OSError:  # deleted this moment
        return True
    hidden = getattr(state, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_HIDDEN
    hidden |= getattr(state, "st_flags", 0) & stat.UF_HIDDEN
    return bool(hidden) or getattr(state, "st_reparse_tag", 0) == _JUNCTION


def scan(folder: Path, catalogue: Path) -> Scan:
    """Bring the catalogue up to date with the folder.

    A file is read again only where its size or its time of change is another. The
    catalogue is written every half minute, so that little is read twice after a kill.

    Raises:
        InputError: there is no picture, or the catalogue cannot be written.
    """
    known = {file.path: file for file in read(catalogue)}
    there, new = [], []
    for path, state in sorted(find(folder), key=lambda found: found[0]):
        file = known.get(path)
        same = file and (file.size, file.mtime_ns) == (state.st_size, state.st_mtime_ns)
        # Whether HEIC can be opened depends on what is installed.
        if same and file.unreadable != NO_HEIF:
            there.append(file)
        else:
            new.append((path, state))
    if not there and not new:
        endings = ", ".join(sorted(ENDINGS))
        raise InputError(
            f"{shown(folder)}: pictures: none there ({endings}; hidden files and "
            "folders are passed over). Name another folder."
        )
    gone = len(known.keys() - {file.path for file in there} - {path for path, _ in new})
    lost, written = {}, time.monotonic()
    with (
        ThreadPoolExecutor() as pool,
        tqdm(desc="reading", total=len(new), unit="file", disable=None) as bar,
    ):
        for start in range(0, len(new), _AT_ONCE):
            part = new[start : start + _AT_ONCE]
            read_now = pool.map(lambda found: _file(folder, *found), part)
            for (path, _), file in zip(part, read_now, strict=True):
                if isinstance(file, File):
                    there.append(file)
                else:
                    lost[path] = file
            bar.update(len(part))
            if time.monotonic() - written > _SECONDS:
                write(catalogue, there)
                written = time.monotonic()
    there.sort()
    if there != list(known.values()):
        write(catalogue, there)
    return Scan(tuple(there), lost, len(new) - len(lost), gone)


def _file(folder: Path, path: bytes, state: os.stat_result) -> File | str:
    """The row of a file; why, where it cannot be read."""
    place = path_of(folder, path)
    try:
        digest = bytes.fromhex(sha256_of(place))
    except OSError as error:
        return error.strerror or str(error)
    row = (path, state.st_size, state.st_mtime_ns, digest)
    return File(*row, _unreadable(place))


def _unreadable(place: Path) -> str:
    """Why a file's header is that of no picture; "" where it is one."""
    try:
        kind, pixels = header(place)
    except InputError as error:
        heif = place.suffix.lower() in (".heic", ".heif")
        return NO_HEIF if heif and "HEIF" not in Image.OPEN else reason(error, place)
    if kind not in FORMATS:
        return f"is {kind}, none of {', '.join(FORMATS)}"
    return "" if pixels else "has no pixels"


def reason(error: InputError, place: Path) -> str:
    """What an error says about a picture, without its path and in one line."""
    said = str(error).removeprefix(f"{place}: ").removeprefix("image: ")
    said = said.replace(f" {str(place)!r}", "")
    return " ".join(said.partition(". Fetch the file again")[0].split())


def write(catalogue: Path, files: Sequence[File]) -> None:
    """Write the catalogue, as a whole; InputError where there is no space."""
    columns = list(zip(*sorted(files), strict=True)) or [[]] * len(SCHEMA)
    table = pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)],
        schema=SCHEMA,
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, SCHEMA) as file:
        file.write_table(table)
    with writing(catalogue):
        write_atomic(catalogue, sink.getvalue().to_pybytes())


def table(catalogue: Path) -> pa.Table:
    """The catalogue, mapped into memory; empty where there is none.

    Raises:
        InputError: it is damaged.
    """
    if not catalogue.exists():
        return SCHEMA.empty_table()
    # Windows replaces no file that is mapped, and the next run may replace this one.
    opened = pa.OSFile if sys.platform == "win32" else pa.memory_map
    try:
        with opened(os.fsencode(catalogue)) as source:
            found = pa.ipc.open_file(source).read_all()
        if found.schema != SCHEMA:
            raise pa.ArrowInvalid("it has other columns")
        found.validate(full=True)  # bytes that changed would crash a reader
        if any(column.null_count for column in found.columns):
            raise pa.ArrowInvalid("a cell is empty")
    except (pa.ArrowException, OSError) as error:
        said = plain(str(error).partition("\n")[0])
        raise InputError(
            f"{shown(catalogue)}: catalogue: cannot be read ({said}). Delete this file "
            "and index again: vectors are kept."
        ) from None
    return found


def read(catalogue: Path) -> list[File]:
    """The rows of the catalogue."""
    columns = (column.to_pylist() for column in table(catalogue).columns)
    return [File(*row) for row in zip(*columns, strict=True)]
