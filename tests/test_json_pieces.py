"""Parsed in pieces, a file gives what the standard library reads, or is refused."""

import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cocofacet import json_pieces
from cocofacet.io import InputError, read_json

numbers = st.integers(-(10**18), 10**18) | st.floats(-1e300, 1e300)
anything = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def read(content, each=lambda item: item):
    return json_pieces.read(io.BufferedReader(io.BytesIO(content)), each)


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except (ValueError, RecursionError):
        return "refused"


@pytest.fixture(params=[2, 1 << 18])
def piece(request, monkeypatch):
    monkeypatch.setattr(json_pieces, "PIECE", request.param)
    return request.param


many = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@many
@given(anything, st.sampled_from([None, 1, "\t"]), st.sampled_from(["utf-8", "utf-16"]))
def test_it_is_what_the_library_reads(piece, content, indent, encoding):
    text = json.dumps(content, indent=indent, ensure_ascii=False)
    whole = text.encode(encoding, "surrogatepass")
    assert read(whole) == json_pieces.whole(whole) == json.loads(whole) == content


@many
@given(anything, st.data())
def test_what_the_library_refuses_is_refused(piece, content, data):
    """Cut short, with something inserted, with something after the end."""
    text = json.dumps(content)
    place = data.draw(st.integers(0, len(text)))
    inserted = data.draw(st.sampled_from(["", *'[]{},:"1e.-\\ nN']))
    rest = data.draw(st.sampled_from(["", text[place:], text]))
    damaged = (text[:place] + inserted + rest).encode()
    found, expected = outcome(read, damaged), outcome(json_pieces.whole, damaged)
    assert repr(found) == repr(expected)  # NaN is NaN


WHOLE = {
    "numbers": b"[1.5e-7, 12345678901234567890, -0.0, 3]",
    "a mark of the byte order": b"\xef\xbb\xbf[1, 2]",
    "empty lists": b' {"a" : [ ] , "b" : { } , "c":[[],[1]]} ',
    "no list": b" 12 ",
    "an emoji of two halves": b'["\\ud83d\\ude00", "\\u00e9"]',
}


@pytest.mark.parametrize("what", WHOLE)
def test_kinds_that_are_read(what, piece):
    assert read(WHOLE[what]) == json.loads(WHOLE[what])


REFUSED = {
    "nothing": b"",
    "white space": b" \n",
    "cut short": b'{"a": [1, 2',
    "a comma too much": b"[1, 2,]",
    "a comma too few": b"[1 2]",
    "a name that is none": b"{1: 2}",
    "more after the end": b"[1] [2]",
    "no text": b'["\xff"]',
    "400 digits": b"[" + b"9" * 400 + b"]",
    "6,000 digits": b"[" + b"9" * 6000 + b"]",
    "a fraction that no float holds": b"[" + b"9" * 400 + b".5]",
    "a power that no float holds": b"[1e999]",
    "a name twice": b'[{"a": [1], "b": 0, "a": [2]}]',
    "a name twice, at the top": b'{"a": [1], "b": 0, "a": [2]}',
    "no number": b"[1, NaN]",
    "without end": b"[1, -Infinity]",
    "half an emoji": b'["\\ud83d"]',
    "half an emoji in a name": b'[{"\\udE00": 1}]',
    "half an emoji as it lies": '["\ud83d"]'.encode("utf-8", "surrogatepass"),
    "nested too deep": b"[" * 100_000,
    "nested too deep in an item": b"[1, " + b"[" * 100_000,
}


@pytest.mark.parametrize("what", REFUSED)
def test_kinds_that_are_refused(what, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(REFUSED[what])
    lines = []
    for each in (None, lambda item: item):
        with pytest.raises(InputError, match="file: not JSON, or cut short") as caught:
            read_json(path, list, each=each)
        lines.append(str(caught.value))
    assert all(str(path) in line and "\n" not in line for line in lines)


@pytest.mark.parametrize("content", [b"null", b"0", b'"[]"', b"true", b"{}"])
def test_what_is_no_list_where_one_belongs(content, tmp_path):
    (tmp_path / "a.json").write_bytes(content)
    for each in (None, lambda item: item):
        with pytest.raises(InputError, match=r"a\.json: top level: is not a list\. Do"):
            read_json(tmp_path / "a.json", list, "Do.", each=each)


def test_nothing_else_parses_json_that_came_from_elsewhere():
    root = Path(json_pieces.__file__).parent
    own = {"cli_photos.py", "record.py"}  # what they have just made themselves
    parsing = {
        path.name
        for path in root.rglob("*.py")
        if any(word in path.read_text() for word in ("json.load", ".JSONDecoder("))
    }
    assert parsing == own | {"json_pieces.py"}


def test_each_item_of_a_list_is_seen_once_and_only_what_it_gives_is_kept(piece):
    content = {"kept": [[1, [2]], {"a": [3]}], "other": {"b": [4]}, "none": []}
    seen = []
    found = read(json.dumps(content).encode(), lambda item: seen.append(item) or 5)
    assert seen == content["kept"]
    assert found == {"kept": [5, 5], "other": {"b": [4]}, "none": []}


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.json: file: not found"):
        read_json(tmp_path / "none.json", list, each=lambda item: item)


def test_two_byte_order_marks_are_no_json(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf\xef\xbb\xbf{}")
    for each in (None, lambda item: item):
        with pytest.raises(InputError, match="not JSON"):
            read_json(tmp_path / "a.json", dict, each=each)


def test_a_device_is_not_read_to_its_end():
    """/dev/zero has none."""
    for each in (None, lambda item: item):
        with pytest.raises(InputError, match="null: file: it is no plain file"):
            read_json(Path(os.devnull), dict, each=each)
