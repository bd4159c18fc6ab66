"""The linear approximation against its D x D formula and a planted map."""

import numpy as np
import pytest

from cocofacet import approximate
from cocofacet.evaluate import pool_scores, rank_of_positive

D = 6


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def drawn(seed, *sizes):
    rng = np.random.default_rng(seed)
    return [unit(rng.normal(size=(size, D))) for size in sizes]


@pytest.mark.parametrize("ridge", [0.0, 0.1])
@pytest.mark.parametrize("k", [1, 3, D, 20])
def test_equals_the_explicit_matrix(k, ridge):
    """K below, at and above D: W = V U^T (U U^T + ridge I)^-1, or V U^+ without."""
    general, prompted, queries, images = drawn(k, k, k, 5, 8)
    u, v = general.T, prompted.T  # (D, K), as in the paper
    w = v @ np.linalg.pinv(u)
    if ridge:
        w = v @ u.T @ np.linalg.inv(u @ u.T + ridge * np.eye(D))
    linear = approximate.fit(general, prompted, ridge)
    np.testing.assert_allclose(linear.images(images), images @ w.T, atol=1e-9)
    np.testing.assert_allclose(linear.queries(queries), queries @ w, atol=1e-9)
    pool = np.tile(np.arange(8), (5, 1))
    expected = queries @ w @ images.T
    found = approximate.scores(linear, queries, images, pool)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    lengths = np.linalg.norm(images @ w.T, axis=1)
    found = approximate.scores(linear, queries, images, pool, cosine=True)
    np.testing.assert_allclose(found, expected / lengths, atol=1e-9)


def test_ridge_agrees_with_the_small_solve():
    """(U^T U + ridge I)^-1 U^T, K x K: the other form of the same map."""
    general, prompted = drawn(0, 4, 4)
    small = np.linalg.solve(general @ general.T + 0.3 * np.eye(4), general)
    linear = approximate.fit(general, prompted, ridge=0.3)
    np.testing.assert_allclose(linear.inverse, small, atol=1e-12)


def test_recovers_a_planted_map():
    """Enough anchors and no noise: approximate scores are the exact ones."""
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(D, D))
    general, images, queries = drawn(2, 30, 50, 7)
    linear = approximate.fit(general, general @ truth.T)
    np.testing.assert_allclose(linear.images(images), images @ truth.T, atol=1e-9)
    pool = rng.integers(0, 50, size=(7, 20))
    exact = pool_scores(queries, unit(images @ truth.T), pool)
    found = approximate.scores(linear, queries, images, pool, cosine=True)
    np.testing.assert_allclose(found, exact, atol=1e-9)
    assert (rank_of_positive(found) == rank_of_positive(exact)).all()


def test_anchors_are_reproduced_while_they_are_few():
    """K < D: least squares maps each anchor exactly onto its prompted embedding."""
    general, prompted = drawn(3, 4, 4)
    linear = approximate.fit(general, prompted)
    np.testing.assert_allclose(linear.images(general), prompted, atol=1e-9)
    assert linear.rank == 4


def test_ridge_only_shrinks():
    general, prompted = drawn(4, D, D)
    sizes = [
        np.linalg.norm(approximate.fit(general, prompted, ridge).images(np.eye(D)))
        for ridge in (0.0, 0.01, 0.1, 1.0, 10.0)
    ]
    assert sizes == sorted(sizes, reverse=True)


def test_condition_is_the_singular_values_ratio():
    general = np.diag([1.0, 0.5, 0.25])
    linear = approximate.fit(general, general)
    assert linear.condition == pytest.approx(4.0)
    twice = approximate.fit(
        np.repeat(general, 2, axis=0), np.repeat(general, 2, axis=0)
    )
    assert twice.condition == pytest.approx(4.0)


def test_repeated_anchors_do_not_blow_up():
    """float32 noise between two copies of an anchor is not a direction to fit."""
    general, prompted = (a.astype(np.float32) for a in drawn(5, 3, 3))
    noisy = np.concatenate([general, general * (1 + np.float32(1e-7))])
    linear = approximate.fit(noisy, np.concatenate([prompted, prompted]))
    assert linear.rank == 3
    assert linear.condition == float("inf")
    np.testing.assert_allclose(linear.images(general), prompted, atol=1e-4)


def test_an_image_mapped_to_zero_loses():
    general = np.eye(2)[:1]  # only the first axis was ever seen
    linear = approximate.fit(general, general)
    images = np.eye(2)
    for pool, rank in (([[0, 1]], 2), ([[1, 0]], 2)):
        found = approximate.scores(linear, general, images, np.array(pool), cosine=True)
        assert rank_of_positive(found).tolist() == [rank]


@pytest.mark.parametrize(
    ("general", "prompted", "ridge"),
    [
        (np.ones((0, 2)), np.ones((0, 2)), 0.0),
        (np.ones((2, 2)), np.ones((3, 2)), 0.0),
        (np.full((2, 2), np.nan), np.ones((2, 2)), 0.0),
        (np.ones((2, 2)), np.ones((2, 2)), -1.0),
        (np.ones((2, 2)), np.ones((2, 2)), float("nan")),
    ],
)
def test_refuses_what_cannot_be_fitted(general, prompted, ridge):
    with pytest.raises(ValueError, match=r"anchors|ridge"):
        approximate.fit(general, prompted, ridge)
