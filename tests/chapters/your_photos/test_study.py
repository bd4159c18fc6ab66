"""The study of shares: its lists are those of a search, and its measures are right."""

import json

import numpy as np
import pytest

from cocofacet.benchmark.facets import FACETS
from cocofacet.chapters.your_photos import study
from cocofacet.embeddings.store import embed_texts
from cocofacet.photos import make
from cocofacet.photos import search as searching
from cocofacet.photos.search import Wish, search
from cocofacet.retrieval import scale
from cocofacet.retrieval.choosing import PROMPTS
from cocofacet.retrievers.load import load
from facetworld.write import write_world

TIMES = FACETS["times"]
LABELS = ("dusk", "night", "daytime")
# A search takes line feeds away, with which some released texts end.
OTHERS = [" ".join(text.split()) for text in scale.label_texts()]
FIRST, ANCHORS = 40, 30  # fewer than there are pictures


def nothing(line):
    """Where no lines are wanted."""


@pytest.fixture(scope="module")
def retriever():
    return load("tiny-qwen2vl")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, fraction=0.06)
    return folder


@pytest.fixture(scope="module")
def times(world, retriever, tmp_path_factory):
    """Every label of times as the study takes it, and its pictures in two ways: the
    vectors of an index under the question, and the paths."""
    store = tmp_path_factory.mktemp("indexed")
    kept = make.index_folder(
        world / "images", retriever, ["times"], store, tell=nothing
    )
    texts = [" ".join(TIMES.wording(label).split()) for label in LABELS]
    folder = tmp_path_factory.mktemp("texts")
    vectors, others, prompts = (
        np.array(embed_texts(retriever, each, folder))
        for each in (texts, OTHERS, list(PROMPTS.values()))
    )
    scenes = json.loads((world / "truth.json").read_text())
    scenes |= json.loads((world / "anchors.json").read_text())
    paths = [path.decode() for path in kept.paths]
    right = np.array([[scenes[p]["time"] == label for p in paths] for label in LABELS])
    asked = study.Asked("times", LABELS, tuple(texts), vectors, right, others)
    every = np.arange(len(paths))
    images = {
        question: kept.vectors(question).take(every).astype(np.float32)
        for question in (None, TIMES.question)
    }
    return asked, images, paths, store, prompts


@pytest.fixture(scope="module")
def searched(world, times, retriever):
    asked, images, paths, *_ = times
    files = [world / "images" / path for path in paths]
    by_map = study.mapped(images, files, ANCHORS)
    chosen = dict.fromkeys(asked.texts)  # "auto" chose no question
    temperature = retriever.row.temperature
    return study.searched(asked, images, by_map, chosen, temperature, FIRST)


@pytest.mark.parametrize("way", ["none", "facet-full", "facet-rerank", "facet-linear"])
def test_the_lists_are_those_of_a_search(
    way, world, times, searched, retriever, tmp_path, monkeypatch
):
    monkeypatch.setattr(searching, "FIRST", FIRST)
    monkeypatch.setattr(searching, "ANCHORS", ANCHORS)
    asked, _, paths, store, _ = times
    how = way.removeprefix("facet-")
    options = {"retriever": retriever, "count": len(paths), "tell": nothing}
    if how in ("rerank", "linear"):  # where the question is not indexed
        store, options["how"] = tmp_path, how
    for n, text in enumerate(asked.texts):
        ask = None if way == "none" else "times"
        wish = Wish(text, ask, against=tuple(OTHERS))
        found = search(world / "images", wish, store=store, **options)
        theirs = dict(zip(found.pictures.path, found.pictures.share, strict=True))
        ours = dict(zip(paths, searched.shares[way][n], strict=True))
        expected = {path: theirs.get(path, 0) for path in paths}
        assert ours == pytest.approx(expected, abs=0.02)  # halves are kept
        out = {path for path in paths if ours[path] >= scale.STANDS_OUT}
        assert out == set(found.pictures.path[: found.standing_out])


def test_auto_asks_what_a_search_asks(times, retriever):
    asked, *_, prompts = times
    chosen = study.choices([asked], retriever.name, prompts)
    wishes = searching._chosen([Wish(t, "auto") for t in asked.texts], retriever)
    assert list(chosen.values()) == [wish.question for wish in wishes]
    assert set(chosen) == set(asked.texts)


def test_auto_searches_what_it_chose(searched):
    np.testing.assert_array_equal(searched.shares["auto-full"], searched.shares["none"])


# Two labels in five pictures; the first label's first picture is missed, the second's
# list has one that is wrong.
RIGHT = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 0, 0]], bool)
SHARES = np.array([[0.4, 0.9, 0.1, 0.0, 0.0], [0.0, 0.0, 0.8, 0.5, 0.2]])


def test_measures_by_hand():
    found = study.judged(RIGHT, SHARES, study.by_share)
    assert found == {
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(2 / 3),
        "F1": pytest.approx(2 / 3),
        "found": 1,
        "empty": 0.5,  # of the second label one is left that is wrong
    }


def test_where_nothing_is_listed_there_is_no_precision():
    found = study.judged(RIGHT, 0 * SHARES, study.by_share)
    assert np.isnan(found["precision"])
    assert (found["recall"], found["F1"], found["found"], found["empty"]) == (
        0,
        0,
        0,
        1,
    )


def test_a_z_score_is_of_the_pictures_that_are_there():
    scores = np.array([[0.0] * 20 + [1.0, 5.0]])
    there = np.ones_like(scores, bool)
    assert study.by_z(scores, there).nonzero()[1].tolist() == [21]
    there[0, 21] = False
    assert study.by_z(scores, there).nonzero()[1].tolist() == [20]


def a_facet(name="times", shares=SHARES):
    ways = dict.fromkeys(study.WAYS, shares)
    asked = study.Asked(name, ("a", "b"), ("x", "y"), None, RIGHT, None)
    return study.Searched(asked, ways, {way: shares for way in study.TITLES})


def test_the_cutoff_chosen_by_the_truth_is_the_best():
    found = [a_facet()]
    best = study.best_cutoff(found, "none")
    shown = best < SHARES
    assert study.measured(RIGHT, shown)["F1"] == pytest.approx(6 / 7)
    rules = study.rules(found)
    assert rules.F1.max() == pytest.approx(6 / 7)
    assert rules.loc[(study.PLAIN, "share of 0.5"), "empty"] == 0.5


def test_every_label_has_a_row_for_each_way():
    table = study.by_label([a_facet()])
    assert table.label.tolist() == ["a", "b", "a", "b"]
    assert table["without its own"].tolist() == [0, 1, 0, 1]
    assert table.right.tolist() == [1, 1, 1, 1] and table["stand out"].sum() == 6


def test_findings_are_over_labels():
    """Under the question both labels are found whole, and without it neither."""
    better = a_facet()
    better.shares["none"] = 0 * SHARES
    found = study.findings_of([better])
    assert found["recall"].value > 0 and found["empty"].value < 0
    assert found["recall"].over == "labels"


def test_ways_stand_in_a_grid():
    good, bad = a_facet(), a_facet("animals", 0 * SHARES)
    grid = study.grid(study.by_way([good, bad]))
    assert grid.loc[study.PLAIN].tolist() == ["67 / 33", "67 / 67", "nothing"]
