"""The chapter on why: its verdicts, its figure, and sentences that turn."""

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
    table["balanced"] = named + 0.05
    return reached.judged(ranks, found, pd.DataFrame(table), "general", K)


@pytest.mark.parametrize(
    ("named", "probe", "words", "verdict"),
    [
        (0.3, EVERY, NEVER, "not reached"),
        (0.3, NEVER, NEVER, "not reached"),
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


def test_an_interval_that_holds_chance_is_not_above_it():
    assert reached.judge(there=0.0, words=0.01, ahead=-0.1, k=1) == "lost"
    assert reached.judge(there=0.001, words=0.01, ahead=-0.1, k=1) == "not reached"
    assert reached.judge(there=-0.1, words=0.05, ahead=-0.1, k=5) == "lost"
    assert reached.judge(there=0.2, words=0.011, ahead=0.0, k=1) == "reached"
    assert reached.judge(0.2, 0.011, 0.001, k=1) == "in part"
    assert reached.judge(0.2, float("nan"), 0.1, k=1) == "undecided"


def test_a_few_texts_that_agree_are_not_enough():
    """Two hits in a hundred, and four texts that have the same share of them."""
    row = pd.Series({"recall": 0.02, "low": 0.015, "queries": 100})
    assert reached.lower_end(row) < 0.01
    assert reached.lower_end(row.replace({100: 10_000})) == 0.015
    assert np.isnan(reached.lower_end(row.replace({0.015: float("nan")})))


def test_a_single_text_decides_nothing():
    ranks = ranks_of(all_ways(probe=EVERY)).assign(text="one", label="one")
    assert set(judged(ranks).verdict) == {"undecided"}


def test_the_conclusion_names_each_facet_and_its_levels():
    table = pd.DataFrame(
        {
            "facet": ["objects", "scenes", "times", "people"],
            "verdict": ["reached", "reached", "not reached", "lost"],
            "named": [0.9, 0.9, 0.8, 0.3],
            "even": 0.25,
            "probe": [0.9, 0.9, 0.4, 0.01],
            "words": [0.9, 0.9, 0.01, 0.01],
        }
    )
    said = reached.concluded(table, "CLIP", 1)
    assert said == (
        "CLIP, in Recall@1:\n\n"
        "- objects and scenes are reached from words no worse than by the probe.\n"
        "- times (named rightly 80.0 % against 25.0 % by chance; probe 40.0 %, words "
        "1.0 %) are there but not reached from words.\n"
        "- people are lost: even the probe names them no better than chance."
    )
    turned = reached.concluded(table.assign(verdict="in part"), "CLIP", 1)
    assert turned.startswith(
        "CLIP, in Recall@1:\n\n- objects (probe 90.0 %, words 90.0 %)"
    )
    assert turned.endswith("are reached in part.")


def prompted(general_probe, prompted_probe=EVERY, half=None, words=EVERY):
    half = general_probe if half is None else half
    modes = all_ways("general", probe=general_probe, half=half, words=NEVER)
    return ranks_of(modes | all_ways("prompted", probe=prompted_probe, words=words))


def test_what_was_missing_turns_with_the_probe():
    there = reached.missing(prompted(EVERY), "r", K)
    assert "100 % of that way" in there
    assert "the text failed to reach it" in there
    lost = reached.missing(prompted(NEVER), "r", K)
    assert "0 % of that way" in lost
    assert "was not within reach of a better query" in lost
    assert lost.endswith("That is what the paper suspects.")
    half = reached.missing(prompted(SOME), "r", K)
    assert "50 % of that way" in half and half.endswith("is undecided.")
    rising = reached.missing(prompted(SOME, half=NEVER), "r", K)
    assert "taught by half as many images, 0.0 %." in rising
    assert rising.endswith("because the probe still gains from more images.")
    nothing = reached.missing(prompted(EVERY, words=NEVER), "r", K)
    assert nothing == "With r the question has no clear gain in Recall@1 to explain."


def test_whether_the_question_brings_something_in():
    assert "a gain of 100.0 points" in reached.brought_in(prompted(NEVER), K)
    assert "no difference at all" in reached.brought_in(prompted(EVERY), K)
    assert "a loss of" in reached.brought_in(prompted(EVERY, NEVER), K)


@pytest.mark.parametrize(
    ("images", "words", "effect"),
    [
        (EVERY, NEVER, "gains 100.0 points"),
        (NEVER, EVERY, "loses 100.0 points"),
        (SOME, SOME, "is undecided with +0.0 points"),
    ],
)
def test_queries_made_of_images_against_the_text(images, words, effect):
    ranks = ranks_of(all_ways(images=images, words=words))
    said = reached.asked_with_images(ranks, {"general": "general ones"}, "images", K)
    assert f"carry the label with general ones {effect}" in said


@pytest.fixture(scope="module")
def panels():
    ranks = ranks_of(all_ways(probe=EVERY, images=SOME, words=NEVER))
    return {"r, general": reached.levels(ranks, ("general",), K)}


def test_levels_know_their_mode_and_way(panels):
    table = panels["r, general"]
    assert set(table.way) == set(WAYS)
    assert set(table["mode"]) == {"general"}
    assert reached.of_way(table, "general", "images").recall.tolist() == [0.5] * 5


def test_the_figure_has_every_level_for_each_facet(panels):
    figure = reached.figure(panels, K, "rendered world")
    axes = figure.axes[0]
    drawn = {c.get_label(): c.lines[0].get_xdata() for c in axes.containers}
    assert {way: list(drawn[reached.SHOWN[way][0]]) for way in WAYS} == {
        "probe": [100, 100],
        "half": [0, 0],
        "images": [50, 50],
        "grounded": [0, 0],
        "words": [0, 0],
    }
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(FACETS)


def test_the_grids(panels):
    grid = reached.grid(panels)
    assert list(grid.index) == [*FACETS, "macro"]
    assert grid["r, general", "probe"]["times"] == "100.0 [100.0, 100.0]"
    named = pd.DataFrame(
        {
            "facet": FACETS, "accuracy": [0.5, 0.25], "balanced": [0.4, 0.2],
            "low": [0.3, 0.1], "high": [0.5, 0.3], "majority": [0.3, 0.3],
            "even": [0.1, 0.1], "images": [10, 20],
        }
    )  # fmt: skip
    shown = reached.naming_grid({"r, general": named})
    assert shown["r, general", "right"].tolist() == ["50.0", "25.0"]
    assert shown["r, general", "balanced"]["times"] == "40.0 [30.0, 50.0]"
    assert shown["without a picture", "right"].tolist() == ["30.0", "30.0"]
    assert shown["without a picture", "balanced"].tolist() == ["10.0", "10.0"]
    assert shown["", "images"].tolist() == [10, 20]
