"""Unpack the wanted members of a zip or tar; none may lead out of the folder."""

import errno
import filecmp
import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from cocofacet.io import InputError, check_space

# Of an OSError that is the archive's fault and not the disk's: no number, or that of a
# name that is too long, is none, or is both a folder's and a file's.
_OF_NAMES = (
    *(None, errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
)


@dataclass(frozen=True)
class Member:
    """A file, folder, link or device in an archive; ``info`` is the archive's own."""

    name: str
    size: int  # bytes
    is_folder: bool
    is_file: bool
    info: zipfile.ZipInfo | tarfile.TarInfo


def unpack(archive: Path, places: Mapping[str, str], folder: Path) -> None:
    """Put an archive's wanted members in their places below ``folder``.

    ``places`` is that of ``catalog.File``. Everything is unpacked beside the archive
    first, then renamed into place. A file that is there already stays: if it is the
    same, that is fine; if not, nothing is moved.

    Raises:
        InputError: a member (wanted or not) leads out of the folder or is no plain
            file, before anything is unpacked; the archive is damaged or holds nothing
            of what is wanted; the disk is too small; another file is in the way.
        OSError: something cannot be written.
    """
    beside = archive.with_name(f"{archive.name}.unpacked")
    shutil.rmtree(beside, ignore_errors=True)  # of a run that was killed
    try:
        wanted = _extract(archive, places, folder, beside)
        move({beside / file.name: folder / place for place, file in wanted.items()})
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _extract(
    archive: Path, places: Mapping[str, str], folder: Path, beside: Path
) -> dict[str, Member]:
    """Unpack the wanted members below ``beside`` -> as `_choose`."""
    opened = zipfile.ZipFile if archive.suffix == ".zip" else tarfile.open
    try:
        with opened(archive) as source:
            files = _safe_files(archive, source)
            wanted = _choose(archive, files, places, folder)
            check_space(folder, sum(member.size for member in wanted.values()))
            # disable=None: a bar on a terminal, silence in a log.
            for member in tqdm(wanted.values(), f"unpack {archive.name}", disable=None):
                source.extract(member.info, beside)
        return wanted
    except InputError:
        raise
    except Exception as error:  # each kind of archive and of compression has its own
        if isinstance(error, OSError) and error.errno not in _OF_NAMES:
            raise
        said = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise InputError(
            f"{archive}: archive: damaged, cut short or no archive "
            f"({said or type(error).__name__}). Remove it and run the command again."
        ) from None


def move(files: Mapping[Path, Path]) -> None:
    """Move files: from each key to its value. Makes the folders that are missing.

    Raises:
        InputError: another file is in the way; nothing has been moved then.
    """
    for new, there in files.items():
        if there.exists() and not filecmp.cmp(new, there, shallow=False):
            raise InputError(
                f"{there}: file: is there already, with other content. Move it away "
                "and run the command again."
            )
    for new, there in files.items():
        there.parent.mkdir(parents=True, exist_ok=True)
        os.replace(new, there)


def fixed_folders(pattern: str) -> str:
    """The folders before a pattern's first ``*``: "a/b/c*.jpg" -> "a/b/"."""
    head, slash, _ = pattern.split("*")[0].rpartition("/")
    return head + slash


def _safe_files(archive: Path, source) -> list[Member]:
    """The files of an archive, once none of its members can lead out of a folder."""
    if isinstance(source, tarfile.TarFile):
        source.extraction_filter = tarfile.data_filter
        members = [
            Member(info.name, info.size, info.isdir(), info.isreg(), info)
            for info in source.getmembers()
        ]
    else:
        members = [
            Member(info.filename, info.file_size, info.is_dir(), _is_file(info), info)
            for info in source.infolist()
        ]
    for member in members:
        name, path = member.name, PurePosixPath(member.name)
        out = path.is_absolute() or ".." in path.parts
        out |= "\\" in name or name[1:2] == ":"  # a path of Windows
        if out or not (member.is_folder or member.is_file):
            what = "leads out of the folder" if out else "is a link or a device"
            raise InputError(
                f"{archive}: member {name!r}: {what}. Nothing was unpacked. Do not use "
                "this archive; get it from its official source."
            )
    return [m for m in members if not m.is_folder and not _of_a_mac(m.name)]


def _of_a_mac(name: str) -> bool:
    """Whether a member is what macOS puts beside each file: icons, its own notes."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith(("._", ".DS_Store"))


def _is_file(info: zipfile.ZipInfo) -> bool:
    # The kind is 0 where the archive was not made on Unix.
    return stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)


def _choose(
    archive: Path, files: list[Member], places: Mapping[str, str], folder: Path
) -> dict[str, Member]:
    """The wanted files: place below the folder -> file."""
    chosen: dict[str, Member] = {}
    for pattern, place in places.items():
        found = [file for file in files if fnmatchcase(file.name, pattern)]
        if not found:
            some = ", ".join(repr(file.name) for file in files[:3]) or "no file"
            raise InputError(
                f"{archive}: archive: holds no {pattern!r} (it holds {some}, …). Put "
                f"what is wanted into {folder / place} by hand."
            )
        for file in found:
            target = place
            if place.endswith("/"):
                rest = file.name.removeprefix(fixed_folders(pattern))
                target = str(PurePosixPath(place, rest))  # "a/./b" is "a/b"
            if target in chosen:
                raise InputError(
                    f"{archive}: member {file.name!r}: goes to {target!r}, as another "
                    "does. Get the archive from its official source."
                )
            chosen[target] = file
    return chosen
