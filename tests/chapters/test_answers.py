"""What was said and what it is worth, by hand."""

import pandas as pd
import pytest

from cocofacet.chapters.answers import beside_prompted, in_short, said


def test_what_was_said_most_often():
    found = said(["2", "2", "2", "1"], ["two", "two people", "two", ""])
    assert found.loc["2", "said most often"] == "two"
    assert found.loc["2", "how often"] == "2 of 3"
    assert found.loc["1", "said most often"] == "(nothing)"


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(-0.4, -0.2, "a loss of 30.0 points"), (-0.4, 0.1, "may be no difference")],
)
def test_a_handicap_costs_or_may_cost_nothing(low, high, words):
    row = {"facet": "macro", "value": 0.2, "reference": 0.5, "difference": -0.3}
    table = pd.DataFrame([row | {"low": low, "high": high}])
    assert words in in_short({"answered-low": table}, 1)["answered-low"]


@pytest.mark.parametrize(
    ("times", "words"), [(0.9, "ahead on times"), (0.1, "ahead on no facet")]
)
def test_where_words_are_ahead(times, words):
    answered = pd.DataFrame({"facet": ["times", "macro"], "recall": [times, 0.5]})
    prompted = pd.DataFrame({"facet": ["times", "macro"], "recall": [0.5, 0.5]})
    assert words in beside_prompted(answered, prompted)
