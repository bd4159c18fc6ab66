"""Ranks with known answers, and against loops that read like the rule."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from small_tables import SmallBenchmark, SmallQuery, small_world

from cocofacet.evaluation.ranking import (
    COLUMNS,
    POOL_COLUMNS,
    gallery_scores,
    pool_scores,
    pools_of,
    prompt_modes,
    rank_of_positive,
    rank_rows,
    rank_table,
)

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("scores", "rank"),
    [
        ([0.9, 0.5, 0.1], 1),
        ([0.5, 0.9, 0.1], 2),
        ([0.5, 0.5, 0.1], 2),  # a tie counts against the positive
        ([0.5, 0.5, 0.5], 3),  # a constant scorer gets nothing
        ([NAN, 0.5, 0.1], 3),
        ([0.5, NAN, 0.1], 2),
        ([NAN, NAN, NAN], 3),
        ([INF, INF, 0.1], 2),
        ([-INF, -INF, -INF], 3),
        ([0.1, -INF, INF], 2),
    ],
)
def test_rank_by_hand(scores, rank):
    assert rank_of_positive(np.array([scores])).tolist() == [rank]


# Few distinct values, so that ties are common.
few = st.sampled_from([0.0, 0.25, 0.5, 1.0, -1.0, NAN, INF, -INF])


@given(
    arrays(np.float64, st.tuples(st.integers(0, 5), st.integers(1, 8)), elements=few)
)
def test_rank_is_what_a_loop_counts(scores):
    expected = []
    for positive, *negatives in scores.tolist():
        beaten = sum(1 for negative in negatives if negative < positive)
        expected.append(len(negatives) - beaten + 1)
    assert rank_of_positive(scores).tolist() == expected


@settings(max_examples=30)
@given(st.integers(1, 9), st.integers(1, 12), st.integers(1, 7), st.integers(0, 99))
def test_scores_are_dot_products_whatever_the_chunk(q, n, d, seed):
    rng = np.random.default_rng(seed)
    queries, images = rng.normal(size=(q, d)), rng.normal(size=(n, d))
    pool = rng.integers(0, n, size=(q, 4))
    expected = [
        [sum(queries[row][i] * images[image][i] for i in range(d)) for image in line]
        for row, line in enumerate(pool)
    ]
    for memory in (1, 100, 1 << 20):
        found = pool_scores(queries, images, pool, memory=memory)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("dim", [7, 64, 129, 300])
def test_images_that_are_the_same_tie_exactly(dim):
    """A matrix product would differ in the last bit here and there, and with it a
    constant scorer would get recall by luck."""
    rng = np.random.default_rng(0)
    images = np.tile(rng.normal(size=dim).astype(np.float32), (150, 1))
    queries = rng.normal(size=(40, dim)).astype(np.float32)
    pool = np.array([rng.permutation(150)[:100] for _ in queries])
    assert (rank_of_positive(pool_scores(queries, images, pool)) == 100).all()


@pytest.mark.parametrize(
    ("queries", "images", "pool"),
    [
        ((2, 3), (4, 5), [[0, 1], [1, 2]]),  # D differs
        ((2, 3), (4, 3), [[0, 1]]),  # one pool too few
        ((2, 3), (4, 3), [[0, 4], [0, 1]]),  # image 4 of 4
        ((2, 3), (4, 3), [[0, -1], [0, 1]]),
    ],
)
def test_scores_refuse_what_does_not_fit(queries, images, pool):
    with pytest.raises(ValueError, match=r"queries|pool"):
        pool_scores(np.ones(queries), np.ones(images), np.array(pool))


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


def test_table_of_a_benchmark():
    """Two facets, images that show one thing each, and a question that hides it."""
    queries = [
        SmallQuery("a:0", "animals", "cat", "find a cat"),
        SmallQuery("t:0", "times", "night", "find night"),
    ]
    pools = SmallBenchmark(queries, [[0, 1, 2], [2, 1, 0]])
    texts = np.array([[1.0, 0.0], [0.0, 1.0]])
    seen = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    images = {None: seen, "": seen, "animal?": seen, "time?": seen[::-1]}
    modes = prompt_modes({"animals": "animal?", "times": "time?"})
    assert modes["wrong"] == {"animals": ("time?",), "times": ("animal?",)}
    table = rank_table(pools, texts, images, modes, profile="mini", retriever="r")
    assert list(table.columns) == [*COLUMNS, *POOL_COLUMNS]
    assert table[POOL_COLUMNS].isna().all(axis=None), (
        "which images were eligible is not known"
    )
    ranks = table.set_index(["mode", "query"])["rank"].to_dict()
    assert ranks == {
        ("general", "a:0"): 1,
        ("general", "t:0"): 1,
        ("bare", "a:0"): 1,
        ("bare", "t:0"): 1,
        ("prompted", "a:0"): 1,
        ("prompted", "t:0"): 3,  # "time?" turns the order round
        ("wrong", "a:0"): 3,
        ("wrong", "t:0"): 1,
    }
    assert table["prompt"].tolist()[:2] == [None, None]
    assert set(table["profile"]) == {"mini"}
    assert set(table["run"]) == {""}


def test_table_refuses_unknown_columns_and_absent_facets():
    pools = SmallBenchmark(
        [SmallQuery("a:0", "animals", "cat", "find a cat")], [[0, 1]]
    )
    queries, images = np.ones((1, 2)), {None: np.ones((2, 2))}
    with pytest.raises(ValueError, match="profil"):
        rank_rows(pools.queries, np.ones((1, 2)), "general", None, profil="mini")
    with pytest.raises(ValueError, match="facet"):
        rank_table(pools, queries, images, {"general": {"times": (None,)}})


@pytest.mark.parametrize("seed", range(5))
def test_a_table_counts_what_a_loop_counts(seed):
    world, queries, images = small_world(seed)
    table = rank_table(world, queries, {None: images}, {"general": {"f": (None,)}})
    assert [str(table[name].dtype) for name in POOL_COLUMNS] == ["Int64", "Int64"]
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
