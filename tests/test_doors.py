"""Whatever comes through a door ends with a value or with one clear line.

The doors: JSON, tables, pictures, archives, parameters. What hypothesis makes is mostly
sound things, damaged. `make check-more` tries many more.
"""

import io
import json
import shutil
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cocofacet import cli_options, parameters, profiles
from cocofacet.fetch import fetch
from cocofacet.fetch.catalog import ORIGINS, File, Origin
from cocofacet.io import InputError, checked_name, read_json, read_table
from cocofacet.picture import as_rgb, header, open_image

# Half characters, control characters, names of folders above.
texts = st.text(st.characters(codec=None)) | st.sampled_from(
    ["", "..", "../x", "a\0b", "\ud83d", "\n", "NaN", "1e999", "x" * 300]
)
numbers = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 2**63])
anything = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=10,
)


@st.composite
def damaged(draw, sound):
    """Bytes of ``sound``, some of them overwritten, then cut, then more appended."""
    content = bytearray(draw(sound))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(content)))
        noise = draw(st.binary(min_size=1, max_size=4))
        content[place : place + draw(st.sampled_from([len(noise), 0]))] = noise
    end = draw(st.none() | st.integers(0, len(content)))
    return bytes(content[:end]) + draw(st.just(b"") | st.binary(max_size=20))


# JSON: what the library writes, with numbers and texts that it should not have.


def written(content, ascii_only=True):
    text = json.dumps(content, ensure_ascii=ascii_only)
    return text.encode("utf-8", "surrogatepass")


deep = st.builds(
    lambda depth, start: start * depth, st.integers(1, 20_000), st.sampled_from(
        [b"[", b'{"a":', b'[{"a":']
    )
)  # fmt: skip
digits = st.builds(
    lambda sign, count, end: b"[%s%s%s]" % (sign, b"7" * count, end),
    st.sampled_from([b"", b"-"]),
    st.integers(1, 6000),
    st.sampled_from([b"", b".5", b"e9", b"e-9"]),
)
json_files = (
    damaged(st.builds(written, anything, st.booleans())) | deep | digits | st.binary()
)


def read_as_json(folder, content):
    path = folder / "a.json"
    path.write_bytes(content)
    found = []
    for kind in (dict, list):
        for each in (None, lambda item: item):
            try:
                found.append(read_json(path, kind, each=each))
            except InputError as error:
                found.append(None)
                assert str(path) in str(error) and "\n" not in str(error)
    assert found[0] == found[1] and found[2] == found[3], "whole, and item by item"
    for each in found:  # what came in can go out
        json.dumps(each, ensure_ascii=False, allow_nan=False).encode()


# Tables.

cells = st.sampled_from(
    ["1", "20", "-1", "0", "", "nan", "1e3", "x", '"a,b"', "9" * 400]
)
tables = st.lists(st.lists(cells, min_size=3, max_size=3), max_size=4).map(
    lambda rows: "".join(
        f"{','.join(row)}\n" for row in [["label", "rank", "share"], *rows]
    ).encode()
)


def read_as_table(folder, content):
    path = folder / "a.csv"
    path.write_bytes(content)
    table = read_table(path, text=["label"], ranks=["rank"], numbers=["share"])
    assert table["rank"].between(1, 100).all() and np.isfinite(table["share"]).all()
    assert all(isinstance(label, str) for label in table["label"])


# Pictures, and their EXIF data.


def saved(form, mode, exif):
    made = io.BytesIO()
    image = Image.new(mode, (5, 3), 1 if mode in "LPI" else None)
    if mode == "RGBA" and form == "JPEG":
        image = image.convert("CMYK")
    image.save(made, form, **({"exif": exif} if exif else {}))
    return made.getvalue()


def turned(tag, kind, count, value):
    """EXIF data of an orientation, and of another tag."""
    entries = b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + tag + kind + count + value
    return b"II*\0\x08\0\0\0\x02\0" + entries + bytes(4)


tags = st.sampled_from([0x111, 0x112, 0x11A, 0x128, 0x8769, 0x8825, 0x927C])
exif = st.builds(
    turned,
    tags.map(lambda tag: tag.to_bytes(2, "little")),
    st.integers(0, 14).map(lambda kind: kind.to_bytes(2, "little")),
    st.sampled_from([0, 1, 4, 2**31]).map(lambda count: count.to_bytes(4, "little")),
    st.binary(min_size=4, max_size=4),
)
pictures = st.builds(
    saved,
    st.sampled_from(["PNG", "JPEG", "WEBP"]),
    st.sampled_from(["RGB", "L", "RGBA"]),
    st.none() | exif | damaged(exif) | st.binary(max_size=30),
) | st.builds(
    saved,
    st.sampled_from(["TIFF", "GIF", "BMP", "TGA"]),
    st.sampled_from(["RGB", "L", "P"]),
    st.none(),
)  # fmt: skip


def read_as_picture(folder, content):
    path = folder / "a.jpg"
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        # A size of millions of pixels is sound, and only slow.
        patch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
        header(path)
        shown = as_rgb(open_image(path))
    assert shown.mode == "RGB" and min(shown.size) > 0
    assert as_rgb(shown).tobytes() == shown.tobytes()


# Archives: their members, and their bytes.

names = st.sampled_from(
    [
        *("in/a.jpg", "in/b.jpg", "in/a.jpg/c.jpg", "in/", "in/../../x.jpg", "/x.jpg"),
        *("in/\udc80.jpg", "in/._a.jpg", "__MACOSX/a.jpg", "in/" + "x" * 300 + ".jpg"),
        *("in\\a.jpg", "C:a.jpg", "in/a\nb.jpg", "in/a\0b.jpg", "", ".", "other"),
    ]
)
members = st.lists(st.tuples(names, st.binary(max_size=20)), max_size=4)


def zipped(files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            # Without half characters, which no zip file can hold.
            archive.writestr(name.replace("\udc80", "?") or "none", content)
    return made.getvalue()


def tarred(files, kind):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(content), kind, "in/a.jpg"
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


kinds = st.sampled_from([tarfile.REGTYPE] * 5 + [tarfile.SYMTYPE, tarfile.FIFOTYPE])
archives = st.tuples(st.just("a.zip"), damaged(st.builds(zipped, members))) | st.tuples(
    st.just("a.tar.gz"), damaged(st.builds(tarred, members, kinds))
)


def unpacked(folder, archive):
    """As if saved by hand: nothing is asked of a server."""
    name, content = archive
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    (out / "downloads").mkdir(parents=True)
    (out / "downloads" / name).write_bytes(content)
    file = File(name, ("http://127.0.0.1:1/none",), {"in/*.jpg": "images/"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ORIGINS, "fuzz", Origin("testing", "none", (file,)))
        try:
            fetch.fetch(["fuzz"], out, tell=lambda line: None)
        except InputError:  # a list of what failed, a line each
            failed = json.loads((out / fetch.FAILED).read_text())
            assert all("\n" not in line for line in failed.values())
            assert not (out / "images").exists()
        else:
            assert any((out / "images").iterdir())
    assert {path.name for path in folder.iterdir()} == {"out"}


# Parameters of notebooks and profiles.


def checked(_, given):
    name, value = given
    for door in (
        lambda: parameters.check({name: value}),
        lambda: profiles.MINI.changed({name: value}),
        lambda: profiles.MINI.changed(parameters.changes_in(value)),
        lambda: checked_name("run", parameters.run_named(value)),
        lambda: profiles.profile_named(value if isinstance(value, str) else name),
        lambda: cli_options.fields([f"{name}={value}"[:9999]]),
    ):
        try:
            door()
        except InputError as error:
            assert "\n" not in str(error)


named = st.sampled_from([*parameters.KINDS, *profiles.CHANGEABLE]) | texts
json_text = anything.map(lambda content: written(content).decode())
given_parameters = st.tuples(named, anything | json_text)


DOORS = {
    "JSON": (json_files, read_as_json),
    "table": (damaged(tables), read_as_table),
    "picture": (damaged(pictures) | pictures, read_as_picture),
    "archive": (archives, unpacked),
    "parameter": (given_parameters, checked),
}


def enter(door, folder, examples, **how):
    contents, function = DOORS[door]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        **how,
    )
    @given(contents)
    def one(content):
        try:
            function(folder, content)
        except InputError as error:
            assert str(folder) in str(error) and "\n" not in str(error)

    one()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("door", DOORS)
def test_a_door_gives_a_value_or_one_line(door, tmp_path):
    enter(door, tmp_path, 100, derandomize=True)


@pytest.mark.more
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("door", DOORS)
def test_a_door_gives_a_value_or_one_line_many_times(door, tmp_path):
    enter(door, tmp_path, 3_000)
