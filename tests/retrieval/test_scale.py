"""Shares among alternatives, worked by hand and as properties."""

import numpy as np
import pytest

from cocofacet.io import InputError
from cocofacet.retrieval.scale import SAME, STANDS_OUT, shares

E = np.eye(4)


def test_a_share_is_the_softmax_worked_by_hand():
    # Cosines 0.6 and 0.8 at temperature 0.1: e^6 / (e^6 + e^8).
    picture = np.array([[0.6, 0.8, 0, 0]])
    expected = np.exp(6) / (np.exp(6) + np.exp(8))
    assert shares(picture, E[0], E[1:2], 0.1) == pytest.approx([expected])


def test_the_shares_of_all_alternatives_sum_to_one():
    rng = np.random.default_rng(0)
    pictures = rng.normal(size=(50, 4))
    pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
    each = [shares(pictures, E[i], np.delete(E, i, 0), 0.2) for i in range(4)]
    assert np.allclose(np.sum(each, axis=0), 1)
    # At most one of them stands out, whatever the picture.
    assert (np.sum(np.array(each) > STANDS_OUT, axis=0) <= 1).all()


def test_a_text_that_says_the_same_does_not_compete():
    same = np.array([SAME + 0.01, np.sqrt(1 - (SAME + 0.01) ** 2), 0, 0])
    other = np.array([SAME - 0.01, np.sqrt(1 - (SAME - 0.01) ** 2), 0, 0])
    alone = shares(E, E[0], E[3:], 0.05)
    assert np.array_equal(shares(E, E[0], np.vstack([same, E[3:]]), 0.05), alone)
    assert shares(E, E[0], np.vstack([other, E[3:]]), 0.05)[0] < alone[0]


def test_halves_serve_and_no_number_overflows():
    halves = E.astype(np.float16)
    found = shares(halves, halves[0], halves[1:], 0.001)
    assert found.dtype == np.float64
    assert found.tolist() == [1, 0, 0, 0]


def test_a_picture_without_a_vector_has_no_share():
    assert np.isnan(shares(np.full((1, 4), np.nan), E[0], E[1:], 0.1)).all()
    assert shares(np.empty((0, 4)), E[0], E[1:], 0.1).shape == (0,)


@pytest.mark.parametrize("temperature", [0, -0.1, float("nan")])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(InputError, match=r"^temperature: .* above 0"):
        shares(E, E[0], E[1:], temperature)


@pytest.mark.parametrize("alternatives", [np.empty((0, 4)), E[:1]])
def test_without_an_alternative_there_is_no_share(alternatives):
    with pytest.raises(InputError, match=r"^alternatives: none differs"):
        shares(E, E[0], alternatives, 0.1)
