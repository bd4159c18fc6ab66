"""The chapter on the linear approximation: its tables and figures."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.query import Query
from cocofacet.chapters.linear import figures, results
from cocofacet.chapters.linear.anchors import ANCHORS_FROM, Draws
from cocofacet.embeddings.linear_map import VARIANTS

FACETS, TEXTS = ("times", "people"), ("one", "two", "three", "four")
BEST, WORST, HALF = [1] * 8, [9] * 8, [1, 9] * 4  # ranks of eight queries


def draws_of(ranks):
    """ranks maps (anchors_from, variant, K) -> a list of draws, each the ranks of
    eight queries, as many texts in each of two facets."""
    queries = tuple(
        Query(f"{facet}:{n}", facet, "a", text, ("x",))
        for facet in FACETS
        for n, text in enumerate(TEXTS)
    )
    fits = pd.DataFrame(
        [(*key, draw, 1.0) for key, each in ranks.items() for draw in range(len(each))],
        columns=["anchors_from", "variant", "anchors", "draw", "condition"],
    )
    return Draws(Benchmark(queries, {}), fits, np.concatenate(list(ranks.values())))


def levels(general=WORST, prompted=BEST):
    """The tidy tables of general and prompted."""
    made = ("held-out", "released", 6)
    return [
        draws_of({made: [ranks]}).rows(*made).assign(mode=mode)
        for mode, ranks in (("general", general), ("prompted", prompted))
    ]


def test_over_draws_is_students_interval_of_the_mean():
    gains = pd.Series([0.0, 0.1, -0.1, 0.2])
    theirs = stats.ttest_1samp(gains, 0).confidence_interval(0.95)
    low, high = (f"{100 * end:+.1f}".replace("-", "−") for end in theirs)
    assert results.over_draws(gains) == f"+5.0 [{low}, {high}]"
    assert results.over_draws(gains[1:2]) == "+10.0", "of one draw there is none"


def test_at_each_size_a_source_lacks_what_it_has_no_pictures_for():
    ranks = {("facet", "released", 6): [BEST], ("held-out", "released", 6): [HALF]}
    ranks["held-out", "released", 12] = [WORST]
    ranks["held-out", "ridge", 12] = [BEST]
    shown = results.at_each_size(draws_of(ranks), levels()[0], 1)
    assert shown.index.tolist() == [6, 12]
    gain = shown["map − no prompt, over draws"]
    assert gain.loc[12].tolist() == ["–", "+0.0"]
    assert shown.loc[12, ("condition number", "held-out")] == "1"
    assert len(shown.columns) <= 4


def test_sizes_of_note_are_those_that_every_source_has():
    ranks = {("held-out", "released", k): [BEST] for k in (6, 12, 100, 192, 768)}
    ranks |= {("facet", "released", k): [BEST] for k in (6, 100, 192, 288)}
    assert results.sizes_of_note(draws_of(ranks), 192, 100) == [6, 100, 192, 192]
    assert results.sizes_of_note(draws_of(ranks), 192, 20) == [6, 6, 192, 192]


def test_variants_stand_beside_each_other_at_one_k():
    found = draws_of(
        {
            ("facet", "ridge", 6): [BEST, HALF],
            ("held-out", "ridge", 6): [HALF, HALF],
            ("held-out", "ridge", 12): [WORST],
        }
    )
    shown = results.variants(found, 6, 1).loc["ridge"]
    assert shown["facet"].startswith("75.0 [")
    assert shown["held-out"].startswith("50.0 [")


@pytest.mark.parametrize(
    ("cosine", "released", "change"),
    [(BEST, WORST, 1), (WORST, BEST, -1), (WORST, WORST, 0)],
)
def test_comparisons_change_one_thing(cosine, released, change):
    fitted = {
        ("held-out", "linear", 6): [cosine],
        ("held-out", "released", 6): [released],
    }
    shown = results.comparisons(draws_of(fitted), [6, 12], 1, 192)
    shown = shown.loc["cosine, not the released score"]
    assert shown["K/d = 0.03"].startswith(f"{100 * change:+.1f}".replace("-", "−"))
    assert pd.isna(shown["K/d = 0.06"]), "12 was not fitted"


def test_without_a_second_side_nothing_is_compared():
    found = draws_of({("held-out", "linear", 6): [BEST]})
    assert results.comparisons(found, [6], 1, 192).empty


def test_every_comparison_changes_exactly_one_thing():
    for (source, a), (other, b) in results.COMPARISONS.values():
        changed = [source != other] + [
            getattr(VARIANTS[a], field) != getattr(VARIANTS[b], field)
            for field in ("fit", "gallery", "cosine")
        ]
        assert sum(changed) == 1


def every_fit():
    fitted = {
        (s, v, k): [BEST, HALF]
        for s in ANCHORS_FROM
        for v in VARIANTS
        for k in (6, 192)
    }
    return draws_of(fitted), pd.concat(levels())


def test_the_first_figure_shows_the_map_between_no_prompt_and_the_question():
    found, modes = every_fit()
    drawn = figures.beside(found, 6, modes, 1, "world")
    words = [text.get_text() for text in drawn.legends[0].texts]
    assert words[0] == "general (no prompt)"
    assert words[-1] == "the facet's question"
    assert len(words) == 2 + len(ANCHORS_FROM)
    ticks = [text.get_text() for text in drawn.axes[0].get_yticklabels()]
    assert ticks == [*FACETS, "macro", "micro", "balanced"]


def test_the_curve_has_a_panel_a_source_a_line_a_variant_and_marks():
    found, modes = every_fit()
    marked = {6: "paper's K/d", 192: "K = d"}
    drawn = figures.against_anchors(found, modes, 1, 192, marked, "world")
    assert [axes.get_title(loc="left") for axes in drawn.axes] == [
        f"anchors: {words}" for words in ANCHORS_FROM.values()
    ]
    assert len(drawn.legends[0].texts) == len(VARIANTS) + 2
    for axes in drawn.axes:
        assert not axes.get_title(), "one title a panel"
        assert [text.get_text() for text in axes.texts] == list(marked.values())
    assert set(figures.LINES) < set(VARIANTS)
