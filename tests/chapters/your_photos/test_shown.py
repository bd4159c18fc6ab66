"""What the chapter shows of a search: marks, the end of the list, what it cost."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from small_photos import paint_all

from cocofacet.chapters.your_photos import shown
from cocofacet.profiles import PROFILES
from cocofacet.workspace import Workspace

NAMES = [f"{n:04d}.png" for n in range(6)]
RIGHT = {NAMES[0], NAMES[2], "elsewhere.png"}


@pytest.fixture
def found(tmp_path):
    """As `cf.search` returns it: six pictures, of which two stand out."""
    paint_all(tmp_path, range(6))
    share = np.array([0.9, 0.6, 0.4, 0.1, 0, 0])
    files = tuple(tmp_path / name for name in NAMES)
    return SimpleNamespace(
        pictures=pd.DataFrame({"path": NAMES, "share": share}),
        files=files,
        general=pd.DataFrame({"path": NAMES[::-1]}),
        general_files=files[::-1],
        standing_out=2,
        folder=tmp_path,
        wishes=(SimpleNamespace(text="at <dusk>"),),
        how=("rerank",),
    )


def marks(figure):
    return [axes.get_title() for axes in figure.axes]


def test_each_picture_is_marked_right_or_wrong(found):
    figure = shown.side_by_side(found, RIGHT, "drawn")
    assert marks(figure) == [
        *["✗ wrong", "✗ wrong", "✗ wrong", "✓ right"],
        *["✓ right", "✗ wrong", "✓ right", "✗ wrong"],
    ]
    framed = [axes.axison for axes in figure.axes]
    assert framed == [mark == "✓ right" for mark in marks(figure)]
    rows = [axes.get_title(loc="left") for axes in figure.axes]
    assert [row for row in rows if row] == ["without a question", "under the question"]
    assert figure.texts[0].get_text() == "“at <dusk>”, drawn"


def test_where_the_truth_is_not_known_there_are_no_marks(found):
    assert set(marks(shown.side_by_side(found, None, "drawn"))) == {""}


@pytest.mark.parametrize("right", [RIGHT, None])
def test_the_end_of_the_list_is_drawn(found, right):
    figure = shown.where_it_ends({"a": found, "b": found}, right, "drawn")
    for axes in figure.axes:
        points = axes.collections[0]
        assert points.get_offsets().tolist() == [
            [rank, share] for rank, share in enumerate(found.pictures.share, 1)
        ]
        colours = len(set(map(tuple, points.get_facecolors())))
        assert colours == (2 if right else 1)
        assert axes.lines[-1].get_xdata()[0] == 2.5


EMBEDDED = {"rerank": 200, "linear": 100, "full": 900}


def test_costs_are_of_what_was_embedded(found):
    every = dict.fromkeys(["no question", *EMBEDDED, "again"], found)
    seconds = dict.fromkeys(every, 1.0)
    cost = shown.costs(every, seconds, EMBEDDED, RIGHT)
    assert cost["embedded"].tolist() == [0, 200, 100, 900, 0]
    assert cost["stand out"].tolist() == [2] * 5
    assert cost.precision.tolist() == ["50.0 %"] * 5
    assert cost.recall.tolist() == ["33.3 %"] * 5
    found.how = ("index",)  # it was indexed before
    cost = shown.costs(every, seconds, EMBEDDED, None)
    assert cost["embedded"].tolist() == [0] * 5
    assert "precision" not in cost


@pytest.mark.parametrize(
    ("standing_out", "said"),
    [(None, ["no scale"]), (0, [0, "nothing listed", "0.0 %"])],
)
def test_costs_of_a_search_that_lists_nothing(found, standing_out, said):
    found.standing_out = standing_out
    cost = shown.costs({"rerank": found}, {"rerank": 1}, EMBEDDED, RIGHT)
    assert cost.loc["rerank", "stand out":].tolist() == said


def workspace(tmp_path, name, **changes):
    return Workspace(PROFILES[name].changed(changes), 0, tmp_path, run="a")


def test_which_row_embeds(tmp_path):
    def row(name, photos, **changes):
        return shown.embedder(workspace(tmp_path, name, **changes), photos)["retriever"]

    assert row("mini", "") == "tiny-qwen2vl"
    assert row("mini", "mine") is None, "the tiny one knows no photographs"
    assert row("mini", "mine", promptables="e5-v") == "e5-v"
    assert row("colab", "mine") == PROFILES["colab"].promptable


def test_ones_own_pictures_need_none_of_the_profiles(tmp_path):
    made = shown.own(workspace(tmp_path, "full"))
    assert made.queries_are == ""
    assert made.profile.shown_as == "your own pictures"
    assert list(tmp_path.iterdir()) == []


def test_the_worlds_index_is_made_anew_and_ones_own_is_kept(tmp_path):
    here = workspace(tmp_path, "mini")
    store = shown.store_for(here, "mine")
    assert store.is_relative_to(tmp_path / "data/mini")
    assert store != shown.store_for(replace(here, run="b"), "mine")
    (store / "x").mkdir(parents=True)
    assert shown.store_for(here, "mine").exists()
    assert not shown.store_for(here, "").exists()


def test_lines_name_paths_below_the_root(capsys):
    shown.teller(Path("/some/where/of/it"))("kept in /some/where/of/it/data/x")
    assert capsys.readouterr().out == "kept in data/x\n"


def test_alternatives_are_texts_with_commas():
    assert shown.parts(" a day , a night,") == ("a day", "a night")
    assert shown.parts("") == ()
