"""A sentence that states a result turns when its numbers turn."""

import pandas as pd
import pytest

from cocofacet.report import sentences


def row(value, reference, low, high):
    return pd.Series(
        {
            "value": value,
            "reference": reference,
            "difference": value - reference,
            "low": low,
            "high": high,
        }
    )


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.2, "gain"),
        (-0.2, -0.01, "loss"),
        (-0.1, 0.1, "undecided"),
        (0.0, 0.1, "undecided"),
        (float("nan"), float("nan"), "undecided"),
    ],
)
def test_verdict_needs_the_whole_interval(low, high, verdict):
    assert sentences.verdict(low, high) == verdict


def test_difference_says_gain_loss_or_neither():
    gain = sentences.difference(row(0.66, 0.42, 0.2, 0.28), "A", "B", 1)
    assert gain == (
        "A has Recall@1 66.0 % (macro over facets), B 42.0 %: a gain of 24.0 points "
        "(95 % interval +20.0 to +28.0)."
    )
    loss = sentences.difference(row(0.42, 0.66, -0.28, -0.2), "A", "B", 1)
    assert "a loss of 24.0 points" in loss
    neither = sentences.difference(row(0.43, 0.42, -0.02, 0.04), "A", "B", 1)
    assert "+1.0 points, which may be no difference at all" in neither


def test_by_facet_sorts_facets_into_three_groups():
    table = pd.DataFrame(
        {"facet": list("abc"), "low": [0.1, -0.3, -0.1], "high": [0.2, -0.1, 0.1]}
    )
    assert sentences.by_facet(table, 1) == (
        "By facet, Recall@1 rises on a, falls on b and is undecided on c."
    )
    one = table.iloc[:1]
    assert sentences.by_facet(one, 1) == "By facet, Recall@1 rises on a."


def test_recovery_divides_only_where_there_is_a_gap():
    gap = row(0.6, 0.4, 0.15, 0.25)
    assert "50 % of the way" in sentences.recovery(0.5, gap, "W", 1)
    assert "less than no prompt at all" in sentences.recovery(0.39, gap, "W", 1)
    noise = row(0.6, 0.4, -0.1, 0.5)
    assert "no clear gain of prompting" in sentences.recovery(0.5, noise, "W", 1)


@pytest.mark.parametrize(
    ("lows", "answer"),
    [
        ((0.1, 0.1), "carries over here"),
        ((-0.1, 0.1), "carries over in part"),
        ((-0.1, -0.1), "does not carry over here"),
    ],
)
def test_carried_over_counts_the_facets_that_gain(lows, answer):
    unasked = pd.DataFrame(
        {
            "facet": ["times", "materials", "objects"],
            "difference": [0.15, 0.15, 0.5],
            "low": [*lows, 0.4],
            "high": [0.2, 0.2, 0.6],
        }
    )
    text = sentences.carried_over(unasked, unasked, ("times", "materials"), 1)
    assert answer in text
    assert "objects" not in text


def test_listed():
    assert sentences.listed([]) == "none"
    assert sentences.listed(["a"]) == "a"
    assert sentences.listed(["a", "b", "c"]) == "a, b and c"
