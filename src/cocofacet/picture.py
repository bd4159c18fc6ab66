"""The one door for a picture: opened, decoded, upright, in colour, with its size."""

import errno
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from cocofacet.io import InputError

# That some field of a picture's EXIF is damaged, which nobody here reads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")
# PIL refuses twice this size; up to there it is a large photograph.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

_ORIENTATION = 0x0112  # the tag in EXIF
# Where a picture's `info` keeps it.
_ORIENTED = {"exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp"}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

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
    with _reading(path):
        if stat.S_ISFIFO(os.stat(path).st_mode):  # opening it might wait for ever
            raise OSError(errno.EINVAL, "it is a pipe")
        with Image.open(path) as image:
            yield image


@contextmanager
def _reading(name: object) -> Iterator[None]:
    """InputError, naming the file, where a picture cannot be read."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:  # by format PIL reports a broken file through any
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        why = " ".join(why.split())
        raise InputError(
            f"{name}: image: cannot be read ({why}). Fetch the file again or leave "
            "it out with `cocofacet build --images`."
        ) from None


def open_image(path: Path, least: int | None = None) -> Image.Image:
    """Read and decode a picture; InputError, naming the file, when that fails.

    least: pixels a side that suffice; a JPEG is then decoded to that or little more,
    which for a photograph is several times as fast.
    """
    with _opened(path) as image:
        if least:
            image.draft(None, (least, least))
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
    with _reading(name):
        image = _upright(image)
        if image.mode.startswith("I;16"):  # convert() would clip all but the darkest
            deep, clear = np.asarray(image), image.info.get("transparency")
            image = Image.fromarray((deep >> 8).astype(np.uint8))
            if isinstance(clear, int):  # a grey that is not there
                image.putalpha(Image.fromarray(np.uint8(255) * (deep != clear)))
        elif image.mode in _RANGES:  # and here, too
            image = _eight_bits(image, name)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image)
        return image.convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF says; as it is where that says nothing that can be read.

    PIL's own ``exif_transpose`` also writes the EXIF again, which fails where any field
    of it is damaged.
    """
    try:
        turn = image.getexif().get(_ORIENTATION)
        turn = turn[0] if isinstance(turn, tuple) else turn
        method = _TURNS.get(turn)
    except Exception:  # as in `_opened`
        method = None
    if method is None:
        return image
    image = image.transpose(method)
    for said in _ORIENTED & image.info.keys():  # or it would be turned again
        del image.info[said]
    return image


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
