"""The one door for a picture: opened, decoded, upright, in colour, with its size."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cocofacet.io import InputError

# PIL reports broken files through all of these, by format.
_BROKEN = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except _BROKEN as error:
        raise InputError(
            f"{path}: image: cannot be read ({error}). Fetch the file again or leave "
            "it out with `cocofacet build --images`."
        ) from None


def open_image(path: Path) -> Image.Image:
    """Read and decode a picture; InputError, naming the file, when that fails."""
    with _opened(path) as image:
        image.load()
        return image


def pixels(path: Path) -> int:
    """How many pixels a picture has, from its header; InputError as `open_image`."""
    with _opened(path) as image:
        return image.width * image.height


def as_rgb(image: Image.Image) -> Image.Image:
    """The picture as a viewer shows it: upright, RGB, transparency on white."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):  # convert() would clip all but the darkest
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
