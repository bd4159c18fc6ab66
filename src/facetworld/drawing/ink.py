"""A second style: the same picture as an ink drawing with washes on rough paper.

It works on the finished canvas, so that scenes, layout and truth stay as they are: the
hand trembles a little, colours thin out to washes, and where two colours meet there
runs a line of ink.
"""

from functools import lru_cache

import numpy as np
from PIL import Image

PAPER = np.array([250, 241, 220], np.float32)
INK = np.array([46, 40, 62], np.float32)
COLOUR = 0.66  # how much of a colour's saturation a wash keeps
DEPTH = 0.78  # how much of a colour's darkness


def ink(canvas: Image.Image, scale: int) -> Image.Image:
    """The RGB canvas redrawn, and reduced by `scale`."""
    width, height = canvas.size
    tremble, grain = _sheet(width, height, scale)
    pixels = np.asarray(canvas).reshape(-1, 3)
    colours = pixels.take(tremble, axis=0).reshape(height, width, 3)
    lines = np.asarray(Image.fromarray(_lines(colours)).reduce(scale), np.float32)
    wash = np.asarray(Image.fromarray(colours).reduce(scale), np.float32)
    grey = wash.mean(-1, keepdims=True)
    wash = grey + (wash - grey) * COLOUR
    wash = PAPER * (1 - DEPTH * (1 - wash / 255)) * grain
    drawn = wash + (INK - wash) * (lines / 255)[..., None]
    return Image.fromarray(np.clip(drawn, 0, 255).astype(np.uint8))


def _lines(colours: np.ndarray) -> np.ndarray:
    """How much ink (H, W), 0 to 255: where neighbouring colours differ."""
    c = colours.astype(np.int16)
    step = np.zeros(c.shape[:2], np.int16)
    across, down = np.abs(c[:, 2:] - c[:, :-2]), np.abs(c[2:] - c[:-2])
    step[:, 1:-1] = across[..., 0] + across[..., 1] + across[..., 2]
    step[1:-1] += down[..., 0] + down[..., 1] + down[..., 2]
    return (np.clip(step - 34, 0, 80) * 2.9).astype(np.uint8)


@lru_cache(maxsize=4)
def _sheet(width: int, height: int, scale: int):
    """Where a trembling hand reads each pixel (H * W), and the paper's grain."""
    rng = np.random.default_rng(1)

    def noise(w: int, h: int, cells: int, low: float, high: float) -> np.ndarray:
        coarse = rng.uniform(0, 255, (cells, cells)).astype(np.uint8)
        smooth = Image.fromarray(coarse).resize((w, h), Image.Resampling.BICUBIC)
        return low + np.asarray(smooth, np.float32) / 255 * (high - low)

    reach = width / 128 * 0.7
    y, x = np.indices((height, width))
    y = np.clip(y + np.rint(noise(width, height, 26, -reach, reach)), 0, height - 1)
    x = np.clip(x + np.rint(noise(width, height, 26, -reach, reach)), 0, width - 1)
    tremble = (y * width + x).astype(np.intp).ravel()
    small = width // scale, height // scale
    grain = noise(*small, 9, 0.94, 1.05) * noise(*small, 128, 0.95, 1.04)
    return tremble, grain[..., None]
