"""The measurement of exact search finds what a plain search finds."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

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
