"""The best of many halves are those that double precision finds."""

import numpy as np
import pytest
import torch

from cocofacet.retrieval.nearest import ERROR, half_scores, nearest


def unit(rng, *shape):
    drawn = rng.normal(size=shape)
    return drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)


def halves(vectors):
    return torch.from_numpy(vectors.astype(np.float16))


def plainly(vectors, text, count):
    scores = [float(np.dot(row.astype(np.float64), text)) for row in vectors]
    order = sorted(range(len(scores)), key=lambda row: (-scores[row], row))[:count]
    return order, [scores[row] for row in order]


@pytest.mark.parametrize("count", [1, 7, 300, 5000])
@pytest.mark.parametrize("cuts", [(), (500,), (1, 2, 999)])
def test_it_is_the_search_in_double_precision(cuts, count):
    rng = np.random.default_rng(0)
    vectors, text = unit(rng, 1000, 48).astype(np.float16), unit(rng, 48)
    segments = [torch.from_numpy(part) for part in np.split(vectors, cuts)]
    rows, scores = nearest(segments, text, count)
    expected, of = plainly(vectors, text, count)
    assert rows.tolist() == expected
    assert scores == pytest.approx(of, abs=1e-12)


def test_near_ties_that_half_precision_turns_round_come_out_right():
    """Scores that differ by less than a half can tell."""
    rng = np.random.default_rng(1)
    text = unit(rng, 64)
    vectors = text + 0.02 * unit(rng, 2000, 64)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(
        np.float16
    )
    rough = half_scores(torch.from_numpy(vectors), text)
    expected, _ = plainly(vectors, text, 20)
    assert np.argsort(-rough, kind="stable")[:20].tolist() != expected
    assert nearest([torch.from_numpy(vectors)], text, 20)[0].tolist() == expected


def test_the_error_of_a_half_score_is_within_the_bound():
    rng = np.random.default_rng(2)
    for dim in (16, 256, 1536):
        vectors, text = unit(rng, 500, dim).astype(np.float16), unit(rng, dim)
        vectors[0] = text.astype(np.float16)
        off = (
            half_scores(torch.from_numpy(vectors), text) - vectors.astype(float) @ text
        )
        assert np.abs(off).max() < ERROR


def test_equal_pictures_come_in_their_order():
    rng = np.random.default_rng(3)
    text = unit(rng, 8)
    segments = [halves(np.tile(text, (3, 1))), halves(np.tile(text, (2, 1)))]
    rows, scores = nearest(segments, text, 4)
    assert rows.tolist() == [0, 1, 2, 3]
    assert len(set(scores)) == 1


def test_what_is_not_there_is_not_found():
    rng = np.random.default_rng(4)
    vectors, text = unit(rng, 3, 8), unit(rng, 8)
    vectors[1] = np.nan
    assert sorted(nearest([halves(vectors)], text, 10)[0]) == [0, 2]
    assert nearest([], text, 10)[0].tolist() == []
    assert nearest([halves(vectors[:0])], text, 10)[1].tolist() == []
