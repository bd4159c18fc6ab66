"""Several wishes as one text, and their scores as one."""

import numpy as np

from cocofacet.benchmark.facets import FACETS
from cocofacet.retrieval import combine


def test_parts_are_joined_as_one_would_say_them():
    parts = [
        FACETS[facet].wording(label)
        for facet, label in {"gestures": "sit", "people": "1", "times": "dusk"}.items()
    ]
    assert combine.joined(parts) == (
        "Find me an everyday image that contains someone sitting, showing one person "
        "in the picture and that is taken during the dusk."
    )
    assert combine.joined(parts[:1]) == parts[0]


def test_every_facets_wording_can_be_a_part():
    for facet in FACETS.values():
        label = (facet.labels or ("on a beach",))[0]
        text = combine.joined([facet.wording(label)] * 2)
        assert text.endswith(".") and text.count("Find me") == 1


def test_the_least_score_and_the_sum_by_hand():
    each = np.array([[[0.9, 0.5]], [[0.0, 0.3]]])  # (facets, queries, images)
    assert combine.WAYS["part-prompted"].together(each, axis=0).tolist() == [[0.9, 0.8]]
    assert combine.WAYS["part-least"].together(each, axis=0).tolist() == [[0.0, 0.3]]


def test_each_way_scores_what_it_says():
    """One query, two images; texts and images are numbers, so that a score is a product
    and a sum of products shows what met what."""
    dusk, two = "Find me an image at dusk.", "Find me an image of 2."
    parts = {"times": [dusk], "people": [two]}
    value = {dusk: 2.0, two: 3.0, "Find me an everyday image at dusk and of 2.": 5.0}
    images = {None: 1.0, "When?": 10.0, "How many?": 100.0, "When? How many?": 1000.0}
    found = combine.scores_by_way(
        parts,
        lambda texts: np.array([[value[text]] for text in texts]),
        {prompt: np.array([[size], [-size]]) for prompt, size in images.items()},
        {"times": "When?", "people": "How many?"},
    )
    assert {way: scores.tolist() for way, scores in found} == {
        "general": [[5, -5]],
        "part-general": [[2 + 3, -5]],
        "long": [[5000, -5000]],
        "whole-prompted": [[50 + 500, -550]],
        "part-prompted": [[20 + 300, -320]],
        "part-least": [[20, -300]],
    }
