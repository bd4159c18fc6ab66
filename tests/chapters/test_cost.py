"""The cost page: measured and estimated apart, and what it says where nothing is."""

import json

import numpy as np
import pytest

from cocofacet.chapters import cost
from cocofacet.retrievers.zoo import ROWS

MADE = {
    "name": "on-gpu", "device": "A GPU", "driver": "580.1", "threads": 8, "cores": 16,
    "date": "2026-01-01", "precision": "bf16",
    "model": {
        "size": "2b", "parameters": 2_200_000_000, "image_tokens": 391,
        "weights": "random",
    },
    "one_pass": [
        {
            "prompts": 9, "images": 32,
            "seconds": {"one_pass": 0.32, "passes": 2.56},
            "peak_bytes": {"one_pass": 8e9, "passes": 7e9}, "times_faster": 8.0,
            "largest_difference": 1e-3, "smallest_cosine": 0.9995,
        }
    ],
    "pipeline": [
        {
            "prompts": 9, "pipeline_images_a_second": 90.0,
            "forward_images_a_second": 100.0, "share_of_forward": 0.9,
        }
    ],
    "search": {
        "vectors": 1_000_000, "d": 512, "queries": 100,
        "milliseconds_for_one_query": 12.34,
    },
    "rows": {
        "whole": {
            "precision": "bf16", "layers": None, "parameters": 2.2e9,
            "seconds_a_picture": 0.5, "seconds_a_text": 0.01, "peak_bytes": 6e9,
            "estimated_bytes": 7e9,
        },
        "cut": {
            "precision": "fp32", "layers": 2, "parameters": 1e8,
            "seconds_a_picture": 5.0, "seconds_a_text": 0.1, "peak_bytes": 1e9,
            "estimated_bytes": None,
        },
        "broken": {"failed": "memory"},
        "late": {"skipped": "no time was left"},
    },
    "compared": [{"what": "w", "against": "m", "times_faster": 14.0}],
}  # fmt: skip


def test_tables_hold_what_the_files_hold(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(MADE))
    found = cost.read(tmp_path)
    assert found[0]["name"] == MADE["name"], "a file may name itself"
    row = cost.passes(found).iloc[0]
    assert row["ms an image, one pass"] == pytest.approx(10)
    assert row["ms an image, separate"] == pytest.approx(80)
    assert row["peak GB"] == 8
    assert cost.pipelines(found).iloc[0]["share in %"] == 90
    model = cost.models(found).loc["A GPU", "2b"]
    assert model["driver"] == "580.1"
    assert model.tolist()[2:] == [2200, "random", 391, "bf16", "2026-01-01"]
    assert cost.ratios(found).loc["w", "times faster"] == 14


def test_rows_at_their_real_size():
    table = cost.real_sizes([MADE]).loc["A GPU"]
    assert table.loc["whole", ["layers", "peak GB", "estimated GB"]].tolist() == [
        "all",
        6,
        7,
    ]
    assert np.isnan(table.loc["cut", "estimated GB"])
    assert table["said"].tolist()[2:] == ["failed: memory", "skipped: no time was left"]


def test_a_cpu_is_not_passed_off_as_a_gpu():
    (driver,) = cost.models([MADE | {"driver": None}]).driver
    assert driver == "no GPU"


def test_times_beside_other_work_are_left_out():
    busy = [MADE | {"driver": None, "load": 2.5}]
    row = cost.passes(busy).iloc[0]
    assert row["smallest cosine"] == 0.9995
    assert row[["ms an image, one pass", "times faster"]].isna().all()
    assert cost.pipelines(busy).empty
    assert cost.real_sizes(busy)[["s a picture", "s a text"]].isna().all(axis=None)
    assert cost.searches(busy).empty


def test_a_search_of_photographs_says_time_memory_and_load():
    way = {
        "milliseconds_for_one_text": 123.4,
        "seconds_of_the_first_search": 5.67,
        "bytes_beside_the_file": 89e6,
    }
    sizes = [{"vectors": 1_000_000, "bytes": 3_072e6, "ways": {"halves": way}}]
    made = MADE | {"name": "photo_search", "load": 0.2, "settings": {"d": 1536}}
    shown = cost.searches([MADE, made | {"sizes": sizes, "search": {}}])
    assert shown["ms a text"].to_dict() == {
        ("A GPU", 1_000_000, 512): 12.34,
        ("A GPU", 1_000_000, 1536): 123.4,
    }
    assert shown.iloc[1].tolist() == [123.4, 5.67, 3072, 89, 8, 0.2]
    failed = cost.searches([MADE | {"search": {"failed": "memory"}}])
    assert failed.empty


def test_nothing_measured_makes_empty_tables():
    assert cost.passes([]).empty
    assert cost.pipelines([]).empty
    assert cost.real_sizes([]).empty
    assert cost.ratios([]).empty
    for table in (cost.models, cost.searches):
        assert table([]).empty


def test_estimates_leave_out_what_does_not_fit():
    table = cost.estimates(list(ROWS.values()), prompts=9)
    assert np.isnan(table.loc["e5-v", "T4, hours"])
    assert table.loc["e5-v", "H100 SXM, hours"] > 0
    assert table.loc["mmret", "passes"] == 9, "its question stands before the image"
    assert table.loc["e5-v", "passes"] == 1
    assert "tiny-clip" not in table.index
    clip = table.loc["clip-vit-l-14-336"]
    assert clip["GB kept"] == pytest.approx(10_000 * 768 * 4 / 1e9), (
        "one embedding each"
    )
