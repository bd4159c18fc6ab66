"""The one door for a picture: opened, decoded, upright, in colour, with its size."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cocofacet.io import InputError

# PIL reports broken files through all of these, by format.
_BROKEN = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)

# Modes of 32 bits, whole numbers and others -> the usual greatest values, white.
_RANGES = {"I": (255, 65535), "F": (1, 255)}


@cache
def _know_heif() -> None:
    """Open HEIC, as telephones write it, where pillow-heif is installed."""
    with suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    _know_heif()
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
    return header(path)[1]


def header(path: Path) -> tuple[str, int]:
    """A picture's format, as PIL calls it, and its pixels; as `pixels`."""
    with _opened(path) as image:
        return image.format or "unknown", image.width * image.height


def as_rgb(image: Image.Image) -> Image.Image:
    """The picture as a viewer shows it: upright, RGB, transparency on white.

    Raises InputError where the values of a picture of 32 bits have no known range.
    """
    name = getattr(image, "filename", "")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):  # convert() would clip all but the darkest
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in _RANGES:  # and here, too
        image = _eight_bits(image, name)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _eight_bits(image: Image.Image, name: str) -> Image.Image:
    """Grey of 32 bits, by the first of `_RANGES` that holds its values, else from the
    least to the greatest of them."""
    values = np.asarray(image, np.float64)
    least, most = float(values.min()), float(values.max())
    # Unsigned values past the signed ones come as negative numbers.
    if not np.isfinite(most - least) or (image.mode == "I" and least < 0):
        what = "holds negative values, or what is no number"
        raise InputError(f"{name}: image: {what}. Save it with 8 or 16 bits.")
    whole = [top for top in _RANGES[image.mode] if least >= 0 and most <= top]
    least, most = (0, whole[0]) if whole else (least, most)
    scaled = (values - least) * (255 / ((most - least) or 1))
    return Image.fromarray(np.rint(scaled).astype(np.uint8))
