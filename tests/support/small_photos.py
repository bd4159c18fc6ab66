"""Small pictures in many colours, as folders of photographs for tests."""

from pathlib import Path

import numpy as np
from PIL import Image


def paint(path: Path, number: int, side: int = 8, **save: object) -> Path:
    """A picture whose colour is its number's own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = np.random.default_rng(number).integers(0, 256, 3, dtype=np.uint8)
    pixels = np.broadcast_to(colour, (side, side, 3))
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, **save)
    return path


def paint_all(folder: Path, numbers: range) -> Path:
    for number in numbers:
        paint(folder / f"{number:04d}.png", number)
    return folder
