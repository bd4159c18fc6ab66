"""Scores against loops that read like them, and ranks where rounding could decide."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cocofacet.evaluation import scores
from cocofacet.evaluation.ranking import rank_of_positive
from cocofacet.evaluation.scores import gallery_scores, pool_scores, scores_to_rank

NAN, INF = float("nan"), float("inf")


def one_by_one(queries, images, pool):
    """Scores as one reads them: a query with a candidate, product by product."""
    queries, images = queries.astype(float), images.astype(float)
    return np.array(
        [[q @ images[c] for c in line] for q, line in zip(queries, pool, strict=True)]
    ).reshape(pool.shape)


@pytest.fixture
def small_products(monkeypatch):
    """More than one matrix product, also of few texts and images."""
    monkeypatch.setattr(scores, "TEXTS", 16)
    monkeypatch.setattr(scores, "IMAGES", 8)


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
    expected = rank_of_positive(one_by_one(queries, images, pool))
    for way in (pool_scores, scores_to_rank):
        assert (rank_of_positive(way(queries, images, pool)) == expected).all()
    everything = gallery_scores(queries, images)
    own = np.take_along_axis(everything, pool, axis=1)
    assert (rank_of_positive(own) == expected).all()


@pytest.fixture
def shaky_products(monkeypatch):
    """Matrix products in which each number differs in its last bits, as in one of BLAS
    may two that are equal."""
    rng, exact = np.random.default_rng(0), scores._product
    monkeypatch.setattr(
        scores,
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
    for found in (gallery_scores(queries, images), pool_scores(queries, images, pool)):
        assert (found[[0, 1]] == found[[2, 4]]).all()
        assert (found[0] != found[1]).all()


@pytest.mark.parametrize(
    ("queries", "images", "pool"),
    [
        ((2, 3), (4, 5), [[0, 1], [1, 2]]),  # D differs
        ((2, 3), (4, 3), [[0, 1]]),  # one pool too few
        ((2, 3), (4, 3), [[0, 4], [0, 1]]),  # image 4 of 4
        ((2, 3), (4, 3), [[0, -1], [0, 1]]),
    ],
)
@pytest.mark.parametrize("way", [pool_scores, scores_to_rank])
def test_scores_refuse_what_does_not_fit(way, queries, images, pool):
    with pytest.raises(ValueError, match=r"queries|pool"):
        way(np.ones(queries), np.ones(images), np.array(pool))


def test_a_gallery_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="must be"):
        gallery_scores(np.ones((2, 3)), np.ones((4, 2)))


def some_close(rng, images):
    """Every hundredth almost as the one before, so that single precision cannot tell
    which scores higher."""
    images[1::100] = images[::100] * np.float32(1 + 2**-22)
    return images


def some_equal(rng, images):
    images[1::100] = images[::100]
    return images


def few_longer(rng, images):
    images[::100] *= 1000
    return images


def a_few_infinite(rng, images):
    images[::500, 3] = INF
    return images


def a_few_without_a_score(rng, images):
    images[::500] = NAN
    return images


def overflowing(rng, images):
    """Too large for single precision on the way, and not at the end."""
    images[::500] = 0
    images[::500, :4] = 2.0**127
    return images


def close_and_too_long(rng, images):
    """Their scores are finite in single precision, and their squared lengths not."""
    images[::100] *= np.float32(1e20)
    return some_close(rng, images)


def tiny(rng, images):
    """The squares of these numbers are zero in single precision."""
    return some_close(rng, images * np.float32(1e-24))


# Kinds of images among which a rank hangs on some scores alone.
HANGING = [
    some_close,
    some_equal,
    few_longer,
    a_few_infinite,
    a_few_without_a_score,
    overflowing,
    close_and_too_long,
    tiny,
]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of one_by_one
@pytest.mark.parametrize("kind", HANGING)
@pytest.mark.parametrize("half", [False, True])
def test_ranks_need_no_double_precision_but_where_they_hang_on_it(kind, half):
    rng = np.random.default_rng(0)
    images = kind(rng, rng.normal(size=(2000, 700)).astype(np.float32))
    queries = np.sign(rng.normal(size=(40, 700)))
    queries = np.repeat(queries.astype(np.float16 if half else np.float32), 5, axis=0)
    pool = np.array([rng.permutation(2000)[:100] for _ in queries])
    hundredth = 100 * rng.integers(0, 20, len(pool))
    pool[:, :2] = np.stack([hundredth, hundredth + 1], axis=1)
    expected = rank_of_positive(one_by_one(queries, images, pool))
    found = rank_of_positive(scores_to_rank(queries, images, pool))
    assert (found == expected).all()


def test_all_in_double_precision_is_the_exception(monkeypatch):
    rng = np.random.default_rng(0)
    images = some_close(rng, rng.normal(size=(2000, 700)).astype(np.float32))
    queries = rng.normal(size=(40, 700)).astype(np.float32)
    pool = np.array([rng.permutation(2000)[:100] for _ in queries])
    monkeypatch.setattr(scores, "pool_scores", None)
    assert scores_to_rank(queries, images, pool).shape == (40, 100)
    monkeypatch.undo()
    everything_equal = np.tile(images[:1], (2000, 1))
    found = scores_to_rank(queries, everything_equal, pool)
    assert (rank_of_positive(found) == 100).all()


def test_single_precision_is_as_far_off_as_it_says():
    """Against sums in double precision, for values of any size and many terms."""
    rng = np.random.default_rng(0)
    shape = (30, 3000)
    queries, images = (
        (np.exp(3 * rng.normal(size=shape)) * np.sign(rng.normal(size=shape))).astype(
            np.float32
        )
        for _ in range(2)
    )
    pool = np.tile(np.arange(30), (30, 1))
    rough, error = scores._rough(queries, images, pool)
    off = np.abs(rough - one_by_one(queries, images, pool))
    assert (off <= error[:, None]).all()
    assert off.max() > 0
