"""Findings: a verdict comes from the interval alone, and a page is held to it."""

import pytest

from cocofacet.evaluation.statistics import Interval
from cocofacet.report import findings
from cocofacet.report.findings import FAILS, HOLDS, UNDECIDED, Finding
from cocofacet.workspace import open_workspace


def found(low, high):
    return Finding("a − b", "Recall@1, macro", (low + high) / 2, low, high)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.2, HOLDS),
        (-0.2, -0.01, FAILS),
        (-0.1, 0.1, UNDECIDED),
        (0.0, 0.1, UNDECIDED),
        (-0.1, 0.0, UNDECIDED),
        (float("nan"), float("nan"), UNDECIDED),
    ],
)
def test_the_verdict_is_the_intervals(low, high, verdict):
    assert found(low, high).verdict == verdict


def test_it_is_written_in_points():
    of = findings.finding("a − b", "R", Interval(0.604, 0.51, 0.683, 900, 79))
    assert str(of) == "+60.4 [+51.0, +68.3]"
    assert str(Finding("a", "R", -0.1, float("nan"), float("nan"))) == "−10.0"


def test_what_was_saved_is_read_back(workspace_of_one):
    made = {"gain": found(0.1, 0.2), "loss": found(-0.2, -0.1)}
    workspace_of_one.save_table("prompted.findings", findings.as_table(made))
    assert findings.verdicts_in(workspace_of_one.results) == {
        "prompted.gain": HOLDS,
        "prompted.loss": FAILS,
    }


@pytest.fixture
def workspace_of_one(tmp_path, monkeypatch):
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path))
    return open_workspace("mini", "default", 0)
