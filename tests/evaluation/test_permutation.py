"""The sign-flip test: by hand, against every flip one by one, and under the null."""

from itertools import product

import numpy as np
import pytest
from test_evaluate import table_of

from cocofacet.evaluation import permutation
from cocofacet.evaluation.metrics import paired_difference
from cocofacet.evaluation.permutation import sign_flip


def two(rows):
    """Tables a and b from (facet, text, label, rank in a, rank in b)."""
    a = table_of([(*row[:3], row[3]) for row in rows], mode="prompted")
    return a, table_of([(*row[:3], row[4]) for row in rows], mode="general")


def test_three_texts_by_hand():
    """Differences 1, 1 and -1 of a sum: of the 8 flips, all reach a sum of 1 or -1,
    two of them 3. With all three positive only two flips reach 3."""
    rows = [("f", f"{n}?", str(n), 1, 9) for n in range(3)]
    found = sign_flip(*two(rows), 1)
    assert (found.value, found.p, found.flips) == (1.0, 2 / 8, 8)
    assert (found.exact, found.texts, found.differing) == (True, 3, 3)
    rows[2] = ("f", "2?", "2", 9, 1)
    found = sign_flip(*two(rows), 1)
    assert (found.value, found.p) == (pytest.approx(1 / 3), 1.0)


def test_a_text_flips_with_all_its_queries():
    """Four queries of one text are one coin, not four."""
    rows = [("f", "a?", "a", 1, 9)] * 4 + [("f", "b?", "b", 1, 9)]
    assert sign_flip(*two(rows), 1).p == 2 / 4


def test_texts_without_a_difference_have_no_sign():
    rows = [("f", f"{n}?", str(n), 1, 9) for n in range(3)]
    rows += [("f", f"same {n}?", str(n), 1, 1) for n in range(50)]
    found = sign_flip(*two(rows), 1)
    assert found.exact and found.p == 2 / 8
    assert (found.texts, found.differing) == (53, 3)
    same, _ = two(rows)
    nothing = sign_flip(same, same, 1)
    assert (nothing.value, nothing.p, nothing.flips) == (0, 1, 1)


def random_rows(seed, texts=(5, 4)):
    rng = np.random.default_rng(seed)
    return [
        (facet, f"{facet} {n}?", f"{n // 2}", *map(int, rng.integers(1, 3, size=2)))
        for facet, count in zip("fg", texts, strict=True)
        for n in range(count)
        for _ in range(1 + n % 3)
    ]


def brute(rows, average):
    """Flip every text of every facet, recompute the average from the queries."""
    texts = sorted({row[:2] for row in rows})

    def value(signs):
        by_facet = {}
        for facet, text, label, a, b in rows:
            same = sum(row[0] == facet and row[2] == label for row in rows)
            weight = 1 / same if average == "balanced" else 1
            hit = signs[facet, text] * ((a <= 1) - (b <= 1))
            by_facet.setdefault(facet, []).append((weight * hit, weight))
        sums = np.array([np.sum(pairs, axis=0) for pairs in by_facet.values()])
        if average == "micro":
            return sums[:, 0].sum() / sums[:, 1].sum()
        return (sums[:, 0] / sums[:, 1]).mean()

    found = value(dict.fromkeys(texts, 1))
    flips = [
        value(dict(zip(texts, signs, strict=True)))
        for signs in product((-1, 1), repeat=len(texts))
    ]
    return found, np.mean(np.abs(flips) >= abs(found) - 1e-9)


@pytest.mark.parametrize("average", ["macro", "micro", "balanced"])
@pytest.mark.parametrize("seed", range(4))
def test_exact_is_what_trying_every_flip_finds(average, seed):
    rows = random_rows(seed)
    value, p = brute(rows, average)
    found = sign_flip(*two(rows), 1, average)
    assert found.exact
    assert found.value == pytest.approx(value)
    assert found.p == pytest.approx(p)
    paired = paired_difference(*two(rows), 1, average)
    assert found.value == pytest.approx(paired.value)
    opposite = sign_flip(*reversed(two(rows)), 1, average)
    assert (opposite.value, opposite.p) == (-found.value, found.p)


def test_drawn_flips_agree_with_all_flips(monkeypatch):
    rows = random_rows(1, texts=(7, 8))
    exact = sign_flip(*two(rows), 1)
    monkeypatch.setattr(permutation, "ALL_FLIPS", 3)
    drawn = sign_flip(*two(rows), 1, seed=1)
    assert exact.exact and not drawn.exact
    assert drawn.flips == permutation.DRAWN
    assert drawn.p == pytest.approx(exact.p, abs=0.02)
    assert drawn == sign_flip(*two(rows), 1, seed=1)
    assert drawn.p != sign_flip(*two(rows), 1, seed=2).p


def test_many_texts_are_drawn_and_p_is_never_zero():
    rows = [("f", f"{n}?", str(n), 1, 9) for n in range(40)]
    found = sign_flip(*two(rows), 1)
    assert not found.exact
    assert found.p == 1 / (permutation.DRAWN + 1)


def test_under_the_null_p_is_exactly_as_often_small_as_it_says():
    """Five coins decide which table wins each text; all 32 outcomes. The texts have
    1, 2, 4, 8 and 16 queries, so that no two sums are equal: of the sixteen sizes that
    a sum can have, p takes each as often as it should, twice."""
    found = []
    for wins in product((True, False), repeat=5):
        rows = [
            ("f", f"{n}?", str(n), *((1, 9) if win else (9, 1)))
            for n, win in enumerate(wins)
            for _ in range(2**n)
        ]
        found.append(sign_flip(*two(rows), 1, "micro").p)
    assert sorted(found) == sorted([2 * n / 32 for n in range(1, 17)] * 2)


def test_the_expectation_over_draws_can_be_tested_too():
    rows = [("f", f"{n}?", str(n), 1, 1) for n in range(4)]
    a, b = two(rows)
    a = a.assign(eligible=198, above=0)
    b = b.assign(eligible=198, above=1)
    found = sign_flip(a, b, 1, expected=True)
    assert found.value == pytest.approx(0.5)
    assert found.p == 2 / 16
    assert found.expected
    assert sign_flip(a, b, 1).p == 1


def test_other_queries_and_unknown_averages_are_refused():
    a, b = two([("f", "a?", "a", 1, 9), ("f", "b?", "b", 1, 9)])
    with pytest.raises(ValueError, match="different queries"):
        sign_flip(a, b.iloc[:1], 1)
    with pytest.raises(ValueError, match="mean"):
        sign_flip(a, b, 1, average="mean")
