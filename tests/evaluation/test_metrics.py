"""Ranks and averages with known answers, and against loops that read like the rule."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cocofacet.evaluation import metrics as evaluate
from cocofacet.evaluation.metrics import (
    COLUMNS,
    LUCK,
    averages,
    interval,
    paired_difference,
    per_query,
    pool_scores,
    prompt_modes,
    rank_of_positive,
    rank_rows,
    rank_table,
    recall_at,
    recall_by_facet,
)

NAN, INF = float("nan"), float("inf")


@dataclass(frozen=True)
class Asked:
    id: str
    facet: str
    label: str
    text: str


class Pools:
    """A benchmark of given pools: what `rank_table` needs of one."""

    def __init__(self, queries, pool, eligible=None):
        self.queries, self.pool = tuple(queries), np.array(pool)
        self.of_label = eligible or {}

    def pool_indices(self):
        return self.pool

    def eligible(self, facet, label):
        return self.of_label.get((facet, label), ())

    def indices(self, images):
        return np.array(images, dtype=np.int64)  # images are called by their number


def table_of(rows, **columns):
    """A tidy table from (facet, text, label, rank) rows, one query each."""
    frame = pd.DataFrame(rows, columns=["facet", "text", "label", "rank"])
    given = {"profile": "mini", "run": "a", "retriever": "r", "revision": "0"}
    frame = frame.assign(mode="general", prompt=None, query=range(len(frame)), **given)
    return frame.assign(**columns)[COLUMNS]


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


@given(st.lists(st.integers(1, 100), min_size=1), st.integers(1, 100))
def test_recall_is_a_share(ranks, k):
    assert recall_at(ranks, k) == pytest.approx(
        len([rank for rank in ranks if rank in range(1, k + 1)]) / len(ranks)
    )


def test_recall_of_nothing_is_unknown():
    assert np.isnan(recall_at([], 1))


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


def test_table_of_a_benchmark():
    """Two facets, images that show one thing each, and a question that hides it."""
    queries = [
        Asked("a:0", "animals", "cat", "find a cat"),
        Asked("t:0", "times", "night", "find night"),
    ]
    pools = Pools(queries, [[0, 1, 2], [2, 1, 0]])
    texts = np.array([[1.0, 0.0], [0.0, 1.0]])
    seen = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    images = {None: seen, "": seen, "animal?": seen, "time?": seen[::-1]}
    modes = prompt_modes({"animals": "animal?", "times": "time?"})
    assert modes["wrong"] == {"animals": ("time?",), "times": ("animal?",)}
    table = rank_table(pools, texts, images, modes, profile="mini", retriever="r")
    assert list(table.columns) == [*COLUMNS, *LUCK]
    assert table[LUCK].isna().all(axis=None), "which images were eligible is not known"
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
    pools = Pools([Asked("a:0", "animals", "cat", "find a cat")], [[0, 1]])
    queries, images = np.ones((1, 2)), {None: np.ones((2, 2))}
    with pytest.raises(ValueError, match="profil"):
        rank_rows(pools.queries, np.ones((1, 2)), "general", None, profil="mini")
    with pytest.raises(ValueError, match="facet"):
        rank_table(pools, queries, images, {"general": {"times": (None,)}})


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
    facets = recall_by_facet(table_of(rows), k=1).set_index("facet")
    assert facets.loc["animals", ["queries", "texts"]].tolist() == [4, 2]
    assert facets.loc["animals", "balanced"] == pytest.approx(2 / 3)


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


def brute_interval(rows, average, seed, draws):
    """The bootstrap with loops: texts drawn again, queries with their text."""
    facets = sorted({row[0] for row in rows})
    rng = np.random.default_rng(seed)
    counts = {}
    for facet in facets:
        texts = sorted({row[1] for row in rows if row[0] == facet})
        share = np.full(len(texts), 1 / len(texts))
        drawn = rng.multinomial(len(texts), share, size=draws)
        counts[facet] = [dict(zip(texts, line, strict=True)) for line in drawn]
    means = []
    for draw in range(draws):
        tops, bottoms = [], []
        for facet in facets:
            top = bottom = 0.0
            for name, text, label, rank in rows:
                if name == facet:
                    same = [r for r in rows if r[0] == facet and r[2] == label]
                    weight = 1 / len(same) if average == "balanced" else 1
                    weight *= counts[facet][draw][text]
                    top += weight * (rank <= 1)
                    bottom += weight
            tops.append(top)
            bottoms.append(bottom)
        if average == "micro":
            means.append(sum(tops) / sum(bottoms))
        else:
            means.append(np.mean([t / b for t, b in zip(tops, bottoms, strict=True)]))
    return np.quantile(means, [0.025, 0.975])


@pytest.mark.parametrize("average", evaluate.AVERAGES)
def test_interval_is_what_loops_find(average):
    rng = np.random.default_rng(3)
    rows = [
        (facet, f"{facet} {text}?", f"{facet} {text // 2}", int(rng.integers(1, 3)))
        for facet, texts in (("animals", 5), ("times", 3))
        for text in range(texts)
        for _ in range(text + 1)
    ]
    found = interval(table_of(rows), 1, average, seed=5, draws=40)
    expected = brute_interval(rows, average, seed=5, draws=40)
    np.testing.assert_allclose([found.low, found.high], expected)
    assert found.value == pytest.approx(averages(table_of(rows), 1)[average].item())
    assert (found.queries, found.texts, found.fewest_texts) == (21, 8, 3)


def test_interval_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(0)
    rows = [("f", f"{i % 7}?", str(i % 3), int(rng.integers(1, 9))) for i in range(60)]
    table = table_of(rows)
    shuffled = table.sample(frac=1, random_state=1)
    assert interval(table, 5, draws=200) == interval(shuffled, 5, draws=200)


def test_interval_of_one_text_is_unknown():
    found = interval(table_of([("f", "a?", "a", 1), ("f", "a?", "a", 9)]), k=1)
    assert found.value == 0.5
    assert np.isnan(found.low)
    assert np.isnan(found.high)


def test_interval_covers_about_what_it_says():
    """Texts with recalls of their own, drawn afresh: the true mean, 0.5, lies in about
    95 % of the intervals; drawing queries instead of texts would cover half."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(60):
        shares = rng.uniform(0, 1, size=40)
        rows = [
            ("f", f"{text}?", str(text), 1 if rng.uniform() < share else 9)
            for text, share in enumerate(shares)
            for _ in range(20)
        ]
        found = interval(table_of(rows), 1, draws=400)
        covered += found.low <= 0.5 <= found.high
    assert 51 <= covered <= 60


def test_difference_is_paired():
    """b loses one query to a; both vary by text alike, so the interval is narrow."""
    ranks = [1, 9] * 20
    rows = [("f", f"{i}?", str(i), rank) for i, rank in enumerate(ranks)]
    a = table_of(rows, mode="prompted")
    b = table_of([("f", "0?", "0", 9), *rows[1:]])
    found = paired_difference(a, b, k=1)
    assert found.value == pytest.approx(1 / 40)
    assert found.low == 0
    assert found.high <= 4 / 40
    same = paired_difference(a, a, k=1)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_difference_refuses_other_queries():
    a = table_of([("f", "a?", "a", 1), ("f", "b?", "b", 1)])
    with pytest.raises(ValueError, match="different queries"):
        paired_difference(a, a.iloc[:1], k=1)


def test_unknown_average():
    with pytest.raises(ValueError, match="mean"):
        interval(table_of([("f", "a?", "a", 1)]), k=1, average="mean")
