"""Ranks with known answers, and against loops that read like the rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from small_tables import SmallBenchmark, SmallQuery, small_world

from cocofacet.evaluation.ranking import (
    COLUMNS,
    POOL_COLUMNS,
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
    bare = prompt_modes({"animals": "animal?"}, ("bare", "prompted"))
    assert bare == {"bare": {"animals": ("",)}, "prompted": {"animals": ("animal?",)}}
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


def test_released_pools_are_ranked_as_a_loop_ranks_them():
    """Single precision, two facets, pictures that are equal, and a pool that repeats
    its positive: the copy by position cannot outrank it, the equal picture does."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(300, 64)).astype(np.float32)
    images[150:160] = images[0]
    texts = rng.normal(size=(2, 64)).astype(np.float32)
    facets = ["a", "b"] * 20
    queries = [SmallQuery(f"{n}", f, f, f"{f}?") for n, f in enumerate(facets)]
    pool = np.array([rng.permutation(140)[:100] for _ in queries])
    pool[0, :3] = 0, 0, 155
    world = SmallBenchmark(queries, pool)
    world.images = range(len(images))
    of_query = texts[[int(facet == "b") for facet in facets]]
    shown = {"general": {"a": (None,), "b": (None,)}}
    table = rank_table(world, of_query, {None: images}, shown).set_index("query")
    for n, query in enumerate(queries):
        text = of_query[n].astype(float)
        own = np.array([images[place].astype(float) @ text for place in pool[n]])
        own[1:][pool[n, 1:] == pool[n, 0]] = -INF
        assert table["rank"][query.id] == 1 + (~(own[1:] < own[0])).sum()
