"""The study of shares: its lists are those of a search, and its measures are right."""

import numpy as np
import pytest

from cocofacet.benchmark.facets import FACETS
from cocofacet.chapters.your_photos import study
from cocofacet.embeddings.store import embed_texts
from cocofacet.photos import make
from cocofacet.photos.search import Wish, search
from cocofacet.retrieval import scale
from cocofacet.retrievers.load import load
from facetworld.write import write_world

TIMES = FACETS["times"]
LABELS = ("dusk", "night", "daytime")
# A search takes line feeds away, with which some released texts end.
OTHERS = [" ".join(text.split()) for text in scale.label_texts()]


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


@pytest.mark.parametrize("question", [None, TIMES.question])
def test_the_lists_are_those_of_a_search(question, world, retriever, tmp_path):
    """Every label of times, by the vectors of an index."""
    where = {"retriever": retriever, "store": tmp_path / "index", "tell": nothing}
    kept = make.index_folder(world / "images", ask=["times"], **where)
    paths = [path.decode() for path in kept.paths]
    texts = [" ".join(TIMES.wording(label).split()) for label in LABELS]
    vectors, others = (
        np.array(embed_texts(retriever, each, tmp_path)) for each in (texts, OTHERS)
    )
    images = kept.vectors(question).take(np.arange(len(paths))).astype(np.float32)
    shares = study.shares(images, vectors, others, retriever.row.temperature)
    for text, mine in zip(texts, shares, strict=True):
        wish = Wish(text, question and "times", against=tuple(OTHERS))
        found = search(world / "images", wish, count=len(paths), **where)
        theirs = found.pictures.set_index("path").share[paths]
        np.testing.assert_allclose(mine, theirs, atol=0.02)  # halves are kept
        out = {path for path, share in zip(paths, mine, strict=True) if share >= 0.5}
        assert out == set(found.pictures.path[: found.standing_out])


# Two labels in five pictures; the first label's first picture is missed, the second's
# list has one that is wrong.
RIGHT = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 0, 0]], bool)
SHARES = np.array([[0.4, 0.9, 0.1, 0.0, 0.0], [0.0, 0.0, 0.8, 0.5, 0.2]])


def a_facet(name="times", shares=SHARES):
    """The same scores without the question and with it."""
    scores = {study.PLAIN: shares, study.ASKED: shares}
    return study.Searched(name, ["a", "b"], RIGHT, scores, scores)


def test_every_label_has_a_row_for_each_question():
    table = study.lists([a_facet()])
    assert table.label.tolist() == ["a", "b", "a", "b"]
    assert table["without its own"].tolist() == [0, 1, 0, 1]
    assert table.right.tolist() == [1, 1, 1, 1] and table["stand out"].sum() == 6


def test_measures_by_hand():
    found = study.measures(study.lists([a_facet()])).loc[study.PLAIN, "times"]
    assert found.to_dict() == {
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(2 / 3),
        "F1": pytest.approx(2 / 3),
        "found": 1,
        "empty": 0.5,  # of the second label one is left that is wrong
    }


def test_where_nothing_is_listed_there_is_no_precision():
    good, bad = a_facet(), a_facet("animals", 0 * SHARES)
    found = study.measures(study.lists([good, bad])).loc[study.PLAIN, "animals"]
    assert np.isnan(found.precision)
    assert found[["recall", "F1", "found", "empty"]].tolist() == [0, 0, 0, 1]
    shown = study.by_facet(study.lists([good, bad]))["the facet's"]
    assert shown.loc["macro", "prec."] == pytest.approx(200 / 3), "of one facet alone"
    assert shown.loc["macro", "recall"] == pytest.approx(100 / 3), "of both"


def test_a_z_score_is_of_the_pictures_that_are_there():
    scores = np.array([[0.0] * 20 + [1.0, 5.0]])
    there = np.ones_like(scores, bool)
    assert study.by_z(scores, there).nonzero()[1].tolist() == [21]
    there[0, 21] = False
    assert study.by_z(scores, there).nonzero()[1].tolist() == [20]


def test_the_cutoff_chosen_by_the_truth_is_the_best():
    """From above 0.35 to 0.4 what is listed is right but for one."""
    rules = study.rules([a_facet()])
    best = rules.loc[study.PLAIN].filter(like="best cosine", axis=0)
    assert best.F1.tolist() == [pytest.approx(6 / 7)] == [rules.F1.max()]
    assert rules.loc[(study.PLAIN, "share of 0.5"), "empty"] == 0.5
    assert len(rules) == 6


def test_findings_are_over_labels():
    """Under the question both labels are found, and without it neither."""
    scores = {study.PLAIN: 0 * SHARES, study.ASKED: SHARES}
    better = study.Searched("times", ["a", "b"], RIGHT, scores, scores)
    found = study.findings_of(study.lists([better]))
    assert found["recall"].value > 0 and found["empty"].value < 0
    assert found["recall"].over == "labels"
