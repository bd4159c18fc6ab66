"""The images as files: their names, and where they lie."""

import hashlib
from pathlib import Path


def leaves_the_folder(name: str) -> bool:
    """Whether an image's name, joined to the images folder, would lead out of it."""
    return name.startswith("/") or ".." in name.split("/")


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
