"""The page of results shows what manifests hold, and nothing where there are none."""

import json

from cocofacet.chapters.results import made_by, nothing_yet


def test_a_row_for_each_run_notebook_and_retriever(tmp_path):
    assert made_by(tmp_path).empty
    (tmp_path / "first").mkdir()
    made = {
        "run": "first", "seed": 3, "queries": 9112, "packages": {"torch": "2.13.0"},
        "profile": {"shown_as": "COCO"},
        "retrievers": {"e5-v": {"revision": "0123456789abcdef", "precision": "fp16"}},
    }  # fmt: skip
    (tmp_path / "first/general.manifest.json").write_text(json.dumps(made))
    row = made_by(tmp_path).loc["first", "general", "e5-v"]
    assert row["revision"] == "0123456789ab"
    assert (row["precision"], row["queries"], row["seed"]) == ("fp16", "9,112", 3)
    assert row["versions"] == "torch 2.13.0"


def test_without_results_the_page_says_so_and_how():
    assert "None" not in nothing_yet("full")
    assert "results/full/first" in nothing_yet("full")
