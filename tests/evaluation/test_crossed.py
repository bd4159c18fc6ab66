"""Averages over seeds, wordings and texts: by hand, and how often they hold."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from small_tables import table_of

from cocofacet.evaluation.crossed import crossed
from cocofacet.evaluation.statistics import interval


def counts_of(values):
    """Hits of one query a text, from an array (seeds, wordings, texts), two facets."""
    half = values.shape[2] // 2
    return pd.DataFrame(
        (seed, wording, "a" if text < half else "b", str(text), hit, 1)
        for (seed, wording, text), hit in np.ndenumerate(values)
    ).set_axis(["seed", "wording", "facet", "text", "hits", "queries"], axis=1)


def test_a_crossed_average_by_hand():
    """Only seeds differ: Student's interval of three averages. Then wordings alone."""
    seeds = np.array([0.2, 0.4, 0.9])
    values = np.broadcast_to(seeds[:, None, None], (3, 2, 4))
    for each, factors in ((values, 0), (np.moveaxis(values, 0, 1), 1)):
        found = crossed(counts_of(each), ("seed", "wording"), (-1, 2))
        expected = stats.ttest_1samp(seeds, 0).confidence_interval()
        assert (found.low, found.high) == pytest.approx(tuple(expected)), factors
        assert (found.value, found.queries, found.texts) == (pytest.approx(0.5), 4, 4)


def test_without_other_factors_it_is_the_interval_over_texts():
    hits = np.array([1, 0, 0, 1, 1, 1, 0, 1])[None, None]
    alone = crossed(counts_of(hits), ("seed", "wording"))
    rows = [("ab"[n > 3], str(n), "", 1 if h else 9) for n, h in enumerate(hits[0, 0])]
    known = interval(table_of(rows), 1)
    assert (alone.value, alone.low) == pytest.approx((known.value, known.low))


def test_a_crossed_interval_holds_the_truth_as_often_as_it_says():
    """Seeds, wordings and texts with effects of their own, drawn again and again; the
    effects of three seeds leave two degrees of freedom."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        seeds, wordings, texts = (
            rng.normal(scale=scale, size=size)
            for scale, size in ((1, (3, 1, 1)), (1, (1, 10, 1)), (1, (1, 1, 12)))
        )
        noise = rng.normal(size=(3, 10, 12))
        found = crossed(
            counts_of(seeds + wordings + texts + noise), ("seed", "wording")
        )
        held += found.low <= 0 <= found.high
    assert held >= 90


@pytest.mark.parametrize(("texts", "clear"), [(4, False), (5, False), (6, True)])
def test_a_difference_over_few_texts_is_clear_only_where_turned_signs_agree(
    texts, clear
):
    """All texts gain: of six, two of 64 ways to turn the signs are as far from zero."""
    counts = counts_of(0.5 + np.arange(2 * 3 * texts).reshape(2, 3, texts) / 1000)
    counts["facet"] = "a"
    found = crossed(counts, ("seed", "wording"), (-1, 1))
    assert (found.low > 0) == clear
    assert crossed(counts, ("seed", "wording")).low > 0.4  # no difference
