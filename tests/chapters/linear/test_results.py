"""The chapter on the linear approximation: its sentences turn with the numbers."""

import numpy as np
import pandas as pd
import pytest

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.query import Query
from cocofacet.chapters.linear import figures, results
from cocofacet.chapters.linear.anchors import Draws, Pictures
from cocofacet.embeddings.linear_map import VARIANTS, Anchors

GAIN = pd.Series(
    {"value": 0.8, "reference": 0.4, "difference": 0.4, "low": 0.3, "high": 0.5}
)


def draws_of(ranks):
    """ranks maps (anchors_from, variant, K) -> a list of draws, each the ranks of
    eight queries, four texts in each of two facets."""
    queries = tuple(
        Query(f"{facet}:{text}", facet, "a", text, ("x",))
        for facet in ("times", "people")
        for text in ("one", "two", "three", "four")
    )
    fits = pd.DataFrame(
        [(*key, draw, 1.0) for key, each in ranks.items() for draw in range(len(each))],
        columns=["anchors_from", "variant", "anchors", "draw", "condition"],
    )
    return Draws(Benchmark(queries, {}), fits, np.concatenate(list(ranks.values())))


def recalls(rows):
    """Rows of (variant, K, condition, recall), held out."""
    table = pd.DataFrame(rows, columns=["variant", "anchors", "condition", "recall"])
    return table.assign(anchors_from="held-out", draw=0)


def summary(shares, anchors=6, low=-0.1):
    return pd.DataFrame(
        {
            "k": 1,
            "anchors_from": "held-out",
            "variant": list(shares),
            "anchors": anchors,
            "recall": 0.3,
            "share": list(shares.values()),
            "share_low": low,
            "share_high": 0.9,
        }
    )


def test_summary_takes_means_over_draws_and_shows_their_range():
    best, worst, half = [1] * 8, [9] * 8, [1, 9] * 4
    found = draws_of({("held-out", "linear", 6): [best, half]})
    general, prompted = (
        draws_of({("held-out", "ridge", 6): [ranks]}).rows("held-out", "ridge", 6)
        for ranks in (worst, best)
    )
    sizes = results.best_sizes(found.recall(1))
    row = results.summary(found, sizes, general, prompted, (1,)).iloc[0]
    assert (row.anchors, row.recall, row.smallest, row.largest) == (6, 0.75, 0.5, 1)
    assert row.share == 0.75
    assert row.low < 0.75 < row.high
    shown = results.table(row.to_frame().T, 192)
    cells = shown.loc["held-out", "least squares"]
    assert cells["", "K (K/d)"] == "6 (0.03)"
    assert cells["R@1", "draws"] == "50.0–100.0"
    assert cells["R@1", "mean"].startswith("75.0 [")
    no_gap = row.to_frame().T.assign(share=float("nan"))
    assert results.table(no_gap, 192).iloc[0]["R@1", "of the gap"] == "no gap"


def test_best_sizes_follow_the_mean_over_draws():
    table = recalls([("ridge", 6, 1, 0.5), ("ridge", 6, 1, 0.1), ("ridge", 12, 1, 0.4)])
    assert results.best_sizes(table)["held-out", "ridge"] == 12


def test_comparisons_change_one_thing_and_the_sentence_turns():
    better, worse = [[1] * 8], [[9] * 8]

    def compared(with_length, without):
        fitted = {("held-out", "linear", 6): with_length}
        fitted["held-out", "released", 6] = without
        return results.comparisons(draws_of(fitted), [6], 1)

    gain = compared(better, worse)
    assert gain.difference.tolist() == [1]
    said = results.changed(gain, 1, 192)
    assert "Dividing by the length" in said
    assert "gains 100.0 points at K/d = 0.03." in said
    loss = results.changed(compared(worse, better), 1, 192)
    assert "loses 100.0 points at K/d = 0.03." in loss
    same = results.changed(compared(worse, worse), 1, 192)
    assert "is undecided at K/d = 0.03." in same
    assert results.compared(gain, 1, 192).iloc[0, 0] == "+100.0 [+100.0, +100.0]"


def test_comparisons_without_a_second_side_say_so():
    alone = draws_of({("held-out", "linear", 6): [[1] * 8]})
    found = results.comparisons(alone, [6], 1)
    assert found.empty
    assert "No two variants" in results.changed(found, 1, 192)


def test_every_comparison_changes_exactly_one_thing():
    assert list(results.CHANGED) == list(results.COMPARISONS)
    for (source, a), (other, b) in results.COMPARISONS.values():
        changed = [source != other] + [
            getattr(VARIANTS[a], field) != getattr(VARIANTS[b], field)
            for field in ("fit", "gallery", "cosine")
        ]
        assert sum(changed) == 1


@pytest.mark.parametrize(
    ("recall", "words"),
    [(0.6, "50 % of the way"), (0.3, "less than no prompt at all")],
)
def test_reached_says_how_far_and_with_what(recall, words):
    table = recalls([("released", 6, 1, recall)])
    said = results.reached(table, ("held-out", "released"), 6, GAIN, 5, 192)
    assert "fitted to 6 pictures held out from the evaluation (K/d = 0.03)" in said
    assert f"reaches Recall@5 {100 * recall:.1f} %" in said
    assert words in said


def test_best_names_the_variant_that_recovers_most():
    found = summary({"linear": 0.2, "ridge": 0.5}, anchors=192, low=0.4)
    said = results.best(found, "held-out", "Here", 1, 192)
    assert said == (
        "Here, with pictures held out from the evaluation, ridge recovers most: 50 % "
        "of the gap in Recall@1 at K/d = 1.00 (95 % interval 40 % to 90 %)."
    )
    other = results.best(
        summary({"linear": 0.6, "ridge": 0.5}), "held-out", "Here", 1, 192
    )
    assert "least squares recovers most: 60 %" in other
    assert other.endswith("which may be nothing.")


def test_best_does_not_boast_where_nothing_is_recovered():
    lost = results.best(summary({"ridge": -0.4}), "held-out", "Here", 1, 192)
    assert "no variant recovers anything" in lost
    nan = summary({"ridge": float("nan")})
    assert "no clear gain" in results.best(nan, "held-out", "Here", 1, 192)


def test_peak_turns_with_the_recall_at_the_worst_condition():
    rows = [("linear", 96, 100, 0.37), ("linear", 192, 5000, 0.1)]
    said = results.peak(recalls(rows), "held-out", 1, 192)
    assert "worst at K/d = 1.00 (condition number 5,000)" in said
    assert "least squares falls: Recall@1 10.0 %, after 37.0 % at K/d = 0.50" in said
    calm = [rows[0], ("linear", 192, 5000, 0.5)]
    assert "does not fall" in results.peak(recalls(calm), "held-out", 1, 192)
    assert "no smaller K" in results.peak(recalls(rows[1:]), "held-out", 1, 192)
    ridge = recalls([("ridge", 6, 1, 0.5)])
    assert "not fitted" in results.peak(ridge, "held-out", 1, 192)


def test_storage_saves_only_where_k_is_below_half_of_d():
    assert "614,400 numbers and the matrix 9,437,184, 15.4 times" in results.storage(
        100, 3072
    )
    assert "nothing is saved" in results.storage(100, 192)


def test_costs_count_what_the_maps_hold():
    rng = np.random.default_rng(0)
    general, dual, prompted = (rng.normal(size=(9, d)) for d in (6, 4, 6))
    pictures = Pictures({"general": general, "dual": dual}, {"times": prompted})
    found = results.costs(pictures, list(VARIANTS), 3, images=50)
    released, centred, from_dual = (
        found.loc[VARIANTS[name].words]
        for name in ("released", "centred", "dual-ridge")
    )
    assert released.tolist() == [3 * 6, 3 * 6, 2 * 3 * 6, 0], "no length is needed"
    assert centred["kept a question"] == 2 * 6 + 6 + 50, "two directions and an offset"
    assert from_dual["multiply-adds a query"] == 3 * (4 + 6)
    assert from_dual["multiply-adds a question"] == 50 * 3 * (4 + 6)
    least = VARIANTS["linear"].fit(Anchors(general[:3]), prompted[:3])
    kept = least.source.size + least.target.size
    assert found.loc["least squares", "multiply-adds a query"] == kept


def test_figures_have_a_panel_a_source_and_a_line_a_variant():
    rows = [(v, k, 10.0 * k, 0.5) for v in VARIANTS for k in (6, 192)]
    both = [recalls(rows), recalls(rows).assign(anchors_from="gallery")]
    levels = {"general": 0.4, "prompted": 0.8}
    drawn = figures.against_anchors(pd.concat(both), levels, 1, 192, "world")
    assert [axes.get_title() for axes in drawn.axes] == [
        "anchors: pictures held out from the evaluation",
        "anchors: pictures of the evaluation's own gallery",
    ]
    assert len(drawn.legends[0].texts) == len(VARIANTS) + len(levels)
    assert "world" in drawn.texts[0].get_text()
    solved = figures.condition(both[0], 192, "world")
    assert len(solved.legends[0].texts) == 3
    ridge = both[0][both[0].variant == "ridge"]
    assert not figures.condition(ridge, 192, "world").axes[0].lines[1:], "none solved"
    assert set(figures.LOOKS) == set(VARIANTS)
