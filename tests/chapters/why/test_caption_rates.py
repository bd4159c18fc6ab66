"""The caption-rate experiment: ranked from its checkpoints, read back, concluded."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import rank_caption_rates

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import Query
from cocofacet.chapters.why import caption_rates
from cocofacet.chapters.why.caption_rates import COLUMNS, Rates, read
from cocofacet.evaluation import probes
from cocofacet.io import write_json

K = 1
HIT, HALF, MISS = [1] * 16, [1, 9] * 8, [9] * 16


def experiment(levels):
    """levels maps rate -> facet -> (probe, words), each 16 ranks of eight texts.
    Means of images find what the probe finds, and it names classes if it finds any."""
    rows = [
        {
            "rate": rate, "seed": 0, "facet": facet, "label": str(n // 2),
            "query": f"{facet}:{n}", "probe": probe[n], "half": 9, "images": probe[n],
            "grounded": 9, "words": words[n],
        }
        for rate, by_facet in levels.items()
        for facet, (probe, words) in by_facet.items()
        for n in range(16)
    ]  # fmt: skip
    named = [
        {"rate": rate, "seed": 0, "facet": facet, "low": 1 / min(probe), "even": 0.5}
        for rate, by_facet in levels.items()
        for facet, (probe, _) in by_facet.items()
    ]
    settings = {"seed": 0, "steps": 600, "train_scenes": 30000}
    settings["caption_rates"] = {"times": 0.0, "people": 0.0}
    made = {
        "trainings": {"caption-rate-000-seed0": {"settings": settings}},
        "ranked": {"profile": "mini", "seed": 0, "packages": {"torch": "2"}},
    }
    return Rates(pd.DataFrame(rows), pd.DataFrame(named), made)


def both(probe, words):
    return {"times": (probe, words), "people": (MISS, MISS), "objects": (HIT, HIT)}


@pytest.fixture(scope="module")
def rates():
    return experiment(
        {0.0: both(MISS, MISS), 0.1: both(HIT, MISS), 1.0: both(HIT, HIT)}
    )


def concluded(rates):
    found = caption_rates.levels(rates, K)
    return caption_rates.verdicts(rates, found, K)


def test_each_rate_gets_its_verdicts(rates):
    said = concluded(rates)
    assert said.loc["times"].tolist() == ["lost", "not reached", "reached"]
    assert said.loc["people"].tolist() == ["lost"] * 3
    assert caption_rates.by_rate(said, rates.varied) == (
        "By how often captions name them:\n\n"
        "- Times are lost at 0 %, then there but not reached at 10 %, then reached at "
        "100 %.\n"
        "- People are lost at 0 %, 10 % and 100 %."
    )


def said_of(sentence, rates, rate=1.0):
    return sentence(caption_rates.changes(rates, rate, K), rates, rate, K)


@pytest.mark.parametrize(
    ("lowest", "highest", "words"),
    [
        ((MISS, MISS), (HIT, HIT), "captions put it there, which is the paper's"),
        ((HALF, MISS), (HIT, HIT), "captions put it there, which is the paper's"),
        ((HIT, MISS), (HIT, HIT), "only the way there was missing, which is the rival"),
        ((HALF, MISS), (HIT, HALF), "only the way there was missing"),
        ((MISS, MISS), (HIT, MISS), "cannot say what that would need"),
    ],
)
def test_the_explanation_turns(lowest, highest, words):
    rates = experiment({0.0: both(*lowest), 1.0: both(*highest)})
    said = said_of(caption_rates.explained, rates)
    assert words in said
    assert ("rival" in said) + ("the paper's" in said) <= 1
    assert "objects" not in said, "its rate was not varied"


def test_the_explanation_gives_the_levels(rates):
    assert said_of(caption_rates.explained, rates).startswith(
        "Words reach most at 100 %. From 0 % to there they gain on times (Recall@1). "
        "On times (probe at 0 %: 0.0 %, words at 100 %: 100.0 %)"
    )


def test_what_the_captions_change_in_the_embeddings(rates):
    assert said_of(caption_rates.kept, rates) == (
        "From 0 % to 100 % of captions, the probe gains on times (0.0 % to 100.0 %) in "
        "Recall@1: what captions name changes what the images' embeddings keep."
    )
    still = experiment({0.0: both(HIT, MISS), 1.0: both(HIT, HIT)})
    assert "gains on none of times and people" in said_of(caption_rates.kept, still)


def test_what_happens_beyond_the_rate_at_which_words_reach_most(rates):
    assert caption_rates.furthest(caption_rates.levels(rates, K), rates.varied) == 1
    assert "at the highest rate, 100 %" in caption_rates.beyond(rates, 1.0, K)
    steps = {0.0: both(MISS, MISS), 0.3: both(HALF, HIT), 1.0: both(HIT, HALF)}
    falling = experiment(steps)
    found = caption_rates.levels(falling, K)
    assert caption_rates.furthest(found, falling.varied) == 0.3
    said = caption_rates.beyond(falling, 0.3, K)
    assert said.startswith(
        "From 30 % to 100 %, words fall from 50.0 % to 25.0 % and the probe's levels "
        "rise from 25.0 % to 50.0 % (macro over times and people)."
    )
    assert "more can be there and less be reached" in said
    both_fall = experiment({0.3: both(HIT, HIT), 1.0: both(HALF, HALF)})
    assert "less be reached" not in caption_rates.beyond(both_fall, 0.3, K)


def test_the_price_is_what_is_always_named(rates):
    assert said_of(caption_rates.price, rates) == (
        "Of the facets that captions always name, words fall on none from 0 % to 100 % "
        "(objects)."
    )
    costly = experiment(
        {0.0: both(MISS, MISS), 1.0: both(HIT, HIT) | {"objects": (HIT, HALF)}}
    )
    said = said_of(caption_rates.price, costly)
    assert "words fall on objects (100.0 % to 50.0 %) in Recall@1" in said


def test_several_seeds_are_averaged_by_query(rates):
    second = rates.ranks.assign(seed=1, words=9)
    ranks = pd.concat([rates.ranks, second])
    more = Rates(ranks, rates.named, rates.made)
    found = caption_rates.levels(more, K).set_index(["rate", "way", "facet"])
    assert found.recall[1.0, "words", "times"] == 0.5
    assert found.queries[1.0, "words", "times"] == 16


def test_seeds_agree_or_do_not(rates):
    assert caption_rates.by_seed(rates, K).startswith("There is one training a rate")
    second = rates.ranks.assign(seed=1)
    both = Rates(pd.concat([rates.ranks, second]), rates.named, rates.made)
    assert caption_rates.by_seed(both, K) == (
        "The 2 seeds agree on where words reach most: seed 0 at 100 % (50.0 %, and "
        "50.0 % at 100 %) and seed 1 at 100 % (50.0 %, and 50.0 % at 100 %); Recall@1, "
        "macro over the facets varied."
    )
    second.loc[second.rate == 1, "words"] = 9
    second.loc[(second.rate == 0.1) & (second.facet == "times"), "words"] = 1
    both = Rates(pd.concat([rates.ranks, second]), rates.named, rates.made)
    assert "do not agree" in caption_rates.by_seed(both, K)
    assert "seed 1 at 10 % (50.0 %, and 0.0 % at 100 %)" in caption_rates.by_seed(
        both, K
    )


def test_the_figure_has_a_panel_for_each_facet(rates):
    found = caption_rates.levels(rates, K)
    figure = caption_rates.curves(found, rates.varied, K, "rendered world")
    titles = [axes.get_title() for axes in figure.axes if axes.axison]
    assert titles == ["times", "people", "objects (always named)"]
    (probe, images, words) = figure.axes[0].lines
    assert list(probe.get_ydata()) == list(images.get_ydata()) == [0, 100, 100]
    assert list(words.get_ydata()) == [0, 0, 100]
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == [
        "0",
        "10",
        "100",
    ]


def test_the_table_has_a_column_for_each_rate(rates):
    grid = caption_rates.grid(caption_rates.levels(rates, K))
    assert list(grid.columns) == ["0 %", "10 %", "100 %"]
    assert grid.loc[("times", "words"), "100 %"] == "100.0 [100.0, 100.0]"


def test_the_line_under_the_numbers(rates):
    line = caption_rates.made_with(rates, K)
    assert "(0 %, 10 % and 100 %), 600 steps on 30,000 scenes, seed 0" in line


def test_the_commands_that_remake_the_files(rates):
    commands = caption_rates.made_by(rates)
    assert (
        "caption-rates --steps 600 --seed 0 \\\n    --out data/caption-rates-0 "
        in commands
    )
    assert "rank_caption_rates.py data/caption-rates-0\n" in commands
    assert (
        "caption-rates \\\n    --out data/caption-rates --rec" in caption_rates.MISSING
    )


def test_what_is_not_there_is_none_and_the_remedy_is_said(tmp_path):
    assert read(tmp_path) is None
    assert "studies/rank_caption_rates.py" in caption_rates.MISSING


class Workspace:
    """A run on cats and dogs whose pictures carry what the checkpoint's name says:
    nothing at a rate of 0, the animal at any other."""

    def __init__(self):
        self.seed, self.made_from = 0, {"sources": {"captions": "x"}, "run": "x"}
        self.profile = SimpleNamespace(dual="tiny-clip", name="mini")
        self.annotations = Path("no world")
        carried = {f"v{n:03}.jpg": (("cat", "dog")[n % 2],) for n in range(240)}
        self.benchmark = Benchmark(
            tuple(
                Query(
                    f"COCO_animal_retrieval:{n}",
                    "animals",
                    ("cat", "dog")[n % 2],
                    FACETS["animals"].wording(("cat", "dog")[n % 2]),
                    (f"v{n:03}.jpg", *(f"v{m:03}.jpg" for m in others(n))),
                )
                for n in range(8)
            ),
            {},
            {"animals": carried},
        )

    def retriever(self, name, checkpoint):
        assert (checkpoint / "weights").is_file()
        return SimpleNamespace(
            revision=checkpoint.name, seen="000" not in checkpoint.name
        )

    def identity(self, retriever):
        return {"retriever": "tiny-clip", "revision": retriever.revision}

    def queries(self, retriever):
        return np.eye(6)[[n % 2 for n in range(8)]]

    def embedded(self, retriever, modes):
        rows = np.random.default_rng(0).normal(size=(240, 6))
        if retriever.seen:
            rows[:, :2] = 9 * np.eye(2)[np.arange(240) % 2]
        return {None: rows / np.linalg.norm(rows, axis=1, keepdims=True)}


def others(n):
    return [m for m in range(240) if m % 2 != n % 2][:99]


@pytest.fixture
def trained(tmp_path):
    """Two finished trainings, and one that has no record yet."""
    for percent in ("000", "030", "100"):
        folder = tmp_path / f"caption-rate-{percent}"
        folder.mkdir()
        (folder / "weights").touch()
        if percent != "100":
            settings = {"caption_rates": {"animals": int(percent) / 100}}
            record = {"settings": settings, "log": [1], "versions": {"torch": "2"}}
            write_json(tmp_path / f"{folder.name}-seed4.json", record)
    return tmp_path


def test_finished_trainings_are_ranked_and_their_settings_kept(trained, tmp_path):
    found = rank_caption_rates.ranked(Workspace(), [trained])
    assert list(found.ranks.columns) == COLUMNS
    assert found.rates == (0.0, 0.3) and set(found.ranks.seed) == {4}
    by_rate = found.ranks.groupby("rate")[list(probes.WAYS)].max()
    assert (by_rate.loc[0.3] == 1).all(), "it is there and all ways reach it"
    assert (found.ranks[found.ranks.rate == 0].words > 1).any()
    assert found.made["trainings"]["caption-rate-030-seed4"] == {
        "settings": {"caption_rates": {"animals": 0.3}},
        "versions": {"torch": "2"},
        "revision": "caption-rate-030",
    }
    assert found.made["ranked"]["profile"] == "mini"
    assert found.made["ranked"]["sources"] == {"captions": "x"}
    out = tmp_path / "out"
    rank_caption_rates.save(found, out)
    again = read(out)
    pd.testing.assert_frame_equal(again.ranks, found.ranks)
    pd.testing.assert_frame_equal(again.named, found.named, check_like=True)
    named = again.named.set_index("rate").balanced
    assert named[0.3] == 1 and named[0.0] < 0.6
    assert again.made == json.loads(json.dumps(found.made))
    assert again.varied == ("animals",)


def test_another_seed_stands_beside_what_was_ranked_before(trained, tmp_path):
    first = rank_caption_rates.ranked(Workspace(), [trained])
    assert rank_caption_rates.merged(None, first) is first
    rank_caption_rates.save(first, tmp_path / "out")
    kept = read(tmp_path / "out")
    for path in trained.glob("*-seed4.json"):
        path.rename(path.with_name(path.name.replace("seed4", "seed5")))
    second = rank_caption_rates.ranked(Workspace(), [trained])
    both = rank_caption_rates.merged(kept, second)
    assert list(both.made["trainings"]) == [
        f"caption-rate-{percent}-seed{seed}"
        for percent in ("000", "030")
        for seed in (4, 5)
    ]
    order = both.ranks[["rate", "seed"]].drop_duplicates()
    assert order.to_numpy().tolist() == [[0, 4], [0, 5], [0.3, 4], [0.3, 5]]
    assert len(both.ranks) == 2 * len(first.ranks)
    assert len(both.named) == 2 * len(first.named)
    again = rank_caption_rates.merged(both, second)
    pd.testing.assert_frame_equal(again.ranks, both.ranks)
    other = dict(second.made, ranked=second.made["ranked"] | {"sources": {}})
    with pytest.raises(ValueError, match="another benchmark"):
        rank_caption_rates.merged(kept, Rates(second.ranks, second.named, other))


def test_a_checkpoint_that_another_seed_wrote_over_is_refused(trained):
    record = trained / "caption-rate-030-seed4.json"
    record.with_name("caption-rate-030-seed5.json").write_bytes(record.read_bytes())
    with pytest.raises(ValueError, match=r"caption-rate-030: one checkpoint and rec"):
        rank_caption_rates.ranked(Workspace(), [trained])


def test_a_folder_without_a_finished_training_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no caption-rate-"):
        rank_caption_rates.ranked(Workspace(), [tmp_path])
