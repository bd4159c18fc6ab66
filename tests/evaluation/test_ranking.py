"""Ranks with known answers, and against loops that read like the rule."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from small_tables import SmallBenchmark, SmallQuery, small_world

from cocofacet.evaluation import ranking
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


def one_by_one(queries, images, pool):
    """Scores as one reads them: a query with a candidate, product by product."""
    queries, images = queries.astype(float), images.astype(float)
    return np.array(
        [[q @ images[c] for c in line] for q, line in zip(queries, pool, strict=True)]
    ).reshape(pool.shape)


@pytest.fixture
def small_products(monkeypatch):
    """More than one matrix product, also of few texts and images."""
    monkeypatch.setattr(ranking, "TEXTS", 16)
    monkeypatch.setattr(ranking, "IMAGES", 8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.integers(0, 40), st.integers(1, 30), st.integers(1, 7), st.integers(0, 99))
def test_scores_are_dot_products(small_products, q, n, d, seed):
    rng = np.random.default_rng(seed)
    queries, images = rng.normal(size=(q, d)), rng.normal(size=(n, d))
    pool = rng.integers(0, n, size=(q, 4))
    found = pool_scores(queries, images, pool)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, one_by_one(queries, images, pool), atol=1e-12)
    everywhere = np.tile(np.arange(n), (q, 1))
    expected = one_by_one(queries, images, everywhere)
    np.testing.assert_allclose(gallery_scores(queries, images), expected, atol=1e-12)


def noise(rng):
    return rng.normal(size=(700, 96)).astype(np.float32)


def with_zeros_of_both_signs(rng):
    images = np.repeat(noise(rng)[:350] * (rng.random((350, 96)) < 0.5), 2, axis=0)
    images[::2][images[::2] == 0] = -0.0
    return images


# What embeddings of 700 images can be alike in.
ALIKE = {
    "all differ": noise,
    "one picture": lambda rng: np.tile(noise(rng)[:1], (700, 1)),
    "each picture up to 35 times": lambda rng: noise(rng)[rng.integers(0, 20, 700)],
    "zeros of both signs": with_zeros_of_both_signs,
    "few values": lambda rng: rng.integers(-1, 2, (700, 96)).astype(np.float32),
    "half precision": lambda rng: noise(rng).astype(np.float16),
    "no score": lambda rng: np.where(rng.random((700, 1)) < 0.1, NAN, noise(rng)),
    "infinite": lambda rng: np.where(rng.random((700, 96)) < 0.01, INF, noise(rng)),
}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of one_by_one
@pytest.mark.parametrize("alike", ALIKE)
def test_ranks_are_those_of_a_loop(alike):
    """20 texts with 30 pools each; a tie in the loop is a tie here, and no other."""
    rng = np.random.default_rng(0)
    images = ALIKE[alike](rng)
    queries = rng.normal(size=(20, 96)).astype(np.float32)[rng.integers(0, 20, 600)]
    pool = np.array([rng.permutation(700)[:100] for _ in queries])
    scores = pool_scores(queries, images, pool)
    expected = rank_of_positive(one_by_one(queries, images, pool))
    assert (rank_of_positive(scores) == expected).all()
    everything = gallery_scores(queries, images)
    own = np.take_along_axis(everything, pool, axis=1)
    assert (rank_of_positive(own) == expected).all()


@pytest.fixture
def shaky_products(monkeypatch):
    """Matrix products in which each number differs in its last bits, as in one of BLAS
    may two that are equal."""
    rng, exact = np.random.default_rng(0), ranking._product
    monkeypatch.setattr(
        ranking,
        "_product",
        lambda *both: (found := exact(*both)) * (1 + 1e-15 * rng.random(found.shape)),
    )


@pytest.mark.parametrize(
    "alike", ["one picture", "each picture up to 35 times", "zeros of both signs"]
)
def test_images_that_are_the_same_tie_exactly(alike, shaky_products):
    """Else a constant scorer would get recall by luck."""
    test_ranks_are_those_of_a_loop(alike)


def test_queries_that_are_the_same_get_the_same_scores(shaky_products):
    rng = np.random.default_rng(0)
    queries, images = rng.normal(size=(3, 96))[[0, 1, 0, 2, 1]], noise(rng)
    pool = np.tile(np.arange(100), (5, 1))
    for scores in (gallery_scores(queries, images), pool_scores(queries, images, pool)):
        assert (scores[[0, 1]] == scores[[2, 4]]).all()
        assert (scores[0] != scores[1]).all()


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


def test_a_gallery_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="must be"):
        gallery_scores(np.ones((2, 3)), np.ones((4, 2)))


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
