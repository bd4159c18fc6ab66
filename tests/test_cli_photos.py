"""`cocofacet index` and `export`, from the command line's arguments."""

import os
import shutil

import pyarrow.parquet as pq
import pytest
from small_photos import paint

from cocofacet.cli import main
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
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_input_is_one_line(kind, run, capsys, tmp_path):
    command, expected = WRONG[kind]
    if kind == "a foreign picture":
        paint(tmp_path / "photos/foreign.png", 1)
    assert run(*command) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and expected in line
