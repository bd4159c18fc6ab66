"""A table read back keeps text as text, or says what is wrong with it and where."""

import os

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cocofacet.io import InputError, checked_name, read_table, sha256_of, write_json

KINDS = {
    "text": ["label"],
    "ranks": ["rank"],
    "numbers": ["share"],
    "counts": ["above"],
}
GOOD = "label,rank,share,above,more\n4,1,0.5,,x\nNA,20,-1,7,y\n,3,1e-3,0,z\n"


def saved(folder, content):
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_text_stays_text_and_numbers_are_numbers(tmp_path):
    table = read_table(saved(tmp_path, GOOD), **KINDS)
    assert table.label.tolist() == ["4", "NA", ""]
    assert table["rank"].tolist() == [1, 20, 3]
    assert table["rank"].dtype == "int64"
    assert table.share.tolist() == [0.5, -1, 0.001]
    assert table.above.dtype == "Int64"
    assert table.above.isna().tolist() == [True, False, False]
    assert table.more.tolist() == ["x", "y", "z"], "columns that nobody asked about"


def test_a_column_of_counts_may_be_absent_but_no_other(tmp_path):
    path = saved(tmp_path, "label,rank,share\n4,1,0.5\n")
    assert "above" not in read_table(path, **KINDS)
    with pytest.raises(InputError, match=r"csv: column 'text' is missing.* list"):
        read_table(path, ["text"], what="list")


def test_a_revision_of_digits_and_one_e_stays_text(tmp_path):
    path = saved(tmp_path, "\ufefflabel,rank\n1234e5,1\n007,2\n")
    assert read_table(path, ["label"], ["rank"]).label.tolist() == ["1234e5", "007"]


@pytest.mark.parametrize("name", ["first", "2", "full_2", "e5-v.1", "zwölf Facetten"])
def test_a_name_may_be_part_of_a_path(name):
    assert checked_name("run", name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "/x", "a\\b", "C:x", ".x", "-x", "x ", "x\n", "a\0b",
     "a\nb", "x" * 101, "ü" * 51, "\ud800", None, 3, ["x"]],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(name):
    with pytest.raises(InputError, match=r"^run: .* cannot name a folder or a file"):
        checked_name("run", name)


@pytest.mark.parametrize(
    "content",
    [
        *({"a": value} for value in (float("nan"), [float("inf")], "\ud83d", 10**400)),
        *({"a": value} for value in ({1}, b"x")),
        *({1: 1, "1": 2}, {1: 1, "a": 2}, {(1, 2): 3}),
    ],
    ids=repr,
)
def test_what_could_not_be_read_back_is_not_written(content, tmp_path):
    with pytest.raises(InputError, match=r"a\.json: content: cannot be kept as JSON"):
        write_json(tmp_path / "a.json", content)
    assert not list(tmp_path.iterdir())


def test_a_device_has_no_digest():
    with pytest.raises(OSError, match="no plain file"):
        sha256_of(os.devnull)


def test_quoted_line_ends_commas_and_blank_lines_are_no_damage(tmp_path):
    path = saved(tmp_path, 'label,rank\r\n"a, ""b""\nc",1\r\n\r\nd,2\r\n')
    assert read_table(path, ["label"], ["rank"]).label.tolist() == ['a, "b"\nc', "d"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "file: is empty"),
        ("label,rank\n", "file: is empty"),
        (b"label,rank\n\xff\xfe,1\n", "file: no table of ranks .*utf-8"),
        ("label,rank\na\0b,1\n", "file: no table of ranks .*binary"),
        (b"PK\3\4\0\0\0", "file: no table of ranks .*binary"),
        ("label,rank,rank\na,1,2\n", "header: names a column twice"),
        ("label,rank\na,1\nb\n", "row 2: has 1 fields and the header 2"),
        ("label,rank\na,1,2\nb,2,3\n", "row 1: has 3 fields and the header 2"),
        ("label,rank\na,1\nb,0\n", "row 2: rank: '0' is no whole number from 1"),
        ("label,rank\na,-5\n", "row 1: rank: '-5' is no whole number from 1 to 100"),
        ("label,rank\na,101\n", "row 1: rank: '101' is no whole number from 1 to 100"),
        ("label,rank\na,nan\n", "row 1: rank: 'nan' is no whole number"),
        ("label,rank\na,12\nb,1", "file: its last line has no end, so it is cut sho"),
        ('label,rank\n"a,1\n', "file: no table of ranks .*unexpected end"),
        ("label,rank\na,1.5\n", "row 1: rank: '1.5' is no whole number"),
        ("label,rank\na,\n", "row 1: rank: '' is no whole number"),
        ("label,rank\na,inf\n", "row 1: rank: 'inf' is no whole number"),
        ("label,rank\na,True\n", "row 1: rank: 'True' is no whole number"),
        ("label,rank\na,99999999999999999999\n", "row 1: rank: '9+' is no whole"),
        ("label,rank,above\na,1,-1\n", "row 1: above: '-1' is no whole number from 0"),
        ("label,rank,above\na,1,few\n", "row 1: above: 'few' is no whole number"),
    ],
)
def test_what_is_no_table_says_where_and_what_to_do(tmp_path, content, words):
    path = saved(tmp_path, content)
    with pytest.raises(InputError, match=rf"table\.csv: {words}.* Make it anew\."):
        read_table(path, ["label"], ["rank"], counts=["above"], remedy="Make it anew.")


def test_no_file_and_a_folder_are_said_to_be_so(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: file: not found"):
        read_table(tmp_path / "none.csv", ["label"])
    with pytest.raises(InputError, match="file: Is a directory"):
        read_table(tmp_path, ["label"])


@settings(max_examples=200)
@given(st.binary(max_size=40), st.integers(0, 60))
def test_damage_is_one_error_or_a_sound_table(tmp_path_factory, noise, place):
    """Some bytes of a good file are replaced; nothing but InputError comes out."""
    whole = GOOD.encode()
    path = saved(tmp_path_factory.mktemp("damaged"), whole[:place] + noise)
    try:
        table = read_table(path, **KINDS)
    except InputError as error:
        assert str(path) in str(error)
    else:
        assert (table["rank"] >= 1).all()
        assert pd.api.types.is_numeric_dtype(table.share)
        assert all(isinstance(label, str) for label in table.label)
