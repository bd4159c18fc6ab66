"""Small copies of photographs."""

import io
import re

import pytest
from PIL import Image

from cocofacet.io import InputError
from cocofacet.photos.thumbnails import thumbnail
from cocofacet.picture import open_image


def made(path, size):
    return Image.open(io.BytesIO(thumbnail(path, size)))


def test_it_is_upright_small_and_says_nothing_else(tmp_path):
    photograph = Image.new("RGB", (1200, 800), "blue")
    photograph.paste("red", (0, 0, 100, 800))  # left, which is the top when upright
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    photograph.save(tmp_path / "a.jpg", exif=exif, comment="at home")
    small = made(tmp_path / "a.jpg", 90)
    assert (small.format, small.mode, small.size) == ("JPEG", "RGB", (60, 90))
    assert small.getpixel((30, 3))[0] > 200 > 50 > small.getpixel((30, 80))[0]
    assert not small.getexif() and "comment" not in small.info


def test_transparency_is_white_and_a_small_picture_stays_small(tmp_path):
    Image.new("RGBA", (12, 8), (0, 0, 0, 0)).save(tmp_path / "a.png")
    small = made(tmp_path / "a.png", 90)
    assert small.size == (12, 8) and small.getpixel((3, 3)) == (255, 255, 255)


def test_of_a_jpeg_no_more_is_decoded_than_needed(tmp_path):
    Image.new("RGB", (1200, 800)).save(tmp_path / "a.jpg")
    assert open_image(tmp_path / "a.jpg").size == (1200, 800)
    assert open_image(tmp_path / "a.jpg", 90).size == (150, 100)


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / 'a.jpg'}: image: ")):
        thumbnail(tmp_path / "a.jpg", 90)
