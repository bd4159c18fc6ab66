"""Names of pictures, and finding them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocofacet.benchmark import images as pictures


def test_a_picture_is_found_under_its_official_path_or_directly(tmp_path):
    name = "val2017/000000000139.jpg"
    assert pictures.find(tmp_path, name) is None
    assert pictures.path_of(tmp_path, name) == tmp_path / name
    direct = tmp_path / "000000000139.jpg"
    direct.write_bytes(b"")
    assert pictures.find(tmp_path, name) == direct
    assert pictures.path_of(tmp_path, name) == direct
    official = tmp_path / name
    official.parent.mkdir()
    official.write_bytes(b"")
    assert pictures.find(tmp_path, name) == official


COCO = "val2017/000000000139.jpg"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("000000000139.jpg", COCO),
        ("./000000000139.jpg", COCO),
        (".//val2017/./000000000139.jpg", COCO),
        ("val2017\\000000000139.jpg", COCO),
        ("http://images.cocodataset.org/val2017/000000000139.jpg", COCO),
        ("https://host/a/000000000139.jpg?size=1#x", COCO),
        ("images/000000000139.jpg", COCO),
        ("coco/train2017/000000000139.jpg", "train2017/000000000139.jpg"),
        ("./v7w_10.jpg", "v7w_10.jpg"),
        ("images\\v7w_10.jpg", "v7w_10.jpg"),
        ("a/VisualDialog_val2018_000000185565.jpg",) * 2,
        ("my pictures/Zoë\u202f1.png", "my pictures/Zoë\u202f1.png"),
        ("SUN397\\a\\..b.jpg", "SUN397/a/..b.jpg"),
    ],
)
def test_a_picture_has_one_name(written, name):
    name = name.removeprefix("a/")
    assert pictures.official_name(written) == name
    assert pictures.official_name(name) == name, "and keeps it"


def test_a_name_without_a_folder_lies_in_the_split_that_is_given():
    assert pictures.official_name("000000000139.jpg", "train2017").startswith("train")
    assert pictures.official_name(COCO, "train2017") == COCO


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("", "is no path"),
        ("./", "is no path"),
        ("http://host", "is no path"),
        ("a" * 300, "is no path"),
        ("../a.jpg", "leaves the images folder"),
        ("a\\..\\..\\b.jpg", "leaves the images folder"),
        ("/etc/passwd", "leaves the images folder"),
        ("\\\\server\\a.jpg", "leaves the images folder"),
        ("C:\\a.jpg", "leaves the images folder"),
        ("http://host/%2e%2e/a.jpg", "leaves the images folder"),
        ("http://host/a%0Ab.jpg", "line break"),
        ("http://host/a/%5C..%5C..%5Cb.jpg", "leaves the images folder"),
        ("a\0.jpg", "control character"),
        ("a\n.jpg", "line break"),
        ("a\u2028.jpg", "line break"),
        ("\ud83d.jpg", "control character"),
    ],
)
def test_what_is_no_name_is_refused(written, what):
    with pytest.raises(ValueError, match=what):
        pictures.official_name(written)


@given(
    st.text() | st.text("ab.:/\\\n0%25CA", max_size=9),
    st.sampled_from(["", "http://h/"]),
)
def test_any_text_is_a_name_below_the_folder_or_refused(text, before):
    try:
        name = pictures.official_name(before + text)
    except ValueError:
        return
    assert not pictures.leaves_the_folder(name)
    assert pictures.official_name(name) == name
    pictures.find(Path("nowhere"), name)
