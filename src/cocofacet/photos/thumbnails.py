"""Small copies of photographs, for pages."""

import io
from pathlib import Path

from cocofacet.picture import as_rgb, open_image

QUALITY = 80  # of a JPEG


def thumbnail(path: Path, size: int) -> bytes:
    """A picture as a JPEG whose longer side has ``size`` pixels at most: upright, on
    white, and its pixels alone (no place, no comment). A picture that is smaller keeps
    its size; InputError where it cannot be read."""
    small = as_rgb(open_image(path, size))
    small.thumbnail((size, size))
    small.info = {}
    made = io.BytesIO()
    small.save(made, "JPEG", quality=QUALITY, optimize=True)
    return made.getvalue()
