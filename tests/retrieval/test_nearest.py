"""The best of many halves are those that double precision finds."""

import numpy as np
import pytest

from cocofacet.retrieval.nearest import ERROR, Term, half_scores, nearest


def unit(rng, *shape):
    drawn = rng.normal(size=shape)
    return drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)


def halves(rng, *shape):
    return unit(rng, *shape).astype(np.float16)


def plainly(scores, count):
    order = sorted(range(len(scores)), key=lambda row: (-scores[row], row))[:count]
    return order, [scores[row] for row in order]


def exactly(vectors, text):
    return [float(np.dot(row.astype(np.float64), text)) for row in vectors]


@pytest.mark.parametrize("count", [1, 7, 300, 5000])
@pytest.mark.parametrize("cuts", [(), (500,), (1, 2, 999)])
def test_it_is_the_search_in_double_precision(cuts, count):
    rng = np.random.default_rng(0)
    vectors, text = halves(rng, 1000, 48), unit(rng, 48)
    rows, scores = nearest([Term(np.split(vectors, cuts), text)], count)
    expected, of = plainly(exactly(vectors, text), count)
    assert rows.tolist() == expected
    assert scores == pytest.approx(of, abs=1e-12)


def test_near_ties_that_half_precision_turns_round_come_out_right():
    """Scores that differ by less than a half can tell."""
    rng = np.random.default_rng(1)
    text = unit(rng, 64)
    near = text + 0.02 * unit(rng, 2000, 64)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    vectors = near.astype(np.float16)
    expected, _ = plainly(exactly(vectors, text), 20)
    rough = half_scores(vectors, text)
    assert np.argsort(-rough, kind="stable")[:20].tolist() != expected
    assert nearest([Term([vectors], text)], 20)[0].tolist() == expected


@pytest.mark.parametrize("dim", [16, 256, 1536])
def test_the_error_of_a_half_score_is_within_the_bound(dim):
    rng = np.random.default_rng(2)
    vectors, text = halves(rng, 500, dim), unit(rng, dim)
    vectors[0] = text.astype(np.float16)
    off = half_scores(vectors, text) - vectors.astype(float) @ text
    assert np.abs(off).max() < ERROR


def test_terms_are_summed_and_a_weight_may_take_away():
    """Two wishes, one of them unwanted, each under its own question; each question has
    its vectors in an order of its own."""
    rng = np.random.default_rng(3)
    one, other = halves(rng, 400, 24), halves(rng, 400, 24)
    wanted, unwanted = unit(rng, 24), -unit(rng, 24)
    order = rng.permutation(400)
    terms = [
        Term([one], wanted),
        Term([other[order[:150]], other[order[150:]]], unwanted, np.argsort(order)),
    ]
    sums = np.add(exactly(one, wanted), exactly(other, unwanted))
    rows, scores = nearest(terms, 30)
    expected, of = plainly(sums, 30)
    assert rows.tolist() == expected
    assert scores == pytest.approx(of, abs=1e-12)


def test_equal_pictures_come_in_their_order_and_copies_share_a_vector():
    rng = np.random.default_rng(4)
    text = unit(rng, 8)
    vector = text.astype(np.float16)
    segments = [np.tile(vector, (3, 1)), np.tile(vector, (2, 1))]
    rows, scores = nearest([Term(segments, text)], 4)
    assert rows.tolist() == [0, 1, 2, 3]
    assert len(set(scores)) == 1
    copies = Term([halves(rng, 2, 8)], text, np.array([1, 0, 1]))
    rows, scores = nearest([copies], 3)
    assert sorted(scores) == sorted(copies.exact(np.arange(3)))
    assert set(rows.tolist()) == {0, 1, 2}


def test_what_is_not_there_is_not_found():
    rng = np.random.default_rng(5)
    vectors, text = halves(rng, 3, 8), unit(rng, 8)
    vectors[1] = np.nan
    assert sorted(nearest([Term([vectors], text)], 10)[0]) == [0, 2]
    lacking = Term([vectors], text, np.array([2, -1, 0]))
    assert sorted(nearest([lacking], 10)[0]) == [0, 2]
    assert nearest([Term([], text)], 10)[0].tolist() == []
    assert nearest([Term([vectors[:0]], text)], 10)[1].tolist() == []


def test_a_file_that_is_mapped_read_only_serves(tmp_path):
    rng = np.random.default_rng(6)
    np.save(tmp_path / "some.npy", halves(rng, 5, 8))
    mapped = np.load(tmp_path / "some.npy", mmap_mode="r")
    assert len(nearest([Term([mapped], unit(rng, 8))], 2)[0]) == 2
