"""Recalls and averages by hand; recall over all draws of negatives by hand, by
enumeration and by simulation."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_tables import EXPECTED, ROWS, small_world, table_of

from cocofacet.evaluation.metrics import (
    averages,
    expected_recall,
    per_query,
    recall_at,
)
from cocofacet.evaluation.ranking import rank_of_positive, rank_table
from cocofacet.evaluation.scores import gallery_scores
from cocofacet.evaluation.statistics import interval
from cocofacet.io import InputError


@given(st.lists(st.integers(1, 100), min_size=1), st.integers(1, 100))
def test_recall_is_a_share(ranks, k):
    assert recall_at(ranks, k) == pytest.approx(
        len([rank for rank in ranks if rank in range(1, k + 1)]) / len(ranks)
    )


def test_recall_of_nothing_is_unknown():
    assert np.isnan(recall_at([], 1))


def test_averages_by_hand():
    """animals: cat 1/1, dog 1/3, so 2/4 by query and 2/3 by label; times: 0/1."""
    rows = [
        ("animals", "cat?", "cat", 1),
        ("animals", "dog?", "dog", 1),
        ("animals", "dog?", "dog", 2),
        ("animals", "dog?", "dog", 9),
        ("times", "night?", "night", 7),
    ]
    found = averages(table_of(rows), k=1).iloc[0]
    assert found["animals"] == 0.5
    assert found["times"] == 0.0
    assert found["macro"] == 0.25
    assert found["micro"] == pytest.approx(2 / 5)
    assert found["balanced"] == pytest.approx((2 / 3 + 0) / 2)
    animals = averages(table_of(rows[:4]), k=1).iloc[0]
    assert animals["balanced"] == pytest.approx(2 / 3)


def test_a_query_with_several_wrong_prompts_counts_once():
    table = table_of(
        [
            ("f", "a?", "a", 1),
            ("f", "a?", "a", 9),
            ("f", "a?", "a", 9),
            ("f", "b?", "b", 1),
        ],
        mode="wrong",
    ).assign(query=[0, 0, 0, 1], prompt=["x", "y", "z", "x"])
    assert per_query(table, k=1)["hit"].tolist() == [pytest.approx(1 / 3), 1.0]
    assert averages(table, k=1)["micro"].item() == pytest.approx(2 / 3)
    assert interval(table, k=1, average="micro").queries == 2


def test_groups_are_kept_apart_also_with_empty_columns():
    rows = [("f", "a?", "a", 1), ("f", "b?", "b", 9)]
    both = pd.concat(
        [table_of(rows, revision=None), table_of(rows[:1], mode="bare", revision=None)]
    )
    found = averages(both, k=1)["micro"]
    assert found.droplevel(["profile", "run", "retriever", "revision"]).to_dict() == {
        "general": 0.5,
        "bare": 1.0,
    }
    with pytest.raises(ValueError, match="one group"):
        interval(both, k=1)


def eligible_and_above(eligible, above):
    """A table that holds no more than the two numbers of each query."""
    return pd.DataFrame({"eligible": eligible, "above": above})


@pytest.mark.parametrize(
    ("eligible", "above", "k", "recall"),
    [
        (100, 0, 1, 1.0),
        (100, 1, 1, 1 / 100),  # the one image left out must be the one above
        (100, 1, 2, 1.0),
        (100, 2, 1, 0.0),  # only one is left out, so one above is always drawn
        (100, 2, 2, 2 / 100),
        (200, 2, 1, 101 / 200 * 100 / 199),  # neither of the two is drawn
        (198, 1, 1, 1 / 2),  # half of the images are drawn
    ],
)
def test_expectation_by_hand(eligible, above, k, recall):
    (found,) = expected_recall(eligible_and_above([eligible], [above]), k)
    assert found == pytest.approx(recall, abs=1e-12)


@pytest.mark.parametrize("above", range(7))
def test_expectation_is_the_share_of_all_draws(above):
    """Six eligible images, three drawn: all twenty draws, one by one."""
    draws = list(combinations(range(6), 3))
    for k in (1, 2, 3, 4):
        hits = [1 + sum(image < above for image in draw) <= k for draw in draws]
        (found,) = expected_recall(eligible_and_above([6], [above]), k, drawn=3)
        assert found == pytest.approx(np.mean(hits))


def test_with_99_eligible_there_is_one_draw_and_its_hit():
    above = np.arange(100)
    table = eligible_and_above(np.full(100, 99), above)
    for k in (1, 5, 99, 100):
        hits = (1 + above <= k).astype(float)
        assert expected_recall(table, k).tolist() == hits.tolist()


counts = st.integers(99, 6000).flatmap(
    lambda eligible: st.tuples(st.just(eligible), st.integers(0, eligible - 1))
)


@given(counts, st.integers(1, 99))
@settings(deadline=None)
def test_expectation_is_a_share_that_grows_with_k_and_falls_with_above(pair, k):
    eligible, above = pair
    table = eligible_and_above([eligible] * 2, [above, above + 1])
    one, worse = expected_recall(table, k)
    (wider, _) = expected_recall(table, k + 1)
    assert 0 <= worse <= one <= 1 + 1e-12
    assert one <= wider + 1e-12


def test_fewer_eligible_than_drawn_is_an_error_and_unknown_is_unknown():
    with pytest.raises(ValueError, match="fewer than the 99"):
        expected_recall(eligible_and_above([98], [1]), 1)
    assert np.isnan(expected_recall(eligible_and_above([pd.NA], [pd.NA]), 1)).all()
    assert np.isnan(expected_recall(pd.DataFrame({"rank": [1]}), 1)).all()


def test_expectation_is_the_mean_of_simulated_draws():
    world, queries, _ = small_world()
    queries, images = np.ones((6, 1)), np.arange(400.0)[:, None]
    images[:6, 0] = [399.5, 398.5, 390.5, 375.5, 385, 200]  # the six positives
    table = rank_table(world, queries, {None: images}, {"general": {"f": (None,)}})
    assert table.above.tolist() == [0, 1, 9, 24, 15, 200]
    scores = gallery_scores(queries, images)
    rng = np.random.default_rng(0)
    draws = 3000
    hits = {k: per_query(table, k, expected=True).hit for k in (1, 5, 10)}
    for row, query in enumerate(world.queries):
        here = np.array(world.eligible("f", query.label))
        drawn = np.array([rng.choice(here, 99, replace=False) for _ in range(draws)])
        positive = np.full((draws, 1), world.pool[row][0])
        ranks = rank_of_positive(scores[row][np.hstack([positive, drawn])])
        for k in hits:
            expected = hits[k][row]
            spread = (expected * (1 - expected) / draws) ** 0.5
            assert abs((ranks <= k).mean() - expected) <= 5 * spread + 1e-9
    assert all(((hit > 0.1) & (hit < 0.9)).any() for hit in hits.values())


def test_averages_of_expectations_by_hand():
    found = averages(EXPECTED, 1, expected=True).iloc[0]
    assert found["animals"] == pytest.approx(1.51 / 3)
    assert found["times"] == 0
    assert found["macro"] == pytest.approx(1.51 / 6)
    assert found["micro"] == pytest.approx(1.51 / 4)
    assert found["balanced"] == pytest.approx((1 + 0.51 / 2) / 4)
    # The single draw is what it was.
    assert averages(EXPECTED, 1)["micro"].item() == 2 / 4


def test_an_expectation_that_is_not_known_of_every_row_is_refused():
    partly = EXPECTED.assign(eligible=[120, pd.NA, 198, 100])
    for table in (partly, table_of(ROWS)):
        for ask in (per_query, averages, interval):
            with pytest.raises(ValueError, match="eligible negatives are not known"):
                ask(table, 1, expected=True)


@pytest.mark.parametrize("k", [0, -1, 1.5, True, None, "5"])
def test_a_k_that_is_none_is_refused(k):
    with pytest.raises(InputError, match=r"^k: .* is no whole number from 1 up"):
        recall_at(np.array([1, 2]), k)


@pytest.mark.parametrize("ranks", [[0, 1], [1, -3], [1, np.nan], ["1", "2"]])
def test_what_is_no_rank_is_neither_hit_nor_miss(ranks):
    with pytest.raises(InputError, match="rank: holds what is no rank from 1 up"):
        recall_at(np.array(ranks), 1)
