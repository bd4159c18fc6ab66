"""The linear approximation over draws of anchors, where the truth is planted."""

import numpy as np
import pytest

from cocofacet import anchors
from cocofacet.benchmark import Benchmark, Query

D, IMAGES, ANCHORS = 12, 100, 60


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def planted():
    """A facet whose prompted embeddings are exactly a matrix times the general ones,
    and queries that lie exactly on their positive's prompted embedding."""
    rng = np.random.default_rng(0)
    names = [f"val2017/{n:012d}.jpg" for n in range(IMAGES)]
    matrix = rng.normal(size=(D, D))  # no rotation: that a few anchors would find too
    images = unit(rng.normal(size=(IMAGES, D)))
    held_out = unit(rng.normal(size=(ANCHORS, D)))
    queries = tuple(
        Query(f"s:{n}", "times", "dusk", "t", tuple(np.roll(names, -n)))
        for n in range(10)
    )
    return {
        "benchmark": Benchmark(queries, {}),
        "queries": images[:10] @ matrix.T,
        "images": images,
        "anchors": held_out,
        "prompted_anchors": {"times": held_out @ matrix.T},
    }


def test_enough_anchors_recover_a_linear_question_exactly(planted):
    ranks = anchors.ranks_over_draws(**planted, sizes=[2, 2 * D], draws=3, seed=0)
    found = anchors.recall_over_draws(ranks, 1)
    found = found.groupby(["method", "anchors"]).recall.min()
    assert found["linear", 2 * D] == 1
    assert found["ridge", 2 * D] == 1
    assert found["linear", 2] < 1  # two anchors span two of twelve dimensions


def test_draws_follow_the_seed_and_nothing_else(planted):
    def ranks(seed):
        found = anchors.ranks_over_draws(**planted, sizes=[3], draws=2, seed=seed)
        return found["rank"].to_list()

    assert ranks(1) == ranks(1)
    assert ranks(1) != ranks(2)


def test_more_anchors_than_are_held_out_is_an_error(planted):
    with pytest.raises(ValueError, match="61 anchors wanted, 60 are held out"):
        anchors.ranks_over_draws(**planted, sizes=[61], draws=1, seed=0)


def test_tuning_prefers_a_small_ridge_without_noise_and_a_larger_one_with_it(planted):
    general, prompted = planted["anchors"], planted["prompted_anchors"]["times"]
    fitted = anchors.ridge(general)
    assert fitted(prompted).ridge == min(anchors.RIDGES)
    rng = np.random.default_rng(1)
    noisy = prompted + 5 * rng.normal(size=prompted.shape)
    few = slice(0, D + 3)
    assert anchors.ridge(general[few])(noisy[few]).ridge > min(anchors.RIDGES)
    assert anchors.ridge(general[:1])(prompted[:1]).ridge in anchors.RIDGES
