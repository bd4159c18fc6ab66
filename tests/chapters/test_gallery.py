"""The sentences on the whole gallery turn when the numbers do."""

import numpy as np
import pandas as pd
import pytest
import small_truth
from small_truth import NAME

from cocofacet.chapters import gallery
from cocofacet.evaluation import truth


def table(general, prompted, sizes=(50, 900)):
    """Two texts of one facet; a value for each size."""
    values = {"general": general, "prompted": prompted}
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


def test_an_order_that_holds_and_one_that_turns():
    same = gallery.order(table((0.5, 0.4), (0.9, 0.8)), 10)
    assert same.count("is the same at every size: the facet's question > general") == 3
    turned = gallery.order(table((0.5, 0.9), (0.9, 0.8)), 10)
    assert "By mAP the order depends on the size: the facet's question > " in turned
    assert "at 50; general (no prompt) > the facet's question at 900." in turned
    assert "general (no prompt) = the facet's question" in gallery.order(
        table((0.5, 0.9), (0.5, 0.9)), 10
    )


@pytest.mark.parametrize(
    ("prompted", "words"), [(0.8, "a gain of 40.0 points"), (0.1, "a loss of 30.0")]
)
def test_gain_or_loss(prompted, words):
    sentence = gallery.gain(table((0.5, 0.4), (0.9, prompted)), "prompted")
    assert words in sentence and "whole gallery of 900 pictures" in sentence


def test_what_size_does_to_a_random_order_stands_beside_it():
    sentence = gallery.falling(table((0.5, 0.4), (0.9, 0.8)), "general")
    assert "changes by −10.0 points" in sentence
    assert "random order by −10.0 points" in sentence


def test_the_best_on_each_facet():
    assert gallery.best_by_facet(table((0.5, 0.4), (0.9, 0.8))) == (
        "On every facet the facet's question has the highest mAP."
    )
    two = pd.concat(
        [
            table((0.5, 0.4), (0.9, 0.8)),
            table((0.5, 0.9), (0.9, 0.8)).assign(facet="people"),
        ]
    )
    assert gallery.best_by_facet(two) == (
        "The highest mAP has the facet's question on times; general (no prompt) on "
        "people."
    )


def test_the_table_and_the_figure():
    found = {"a": table((0.5, 0.4), (0.9, 0.8)), "b": table((0.5, 0.4), (0.9, 0.6))}
    grid = gallery.by_facet(found, 10)
    assert grid.loc["macro", ("b", "the facet's question", "mAP")] == pytest.approx(60)
    assert grid.loc["times", ("", "", "texts")] == 2
    assert grid.loc["times", ("", "random order", "Recall@10")] == pytest.approx(20)
    figure = gallery.over_sizes(found, 10, [50, 900], "rendered world")
    assert len(figure.axes) == 6
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[:2] == ["a: mAP", "a: Recall@10"]


# False negatives.


def test_false_negatives_turn_numbers_and_sentences():
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
        return gallery.false_negatives(pool, false, np.ones((1, 1)), embedded, modes, 1)

    # The question finds every beach; but one is asked for, and ties count against it.
    by_way = gallery.false_negative_recalls(found(closed)).loc[("prompted", "scenes")]
    assert by_way[["as is", "removed", "right"]].tolist() == [0, 1, 1]
    assert by_way["false"] == truth.false_negatives(closed, true).sum()
    sentence = gallery.hidden(found(closed), 1, "They")
    assert "without a prompt" not in sentence and "most on scenes" in sentence
    assert "0.0 % with them, +100.0 points without" in sentence
    clean = gallery.hidden(found(benchmark), 1, "They")
    assert clean == "They hold no false negative among 99 candidates."
    table = gallery.false_negative_grid(
        {"pools": gallery.false_negative_recalls(found(closed))}
    )
    assert table.loc["macro", ("pools", "the facet's question", "taken out")] == "100.0"


@pytest.mark.parametrize(
    ("seen", "true", "words"),
    [
        ((0.5, 0.6), (0.5, 0.9), "hide a part of it"),
        ((0.5, 0.4), (0.5, 0.9), "turn it round"),
        ((0.5, 0.9), (0.5, 0.9), "do not touch it"),
        ((0.5, 0.9), (0.5, 0.6), "enlarge it"),
    ],
)
def test_what_false_negatives_do_to_a_gain(seen, true, words):
    found = pd.DataFrame(
        {
            "facet": "scenes",
            "mode": ["general", "prompted"],
            "false": 3,
            "as is": seen,
            "removed": true,
            "right": true,
        }
    )
    assert gallery.hidden(found, 1, "They").endswith(f"they {words}.")


# Exact search.


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
    slow = gallery.fastest(measured(milliseconds_for_all_queries=80.0))
    assert slow == (
        "Among 1,000 vectors of 512 dimensions (2.0 GB), the 10 best of 100 queries "
        "take 50 ms by numpy and 80 ms by faiss; all find the same pictures "
        "(a processor, 2 cores)."
    )
    fast = gallery.fastest(
        measured(milliseconds_for_all_queries=20.0, same_pictures=0.9)
    )
    assert "take 20 ms by faiss and 50 ms by numpy" in fast
    assert "they agree on 90.0 % of the pictures" in fast


def test_what_is_not_installed_is_not_measured():
    made = measured()
    made["sizes"][0]["ways"]["faiss"] = None
    table = gallery.speed(made)
    assert table.loc[("1,000", "faiss")].isna().sum() == 4
    assert table.loc[("1,000", "numpy"), "most memory (GB)"] == 3
    assert "faiss" not in gallery.fastest(made)


def test_nothing_measured(tmp_path):
    assert gallery.read_speed(tmp_path / "exact_search.json") == {}
