"""The images as files: their names, and where they lie."""

import hashlib
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Official names that stand in a folder of their split, and those that stand in none.
_IN_SPLIT = re.compile(r"\d{12}\.jpg")
_IN_NONE = re.compile(r"v7w_\d+\.jpg|VisualDialog_[a-z]+\d+_\d{12}\.jpg")
_SPLIT = re.compile(r"(train|val|test|unlabeled)20\d\d")
# Characters that end a line, or that no file's name may hold.
_NO_NAME = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
LONGEST = 255  # bytes that file systems allow a part of a path


def leaves_the_folder(name: str) -> bool:
    """Whether an image's name, joined to the images folder, would lead out of it."""
    drive = re.match("[A-Za-z]:", name)
    return name.startswith("/") or ".." in name.split("/") or bool(drive)


@cache
def official_name(name: str, split: str = "val2017") -> str:
    """The one form of an image's name, by which the records of all files are joined.

    Written as an address, with backslashes, or with folders of one's own, a picture of
    COCO, Visual7W or VisDial has its official path, in ``split`` where no folder names
    one. Other names keep their folders. Raises ValueError for what is no path.

    >>> official_name("images\\\\000000000139.jpg")
    'val2017/000000000139.jpg'
    """
    path = unquote(urlsplit(name).path).lstrip("/") if "://" in name else name
    if _NO_NAME.search(name + path):
        raise ValueError(f"{name!r} holds a line break or another control character")
    path = path.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if leaves_the_folder(path):
        raise ValueError(f"{name!r} leaves the images folder")
    if not parts or max(len(part.encode()) for part in parts) > LONGEST:
        raise ValueError(f"{name[:40]!r} is no path")
    if _IN_NONE.fullmatch(parts[-1]):
        return parts[-1]
    if _IN_SPLIT.fullmatch(parts[-1]):
        return f"{split_of(path, split)}/{parts[-1]}"
    return "/".join(parts)


def split_of(path: str, otherwise: str = "val2017") -> str:
    """The folder of a split that a path or an address names last."""
    named = [part for part in path.split("/") if _SPLIT.fullmatch(part)]
    return (named or [otherwise])[-1]


def find(root: Path, name: str) -> Path | None:
    """The file of an image, or None if it is not there.

    name is its official path below ``root`` (``val2017/000000000139.jpg``). ``root``
    may also hold the file directly (``000000000139.jpg``).
    """
    for path in (Path(root) / name, Path(root) / Path(name).name):
        if path.is_file():
            return path
    return None


def path_of(root: Path, name: str) -> Path:
    """The file of an image; where it would be, if it is not there."""
    return find(root, name) or Path(root) / name


def by_hash(name: str) -> str:
    """A key that puts names in an arbitrary order, always the same: the first N in
    this order are a fair sample."""
    return hashlib.sha256(name.encode()).hexdigest()
