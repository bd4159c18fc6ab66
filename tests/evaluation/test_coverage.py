"""How often intervals hold the truth: by hand, and near what they say."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cocofacet.evaluation.coverage import coverage, crossed_coverage


def queries_of(facets):
    """facet -> the hits of each text's queries."""
    rows = [
        (facet, f"{facet}{number}", hit)
        for facet, texts in facets.items()
        for number, hits in enumerate(texts)
        for hit in hits
    ]
    return pd.DataFrame(rows, columns=["facet", "text", "hit"])


def test_two_texts_by_hand():
    """Drawn twice, both hit or both miss in a quarter of cases each: a point at 1 or 0,
    not 1/2. Else Student's interval on one degree of freedom holds everything."""
    found = coverage(queries_of({"f": [[1], [0]]}))
    assert found["texts"] == 2
    assert found["covers"] == pytest.approx(1 / 2, abs=0.03)
    assert found["too_low"] == pytest.approx(1 / 4, abs=0.03)
    assert found["too_high"] == pytest.approx(1 / 4, abs=0.03)


def test_where_nothing_varies_everything_is_covered():
    found = coverage(queries_of({"f": [[1, 1], [1]], "g": [[0], [0]]}))
    assert (found["covers"], found["half"], found["seen"]) == (1, 0, 0)


@pytest.mark.parametrize("count", [20, 60])
def test_with_many_texts_it_is_what_it_says(count):
    rng = np.random.default_rng(0)
    texts = rng.integers(-1, 2, size=(count, 3)).tolist()
    found = coverage(queries_of({"f": texts, "g": texts[: count // 2]}))
    assert found["covers"] == pytest.approx(0.95, abs=0.015)


def test_queries_of_a_text_are_drawn_together():
    """Ten queries that agree count as one: the error is that of the texts."""
    one = queries_of({"f": [[n % 2] for n in range(30)]})
    ten = queries_of({"f": [[n % 2] * 10 for n in range(30)]})
    assert coverage(ten)["half"] == pytest.approx(coverage(one)["half"], rel=0.05)


def test_what_would_have_been_seen_is_seen_so_often():
    """A gain of the size named, in thirty texts that scatter as these do."""
    rng = np.random.default_rng(1)
    scatter = rng.integers(-1, 2, size=30)
    seen = coverage(queries_of({"f": [[hit] for hit in scatter]}))["seen"]
    drawn = rng.choice(scatter - scatter.mean(), size=(2000, 30)) + seen
    low = stats.ttest_1samp(drawn, 0, axis=1).confidence_interval().low
    assert (low > 0).mean() == pytest.approx(0.8, abs=0.04)


def crossed_counts(hits, queries=10):
    """From an array (seeds, wordings, texts) in one facet."""
    return pd.DataFrame(
        (*place[:2], "f", str(place[2]), hit, queries)
        for place, hit in np.ndenumerate(hits)
    ).set_axis(["seed", "wording", "facet", "text", "hits", "queries"], axis=1)


@pytest.mark.parametrize("seeds", [[0, 10], [0, 4, 10], [0, 0, 5, 10, 10]])
def test_few_levels_are_drawn_from_a_normal(seeds):
    """Where only they differ, Student's interval of so many normals is exact. Drawn
    from the two at hand it would be one half: both draws the same seed, and no spread.
    """
    shape = (len(seeds), 3, 4)
    hits = np.broadcast_to(np.array(seeds)[:, None, None], shape)
    found = crossed_coverage(crossed_counts(hits), ("seed", "wording"))
    assert found == pytest.approx(0.95, abs=0.025)


def test_many_levels_are_drawn_from_those_at_hand():
    """Nine wordings find nothing, one all: 0.9 ** 10 of the draws lack it, miss, and
    see no spread."""
    hits = np.broadcast_to(np.array([0] * 9 + [10])[None, :, None], (2, 10, 4))
    found = crossed_coverage(crossed_counts(hits), ("seed", "wording"))
    assert found <= 1 - 0.9**10 + 0.05


def test_where_no_level_matters_it_is_the_coverage_over_texts():
    texts = np.random.default_rng(2).integers(11, size=40)
    hits = np.broadcast_to(texts, (2, 3, 40))
    found = crossed_coverage(crossed_counts(hits), ("seed", "wording"))
    assert found == pytest.approx(0.95, abs=0.025)
