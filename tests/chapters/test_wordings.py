"""The sentences on ways to ask turn when the numbers do."""

import pandas as pd
import pytest

from cocofacet.chapters.wordings import (
    by_facet_and_way,
    over_general,
    sign_flips,
    what_matters,
)


def macro(value, reference, low, high):
    row = {"facet": "macro", "value": value, "reference": reference}
    return pd.DataFrame(
        [{**row, "difference": value - reference, "low": low, "high": high}]
    )


CLEAR = {
    "prompted": macro(0.8, 0.3, 0.45, 0.55),
    "nonsense": macro(0.2, 0.3, -0.2, 0.0),
    "bare": macro(0.25, 0.3, -0.1, 0.05),
}


def test_a_question_that_beats_nonsense_is_understood():
    sentence = what_matters(CLEAR, 1)["meaning"]
    assert "gains +50.0 points Recall@1" in sentence
    assert "bare instruction does best with −5.0 points" in sentence
    assert sentence.endswith("The question's meaning matters.")


def test_nonsense_that_helps_as_much_turns_the_sentence():
    found = CLEAR | {"nonsense": macro(0.8, 0.3, 0.44, 0.56)}
    sentence = what_matters(found, 1)["meaning"]
    assert "nonsense of its length cannot be told from it" in sentence


def test_without_a_gain_there_is_nothing_to_explain():
    found = CLEAR | {"prompted": macro(0.31, 0.3, -0.02, 0.04)}
    assert "no clear gain" in what_matters(found, 1)["meaning"]


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.02, 0.1, "helps"), (-0.1, -0.02, "hurts"), (-0.1, 0.1, "decides nothing")],
)
def test_the_query_side_helps_hurts_or_decides_nothing(low, high, words):
    found = CLEAR | {"query": macro(0.3, 0.3, low, high)}
    assert f"{words} (" in what_matters(found, 1)["side"]


@pytest.mark.parametrize(
    ("shift", "words"), [(0.0, "overlap"), (0.2, "clear difference")]
)
def test_whose_words(shift, words):
    found = CLEAR | {"human": macro(0.8 + shift, 0.3, 0.45 + shift, 0.55 + shift)}
    assert words in what_matters(found, 1)["words"]


def ranks(mode, facet, values):
    return pd.DataFrame(
        {
            "profile": "p", "run": "r", "retriever": "m", "revision": "0", "mode": mode,
            "prompt": None, "facet": facet, "query": [f"{facet}:{i}" for i in range(4)],
            "text": [f"{facet} {i}" for i in range(4)], "label": "l", "rank": values,
            "eligible": None, "above": None,
        }
    )  # fmt: skip


def test_tables_by_hand():
    """Four texts, all missed without a prompt and all hit with: two of 16 flips of
    signs are as far from zero."""
    table = pd.concat(
        [
            ranks("general", "times", [9, 9, 9, 9]),
            ranks("general", "people", [1, 1, 9, 9]),
            ranks("own", "times", [1, 1, 1, 1]),
        ]
    )
    found = over_general(table, ["own"], 1, seed=0)["own"].set_index("facet")
    assert found.loc["macro", "reference"] == 0.0, "compared on the facets it asks"
    assert found.loc["macro", "difference"] == 1.0
    test = sign_flips(table, ["own"], 1, seed=0).loc["your own question", "times"]
    assert (test["points"], test["p"], test["flips"]) == ("+100.0", "0.12", "all 16")
    grid = by_facet_and_way(table, ["general", "own"], 1, seed=0)
    assert grid.loc["general (no prompt)", "people"] == 50.0
    assert grid.loc["your own question", "times"] == 100.0
