"""The measurements run, and what they compare agrees. How fast it was is not tested."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from cocofacet.chapters import cost

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MADE_ON = {"device", "processor", "cores", "threads", "versions", "date", "settings"}


@pytest.fixture
def measured(tmp_path, monkeypatch, capsys):
    """Run a script with options -> the JSON that it wrote, which it also printed."""

    def run(name, *options):
        out = tmp_path / f"{name}.json"
        arguments = [name, "--out", str(out), *map(str, options)]
        monkeypatch.setattr(sys, "argv", arguments)
        runpy.run_path(str(BENCHMARKS / f"{name}.py"), run_name="__main__")
        found = json.loads(out.read_text())
        assert json.loads(capsys.readouterr().out) == found
        assert found.keys() >= MADE_ON
        return found

    return run


def test_evaluate_speed(measured):
    sizes = ("--queries", 30, "--images", 120, "--dim", 8)
    found = measured("evaluate_speed", *sizes)
    assert found["ranks"]["same"] is True


@pytest.mark.more
def test_build_speed(measured):
    found = measured("build_speed", "--images", 300, "--queries", 100)
    assert [row["same"] for row in found["compared"]] == [True, True]
    assert found["compared"][0]["queries"] > 300 and found["bytes_a_query"] > 0


def test_pipeline_speed(measured):
    few = ("--pictures", 4, "--batch", 2, "--repeats", 1, "--prompts", 1, 3)
    found = measured("pipeline_speed", *few)
    assert [row["prompts"] for row in found["one_pass"]] == [1, 3]
    assert [row["prompts"] for row in found["pipeline"]] == [1, 3]
    for row in found["one_pass"]:
        assert row["largest_difference"] < 1e-5
        assert row["smallest_cosine"] > 0.99999
        assert row["peak_bytes"] == {"one_pass": None, "passes": None}


@pytest.mark.more
def test_photo_search(measured):
    found = measured("photo_search", "--vectors", 300, "--repeats", 1)
    assert found["sizes"][0]["same_pictures"] == 1
    assert [row["times_faster"] > 0 for row in found["compared"]] == [True]
    assert len(cost.searches([{"name": "photo_search", **found}])) == 1


def test_render_speed(measured):
    found = measured("render_speed", "--scenes", 2)
    assert min(found["images_a_second"].values()) > 0
