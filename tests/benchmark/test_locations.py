"""Which answers to "Where is this scene?" may be one place."""

import pytest

from cocofacet.benchmark import locations


def test_about_twenty_location_groups_that_overlap():
    assert 18 <= len(locations.GROUPS) <= 26
    assert locations.groups_of("harbor") >= {"beach and sea", "water"}
    assert locations.groups_of("on the beach") == locations.groups_of("The Beach.")


@pytest.mark.parametrize(
    ("answer", "other", "expected"),
    [
        ("the beach", "a kitchen", True),
        ("the beach", "by the ocean", False),
        ("in a kitchen", "inside a home", False),
        ("a city street", "in a forest", True),
        # Broad answers could be any place of their kind.
        ("outdoors", "on the beach", False),
        ("outdoors", "a bathroom", True),
        # A word inside a word is no word: "carpet" holds "car".
        ("on the carpet", "in a parking lot", False),
        # In no group: it could be anywhere, so nothing is certainly elsewhere.
        ("the starting line", "a kitchen", False),
        ("the starting line", "the starting line", False),
    ],
)
def test_answers_that_share_no_group(answer, other, expected):
    assert locations.share_no_group(answer, other) is expected
    assert locations.share_no_group(other, answer) is expected


def test_a_word_inside_a_word_is_in_no_group():
    assert locations.groups_of("on the carpet") == frozenset()


@pytest.mark.parametrize(
    ("answer", "label"),
    [("On the Beach.", "on the beach"), ("  A  zoo!", "a zoo"), ("U.K.", "u.k")],
)
def test_an_answer_becomes_a_label(answer, label):
    assert locations.normalise(answer) == label
