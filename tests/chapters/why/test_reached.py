"""The chapter on why: its verdicts, figures and tables."""

import numpy as np
import pandas as pd
import pytest

from cocofacet.chapters.why import reached
from cocofacet.evaluation.probes import WAYS, mode_of

K = 1
FACETS = ("times", "people")
EVERY, SOME, NEVER = [1] * 16, [1, 9] * 8, [9] * 16


def ranks_of(modes):
    """modes maps a mode of the tidy table -> facet -> 16 ranks, of eight texts."""
    rows = [
        {
            "profile": "", "run": "", "retriever": "r", "revision": "", "mode": mode,
            "facet": facet, "query": f"{facet}:{n}", "text": f"{facet} {n // 2}",
            "label": str(n // 2), "rank": rank,
        }
        for mode, by_facet in modes.items()
        for facet, ranks in by_facet.items()
        for n, rank in enumerate(ranks)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def all_ways(mode="general", **levels):
    """The modes of one embedding; a way that is not named never finds anything."""
    return {
        mode_of(mode, way): dict.fromkeys(FACETS, levels.get(way, NEVER))
        for way in WAYS
    }


def judged(ranks, named=0.1):
    """named: the lower end of the probe's balanced naming, of which chance is 0.2."""
    found = reached.levels(ranks, ("general",), K)
    table = {"mode": "general", "facet": FACETS, "low": named, "even": 0.2}
    table |= {"balanced": named + 0.05, "high": named + 0.1}
    return reached.judged(ranks, found, pd.DataFrame(table), "general", K)


@pytest.mark.parametrize(
    ("named", "probe", "words", "verdict"),
    [
        (0.6, EVERY, NEVER, "not reached"),
        (0.6, NEVER, NEVER, "not reached"),
        (0.3, EVERY, NEVER, "not reached"),
        (0.3, NEVER, NEVER, "faint"),
        (0.3, EVERY, EVERY, "reached"),
        (0.3, SOME, SOME, "reached"),
        (0.3, EVERY, SOME, "in part"),
        (0.1, NEVER, NEVER, "lost"),
        (0.1, NEVER, EVERY, "reached"),
    ],
)
def test_verdicts_follow_the_intervals(named, probe, words, verdict):
    table = judged(ranks_of(all_ways(probe=probe, words=words)), named)
    assert table.verdict.tolist() == [verdict] * 2


def ends(low, high, even=0.2):
    return pd.Series({"low": low, "high": high, "even": even})


@pytest.mark.parametrize(
    ("low", "high", "words", "ahead", "k", "said"),
    [
        (0.2, 0.3, 0.01, (-0.1, 0), 1, "lost"),
        (0.201, 0.3, 0.01, (-0.1, 0), 1, "faint"),
        (0.5, 0.59, 0.01, (-0.1, 0), 1, "faint"),
        (0.5, 0.6, 0.01, (-0.1, 0), 1, "not reached"),
        (0.201, 0.3, 0.01, (0.01, 0.5), 1, "not reached"),
        (0.1, 0.3, 0.05, (-0.1, 0), 5, "lost"),
        (0.4, 0.9, 0.011, (-0.3, 0.09), 1, "reached"),
        (0.4, 0.9, 0.011, (0.01, 0.09), 1, "reached"),
        (0.4, 0.9, 0.011, (0.01, 0.2), 1, "in part"),
        (0.4, 0.9, 0.011, (0.0, 0.7), 1, "undecided"),
        (0.4, 0.9, float("nan"), (0.1, 0.2), 1, "undecided"),
    ],
)
def test_an_interval_that_holds_chance_is_not_above_it(
    low, high, words, ahead, k, said
):
    assert reached.judge(ends(low, high), words, ends(*ahead), k) == said
    assert said in reached.VERDICTS


def test_a_few_texts_that_agree_are_not_enough():
    """Two hits in a hundred, and four texts that have the same share of them."""
    row = pd.Series({"recall": 0.02, "low": 0.015, "queries": 100})
    assert reached.lower_end(row) < 0.01
    assert reached.lower_end(row.replace({100: 10_000})) == 0.015
    assert np.isnan(reached.lower_end(row.replace({0.015: float("nan")})))


def test_a_single_text_decides_nothing():
    ranks = ranks_of(all_ways(probe=EVERY)).assign(text="one", label="one")
    assert set(judged(ranks).verdict) == {"undecided"}


def test_levels_of_a_facet_with_their_intervals():
    half_of_the_texts = [1] * 8 + [9] * 8
    ranks = ranks_of(all_ways(probe=EVERY, images=half_of_the_texts))
    row = judged(ranks, 0.6).iloc[0]
    assert (row.named_low, row.named, row.named_high) == (0.6, 0.65, 0.7)
    assert (row.probe_low, row.probe, row.probe_high) == (1, 1, 1)
    assert row.images_low < row.images == 0.5 < row.images_high
    assert row.words == 0


def prompted(general_probe, prompted_probe=EVERY, words=EVERY):
    modes = all_ways("general", probe=general_probe, images=SOME, words=NEVER)
    return ranks_of(modes | all_ways("prompted", probe=prompted_probe, words=words))


@pytest.mark.parametrize(
    ("ranks", "key", "difference", "verdict"),
    [
        (prompted(EVERY), "words", 1, "holds"),
        (prompted(EVERY), "probe", 0, "undecided"),
        (prompted(EVERY, NEVER), "probe", -1, "fails"),
        (prompted(EVERY), "general_probe", 1, "holds"),
        (prompted(EVERY), "general_images", 0.5, "holds"),
        (prompted(EVERY), "general_grounded", 0, "undecided"),
        (prompted(EVERY, NEVER), "prompted_probe", -1, "fails"),
    ],
)
def test_what_the_question_and_other_queries_change(ranks, key, difference, verdict):
    found = reached.contrasts(ranks, K)[key]
    assert (found.value, found.verdict) == (difference, verdict)


def test_whether_a_facet_is_there_is_a_finding():
    table = {"facet": FACETS, "balanced": [0.5, 0.3], "low": [0.4, 0.2], "even": 0.25}
    found = reached.there(pd.DataFrame({**table, "high": [0.6, 0.4]}))
    assert {key: each.verdict for key, each in found.items()} == {
        "there_times": "holds",
        "there_people": "undecided",
    }
    assert str(found["there_times"]) == "+25.0 [+15.0, +35.0]"


NO_SEEDS = pd.DataFrame(columns=["who", "facet", *reached.LEVELS])


@pytest.fixture(scope="module")
def panels():
    ranks = ranks_of(all_ways(probe=EVERY, images=SOME, words=NEVER))
    return {"r, general": reached.levels(ranks, ("general",), K)}


def test_levels_know_their_mode_and_way(panels):
    table = panels["r, general"]
    assert set(table.way) == set(WAYS)
    assert set(table["mode"]) == {"general"}
    assert table[table.way == "images"].recall.tolist() == [0.5] * 5


def test_the_figure_has_every_level_for_each_facet(panels):
    figure = reached.figure(panels, K, "rendered world", NO_SEEDS)
    axes = figure.axes[0]
    drawn = {c.get_label(): c.lines[0].get_xdata() for c in axes.containers}
    assert {way: list(drawn[reached.SHOWN[way][0]]) for way in WAYS} == {
        "probe": [100, 100],
        "images": [50, 50],
        "grounded": [0, 0],
        "words": [0, 0],
    }
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(FACETS)


def test_rings_stand_beside_the_levels_of_their_way(panels):
    """For the embeddings that they are of, and where a facet is not known, none."""
    rings = {"who": ["r, general", "other"], "seed": 1, "facet": "people"}
    seeds = pd.DataFrame({**rings, "probe": 0.25, "images": 0.75, "words": 0.125})
    axes = reached.figure(panels, K, "rendered world", seeds).axes[0]
    drawn = {c.get_label(): c.lines[0] for c in axes.containers}
    ringed = [line for line in axes.lines if line.get_markersize() == 4]
    assert len(ringed) == 3
    for line, way, value in zip(
        ringed, ("probe", "images", "words"), (25, 75, 12.5), strict=True
    ):
        own = drawn[reached.SHOWN[way][0]]
        assert line.get_color() == own.get_color()
        assert list(line.get_ydata()) == [own.get_ydata()[FACETS.index("people")]]
        assert list(line.get_xdata()) == [value]


def test_the_curves_have_a_panel_for_each_facet():
    rows = [
        {
            "mode": mode, "facet": facet, "trained": trained, "balanced": trained / 400,
            "low": 0, "high": 1, "even": 0.25,
        }
        for mode in ("a", "b")
        for facet in FACETS
        for trained in (50, 100, 200)
    ]  # fmt: skip
    tables = reached.by_embedding({"r": pd.DataFrame(rows)})
    assert list(tables) == ["r, a", "r, b"]
    figure = reached.curves(tables, "rendered world")
    assert [axes.get_title() for axes in figure.axes] == list(FACETS)
    first, second, chance = figure.axes[0].lines
    assert list(first.get_ydata()) == list(second.get_ydata()) == [12.5, 25, 50]
    assert list(first.get_xdata()) == [50, 100, 200]
    assert set(chance.get_ydata()) == {25}
