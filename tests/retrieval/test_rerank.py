"""Two stages: by hand, at both ends, against a plain loop, and what bounds them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_galleries import cats_and_dogs

from cocofacet.evaluation.gallery import Asked, ranks_of_positives
from cocofacet.evaluation.metrics import averages
from cocofacet.evaluation.ranking import rank_table
from cocofacet.io import InputError
from cocofacet.retrieval import rerank

QUESTION = "Which animals can be seen in this image?"
scores = st.lists(st.sampled_from([0.0, 0.25, 0.5, np.nan]), min_size=6, max_size=6)


def test_the_first_are_put_in_a_new_order_and_the_rest_stays():
    first = np.array([[0.9, 0.8, 0.7, 0.6]])
    second = np.array([[0.1, 0.2, 0.3, 0.4]])
    none = np.zeros((1, 4), bool)
    assert rerank.reranked(first, second, 2, none).tolist() == [[2, 1, 3, 4]]
    assert rerank.reranked(first, second, 3, none).tolist() == [[3, 2, 1, 4]]


def test_ties_and_nan_count_against_the_positive_in_both_stages():
    positive = np.array([[True, False, False]])
    tied = np.array([[0.5, 0.5, 0.1]])
    good = np.array([[0.9, 0.1, 0.0]])
    assert rerank.reranked(tied, good, 1, positive)[0, 0] == 2, "not within the depth"
    assert rerank.reranked(tied, good, 2, positive)[0, 0] == 1
    assert rerank.reranked(good, tied, 2, positive)[0, 0] == 2
    broken = np.array([[np.nan, 0.5, 0.1]])
    assert rerank.reranked(broken, good, 2, positive)[0, 0] == 3
    assert rerank.reranked(good, np.array([[0.9, np.nan, 0]]), 2, positive)[0, 0] == 2


def plain(first, second, depth, positive):
    """One comparison after the other: who stands before whom?"""

    def before(a, b, values):
        if positive[a] and not positive[b]:
            return values[a] > values[b]
        if positive[b] and not positive[a]:
            return not values[b] > values[a]
        return values[a] > values[b] or (np.isnan(values[b]) and a < b)

    def place(values, among):
        return {i: sum(before(j, i, values) for j in among if j != i) for i in among}

    everyone = range(len(first))
    top = [i for i, found in place(first, everyone).items() if found < depth]
    rest = [i for i in everyone if i not in top]
    places = place(second, top) | {
        i: found + len(top) for i, found in place(first, rest).items()
    }
    return [places[i] + 1 for i in everyone]


@settings(deadline=None)  # the first call may import
@given(scores, scores, st.integers(0, 7), st.integers(0, 5))
def test_the_positives_place_is_the_plain_loops(first, second, depth, which):
    first, second = np.array(first), np.array(second)
    positive = np.arange(6) == which
    found = rerank.reranked(first[None], second[None], depth, positive[None])
    assert sorted(found[0]) == [1, 2, 3, 4, 5, 6]
    # Among equal negatives nothing says who is first; the positive's place is sure
    # where they do not stand on both sides of the cut.
    if len(np.unique(first)) == 6 or depth in (0, 6, 7):
        assert found[0, which] == plain(first, second, depth, positive)[which]


@settings(deadline=None)  # the first call may import
@given(st.permutations(range(6)), st.permutations(range(6)), st.integers(0, 6))
def test_without_ties_every_place_is_the_plain_loops(first, second, depth):
    first, second = np.array(first, float), np.array(second, float)
    none = np.zeros(6, bool)
    found = rerank.reranked(first[None], second[None], depth, none[None])
    assert found[0].tolist() == plain(first, second, depth, none)


@pytest.fixture(scope="module")
def setting():
    """Cats and dogs that the question makes plain, and the general embedding hardly."""
    benchmark, rng = cats_and_dogs(), np.random.default_rng(3)
    label = np.zeros((140, 2))
    label[:10, 0] = label[10:20, 1] = 1
    images = {None: label + rng.normal(size=label.shape), QUESTION: label}
    images[QUESTION] = label + 0.3 * rng.normal(size=label.shape)
    return benchmark, np.eye(2)[[0, 1, 0, 1]], images, {"animals": QUESTION}


@pytest.fixture(scope="module")
def found(setting):
    return rerank.by_depth(*setting, [5, 30, 100, 140], (5,), run="a")


def test_no_depth_is_general_and_all_of_it_is_prompted(setting, found):
    benchmark, queries, images, _ = setting
    ranks, searched, _ = found
    modes = {"general": {"animals": (None,)}, "prompted": {"animals": (QUESTION,)}}
    known = rank_table(benchmark, queries, images, modes)
    same = {"general": "general", "prompted": "prompted"}
    same |= {"rerank-100": "prompted", "rerank-140": "prompted"}
    for mode, other in same.items():
        assert (
            ranks[ranks["mode"] == mode]["rank"].tolist()
            == known[known["mode"] == other]["rank"].tolist()
        )
    whole = searched[searched["depth"] == 140].pivot(
        index="text", columns="mode", values="ap"
    )
    assert (whole["rerank"] == whole["prompted"]).all()


def test_a_bound_is_passed_by_nothing_and_grows_with_depth(found):
    ranks, searched, cost = found
    recall = averages(ranks, 1).droplevel([0, 1, 2, 3])["macro"]
    ap = searched.groupby(["mode", "depth"]).ap.mean()
    for depth in (5, 30, 100, 140):
        assert recall[f"rerank-{depth}"] <= recall[f"bound-{depth}"]
        assert ap["rerank", depth] <= ap["bound", depth]
    assert recall["bound-100"] == 1 and ap["bound", 140] == 1
    assert ap["bound", 5] < ap["bound", 30] < 1
    # Two texts: at most twice the depth, and no picture twice for one question.
    assert (cost <= np.minimum(2 * cost.index, 140)).all()
    assert cost[140] == 140 and 5 <= cost[5] <= 10


def test_what_is_claimed_of_nobody_takes_a_place_and_no_rank():
    asked = Asked(
        "animals",
        ("cat",),
        ("cat",),
        np.array([0]),
        positive=np.array([[False, True, True, False]]),
        negative=np.array([[False, False, False, True]]),
    )
    first = np.array([[0.9, 0.8, 0.2, 0.5]])
    second = np.array([[0.0, 0.1, 1.0, 0.9]])
    # The first two hold a picture of which nothing is known: one place is left.
    (ranks,) = rerank.ranks_in_gallery(asked, first, second, 2)
    assert ranks.tolist() == [1, 3]
    (ranks,) = rerank.ranks_in_gallery(asked, first, second, 4)
    assert ranks.tolist() == [1, 3] and second[0].argmax() == 2
    for depth, of in ((0, first), (4, second)):
        (ranks,) = rerank.ranks_in_gallery(asked, first, second, depth)
        judged = ranks_of_positives(of[asked.positive], of[asked.negative])
        assert ranks.tolist() == judged.tolist()


def test_the_linear_map_beside_it(setting):
    benchmark, queries, images, questions = setting
    rng = np.random.default_rng(0)
    general = rng.normal(size=(50, 2))
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    anchors = {None: general, QUESTION: general @ turn}
    turned = {None: images[QUESTION] @ turn.T, QUESTION: images[QUESTION]}
    ranks, searched = rerank.by_ridge(
        benchmark, queries, turned, anchors, questions, 20, 3, (5,), 0
    )
    assert len(ranks) == 3 * 4 and len(searched) == 3 * 2
    # Cosine, and the rows here are no unit rows: the exact embedding of unit length.
    unit = images[QUESTION] / np.linalg.norm(images[QUESTION], axis=1, keepdims=True)
    exact = rank_table(
        benchmark, queries, {QUESTION: unit}, {"prompted": {"animals": (QUESTION,)}}
    )
    assert ranks["rank"].tolist() == 3 * exact["rank"].tolist()
    for count, draws in ((51, 1), (0, 1), (5, 0)):
        with pytest.raises(InputError, match="there are 50 anchors"):
            rerank.by_ridge(
                benchmark, queries, turned, anchors, questions, count, draws, (5,), 0
            )


def test_depths():
    assert rerank.depths_within([400, 5, 20, 5], 140) == [5, 20, 140]
    for wrong in ([], [0], [2.5]):
        with pytest.raises(InputError, match="depths: "):
            rerank.depths_within(wrong, 140)


def test_tables_are_tidy(found):
    ranks, searched, _ = found
    assert set(ranks["mode"]) >= {"general", "prompted", "rerank-5", "bound-5"}
    assert ranks.loc[ranks["mode"] == "general", "prompt"].isna().all()
    assert not ranks.duplicated(["mode", "query"]).any()
    assert isinstance(searched, pd.DataFrame) and set(searched["facet"]) == {"animals"}
