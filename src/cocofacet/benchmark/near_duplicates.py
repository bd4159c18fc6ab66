"""The same photograph in two sources: found by perceptual hash, and dropped once."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cocofacet.benchmark.labels import Labelled
from cocofacet.picture import as_rgb, open_image

# The most bits in which the 64-bit hashes of near duplicates differ. The same
# photograph at another size or quality keeps all but a few bits; two different
# photographs differ in about half of them.
NEAR = 4


def repetitions(labelled: Labelled, files: Mapping[str, Path | None]) -> dict[str, str]:
    """Images that repeat one of an earlier source -> that earlier image."""
    order = list(dict.fromkeys(labelled.origin.values()))
    if len(order) < 2:
        return {}
    names = sorted(labelled.origin, key=lambda n: (order.index(labelled.origin[n]), n))
    hashes = {name: perceptual_hash(files[name]) for name in names}
    return near_duplicates(hashes, labelled.origin)


def perceptual_hash(path: Path) -> np.ndarray:
    """The 64-bit perceptual hash (pHash) of a picture: (64,) bool.

    Raises:
        InputError: the file is no picture or is cut short.
    """
    import imagehash  # imports SciPy, which only this check needs

    return imagehash.phash(as_rgb(open_image(path))).hash.reshape(-1)


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
