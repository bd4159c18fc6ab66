"""Unpack the wanted members of a zip or tar; none may lead out of the folder."""

import filecmp
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from tqdm import tqdm

from cocofacet.fetch.catalog import readable
from cocofacet.io import InputError

_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    NotImplementedError,  # a compression that Python cannot undo
    RuntimeError,  # a member with a password
)


@dataclass(frozen=True)
class Member:
    """A file or folder of an archive: its path, bytes, kind and how to read it."""

    name: str
    size: int
    kind: str  # "file", "folder" or "other": a link, a device, a pipe
    open: Callable[[], BinaryIO]


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
        with ExitStack() as stack:
            members = _members(archive, stack)
            for member in members:
                _check_safe(archive, member)
            chosen = _choose(archive, members, places, folder)
            check_space(folder, sum(member.size for member in chosen.values()))
            # disable=None: a bar on a terminal, silence in a log.
            bar = tqdm(chosen.items(), f"unpack {archive.name}", disable=None)
            for target, member in bar:
                path = beside / target
                path.parent.mkdir(parents=True, exist_ok=True)
                with member.open() as source, open(path, "wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
        move({beside / target: folder / target for target in chosen})
    except _DAMAGED as error:
        raise InputError(
            f"{archive}: archive: damaged, cut short or no archive ({error}). Remove "
            "it and run the command again."
        ) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


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


def target_of(name: str, pattern: str, place: str) -> str | None:
    """Where a member goes below the folder; None if it does not fit the pattern."""
    if not fnmatchcase(name, pattern):
        return None
    if not place.endswith("/"):
        return place
    return place + name.removeprefix(fixed_folders(pattern))


def fixed_folders(pattern: str) -> str:
    """The folders before a pattern's first ``*``: "a/b/c*.jpg" -> "a/b/"."""
    head, slash, _ = pattern.split("*")[0].rpartition("/")
    return head + slash


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


def _members(archive: Path, stack: ExitStack) -> list[Member]:
    if archive.suffix == ".zip":
        zipped = stack.enter_context(zipfile.ZipFile(archive))
        return [
            Member(i.filename, i.file_size, _zip_kind(i), lambda i=i: zipped.open(i))
            for i in zipped.infolist()
        ]
    tarred = stack.enter_context(tarfile.open(archive))  # noqa: SIM115
    return [
        Member(i.name, i.size, _tar_kind(i), lambda i=i: tarred.extractfile(i))
        for i in tarred.getmembers()
    ]


def _zip_kind(info: zipfile.ZipInfo) -> str:
    if info.is_dir():
        return "folder"
    # The Unix mode of the member, 0 where the archive was made elsewhere.
    kind = stat.S_IFMT(info.external_attr >> 16)
    return "file" if kind in (0, stat.S_IFREG) else "other"


def _tar_kind(info: tarfile.TarInfo) -> str:
    return "folder" if info.isdir() else "file" if info.isreg() else "other"


def _check_safe(archive: Path, member: Member) -> None:
    path = PurePosixPath(member.name)
    what = None
    if path.is_absolute() or "\\" in member.name or member.name[1:2] == ":":
        what = "is no path below a folder"
    elif ".." in path.parts:
        what = "leads out of the folder"
    elif member.kind == "other":
        what = "is a link or a device"
    if what:
        raise InputError(
            f"{archive}: member {member.name!r}: {what}. Nothing was unpacked. Do not "
            "use this archive; get it from its official source."
        )


def _choose(
    archive: Path, members: list[Member], places: Mapping[str, str], folder: Path
) -> dict[str, Member]:
    """The wanted members: place below the folder -> member."""
    files = [member for member in members if member.kind == "file"]
    chosen: dict[str, Member] = {}
    for pattern, place in places.items():
        found = [
            (target, member)
            for member in files
            if (target := target_of(member.name, pattern, place))
        ]
        if not found:
            some = ", ".join(repr(member.name) for member in files[:3]) or "no file"
            raise InputError(
                f"{archive}: archive: holds no {pattern!r} (it holds {some}, …). Put "
                f"what is wanted into {folder / place} by hand."
            )
        for target, member in found:
            if target in chosen:
                raise InputError(
                    f"{archive}: member {member.name!r}: goes to {target}, as another "
                    "does. Get the archive from its official source."
                )
            chosen[target] = member
    return chosen
