"""Searching the whole gallery, against scikit-learn, by hand and by enumeration."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score
from small_galleries import NAME, cats_and_dogs

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import Query
from cocofacet.evaluation.gallery import (
    GallerySearch,
    by_chance,
    difference,
    macro,
    mean_over_draws,
    measures,
    of_texts,
    ranks_of_positives,
    search_over_sizes,
    sizes_within,
    subsets,
)
from cocofacet.io import InputError

halves = st.integers(0, 6).map(lambda n: n / 2)  # few values, hence many ties


def test_a_row_is_a_text_and_all_that_carry_its_label_are_positives():
    search = GallerySearch.of(cats_and_dogs(), "animals")
    assert search.labels == ("cat", "dog")
    assert search.rows.tolist() == [0, 1]
    assert np.flatnonzero(search.positive[0]).tolist() == list(range(10))
    assert np.flatnonzero(search.negative[0]).tolist() == list(range(10, 140))


def test_what_is_neither_carrying_nor_eligible_is_left_out():
    labels_of = {NAME(n): ("3",) for n in range(5)}
    labels_of |= {NAME(n): ("6",) for n in range(5, 110)} | {NAME(200): ("4",)}
    text = FACETS["people"].wording("3")
    pool = tuple(map(NAME, [0, *range(5, 104)]))
    query = Query("Visual7W_people_num_retrieval:0", "people", "3", text, pool)
    benchmark = Benchmark((query,), {}, {"people": labels_of})
    search = GallerySearch.of(benchmark, "people")
    (four,) = benchmark.indices([NAME(200)])
    assert not search.positive[0, four] and not search.negative[0, four]
    assert search.positive.sum() + search.negative.sum() == 110


def test_labels_that_are_not_known_cannot_be_searched():
    unknown = Benchmark(cats_and_dogs().queries)
    with pytest.raises(InputError, match="animals: which images carry a label"):
        GallerySearch.of(unknown, "animals")


def test_ranks_by_hand_with_ties_and_nan_against_the_positives():
    ranks = ranks_of_positives(np.array([0.2, 0.9, 0.5]), np.array([0.5, 0.1]))
    assert ranks.tolist() == [1, 3, 4]
    nan = np.nan
    assert ranks_of_positives(np.array([0.9, nan]), np.array([0.1])).tolist() == [1, 3]
    assert ranks_of_positives(np.array([0.9]), np.array([nan])).tolist() == [2]


@settings(deadline=None)  # the first call may import
@given(st.permutations(range(12)), st.integers(1, 11))
def test_average_precision_is_scikit_learns_where_no_scores_tie(scores, count):
    scores = np.array(scores, float)
    ours = measures(ranks_of_positives(scores[:count], scores[count:]), [3])
    truth = np.arange(12) < count
    assert ours["ap"] == pytest.approx(average_precision_score(truth, scores))
    first = truth[np.argsort(-scores)][:3].sum()
    assert ours["recall@3"] == pytest.approx(first / count)
    assert ours["precision@3"] == pytest.approx(first / 3)


@settings(deadline=None)  # the first call may import
@given(st.lists(halves, min_size=1), st.lists(halves, min_size=1))
def test_ties_never_flatter(positive, negative):
    positive, negative = np.array(positive), np.array(negative)
    ours = measures(ranks_of_positives(positive, negative), [])["ap"]
    worst = np.concatenate([positive - 0.1, negative])  # a tie broken against
    truth = np.arange(len(worst)) < len(positive)
    assert ours <= average_precision_score(truth, np.r_[positive, negative]) + 1e-12
    # The positives tie among themselves still; scikit-learn groups those.
    spread = worst - 1e-3 * np.arange(len(worst)) * truth
    assert ours == pytest.approx(average_precision_score(truth, spread))


def test_chance_is_the_mean_over_all_orders():
    truth = np.array([True, True, False, False, False])
    found = [
        measures(1 + np.flatnonzero(truth[list(order)]), [1, 3])
        for order in permutations(range(5))
    ]
    mean = pd.DataFrame(found).mean()
    assert by_chance(2, 5, [1, 3]) == pytest.approx(mean.to_dict())
    assert by_chance(1, 1, [1])["ap"] == 1


def test_sizes():
    assert sizes_within([800, 50, 50, 200], 200) == [50, 200]
    for wrong in (0, 1, 2.5, "many"):
        with pytest.raises(InputError, match=r"sizes: .* is no whole number"):
            sizes_within([wrong], 200)


def test_a_smaller_gallery_lies_inside_a_larger_one_and_draws_differ():
    found = {
        (size, draw): inside for size, draw, inside in subsets(30, [5, 20, 30], 3, 0)
    }
    assert len(found) == 2 * 3 + 1
    assert all(inside.sum() == size for (size, _), inside in found.items())
    for draw in range(3):
        assert (found[20, draw] | ~found[5, draw]).all()
    assert (found[5, 0] != found[5, 1]).any()
    again = [inside for *_, inside in subsets(30, [5, 20, 30], 3, 0)]
    assert np.array_equal(again, list(found.values()))


@pytest.fixture(scope="module")
def searched():
    benchmark = cats_and_dogs()
    rng = np.random.default_rng(0)
    label = np.zeros((140, 2))
    label[:10, 0] = label[10:20, 1] = 1
    queries = np.eye(2)[[0, 1, 0, 1]]
    images = {None: label + rng.normal(size=label.shape), "which?": label}
    modes = {"general": {"animals": None}, "prompted": {"animals": "which?"}}
    return search_over_sizes(benchmark, queries, images, modes, [40, 140], 4, (1, 5), 0)


def test_methods_lie_between_a_random_and_a_perfect_order(searched):
    assert set(searched["mode"]) == {"general", "prompted", "chance", "perfect"}
    whole = searched[searched["size"] == 140]
    assert len(whole) == 4 * 2, "the whole gallery once, each text once"
    assert (whole.positives == 10).all() and (whole.candidates == 140).all()
    averages = macro(searched, "ap")
    assert (averages.chance < averages.general).all()
    assert (averages.general < averages.prompted).all()
    assert (averages.prompted == 1).all() and (averages.perfect == 1).all()
    assert averages.chance[40] > averages.chance[140], "small galleries flatter"
    assert of_texts(searched, "recall@5").loc[140, "perfect"].eq(0.5).all()


def test_draws_are_averaged(searched):
    table = mean_over_draws(searched)
    assert len(table) == 4 * 2 * 2
    row = table.loc[("general", "animals", "cat", 40)]
    chosen = (searched["mode"] == "general") & (searched["size"] == 40)
    here = searched[chosen & (searched["label"] == "cat")]
    assert row["ap"] == pytest.approx(here["ap"].mean())
    assert row["draws"] == len(here) > 1
    assert table.loc[("general", "animals", "cat", 140), "draws"] == 1


def test_a_text_without_a_positive_in_a_small_gallery_has_no_row(searched):
    small = searched[searched["size"] == 40]
    assert (small.positives > 0).all() and (small.positives < 10).all()


def test_the_interval_of_a_difference_holds_it(searched):
    found = difference(searched, "ap", "prompted", "general")
    whole = of_texts(searched, "ap").loc[140]
    assert found.value == pytest.approx((whole.prompted - whole.general).mean())
    assert found.low <= found.value <= found.high
    same = difference(searched, "ap", "general", "general")
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert found.texts == 2 and found.low <= 0, "two texts decide nothing"


@pytest.mark.parametrize(("draws", "k"), [(0, 1), (1, 0)])
def test_nothing_to_draw_or_to_look_at_is_refused(draws, k):
    with pytest.raises(InputError, match="draws, k: "):
        search_over_sizes(cats_and_dogs(), np.eye(2), {}, {}, [140], draws, (k,), 0)
