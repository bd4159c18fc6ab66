"""Recall over all draws of negatives: by hand, by enumeration, by simulation."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evaluate import Asked, Pools, table_of

from cocofacet.evaluation import runs
from cocofacet.evaluation.metrics import (
    LUCK,
    averages,
    expected_recall,
    interval,
    paired_difference,
    per_query,
    recall_by_facet,
)
from cocofacet.evaluation.ranking import (
    gallery_scores,
    pool_scores,
    pools_of,
    rank_of_positive,
    rank_table,
)

NAN = float("nan")


def luck(eligible, above):
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
    (found,) = expected_recall(luck([eligible], [above]), k)
    assert found == pytest.approx(recall, abs=1e-12)


@pytest.mark.parametrize("above", range(7))
def test_expectation_is_the_share_of_all_draws(above):
    """Six eligible images, three drawn: all twenty draws, one by one."""
    draws = list(combinations(range(6), 3))
    for k in (1, 2, 3, 4):
        hits = [1 + sum(image < above for image in draw) <= k for draw in draws]
        (found,) = expected_recall(luck([6], [above]), k, drawn=3)
        assert found == pytest.approx(np.mean(hits))


def test_with_99_eligible_there_is_one_draw_and_its_hit():
    above = np.arange(100)
    table = luck(np.full(100, 99), above)
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
    table = luck([eligible] * 2, [above, above + 1])
    one, worse = expected_recall(table, k)
    (wider, _) = expected_recall(table, k + 1)
    assert 0 <= worse <= one <= 1 + 1e-12
    assert one <= wider + 1e-12


def test_fewer_eligible_than_drawn_is_an_error_and_unknown_is_unknown():
    with pytest.raises(ValueError, match="fewer than the 99"):
        expected_recall(luck([98], [1]), 1)
    assert np.isnan(expected_recall(luck([pd.NA], [pd.NA]), 1)).all()
    assert np.isnan(expected_recall(pd.DataFrame({"rank": [1]}), 1)).all()


def small_world(seed=0, images=400, dim=6):
    """Two labels with three positives each, and everything else eligible. Embeddings
    of few values, so that ties are common."""
    rng = np.random.default_rng(seed)
    eligible = {("f", "a"): range(10, images), ("f", "b"): range(150, images)}
    queries = [
        Asked(f"f:{n}", "f", label, f"{label}?") for n, label in enumerate("aaabbb")
    ]
    pool = [
        [n, *rng.choice(eligible["f", query.label], 99, replace=False)]
        for n, query in enumerate(queries)
    ]
    texts = rng.integers(-1, 2, size=(2, dim)).astype(np.float32)
    embedded = rng.integers(-1, 2, size=(images, dim)).astype(np.float32)
    embedded[5] = NAN
    return Pools(queries, pool, eligible), texts[[0, 0, 0, 1, 1, 1]], embedded


@pytest.mark.parametrize("seed", range(5))
def test_a_table_counts_what_a_loop_counts(seed):
    world, queries, images = small_world(seed)
    table = rank_table(world, queries, {None: images}, {"general": {"f": (None,)}})
    assert [str(table[name].dtype) for name in LUCK] == ["Int64", "Int64"]
    scores = queries.astype(float) @ images.T.astype(float)  # small whole numbers
    for row, query in enumerate(world.queries):
        positive = world.pool[row][0]
        here = world.eligible("f", query.label)
        above = sum(not scores[row][i] < scores[row][positive] for i in here)
        assert table.eligible[row] == len(here)
        assert table.above[row] == above, "ties and NaN count against"
        below = [scores[row][i] < scores[row][positive] for i in world.pool[row][1:]]
        assert table["rank"][row] == 100 - sum(below)
    assert table.above[5] == table.eligible[5], "its positive has no score"


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


@settings(max_examples=30)
@given(st.integers(1, 9), st.integers(1, 12), st.integers(1, 7), st.integers(0, 99))
def test_gallery_scores_are_the_pools_scores_whatever_the_chunk(t, n, d, seed):
    rng = np.random.default_rng(seed)
    queries, images = rng.normal(size=(t, d)), rng.normal(size=(n, d))
    everywhere = np.tile(np.arange(n), (t, 1))
    for memory in (1, 100, 1 << 20):
        found = gallery_scores(queries, images, memory=memory)
        assert (found == pool_scores(queries, images, everywhere)).all()


@pytest.mark.parametrize("dim", [7, 64, 129, 300])
def test_images_that_are_the_same_tie_exactly_in_the_gallery(dim):
    rng = np.random.default_rng(0)
    images = np.tile(rng.normal(size=dim).astype(np.float32), (151, 1))
    queries = rng.normal(size=(40, dim)).astype(np.float32)
    for memory in (1, 1000, 1 << 20):
        scores = gallery_scores(queries, images, memory=memory)
        assert (scores == scores[:, :1]).all()
    with pytest.raises(ValueError, match="must be"):
        gallery_scores(queries, images[:, 1:])


def test_a_text_must_have_one_embedding():
    world, queries, images = small_world()
    queries = queries.copy()
    queries[1] += 1
    with pytest.raises(ValueError, match="same text"):
        rank_table(world, queries, {None: images}, {"general": {"f": (None,)}})


def test_one_facet_knows_its_pools():
    world, _, _ = small_world()
    pools = pools_of(world, "f")
    assert pools.texts == ("a?", "b?")
    assert pools.text.tolist() == [0, 0, 0, 1, 1, 1]
    assert [len(here) for here in pools.eligible] == [390, 250]


def known(rows, eligible, above, **columns):
    return table_of(rows, **columns).assign(eligible=eligible, above=above)


ROWS = [
    ("animals", "cat?", "cat", 1),
    ("animals", "dog?", "dog", 9),
    ("animals", "dog?", "dog", 1),
    ("times", "night?", "night", 7),
]
# Expected Recall@1: 1, 1/100, 1/2 and 0.
TABLE = known(ROWS, [120, 100, 198, 100], [0, 1, 1, 2])


def test_averages_of_expectations_by_hand():
    found = averages(TABLE, 1, expected=True).iloc[0]
    assert found["animals"] == pytest.approx(1.51 / 3)
    assert found["times"] == 0
    assert found["macro"] == pytest.approx(1.51 / 6)
    assert found["micro"] == pytest.approx(1.51 / 4)
    assert found["balanced"] == pytest.approx((1 + 0.51 / 2) / 4)
    facets = recall_by_facet(TABLE, 1, expected=True).set_index("facet")
    assert facets.recall["animals"] == pytest.approx(1.51 / 3)
    # The single draw is what it was.
    assert averages(TABLE, 1)["micro"].item() == 2 / 4


def test_intervals_and_differences_exist_for_both():
    for average in ("macro", "micro", "balanced"):
        found = interval(TABLE, 1, average, expected=True)
        value = averages(TABLE, 1, expected=True)[average].item()
        assert found.value == pytest.approx(value)
        assert found.low <= found.value <= found.high
        assert found.expected and not interval(TABLE, 1, average).expected
    worse = TABLE.assign(above=[1, 1, 1, 2], mode="bare")
    found = paired_difference(TABLE, worse, 1, "micro", expected=True)
    assert found.value == pytest.approx((1 - 21 / 120) / 4)
    assert paired_difference(TABLE, worse, 1, "micro").value == 0


def test_an_expectation_that_is_not_known_of_every_row_is_refused():
    partly = TABLE.assign(eligible=[120, pd.NA, 198, 100])
    for table in (partly, table_of(ROWS)):
        for ask in (per_query, averages, recall_by_facet, interval):
            with pytest.raises(ValueError, match="eligible negatives are not known"):
                ask(table, 1, expected=True)


def test_ranks_on_disk_keep_both_numbers_or_have_neither(tmp_path):
    path = tmp_path / "a.ranks.csv"
    partly = TABLE.assign(
        eligible=pd.array([120, pd.NA, 198, 100], "Int64"),
        above=pd.array([0, pd.NA, 1, 2], "Int64"),
    )
    partly.to_csv(path, index=False)
    assert "120,0\n" in path.read_text(), "whole numbers"
    found = runs.read(path)
    pd.testing.assert_frame_equal(found[LUCK], partly[LUCK])
    table_of(ROWS).to_csv(path, index=False)  # ranks of an older run
    assert np.isnan(expected_recall(runs.read(path), 1)).all()
