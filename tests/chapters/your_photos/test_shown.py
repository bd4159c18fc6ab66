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
        wishes=(SimpleNamespace(text="at <dusk>"),),
        how=("rerank",),
    )


@pytest.fixture
def unscaled(found):
    """The same without a share."""
    pictures = found.pictures.assign(share=np.nan)
    return SimpleNamespace(
        **{**vars(found), "pictures": pictures, "standing_out": None}
    )


def marks(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_each_picture_is_marked_right_or_wrong(found):
    figure = shown.side_by_side(found, RIGHT, "drawn")
    assert marks(figure) == [
        *["✗ wrong", "✗ wrong", "✗ wrong", "✓ right"],
        *["✓ right", "✗ wrong", "✓ right", "✗ wrong"],
    ]
    rows = [axes.get_title(loc="left") for axes in figure.axes]
    assert [row for row in rows if row] == ["without a question", "under the question"]
    assert figure.texts[0].get_text() == "“at <dusk>”, drawn"


def test_where_the_truth_is_not_known_there_are_no_marks(found):
    assert set(marks(shown.side_by_side(found, None, "drawn"))) == {""}


def test_the_end_of_the_list_is_counted(found):
    searches = {"without a question": found, "under it": found}
    table = shown.ends(searches, RIGHT)
    assert table.loc["under it"].tolist() == [6, 2, 1, 3]
    assert "right" not in shown.ends(searches, None)
    found.standing_out = 0
    assert shown.ends(searches, RIGHT)["stand out"].tolist() == [0, 0]


def test_without_a_scale_that_is_said_and_not_drawn(found, unscaled):
    searches = {"without a question": found, "under it": unscaled}
    assert shown.where_it_ends(searches, RIGHT, "drawn") is None
    assert shown.ends(searches, RIGHT) is None
    cost = shown.costs({"rerank": unscaled}, {"rerank": 1}, 6, 200, 100, RIGHT)
    assert cost.loc["rerank", "stand out"] == "no scale"


@pytest.mark.parametrize("right", [RIGHT, None])
def test_the_end_of_the_list_is_drawn(found, right):
    figure = shown.where_it_ends({"a": found, "b": found}, right, "drawn")
    points = [len(line.get_xdata()) for line in figure.axes[0].lines[:-2]]
    assert points == ([2, 4] if right else [6])
    assert figure.axes[0].lines[-1].get_xdata()[0] == 2.5


def test_costs_are_of_what_was_embedded(found):
    every = dict.fromkeys(shown.WAYS, found)
    seconds = dict.fromkeys(shown.WAYS, 1.0)
    cost = shown.costs(every, seconds, 150, 200, 100, RIGHT)
    assert cost["embedded"].tolist() == [150, 100, 150, 0]
    assert cost.precision.tolist() == ["50.0 %"] * 4
    assert cost.recall.tolist() == ["33.3 %"] * 4
    found.how = ("index",)  # it was indexed before
    cost = shown.costs(every, seconds, 150, 200, 100, None)
    assert cost["embedded"].tolist() == [0] * 4
    assert "precision" not in cost


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
    assert shown.competing(" a day , a night,") == ("a day", "a night")
    assert len(shown.competing("")) > 100
