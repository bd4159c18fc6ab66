"""A pen that draws shapes on a grid of 128 units, and the canvas redrawn in ink.

The origin is top left. The canvas is `SCALE` times as fine, and reducing it smooths
every edge. With a pen that paints one number, the same code draws a silhouette.
"""

from functools import lru_cache
from math import ceil

import numpy as np
from PIL import Image, ImageDraw

SIDE = 128
SCALE = 3


class Solid(dict):
    """Every colour becomes one number: the light of silhouettes."""

    def __init__(self, number: int):
        super().__init__()
        self.number = number

    def __missing__(self, colour):
        return self.number


class Pen:
    """Draws on `image` in the colours of `shade` (a mapping colour -> pixel)."""

    def __init__(self, image, shade, x=0.0, y=0.0):
        self.image, self.shade = image, shade
        self.draw = ImageDraw.Draw(image)
        self.solid = isinstance(shade, Solid)
        self.x, self.y = x * SCALE, y * SCALE
        self.kx = self.ky = float(SCALE)

    def at(self, x, y, size=1.0, flip=False) -> "Pen":
        """A pen whose origin, size and direction are set relative to this one's."""
        new = object.__new__(Pen)
        new.__dict__.update(self.__dict__)
        new.x, new.y = self.x + x * self.kx, self.y + y * self.ky
        new.kx = self.kx * size * (-1 if flip else 1)
        new.ky = self.ky * size
        return new

    def lit(self, shade) -> "Pen":
        """The same pen in another light."""
        new = self.at(0, 0)
        new.shade = self.shade if self.solid else shade
        return new

    def _px(self, points):
        x, y, kx, ky = self.x, self.y, self.kx, self.ky
        return [(x + px * kx, y + py * ky) for px, py in points]

    def _span(self, x0, y0, x1, y1):
        (a, b), (c, d) = self._px(((x0, y0), (x1, y1)))
        return min(a, c), min(b, d), max(a, c), max(b, d)

    def poly(self, points, colour):
        self.draw.polygon(self._px(points), fill=self.shade[colour])

    def smooth(self, points, colour):
        """A closed curve through the points."""
        self.draw.polygon(self._px(_spline(tuple(points))), fill=self.shade[colour])

    def oval(self, x, y, rx, ry, colour):
        span = self._span(x - rx, y - ry, x + rx, y + ry)
        self.draw.ellipse(span, fill=self.shade[colour])

    def box(self, x0, y0, x1, y1, colour, r=0.0):
        span, colour = self._span(x0, y0, x1, y1), self.shade[colour]
        if r:
            self.draw.rounded_rectangle(span, radius=r * self.ky, fill=colour)
        else:
            self.draw.rectangle(span, fill=colour)

    def line(self, points, width, colour):
        """A stroke with round ends and joints."""
        points, colour = self._px(points), self.shade[colour]
        w = max(1, round(width * self.ky))
        self.draw.line(points, fill=colour, width=w, joint="curve")
        if w > 2:
            r = w / 2
            for x, y in (points[0], points[-1]):
                self.draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def ring(self, x, y, r, width, colour):
        """A circle's rim; in a silhouette the whole disc, as annotators draw it."""
        span, colour = self._span(x - r, y - r, x + r, y + r), self.shade[colour]
        if self.solid:
            self.draw.ellipse(span, fill=colour)
        else:
            self.draw.ellipse(span, outline=colour, width=round(width * self.ky))

    def fan(self, x, y, r, start, end, colour):
        """A slice of a disc; degrees run clockwise from three o'clock."""
        if self.kx < 0:
            start, end = 180 - end, 180 - start
        span = self._span(x - r, y - r, x + r, y + r)
        self.draw.pieslice(span, start, end, fill=self.shade[colour])

    def veil(self, x, y, rx, ry, colour, share):
        """A soft spot: the colour at `share` in the middle, nothing at the rim."""
        if self.solid:
            return
        x0, y0, x1, y1 = self._span(x - rx, y - ry, x + rx, y + ry)
        size = max(1, ceil(x1 - x0)), max(1, ceil(y1 - y0))
        mask = _spot(*size, share)
        self.image.paste(self.shade[colour], (round(x0), round(y0)), mask)

    def band(self, y0, y1, width, colour, share):
        """A soft band across the picture, strongest half-way down."""
        left, top, right, bottom = (round(v) for v in self._span(0, y0, width, y1))
        mask = _band(right - left, bottom - top, share)
        self.image.paste(self.shade[colour], (left, top), mask)


@lru_cache(maxsize=256)
def _spline(points):
    """Catmull-Rom through the points, closed."""
    p = np.asarray(points, float)
    a, b, c, d = np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)
    t = np.arange(5)[:, None, None] / 5
    curve = 0.5 * (
        2 * b
        + (c - a) * t
        + (2 * a - 5 * b + 4 * c - d) * t**2
        + (3 * b - 3 * c + d - a) * t**3
    )
    return tuple(map(tuple, curve.transpose(1, 0, 2).reshape(-1, 2).tolist()))


@lru_cache(maxsize=512)
def _spot(width, height, share):
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    fall = np.clip(1 - np.sqrt(x * x + y * y), 0, 1)
    fall = fall * fall * (3 - 2 * fall)
    return Image.fromarray((255 * share * fall).astype(np.uint8))


@lru_cache(maxsize=64)
def _band(width, height, share):
    fall = np.sin(np.linspace(0, np.pi, height)) ** 2
    column = (255 * share * fall).astype(np.uint8)[:, None]
    return Image.fromarray(np.repeat(column, width, axis=1))


def gradient(colours, width, height) -> Image.Image:
    """Colours from top to bottom, evenly spaced, blended in between."""
    return _gradient(tuple(colours), round(width * SCALE), round(height * SCALE))


@lru_cache(maxsize=128)
def _gradient(colours, width, height):
    at = np.linspace(0, len(colours) - 1, height)
    channels = np.asarray(colours, float).T
    rows = [np.interp(at, range(len(colours)), channel) for channel in channels]
    column = np.stack(rows, -1).round().astype(np.uint8)[:, None]
    return Image.fromarray(np.repeat(column, width, axis=1))


# The second style: an ink drawing with washes on rough paper.
PAPER = np.array([250, 241, 220], np.float32)
INK = np.array([46, 40, 62], np.float32)
COLOUR = 0.66  # how much of a colour's saturation a wash keeps
DEPTH = 0.78  # how much of a colour's darkness


def ink(canvas: Image.Image, scale: int) -> Image.Image:
    """The finished RGB canvas redrawn in ink, and reduced by `scale`.

    The hand trembles a little, colours thin out to washes, and a line of ink runs
    where two colours meet. Scene and layout stay as they are.
    """
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
