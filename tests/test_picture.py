"""A picture is shown as a viewer shows it: upright, in colour, on white."""

import numpy as np
from PIL import Image

from cocofacet.picture import as_rgb


def test_pictures_of_every_mode_become_rgb():
    for mode in ("RGB", "L", "P", "CMYK", "1", "RGBA", "LA", "I;16", "I", "F"):
        image = as_rgb(Image.new(mode, (3, 2)))
        assert (image.mode, image.size) == ("RGB", (3, 2)), mode


def test_grey_stays_grey():
    assert as_rgb(Image.new("L", (1, 1), 77)).getpixel((0, 0)) == (77, 77, 77)
    deep = Image.fromarray(np.full((1, 1), 77 * 256, np.uint16))
    assert as_rgb(deep).getpixel((0, 0)) == (77, 77, 77)


def test_palette_is_looked_up():
    red = Image.new("RGB", (1, 1), (200, 10, 20)).quantize(4)
    assert as_rgb(red).getpixel((0, 0)) == (200, 10, 20)


def test_transparency_shows_white_and_not_what_hides_below():
    assert (
        as_rgb(Image.new("RGBA", (1, 1), (9, 9, 9, 0))).getpixel((0, 0)) == (255,) * 3
    )


def test_a_camera_held_sideways_is_turned_upright(tmp_path):
    sideways = Image.new("RGB", (3, 2), "blue")
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by a quarter
    sideways.save(tmp_path / "a.jpg", exif=exif)
    with Image.open(tmp_path / "a.jpg") as image:
        assert as_rgb(image).size == (2, 3)
