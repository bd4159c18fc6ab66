"""The findings on the whole gallery turn when the numbers do."""

import numpy as np
import pandas as pd
import pytest
import small_truth
from small_truth import NAME

from cocofacet.chapters import gallery
from cocofacet.evaluation import truth


def table(general, prompted, sizes=(50, 900)):
    """Two texts of one facet; a value for each size."""
    values = {"general": general, "prompted": prompted, "average": (0, 0)}
    values |= {"chance": (0.3, 0.2), "perfect": (1, 1)}
    return pd.DataFrame(
        {
            "mode": mode,
            "facet": "times",
            "text": text,
            "label": text,
            "size": size,
            "draw": 0,
            "positives": 10,
            "candidates": size,
            "ap": value,
            "recall@10": value,
            "precision@10": value,
        }
        for mode, both in values.items()
        for size, value in zip(sizes, both, strict=True)
        for text in ("dusk", "night")
    )


def test_findings_in_the_whole_gallery_and_in_the_smallest():
    """The question leads among 50 pictures and not among 900."""
    turned = table((0.5, 0.9), (0.9, 0.8))
    found = gallery.findings_of(turned)
    values = {key: round(each.value, 9) for key, each in found.items()}
    assert values == {
        "prompted": -0.1, "prompted_small": 0.4,
        "average": -0.9, "average_small": -0.5,
        "over_average": 0.8, "over_average_small": 0.9,
    }  # fmt: skip
    assert found["prompted"].verdict == "undecided", "two texts decide nothing"
    assert found["prompted"].metric == "mAP, macro, 900 pictures"
    one_size = gallery.findings_of(turned[turned["size"] == 900])
    assert set(one_size) == set(gallery.CONTRASTS)
    assert one_size["prompted"].value < 0


def test_the_table_and_the_figure():
    found = {"a": table((0.5, 0.4), (0.9, 0.8)), "b": table((0.5, 0.4), (0.9, 0.6))}
    grid = gallery.by_facet(found)
    assert grid.loc["macro", ("b", "the facet's question")] == pytest.approx(60)
    assert grid.loc["macro", ("", "texts")] == grid.loc["times", ("", "texts")] == 2
    assert grid.loc["times", ("", "random order")] == pytest.approx(20)
    figure = gallery.over_sizes(found, 10, [50, 900], "rendered world")
    assert len(figure.axes) == 6
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[:2] == ["a: mAP", "a: Recall@10"]


# False negatives.


def test_false_negatives_turn_ranks_and_findings():
    benchmark, known = small_truth.beaches()
    closed = truth.closed_world(benchmark, 0)
    true = truth.true_labels(benchmark, known)
    images = len(benchmark.images)
    (own,) = benchmark.indices([NAME(0)])
    beach = [known[image]["place"] == "beach" for image in benchmark.images]
    general = np.zeros((images, 1))
    general[own] = 1
    embedded = {None: general, "where?": np.array(beach, float)[:, None]}
    modes = {"general": {"scenes": None}, "prompted": {"scenes": "where?"}}

    def found(pool):
        false = truth.false_negatives(pool, true)
        return gallery.false_negatives(pool, false, np.ones((1, 1)), embedded, modes)

    # The question finds every beach; but one is asked for, and ties count against it.
    by_way = gallery.false_negative_recalls(found(closed), 1)
    of_question = by_way.loc[("prompted", "scenes")]
    assert of_question[["as is", "removed", "right"]].tolist() == [0, 1, 1]
    assert of_question["false"] == truth.false_negatives(closed, true).sum()
    gains = gallery.with_false_negatives(found(closed), "they", 1)
    assert {key: gain.value for key, gain in gains.items()} == {
        "as_is": -1,
        "removed": 0,
    }
    assert gains["removed"].contrast.endswith("false negatives taken out")
    assert gains["removed"].metric == "they: Recall@1, macro"
    assert by_way.loc[("prompted", "macro"), "removed"] == 1
    assert gallery.false_negative_recalls(found(closed), 100)["as is"].eq(1).all()


# Exact search.


def test_what_is_not_installed_is_not_measured():
    one = {
        "milliseconds_for_all_queries": 50.0,
        "milliseconds_for_one_query": 2.0,
        "seconds_to_build": 0.1,
        "peak_bytes_of_the_process": 3e9,
        "same_pictures": 1.0,
    }
    sizes = [{"vectors": 1000, "ways": {"numpy": one, "faiss": None}}]
    table = gallery.speed({"sizes": sizes})
    assert table.loc[(1000, "faiss")].isna().all()
    assert table.loc[(1000, "numpy"), "most memory (GB)"] == 3
    assert table.loc[(1000, "numpy"), "same pictures (%)"] == 100
