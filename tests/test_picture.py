"""A picture is shown as a viewer shows it: upright, in colour, on white."""

import io
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from cocofacet import picture
from cocofacet.io import InputError
from cocofacet.picture import as_rgb, open_image

_BYTES = st.integers(0, 2**16)
_CHANGES = st.lists(st.tuples(_BYTES, _BYTES), max_size=8)


def test_pictures_of_every_mode_become_rgb():
    for mode in ("RGB", "L", "P", "CMYK", "1", "RGBA", "LA", "I;16", "I", "F"):
        image = as_rgb(Image.new(mode, (3, 2)))
        assert (image.mode, image.size) == ("RGB", (3, 2)), mode


def test_grey_stays_grey():
    assert as_rgb(Image.new("L", (1, 1), 77)).getpixel((0, 0)) == (77, 77, 77)
    deep = Image.fromarray(np.full((1, 1), 77 * 256, np.uint16))
    assert as_rgb(deep).getpixel((0, 0)) == (77, 77, 77)


def chunk(kind, content):
    size, digest = len(content), zlib.crc32(kind + content)
    return struct.pack(">I", size) + kind + content + struct.pack(">I", digest)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_grey_that_is_said_to_be_clear_is_white(bits, tmp_path):
    """In a PNG without an alpha channel."""
    step, letter = (257, "H") if bits == 16 else (1, "B")
    row = b"\0" + struct.pack(f">2{letter}", 77 * step, 99 * step)
    header = struct.pack(">IIBBBBB", 2, 1, bits, 0, 0, 0, 0)
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tRNS", struct.pack(">H", 77 * step))
        + chunk(b"IDAT", zlib.compress(row))
        + chunk(b"IEND", b"")
    )
    image = as_rgb(open_image(tmp_path / "a.png"))
    assert np.asarray(image)[0].tolist() == [[255] * 3, [99] * 3]


def test_a_large_photograph_is_opened_without_a_word(tmp_path):
    """PIL warns of it, and refuses twice as much."""
    Image.new("1", (10_000, 9_500)).save(tmp_path / "a.png")
    program = "import sys; from cocofacet import picture; picture.header(sys.argv[1])"
    command = [sys.executable, "-W", "error", "-c", program, str(tmp_path / "a.png")]
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""


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


def painted():
    """40 x 20, no two corners alike."""
    return Image.fromarray(np.arange(2400, dtype=np.uint8).reshape(20, 40, 3))


@pytest.mark.parametrize("orientation", range(10))
def test_each_orientation_is_turned_as_pillow_turns_it(orientation, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    painted().save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        expected = ImageOps.exif_transpose(image).convert("RGB")
    found = as_rgb(open_image(tmp_path / "a.png"))
    for again in (found, as_rgb(found)):  # turned once
        assert np.array_equal(np.asarray(again), np.asarray(expected))


@pytest.mark.parametrize(
    ("key", "text", "turned"),
    [
        ("Raw profile type exif", "\nexif\n 10\nzzzz", False),
        ("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>', True),
        ("XML:com.adobe.xmp", '<x tiff:Orientation="six"/>', False),
    ],
)
def test_other_places_of_an_orientation(key, text, turned, tmp_path):
    info = PngImagePlugin.PngInfo()
    info.add_itxt(key, text)
    painted().save(tmp_path / "a.png", pnginfo=info)
    shown = as_rgb(open_image(tmp_path / "a.png"))
    expected = (20, 40) if turned else (40, 20)
    assert as_rgb(shown).size == shown.size == expected


def test_nothing_else_opens_pictures():
    root = Path(picture.__file__).parent
    opening = re.compile(r"Image\.open|exif_transpose\(|imread|read_image|decode_jpeg")
    files = [path for path in root.rglob("*.py") if opening.search(path.read_text())]
    assert files == [Path(picture.__file__)]


def exif_of(*entries):
    """A block of EXIF with these entries: tag, type, count, four bytes or fewer."""
    block = b"II*\0" + struct.pack("<IH", 8, len(entries))
    for tag, kind, count, value in entries:
        block += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
    return block + bytes(4)


QUARTER = (0x0112, 3, 1, b"\6")
# Damaged EXIF -> whether its orientation can still be read.
DAMAGED = {
    "garbage": (b"no EXIF at all", False),
    "empty": (b"", False),
    "begins past the end": (b"II*\0" + struct.pack("<I", 2**31), False),
    "a word": (exif_of((0x0112, 2, 4, b"six")), False),
    "a fraction": (exif_of((0x0112, 11, 1, struct.pack("<f", 6))), True),
    "no number": (exif_of((0x0112, 11, 1, struct.pack("<f", np.nan))), False),
    "two of them": (exif_of((0x0112, 3, 2, struct.pack("<HH", 6, 6))), True),
    "billions of them": (exif_of((0x0112, 3, 2**31, b"\6")), False),
    "resolution a word": (exif_of(QUARTER, (0x011A, 2, 4, b"abc")), True),
    "resolution elsewhere": (exif_of(QUARTER, (0x011A, 5, 1, b"\xff\xff")), True),
    "strips a word": (exif_of((0x0111, 2, 4, b"abc"), QUARTER), True),
    "it holds itself": (exif_of(QUARTER, (0x8769, 4, 1, b"\x08")), True),
}


@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_exif_loses_neither_the_picture_nor_its_rotation(
    damage, kind, tmp_path
):
    block, readable = DAMAGED[damage]
    path = tmp_path / f"a.{kind}"
    block = b"Exif\0\0" + block if kind == "jpg" else block
    painted().save(path, exif=block)
    image = as_rgb(open_image(path))
    assert image.size == ((20, 40) if readable else (40, 20))


def broken(folder):
    """Name -> bytes that are no whole picture."""
    painted().save(folder / "a.tif")
    tiff = bytearray((folder / "a.tif").read_bytes())
    strips = tiff.find(struct.pack("<HH", 0x0111, 4))
    tiff[strips + 2] = 2  # the offsets of the strips, as a word
    painted().save(folder / "a.jpg")
    painted().save(folder / "a.png")
    return {
        "empty.jpg": b"",
        "text.jpg": b"hello",
        "cut.jpg": (folder / "a.jpg").read_bytes()[:300],
        "cut.png": (folder / "a.png").read_bytes()[:60],
        "strips.tif": bytes(tiff),
    }


def test_a_broken_picture_is_one_line_with_its_name(tmp_path):
    for name, content in broken(tmp_path).items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match="image: cannot be read") as refused:
            as_rgb(open_image(path))
        said = str(refused.value)
        assert said.startswith(f"{path}: image: ") and "\n" not in said


def test_a_name_that_no_file_can_have_and_a_bomb_are_one_line(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"a\.jpg: image: cannot be read"):
        open_image(tmp_path / f"{300 * 'a'}.jpg")
    painted().save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(InputError, match=r"large\.png: image: cannot be read"):
        open_image(tmp_path / "large.png")


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif", "tiff", "bmp"])
@given(
    cut=st.integers(0, 4000), changes=st.lists(st.tuples(_BYTES, _BYTES), max_size=8)
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_whatever_the_bytes_it_is_a_picture_or_refused(
    kind, cut, changes, tmp_path_factory
):
    buffer = io.BytesIO()
    painted().save(buffer, kind)
    content = bytearray(buffer.getvalue())
    for place, value in changes:
        content[place % len(content)] = value % 256
    path = tmp_path_factory.getbasetemp() / f"fuzzed.{kind}"
    path.write_bytes(content[: cut or None])
    try:
        image = as_rgb(open_image(path))
    except InputError as refused:
        assert str(path) in str(refused)
    else:
        assert image.mode == "RGB"
