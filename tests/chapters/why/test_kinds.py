"""What an embedding holds by what its captions say: by hand, on two texts a facet."""

import pandas as pd
import pytest

from cocofacet.chapters.why import kinds
from cocofacet.evaluation import seeds

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
