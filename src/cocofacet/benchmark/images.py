"""The images as files: where they lie, and which of them are near duplicates."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cocofacet.picture import open_image

# The most bits in which the 64-bit hashes of near duplicates differ. The same
# photograph at another size or quality keeps all but a few bits; two different
# photographs differ in about half of them.
NEAR = 4


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


def perceptual_hash(path: Path) -> np.ndarray:
    """The 64-bit perceptual hash (pHash) of a picture: (64,) bool.

    Raises:
        InputError: the file is no picture or is cut short.
    """
    import imagehash  # imports SciPy, which only this check needs

    return imagehash.phash(open_image(path)).hash.reshape(-1)


def near_duplicates(
    hashes: Mapping[str, np.ndarray], origin: Mapping[str, str]
) -> dict[str, str]:
    """Images that repeat an earlier one of *another* source -> that earlier image.

    hashes maps image -> perceptual hash, (64,) bool; origin: image -> its source.
    Earlier means earlier in ``hashes``. Nothing is a repetition of a repetition.
    """
    names = list(hashes)
    if not names:
        return {}
    bits = np.stack([hashes[name] for name in names])  # (N, 64)
    signs = bits.astype(np.float32) * 2 - 1  # -1 or 1
    distance = (bits.shape[1] - signs @ signs.T) / 2  # Hamming, (N, N)
    repeats: dict[str, str] = {}
    for row, name in enumerate(names):
        for column in np.flatnonzero(distance[row, :row] <= NEAR):
            earlier = names[column]
            if origin[earlier] != origin[name] and earlier not in repeats:
                repeats[name] = earlier
                break
    return repeats
