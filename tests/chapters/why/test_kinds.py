"""What an embedding holds by what its captions say: by hand, on two texts a facet."""

import json

import pandas as pd
import pytest

from cocofacet.chapters.why import kinds
from cocofacet.evaluation import seeds
from cocofacet.report.style import MODES

FACETS = ("times", "scenes")


def rows(retriever, mode, wordings, found):
    """Two texts of ten queries in each facet; ``found`` of them hit."""
    return [
        (retriever, 0, mode, wording, facet, text, 10, found, found, 0.0, 0.0)
        for wording in wordings
        for facet in FACETS
        for text in ("a", "b")
    ]


@pytest.fixture
def hits():
    found = []
    for name, general, prompted in (
        (kinds.WHOLE, 2, 1),
        (kinds.ONE, 9, 4),
        ("32 kinds", 8, 6),
    ):
        found += rows(name, seeds.GENERAL, ("",), general)
        found += rows(name, seeds.PROMPTED, ("1", "2"), prompted)
        found += rows(name, "wrong", ("1", "2"), 3)
    return pd.DataFrame(found, columns=[*seeds.KEYS, *seeds.COUNTS, *seeds.VARIANCES])


def test_every_panel_has_every_mode_and_facet(hits):
    panels = kinds.recalls(hits, 1)
    assert list(panels) == list(kinds.PANELS)
    for table in panels.values():
        assert set(zip(table["mode"], table.facet, strict=True)) == {
            (mode, facet) for mode in kinds.MODES for facet in (*FACETS, "macro")
        }
    one = panels["half of them say one thing"].set_index(["mode", "facet"]).recall
    assert one[seeds.GENERAL, "times"] == 0.9 and one["wrong", "macro"] == 0.3


def test_findings_by_hand(hits):
    found = kinds.findings_of(hits, 1)
    assert {key: round(each.value, 6) for key, each in found.items()} == {
        "one_thing": 0.7, "kinds": -0.2, "kinds_own": 0.3, "kinds_none": -0.5,
    }  # fmt: skip
    assert found["one_thing"].over == "4 texts, 1 seed"
    assert found["kinds"].over == "2 wordings × 4 texts, 1 seed"


def test_the_pictures_side_by_hand(tmp_path):
    """A probe per model without a question; the spread of the last model, both ways."""
    general, asked = (MODES[mode][0] for mode in (seeds.GENERAL, seeds.PROMPTED))
    rows = [
        (name, 0, facet, mode, spread + (mode == asked) / 2, 0.1, probe, 0.25, 0.0, 0.0)
        for name, probe in ((kinds.WHOLE, 0.5), (kinds.ONE, 0.75), ("32 kinds", 1.0))
        for facet, spread in (("times", 0.0), ("people", 0.25))
        for mode in (general, asked)
    ]
    names = ["retriever", "seed", "facet", "mode"]
    names += ["between its classes", "between others"]
    names += ["probe", "chance", "from pictures", "texts alike"]
    path = tmp_path / "pictures.csv"
    pd.DataFrame(rows, columns=names).to_csv(path, index=False)
    table = kinds.sides(path)
    assert list(table.index) == ["times", "people", "mean"]
    assert table.loc["people"].tolist() == [25, 50, 75, 100, 25, 75]
    assert table.loc["mean"].tolist() == [25, 50, 75, 100, 12.5, 62.5]
    assert kinds.told(table) == {
        "kinds_probe_chance": "25", "kinds_probe_whole": "50", "kinds_probe_one": "75",
        "kinds_people_general": "25", "kinds_people_asked": "75",
    }  # fmt: skip


def test_what_is_kept_of_the_gate_by_hand(tmp_path):
    path = tmp_path / "gate.json"
    gaps = {"coat": 0.24, "indoors": 1.0, "legs": 0.25}
    asked = {name: {"gap": gap} for name, gap in gaps.items()}
    path.write_text(json.dumps({"asked": asked}))
    table = kinds.learnt(path)
    assert table.which.to_dict() == {"learnt": "indoors, legs", "not learnt": "coat"}
    assert table.kinds.to_dict() == {"learnt": "2", "not learnt": "1"}
