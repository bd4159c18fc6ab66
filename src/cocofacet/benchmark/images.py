"""The pictures themselves: where they lie, and which are nearly the same."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cocofacet.picture import open_image

# Of the 64 bits of a perceptual hash. The same photograph at another size or quality
# keeps all but a few; two different photographs differ in about half.
NEAR = 4


def find(root: Path, name: str) -> Path | None:
    """The file of an image, or None if it is not there.

    name is its official path below ``root`` (``val2017/000000000139.jpg``); a folder
    that holds the files directly (``000000000139.jpg``) serves as well.
    """
    for path in (Path(root) / name, Path(root) / Path(name).name):
        if path.is_file():
            return path
    return None


def path_of(root: Path, name: str) -> Path:
    """The file of an image; where it would be, if it is not there."""
    return find(root, name) or Path(root) / name


def by_hash(name: str) -> str:
    """A key to sort names by, so that the first few are chosen without preference and
    the same every time."""
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

    hashes and origin are keyed by image; earlier means earlier in ``hashes``. An image
    that is itself a repetition stands for no other.
    """
    names = list(hashes)
    if not names:
        return {}
    bits = np.stack([hashes[name] for name in names]).astype(np.float32) * 2 - 1
    distance = (bits.shape[1] - bits @ bits.T) / 2  # (N, N), Hamming
    repeats: dict[str, str] = {}
    for row, name in enumerate(names):
        for column in np.flatnonzero(distance[row, :row] <= NEAR):
            earlier = names[column]
            if origin[earlier] != origin[name] and earlier not in repeats:
                repeats[name] = earlier
                break
    return repeats
