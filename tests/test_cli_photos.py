"""`cocofacet index`, `search` and `export`, from the command line's arguments."""

import json
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_photos import paint

from cocofacet.benchmark.facets import FACETS
from cocofacet.cli import main
from cocofacet.io import InputError
from cocofacet.photos import search as searching
from cocofacet.photos.search import Wish
from facetworld import write


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    write.write_world(home / "data/mini/world", fraction=0.01)
    return home


@pytest.fixture
def run(world, tmp_path, monkeypatch):
    """A command on a folder of rendered pictures -> its exit status."""
    monkeypatch.setenv("COCOFACET_HOME", str(world))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(world / "data/mini/world/images", tmp_path / "photos")
    return lambda command, *more: main([command, "photos", *more])


def test_index_export_forget(run, tmp_path, capsys):
    assert run("index", "--ask", "times", "--ask", "What is it?") == 0
    said = capsys.readouterr().out
    place = tmp_path / "data/cocofacet/photos"
    assert str(place) in said and "tiny-qwen2vl: embeds" in said
    assert run("index") == 0
    assert "nothing to embed" in capsys.readouterr().out
    assert run("export", "--out", "photos.parquet", "--dtype", "float16") == 0
    count = len(pq.read_table("photos.parquet"))
    assert f"{count:,} vectors" in capsys.readouterr().out
    assert count == 3 * len(list((tmp_path / "photos").rglob("*.jpg")))
    assert run("index", "--forget") == 0
    assert str(place) in capsys.readouterr().out and not list(place.iterdir())


def test_the_choice_is_remembered(run, capsys):
    assert run("index", "--retriever", "tiny-clip", "--store", "kept") == 0
    capsys.readouterr()
    assert run("index", "--store", "kept") == 0
    assert "tiny-clip: nothing to embed" in capsys.readouterr().out
    assert run("index", "--store", "kept", "--retriever", "tiny-qwen2vl") == 0
    said = capsys.readouterr().out
    assert "was indexed by tiny-clip; vectors by tiny-qwen2vl are added" in said


def test_csv_has_one_kind_of_line_end_on_every_system(run, capsys, monkeypatch):
    monkeypatch.setattr(os, "linesep", "\r\n")
    assert run("search", "a dog", "--form", "csv") == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "path,score,share,general" and rows
    assert not [row for row in rows if "\\" in row or not row]


WRONG = {
    "a foreign picture": (("index",), "foreign.png: is not of the rendered world"),
    "a dual encoder asked": (
        ("index", "--retriever", "tiny-clip", "--ask", "times"),
        "a dual encoder takes no question",
    ),
    "an empty question": (("index", "--ask", " "), "--ask: a question is empty"),
    "no such retriever": (("index", "--retriever", "x"), "is not known"),
    "nothing indexed": (("export", "--out", "a.parquet"), "index: there is none"),
    "nothing to forget": (("index", "--forget"), "index: there is none"),
    "a folder as output": (("export", "--out", "photos"), "--out: photos: cannot be"),
    "no output": (("export",), "--out"),
    "nothing searched for": (("search",), "text: none"),
    "an empty text": (("search", ""), "text: is empty"),
    "a question before all": (
        ("search", "--ask", "times", "--and", "dusk"),
        "--ask: stands before the wish that it is about",
    ),
    "two questions": (
        ("search", "a", "--not", "b", "--ask", "times", "--ask", "people"),
        "--ask: stands twice for not “b”. Leave one out",
    ),
    "twice against": (
        ("search", "a", "--against", "b", "--against", "c"),
        "--against: stands twice for “a”",
    ),
    "against nothing": (("search", "a", "--against", ","), "--against: names nothing"),
    "a picture as page": (("search", "a", "--page", "a.jpg"), "--page: a.jpg: is call"),
    "a picture behind a link": (
        ("search", "a", "--page", "link.html"),
        "--page: link.html: is called otherwise",
    ),
    "a folder as page": (("search", "a", "--page", "a.html"), "--page: a.html: cannot"),
    "a page below a file": (
        ("search", "a", "--page", "foreign.png/a.html"),
        "--page: foreign.png/a.html: cannot be written",
    ),
    "no port": (("app", "--port", "65536"), "--port: 65536: is no port"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_input_is_one_line(kind, run, capsys, tmp_path):
    command, expected = WRONG[kind]
    if kind == "a foreign picture":
        paint(tmp_path / "photos/foreign.png", 1)
    paint(tmp_path / "foreign.png", 1)
    (tmp_path / "link.html").symlink_to("foreign.png")
    (tmp_path / "a.html").mkdir()
    assert run(*command) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and expected in line


WISHES = {
    "one": (["dusk"], [Wish("dusk")]),
    "its question": (["dusk", "--ask", "times"], [Wish("dusk", "times")]),
    "which may stand before it": (["--ask", "times", "dusk"], [Wish("dusk", "times")]),
    "each its own": (
        ["two", "--ask", "people", "--and", "dusk", "--not", "in", "--ask", "scenes"],
        [Wish("two", "people"), Wish("dusk"), Wish("in", "scenes", unwanted=True)],
    ),
    "the last alone": (
        ["a", "--and", "b", "--and", "c", "--against", "d, e", "--ask", "times"],
        [Wish("a"), Wish("b"), Wish("c", "times", against=("d", "e"))],
    ),
    "no text": (["--and", "a", "--ask", "times"], [Wish("a", "times")]),
    "a picture": (
        ["--like", "a.jpg", "--ask", "times"],
        [Wish(like=Path("a.jpg"), ask="times")],
    ),
    "a picture and a text": (
        ["two", "--ask", "people", "--like", "a.jpg", "--ask", "times"],
        [Wish("two", "people"), Wish(like=Path("a.jpg"), ask="times")],
    ),
    "what begins as an option": (["--and=--ask", "--ask=x"], [Wish("--ask", "x")]),
}


@pytest.mark.parametrize("kind", WISHES)
def test_a_question_belongs_to_the_wish_before_it(kind, monkeypatch):
    command, expected = WISHES[kind]
    asked = []

    def search(folder, *wishes, **options):
        asked.extend(wishes)
        raise InputError("enough")

    monkeypatch.setattr(searching, "search", search)
    assert main(["search", "photos", *command]) == 2
    assert asked == expected


DUSK = ("an image taken at dusk", "--ask", "times")
BRICK = ("something made of brick", "--ask", "materials")


def test_several_wishes_are_answered_each_by_its_question(run, capfd):
    command = (
        "search",
        *DUSK,
        "--and",
        "two people",
        "--not",
        "an image taken at night",
    )
    command = (*command, "--ask", "times", "--how", "full", "--count", "3")
    assert run(*command, "--form", "json") in (0, 1)
    found = json.loads(capfd.readouterr().out)
    times, none = FACETS["times"].question, None
    assert [wish["question"] for wish in found["wishes"]] == [times, none, times]
    assert [wish["unwanted"] for wish in found["wishes"]] == [False, False, True]
    assert [wish["how"] for wish in found["wishes"]] == ["index", "general", "index"]
    said = [
        f"“an image taken at dusk”: {times} (index)",
        "“two people”: no question",
        f"not “an image taken at night”: {times} (index)",
    ]
    for form in ("table", "csv", "paths0"):
        run(*command, "--form", form)
        output, errors = capfd.readouterr()
        where = output if form == "table" else errors
        assert [line for line in where.splitlines() if line in said] == said, form


@pytest.mark.parametrize(("wish", "status"), [(DUSK, 0), (BRICK, 1)])
def test_a_contact_sheet_is_written_whatever_was_found(run, capfd, wish, status):
    assert run("search", *wish, "--page", "new/sheet.html") == status
    assert "contact sheet: new/sheet.html, " in capfd.readouterr().err
    page = Path("new/sheet.html").read_text()
    assert f"<title>Search: “{wish[0]}”</title>" in page
    assert ("Nothing here stands out" in page) == (status == 1)
    assert [path.name for path in Path("new").iterdir()] == ["sheet.html"]
