"""The measurement of exact search finds what a plain search finds, and is told."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from cocofacet.chapters import exact_search as report

SOURCE = Path(__file__).parents[2] / "benchmarks/exact_search.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("exact_search_benchmark", SOURCE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("way", ["numpy", "torch", "FAISS"])
def test_every_way_finds_the_ten_best(benchmark, monkeypatch, way):
    way = next(name for name in benchmark.WAYS if name.startswith(way))
    pytest.importorskip(benchmark.WAYS[way].needs)
    monkeypatch.setattr(benchmark, "CHUNK", 70)  # the last chunk is not full
    vectors, queries = benchmark.unit_vectors(400, 0), benchmark.unit_vectors(5, 1)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    scores, ids = benchmark.WAYS[way].build(vectors)(queries)
    exact = queries.astype(float) @ vectors.astype(float).T
    assert ids.tolist() == np.argsort(-exact, axis=1)[:, :10].tolist()
    assert scores == pytest.approx(-np.sort(-exact, axis=1)[:, :10], abs=1e-6)


def measured(**changes):
    one = {
        "milliseconds_for_all_queries": 50.0,
        "milliseconds_for_one_query": 2.0,
        "seconds_to_build": 0.1,
        "peak_bytes_of_the_process": 3e9,
        "same_pictures": 1.0,
    }
    ways = {"numpy": one, "faiss": one | changes}
    sizes = [{"vectors": 1000, "bytes": 2_000_000_000, "ways": ways}]
    return {
        "sizes": sizes,
        "d": 512,
        "best": 10,
        "queries": 100,
        "device": "a processor",
        "cores": 2,
    }


def test_the_sentence_turns():
    slow = report.fastest(measured(milliseconds_for_all_queries=80.0))
    assert slow == (
        "Among 1,000 vectors of 512 dimensions (2.0 GB), the 10 best of 100 queries "
        "take 50 ms by numpy and 80 ms by faiss; all find the same pictures "
        "(a processor, 2 cores)."
    )
    fast = report.fastest(
        measured(milliseconds_for_all_queries=20.0, same_pictures=0.9)
    )
    assert "take 20 ms by faiss and 50 ms by numpy" in fast
    assert "they agree on 90.0 % of the pictures" in fast


def test_what_is_not_installed_is_not_measured():
    made = measured()
    made["sizes"][0]["ways"]["faiss"] = None
    table = report.table(made)
    assert table.loc[("1,000", "faiss")].isna().sum() == 4
    assert table.loc[("1,000", "numpy"), "most memory (GB)"] == 3
    assert "faiss" not in report.fastest(made)


def test_nothing_measured(tmp_path):
    assert report.read(tmp_path / "exact_search.json") == {}
