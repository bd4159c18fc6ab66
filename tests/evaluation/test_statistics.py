"""Intervals and tests: by hand, against loops, and how often they are right."""

from itertools import product

import numpy as np
import pytest
from scipy import stats
from small_tables import EXPECTED, table_of

from cocofacet.evaluation import statistics
from cocofacet.evaluation.metrics import AVERAGES, averages
from cocofacet.evaluation.statistics import (
    between_facets,
    interval,
    lowest_share,
    mean_of_shares,
    paired_difference,
    sign_flip,
    spread_over_draws,
)


def brute_interval(rows, average):
    """Student's interval with loops, by the formulas of a ratio's linear term."""
    facets = sorted({row[0] for row in rows})
    sums = {facet: {} for facet in facets}
    for facet, text, label, rank in rows:
        same = sum(row[0] == facet and row[2] == label for row in rows)
        weight = 1 / same if average == "balanced" else 1
        hit, all_weight = sums[facet].get(text, (0, 0))
        sums[facet][text] = (hit + weight * (rank <= 1), all_weight + weight)
    whole = [pair for texts in sums.values() for pair in texts.values()]
    variances, freedoms = [], []
    for facet in facets:
        pairs = list(sums[facet].values())
        hits, weight = map(
            sum, zip(*(whole if average == "micro" else pairs), strict=True)
        )
        share = 1 if average == "micro" else 1 / len(facets)
        errors = [share * (h - hits / weight * w) / weight for h, w in pairs]
        mean, n = sum(errors) / len(errors), len(errors)
        variances.append(n / (n - 1) * sum((error - mean) ** 2 for error in errors))
        freedoms.append(n - 1)
    variance = sum(variances)
    freedom = variance**2 / sum(
        v**2 / f for v, f in zip(variances, freedoms, strict=True)
    )
    half = stats.t.ppf(0.975, freedom) * variance**0.5
    value = averages(table_of(rows), 1)[average].item()
    return value, max(value - half, 0), min(value + half, 1)


@pytest.mark.parametrize("average", AVERAGES)
def test_interval_is_what_loops_find(average):
    rng = np.random.default_rng(3)
    rows = [
        (facet, f"{facet} {text}?", f"{facet} {text // 2}", int(rng.integers(1, 3)))
        for facet, texts in (("animals", 9), ("times", 6))
        for text in range(texts)
        for _ in range(text + 1)
    ]
    found = interval(table_of(rows), 1, average)
    assert (found.value, found.low, found.high) == pytest.approx(
        brute_interval(rows, average)
    )
    assert (found.queries, found.texts) == (66, 15)


def test_interval_of_one_query_a_text_is_students():
    hits = [1, 0, 0, 1, 1, 0, 1, 0, 1, 1]
    rows = [("f", f"{n}?", str(n), 1 if hit else 9) for n, hit in enumerate(hits)]
    found = interval(table_of(rows), 1)
    expected = stats.ttest_1samp(hits, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx(tuple(expected))


def test_interval_of_two_facets_is_welchs():
    """The macro average is half of a sum; Welch's interval is that of a difference."""
    a, b = [1, 0, 0, 1, 1, 0, 1, 0, 1, 1], [0, 0, 1, 0]
    rows = [
        (facet, f"{facet}{n}?", f"{facet}{n}", 1 if hit else 9)
        for facet, hits in (("a", a), ("b", b))
        for n, hit in enumerate(hits)
    ]
    found = interval(table_of(rows), 1)
    negative = [-hit for hit in b]
    welch = stats.ttest_ind(a, negative, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((welch.low / 2, welch.high / 2))


def test_an_interval_ends_where_recall_does():
    rows = [("f", f"{n}?", str(n), 1 + 9 * (n == 0)) for n in range(5)]
    found = interval(table_of(rows), 1)
    assert (found.value, found.high) == (0.8, 1)
    assert found.low < 0.8


def test_where_all_texts_agree_the_interval_is_a_point():
    rows = [("f", f"{n}?", str(n), 1) for n in range(5)]
    found = interval(table_of(rows), 1)
    assert (found.value, found.low, found.high) == (1, 1, 1)


def test_interval_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(0)
    rows = [("f", f"{i % 7}?", str(i % 3), int(rng.integers(1, 9))) for i in range(60)]
    table = table_of(rows)
    shuffled = table.sample(frac=1, random_state=1)
    assert interval(table, 5) == interval(shuffled, 5)


def test_interval_of_one_text_is_unknown():
    found = interval(table_of([("f", "a?", "a", 1), ("f", "a?", "a", 9)]), k=1)
    assert found.value == 0.5
    assert np.isnan(found.low)
    assert np.isnan(found.high)


def test_difference_is_paired():
    """b loses one query to a; both vary by text alike, so the interval is narrow."""
    ranks = [1, 9] * 20
    rows = [("f", f"{i}?", str(i), rank) for i, rank in enumerate(ranks)]
    a = table_of(rows, mode="prompted")
    b = table_of([("f", "0?", "0", 9), *rows[1:]])
    found = paired_difference(a, b, k=1)
    assert found.value == pytest.approx(1 / 40)
    assert found.low < 0 < found.high <= 4 / 40
    same = paired_difference(a, a, k=1)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def all_gained(count):
    """Two tables of so many texts, where a finds all and b none."""
    rows = [("f", f"{n}?", str(n), 1) for n in range(count)]
    lost = [(*row[:3], 9) for row in rows]
    return table_of(rows, mode="prompted"), table_of(lost)


def test_few_texts_decide_nothing_that_the_sign_flip_does_not():
    """Five texts that all gain: two of 32 flips reach as far, p = 0.0625."""
    five = paired_difference(*all_gained(5), k=1)
    assert (five.value, five.low, five.high) == (1, 0, 1)
    back = paired_difference(*reversed(all_gained(5)), k=1)
    assert (back.value, back.low, back.high) == (-1, -1, 0)
    assert paired_difference(*all_gained(6), k=1).low == 1


def test_difference_refuses_other_queries():
    a = table_of([("f", "a?", "a", 1), ("f", "b?", "b", 1)])
    with pytest.raises(ValueError, match="different queries"):
        paired_difference(a, a.iloc[:1], k=1)


def test_unknown_average():
    with pytest.raises(ValueError, match="mean"):
        interval(table_of([("f", "a?", "a", 1)]), k=1, average="mean")


def test_intervals_and_differences_exist_for_both():
    for average in ("macro", "micro", "balanced"):
        found = interval(EXPECTED, 1, average, expected=True)
        value = averages(EXPECTED, 1, expected=True)[average].item()
        assert found.value == pytest.approx(value)
        assert found.low <= found.value <= found.high
        assert found.value != interval(EXPECTED, 1, average).value
    worse = EXPECTED.assign(above=[1, 1, 1, 2], mode="bare")
    found = paired_difference(EXPECTED, worse, 1, "micro", expected=True)
    assert found.value == pytest.approx((1 - 21 / 120) / 4)
    assert paired_difference(EXPECTED, worse, 1, "micro").value == 0


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


def brute_sign_flip(rows, average):
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
    value, p = brute_sign_flip(rows, average)
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
    monkeypatch.setattr(statistics, "ALL_FLIPS", 3)
    drawn = sign_flip(*two(rows), 1, seed=1)
    assert exact.exact and not drawn.exact
    assert drawn.flips == statistics.RANDOM_FLIPS
    assert drawn.p == pytest.approx(exact.p, abs=0.02)
    assert drawn == sign_flip(*two(rows), 1, seed=1)
    assert drawn.p != sign_flip(*two(rows), 1, seed=2).p


def test_many_texts_are_drawn_and_p_is_never_zero():
    rows = [("f", f"{n}?", str(n), 1, 9) for n in range(40)]
    found = sign_flip(*two(rows), 1)
    assert not found.exact
    assert found.p == 1 / (statistics.RANDOM_FLIPS + 1)


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
    assert sign_flip(a, b, 1).p == 1


def test_other_queries_and_unknown_averages_are_refused():
    a, b = two([("f", "a?", "a", 1, 9), ("f", "b?", "b", 1, 9)])
    with pytest.raises(ValueError, match="different queries"):
        sign_flip(a, b.iloc[:1], 1)
    with pytest.raises(ValueError, match="mean"):
        sign_flip(a, b, 1, average="mean")


def test_spreads_over_draws_by_hand():
    """Facet a: p 1/2 twice; facet b: p 1/2 once. Variances 1/8 and 1/4."""
    rows = [("a", "x?", "x", 1), ("a", "y?", "y", 1), ("b", "z?", "z", 1)]
    table = table_of(rows).assign(eligible=198, above=1)
    found = spread_over_draws(table, 1)["general"]
    assert found["a"] == pytest.approx((1 / 8) ** 0.5)
    assert found["b"] == pytest.approx(1 / 2)
    assert found["macro"] == pytest.approx(((1 / 8 + 1 / 4) / 4) ** 0.5)
    assert found["micro"] == pytest.approx((3 / 4 / 9) ** 0.5)


def test_the_mean_of_shares_and_its_normal_interval_by_hand():
    """Variances 1/4 / 4 and 0; the mean of two has a quarter of their sum."""
    value, low, high = mean_of_shares(np.array([0.5, 1.0]), np.array([4, 9]))
    assert value == 0.75
    assert (low, high) == pytest.approx((0.75 - 1.96 / 8, 0.75 + 1.96 / 8))


def test_the_lower_end_of_a_share_is_that_of_wilson():
    """The lower end for one half, by the formula of Wilson."""
    z, n = 1.959964, 20
    root = (0.25 / n + z**2 / (4 * n**2)) ** 0.5
    lower = (0.5 + z**2 / (2 * n) - z * root) / (1 + z**2 / n)
    assert lowest_share(10, 20) == pytest.approx(lower, abs=1e-6)
    assert lowest_share(0, 20) == pytest.approx(0, abs=1e-12)


def test_between_facets_by_hand():
    """Facets a, b and c with recalls 1, 1/2 and 0: a against the others 1 - 1/4."""
    rows = [("a", "x?", "x", 1), ("a", "y?", "y", 1), ("b", "z?", "z", 1)]
    rows += [("b", "v?", "v", 9), ("c", "w?", "w", 9), ("c", "u?", "u", 9)]
    found = between_facets(table_of(rows), ["a", "d"], 1)
    assert found.value == pytest.approx(0.75)
    assert found.texts == 6
    assert found.high == 1 and found.low < 0.75  # only b's texts differ
    with pytest.raises(ValueError, match="some must be among"):
        between_facets(table_of(rows), ["d"], 1)
