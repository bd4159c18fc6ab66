"""Two stages: by hand, at both ends, against a plain loop, and what bounds them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cocofacet.evaluation.gallery import GallerySearch, ranks_of_positives
from cocofacet.io import InputError
from cocofacet.retrieval import rerank

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


def test_what_is_claimed_of_nobody_takes_a_place_and_no_rank():
    search = GallerySearch(
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
    (ranks,) = rerank.ranks_in_gallery(search, first, second, 2)
    assert ranks.tolist() == [1, 3]
    (ranks,) = rerank.ranks_in_gallery(search, first, second, 4)
    assert ranks.tolist() == [1, 3] and second[0].argmax() == 2
    for depth, of in ((0, first), (4, second)):
        (ranks,) = rerank.ranks_in_gallery(search, first, second, depth)
        judged = ranks_of_positives(of[search.positive], of[search.negative])
        assert ranks.tolist() == judged.tolist()


def test_depths():
    assert rerank.depths_within([400, 5, 20, 5], 140) == [5, 20, 140]
    for wrong in ([], [0], [2.5]):
        with pytest.raises(InputError, match="depths: "):
            rerank.depths_within(wrong, 140)
