"""A picture is shown as a viewer shows it: upright, in colour, on white."""

import numpy as np
import pytest
from PIL import Image

from cocofacet.io import InputError
from cocofacet.picture import as_rgb, open_image


def test_pictures_of_every_mode_become_rgb():
    for mode in ("RGB", "L", "P", "CMYK", "1", "RGBA", "LA", "I;16", "I", "F"):
        image = as_rgb(Image.new(mode, (3, 2)))
        assert (image.mode, image.size) == ("RGB", (3, 2)), mode


def test_grey_stays_grey():
    assert as_rgb(Image.new("L", (1, 1), 77)).getpixel((0, 0)) == (77, 77, 77)
    deep = Image.fromarray(np.full((1, 1), 77 * 256, np.uint16))
    assert as_rgb(deep).getpixel((0, 0)) == (77, 77, 77)


GREYS = {  # what the pixels are -> what the viewer shows
    "I, 8 bits": (np.int32, [0, 77, 255], [0, 77, 255]),
    "I, 16 bits": (np.int32, [0, 77 * 257, 65535], [0, 77, 255]),
    "I, 32 bits": (np.int32, [10**9, 10**9 + 510, 10**9 + 1020], [0, 128, 255]),
    "I, all the same": (np.int32, [10**9] * 3, [0, 0, 0]),
    "F, to 1": (np.float32, [0, 77 / 255, 1], [0, 77, 255]),
    "F, 8 bits": (np.float32, [0, 77, 254], [0, 77, 254]),
    "F, any": (np.float32, [-1000, 0, 1000], [0, 128, 255]),
}


@pytest.mark.parametrize("kind", GREYS)
def test_grey_of_32_bits_is_not_clipped(kind, tmp_path):
    dtype, values, shown = GREYS[kind]
    Image.fromarray(np.array([values], dtype)).save(tmp_path / "a.tiff")
    image = open_image(tmp_path / "a.tiff")
    assert image.mode == kind[0]
    assert np.asarray(as_rgb(image))[0].tolist() == [[grey] * 3 for grey in shown]


@pytest.mark.parametrize(
    "values",
    [
        np.array([[0, 2**32 - 1]], np.uint32),  # read as -1
        np.array([[0, np.nan]], np.float32),
        np.array([[0, np.inf]], np.float32),
    ],
)
def test_values_of_no_known_range_are_refused(values, tmp_path):
    Image.fromarray(values).save(tmp_path / "a.tiff")
    with pytest.raises(InputError, match=r"a\.tiff: image: holds negative values, or"):
        as_rgb(open_image(tmp_path / "a.tiff"))


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
