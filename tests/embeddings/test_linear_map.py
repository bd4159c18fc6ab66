"""The linear approximation against other people's solvers and planted maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from unit_rows import unit

from cocofacet.embeddings import linear_map as approximate
from cocofacet.embeddings.linear_map import VARIANTS, Anchors, decompose, scores
from cocofacet.evaluation.ranking import rank_of_positive

D, P = 6, 4  # the gallery's space and, for a rectangular map, the prompted one


def drawn(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [unit(rng.normal(size=shape)) for shape in shapes]


def rotation(seed, dimension):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(dimension,) * 2))[0]


def fitted(general, prompted, ridge=0.0, centre=False):
    return decompose(general, centre).fit(prompted, ridge)


any_k, any_seed = st.integers(1, 20), st.integers(0, 1000)
either = st.sampled_from([D, P])


@given(any_k, either, any_seed)
def test_equals_the_explicit_pseudo_inverse(k, width, seed):
    """K below, at and above D, square and rectangular: W = V U^+, D x D and all."""
    general, prompted, queries, images = drawn(
        seed, (k, D), (k, width), (5, width), (8, D)
    )
    w = prompted.T @ np.linalg.pinv(general.T)  # (width, D), as in the paper
    linear = approximate.least_squares(Anchors(general), prompted)
    size = np.abs(w).max() + 1
    np.testing.assert_allclose(linear.images(images), images @ w.T, atol=1e-9 * size)
    np.testing.assert_allclose(linear.queries(queries), queries @ w, atol=1e-9 * size)
    assert len(linear.source) <= min(k, D), "no more than K anchors, never D x D"


@pytest.mark.parametrize("k", [2, D, 20])
def test_agrees_with_numpy_lstsq(k):
    general, prompted, images = drawn(k, (k, D), (k, P), (8, D))
    expected = np.linalg.lstsq(general, prompted)[0]
    linear = approximate.least_squares(Anchors(general), prompted)
    np.testing.assert_allclose(linear.images(images), images @ expected, atol=1e-9)


@pytest.mark.parametrize("centre", [False, True])
@pytest.mark.parametrize("k", [3, D, 20])
def test_agrees_with_sklearns_ridge(k, centre):
    general, prompted, images = drawn(k, (k, D), (k, P), (8, D))
    theirs = Ridge(alpha=0.3, fit_intercept=centre).fit(general, prompted)
    linear = fitted(general, prompted, 0.3, centre)
    found = linear.images(images)
    np.testing.assert_allclose(found, theirs.predict(images), atol=1e-9)


@given(any_k, any_seed, st.sampled_from(list(VARIANTS)))
def test_a_cosine_is_the_cosine_of_the_mapped_image(k, seed, name):
    general, prompted, queries, images = drawn(seed, (k, D), (k, P), (5, P), (8, D))
    linear = VARIANTS[name].fit(Anchors(general), prompted)
    mapped = linear.images(images)
    lengths = np.linalg.norm(mapped, axis=1)
    clear = lengths > 1e-6
    found = scores(linear, queries, images, cosine=True)[:, clear]
    expected = (queries @ mapped.T / np.where(clear, lengths, 1))[:, clear]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    plain = scores(linear, queries, images)
    without = queries @ (mapped - linear.offset).T
    np.testing.assert_allclose(plain, without, atol=1e-6 * (1 + lengths.max()))


def test_the_released_score_and_the_cosine_may_disagree():
    """Both images point to the query; the longer one wins only without the length."""
    linear = approximate.least_squares(Anchors(np.eye(2)), np.array([[3.0, 3], [0, 1]]))
    query, images = np.array([[0.0, 1]]), np.eye(2)
    assert scores(linear, query, images).argmax() == 0
    assert scores(linear, query, images, cosine=True).argmax() == 1


def test_recovers_a_planted_map():
    """Enough anchors and no noise: also from another gallery of other width."""
    truth = np.random.default_rng(1).normal(size=(P, D))
    general, images, queries = drawn(2, (30, D), (50, D), (7, P))
    linear = approximate.ridge(Anchors(general), general @ truth.T)
    np.testing.assert_allclose(linear.images(images), images @ truth.T, atol=1e-3)
    linear = approximate.least_squares(Anchors(general), general @ truth.T)
    np.testing.assert_allclose(linear.images(images), images @ truth.T, atol=1e-9)
    exact = queries @ unit(images @ truth.T).T
    found = scores(linear, queries, images, cosine=True)
    np.testing.assert_allclose(found, exact, atol=1e-9)


@pytest.mark.parametrize("k", [3, D, 20])
@pytest.mark.parametrize("name", VARIANTS)
def test_zeros_put_behind_the_gallerys_numbers_change_no_score(k, name):
    """As the released script pads another embedder's 768 numbers."""
    general, prompted, queries, images = drawn(k, (k, D), (k, P), (5, P), (8, D))
    found = []
    for zeros in (0, 4):
        wide = [np.pad(rows, ((0, 0), (0, zeros))) for rows in (general, images)]
        linear = VARIANTS[name].fit(Anchors(wide[0]), prompted)
        found.append(scores(linear, queries, wide[1]))
    np.testing.assert_allclose(*found, atol=1e-9)


def test_centred_is_exact_on_affine_data_where_plain_least_squares_is_not():
    rng = np.random.default_rng(3)
    truth, shift = rng.normal(size=(P, D)), rng.normal(size=P)
    general, images = drawn(4, (30, D), (8, D))
    expected = images @ truth.T + shift
    prompted = general @ truth.T + shift
    found = approximate.centred(Anchors(general), prompted)
    np.testing.assert_allclose(found.images(images), expected, atol=1e-9)
    plain = approximate.least_squares(Anchors(general), prompted)
    assert np.abs(plain.images(images) - expected).max() > 0.1


def test_centred_takes_the_prompted_mean_off_where_the_general_mean_is_zero():
    general = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    prompted = general + 5
    linear = approximate.centred(Anchors(general), prompted)
    np.testing.assert_allclose(linear.images(2 * general), 2 * general + 5, atol=1e-12)


def test_centred_maps_a_single_anchor_and_everything_else_to_its_prompted_one():
    general, prompted, images = drawn(5, (1, D), (1, P), (8, D))
    linear = approximate.centred(Anchors(general), prompted)
    np.testing.assert_allclose(linear.images(images), np.tile(prompted, (8, 1)))


@given(any_seed)
def test_orthogonal_recovers_a_rotation_and_nothing_but_a_rotation(seed):
    truth = rotation(seed, D)
    general, images = drawn(seed, (20, D), (8, D))
    linear = approximate.orthogonal(Anchors(general), general @ truth.T)
    np.testing.assert_allclose(linear.images(images), images @ truth.T, atol=1e-9)
    stretched = approximate.orthogonal(Anchors(general), 3 * general @ truth.T)
    w = stretched.images(np.eye(D))
    np.testing.assert_allclose(w @ w.T, np.eye(D), atol=1e-9)


@pytest.mark.parametrize("k", [1, 3, P])
def test_orthogonal_with_few_anchors_is_part_of_a_rotation(k):
    """Singular values 1 in the anchors' span, 0 outside: no rotation is made up."""
    general, prompted = drawn(k, (k, D), (k, P))
    linear = approximate.orthogonal(Anchors(general), prompted)
    values = np.linalg.svd(linear.images(np.eye(D)), compute_uv=False)
    np.testing.assert_allclose(values, [1] * k + [0] * (len(values) - k), atol=1e-9)
    outside = np.eye(D) - np.linalg.pinv(general) @ general
    np.testing.assert_allclose(linear.images(outside), 0, atol=1e-9)


def test_anchors_are_reproduced_while_they_are_few():
    """K < D: least squares maps each anchor exactly onto its prompted embedding."""
    general, prompted = drawn(3, (4, D), (4, D))
    linear = approximate.least_squares(Anchors(general), prompted)
    np.testing.assert_allclose(linear.images(general), prompted, atol=1e-9)
    assert len(linear.source) == 4


def test_ridge_only_shrinks():
    general, prompted = drawn(4, (D, D), (D, D))
    sizes = [
        np.linalg.norm(fitted(general, prompted, ridge).images(np.eye(D)))
        for ridge in (0.0, 0.01, 0.1, 1.0, 10.0)
    ]
    assert sizes == sorted(sizes, reverse=True)


def test_tuning_prefers_a_small_ridge_without_noise_and_a_larger_one_with_it():
    rng = np.random.default_rng(6)
    general = drawn(6, (60, D))[0]
    prompted = general @ rng.normal(size=(D, D))
    ridges = approximate.RIDGES
    assert approximate.ridge(Anchors(general), prompted).ridge == min(ridges)
    noisy = prompted + 5 * rng.normal(size=prompted.shape)
    few = slice(0, D + 3)
    found = approximate.ridge(Anchors(general[few]), noisy[few])
    assert found.ridge > min(ridges)
    one = approximate.ridge(Anchors(general[:1]), prompted[:1])
    assert one.ridge == ridges[len(ridges) // 2], "nothing to hold out"


def test_the_ridge_chosen_is_the_one_that_a_plain_loop_chooses():
    general, prompted = drawn(7, (12, D), (12, P))
    found = {}
    for ridge in approximate.RIDGES:
        theirs = Ridge(alpha=ridge, fit_intercept=False).fit(general[:9], prompted[:9])
        mapped = unit(theirs.predict(general[9:]))
        found[ridge] = (mapped * prompted[9:]).sum(axis=1).mean()
    chosen = approximate.ridge(Anchors(general), prompted).ridge
    assert chosen == max(found, key=found.get)


def test_condition_is_the_singular_values_ratio():
    general = np.diag([1.0, 0.5, 0.25])
    assert decompose(general).condition == pytest.approx(4.0)
    assert decompose(np.repeat(general, 2, axis=0)).condition == pytest.approx(4.0)
    assert decompose(general[[0, 0]]).condition == np.inf
    shifted = general + 7
    spread = np.linalg.svd(shifted - shifted.mean(axis=0), compute_uv=False)
    centred = decompose(shifted, centre=True).condition
    assert centred == pytest.approx(spread[0] / spread[1]), "K - 1 directions are left"


def test_repeated_anchors_do_not_blow_up():
    """float32 noise between two copies of an anchor is not a direction to fit."""
    general, prompted = (a.astype(np.float32) for a in drawn(5, (3, D), (3, P)))
    noisy = np.concatenate([general, general * (1 + np.float32(1e-7))])
    linear = approximate.least_squares(Anchors(noisy), np.tile(prompted, (2, 1)))
    assert len(linear.source) == 3
    assert linear.condition == float("inf")
    np.testing.assert_allclose(linear.images(general), prompted, atol=1e-4)


def test_an_image_mapped_to_zero_loses():
    general = np.eye(2)[:1]  # only the first axis was ever seen
    linear = approximate.least_squares(Anchors(general), general)
    found = scores(linear, general, np.eye(2), cosine=True)
    assert rank_of_positive(found).tolist() == [2], "NaN among the negatives"
    assert rank_of_positive(found[:, ::-1]).tolist() == [2], "NaN as the positive"


@pytest.mark.parametrize("fit", [variant.fit for variant in VARIANTS.values()])
@pytest.mark.parametrize(
    ("general", "prompted", "words"),
    [
        (np.ones((0, 2)), np.ones((0, 2)), "K > 0"),
        (np.ones((2, 2)), np.ones((3, 2)), "must be"),
        (np.ones((2, 2)), np.ones(2), "must be"),
        (np.full((2, 2), np.nan), np.ones((2, 2)), "finite"),
        (np.ones((2, 2)), np.full((2, 2), np.inf), "finite"),
    ],
)
def test_refuses_what_cannot_be_fitted(fit, general, prompted, words):
    with pytest.raises(ValueError, match=words):
        fit(Anchors(general), prompted)
