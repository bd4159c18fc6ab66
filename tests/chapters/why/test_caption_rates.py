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
from cocofacet.chapters.why.reached import SHOWN
from cocofacet.evaluation import probes
from cocofacet.io import COMMITTED, write_json

K = 1
HIT, HALF, MISS = [1] * 16, [1, 9] * 8, [9] * 16


def experiment(levels):
    """levels maps rate -> facet -> (probe, words), each 16 ranks of eight texts.
    Means of images find what the probe finds, and it names classes if it finds any."""
    rows = [
        {
            "rate": rate, "seed": 0, "facet": facet, "label": str(n // 2),
            "query": f"{facet}:{n}", "probe": probe[n], "images": probe[n],
            "grounded": 9, "words": words[n],
        }
        for rate, by_facet in levels.items()
        for facet, (probe, words) in by_facet.items()
        for n in range(16)
    ]  # fmt: skip
    named = [
        {
            "rate": rate, "seed": 0, "facet": facet, "low": 1 / min(probe),
            "high": 1.0, "even": 0.5,
        }
        for rate, by_facet in levels.items()
        for facet, (probe, _) in by_facet.items()
    ]  # fmt: skip
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


def test_changes_from_the_lowest_rate_to_the_highest(rates):
    table = caption_rates.changes(rates, K)
    words, probe = (table[SHOWN[way][0]] for way in ("words", "probe"))
    assert words["times"] == probe["times"] == "+100.0 [+100.0, +100.0]"
    assert words["people"] == words["objects"] == "+0.0 [+0.0, +0.0]"
    assert words["macro"].startswith("+33.3 [")
    falling = experiment({0.0: both(HIT, HIT), 1.0: both(HIT, MISS)})
    words = caption_rates.changes(falling, K)[SHOWN["words"][0]]
    assert words["times"].startswith("−100.0 [−100.0")


def test_several_seeds_are_averaged_by_query(rates):
    second = rates.ranks.assign(seed=1, words=9)
    ranks = pd.concat([rates.ranks, second])
    more = Rates(ranks, rates.named, rates.made)
    found = caption_rates.levels(more, K).set_index(["rate", "way", "facet"])
    assert found.recall[1.0, "words", "times"] == 0.5
    assert found.queries[1.0, "words", "times"] == 16


def test_each_seed_by_rate_and_form_of_the_query(rates):
    """The mean of times and people, whose rates were varied."""
    second = rates.ranks.assign(seed=1, words=1)
    both = Rates(pd.concat([rates.ranks, second]), rates.named, rates.made)
    table = caption_rates.by_seed(both, K)
    words, probe, grounded = (
        table[SHOWN[way][0]].unstack("seed") for way in ("words", "probe", "grounded")
    )
    assert list(words.index) == [0, 0.1, 1]
    assert words[0].tolist() == [0, 0, 50]
    assert words[1].tolist() == [100] * 3
    assert probe[0].tolist() == [0, 50, 50]
    assert grounded[1].tolist() == [0] * 3


def test_recall_by_steps_is_read_from_the_records(tmp_path):
    for rate, seed in ((0.0, 0), (0.3, 0), (0.0, 1)):
        log = [
            {"step": 10 * n, "general": {"times": [0.1 * n, 1], "people": [rate, 1]}}
            for n in (1, 2)
        ]
        settings = {"caption_rates": {"times": rate, "people": rate}, "seed": seed}
        name = f"caption-rate-{100 * rate:03.0f}-seed{seed}.json"
        write_json(tmp_path / name, {"log": log, "settings": settings})
    table = caption_rates.while_training(tmp_path, ("times", "people"))
    assert len(table) == 6
    last = table[table.step == 20].set_index(["rate", "seed"]).recall
    assert last["30 %", 0] == pytest.approx(0.25)
    assert last["0 %", 1] == pytest.approx(0.1)
    figure = caption_rates.over_steps(table, "rendered world")
    assert list(figure.axes[0].lines[1].get_ydata()) == pytest.approx([20, 25])
    assert figure.axes[0].get_ylim()[1] > 25, "all of it is in sight"


def test_every_training_has_its_steps():
    rates = read(COMMITTED / "training/caption-rates")
    table = caption_rates.while_training(COMMITTED / "training", rates.varied)
    last = table.groupby(["rate", "seed"]).step.max()
    assert len(last) == len(rates.settings)
    assert set(last) == {each["steps"] for each in rates.settings}


def test_the_figure_has_a_panel_for_each_facet(rates):
    found = caption_rates.levels(rates, K)
    figure = caption_rates.curves(found, rates.varied, K, "rendered world")
    titles = [axes.get_title() for axes in figure.axes if axes.axison]
    assert titles == ["times", "people", "objects (always named)"]
    (probe, images, _, words) = figure.axes[0].lines
    assert list(probe.get_ydata()) == list(images.get_ydata()) == [0, 100, 100]
    assert list(words.get_ydata()) == [0, 0, 100]
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == [
        "0",
        "10",
        "100",
    ]


def test_what_is_not_there_is_none(tmp_path):
    assert read(tmp_path) is None


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
    assert set(found.ranks.rate) == {0.0, 0.3} and set(found.ranks.seed) == {4}
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
