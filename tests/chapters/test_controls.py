"""The chapter on controls: what a question does to pictures, measured without texts."""

import numpy as np
import pytest

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import Query
from cocofacet.chapters import controls
from cocofacet.evaluation.probes import Classes

QUESTION = "which?"


def classes(*labels):
    """Of each image its class."""
    multi_hot = np.array([np.array(labels) == n for n in range(max(labels) + 2)])
    return Classes(np.arange(max(labels) + 1), multi_hot)


def test_spread_between_classes_by_hand():
    """Two classes at 0 and 1, each 0.1 to either side of it: the means hold 4 x 0.25 of
    a spread of 4 x (0.25 + 0.01)."""
    images = np.array([[-0.1], [0.1], [0.9], [1.1]])
    assert controls.between(images, classes(0, 0, 1, 1)) == pytest.approx(0.25 / 0.26)
    assert controls.between(images, classes(0, 1, 0, 1)) == pytest.approx(
        0.01 / 0.26
    ), "the wrong classes hold little"


def test_a_picture_with_two_classes_does_not_count():
    both = classes(0, 0, 1, 1)
    both.labels[:2, 3] = True
    images = np.array([[0.0], [0.0], [1.0], [50.0]])
    assert controls.between(images, both) == 1


@pytest.fixture
def world():
    """A hundred cats, a hundred dogs; 20 queries each."""
    name = "val2017/{:012d}.jpg".format
    labels = {name(n): ("cat" if n < 100 else "dog",) for n in range(200)}
    queries = tuple(
        Query(
            f"COCO_animal_retrieval:{n}",
            "animals",
            label,
            FACETS["animals"].wording(label),
            (name(n), *map(name, others)),
        )
        for label, own, others in (
            ("cat", range(20), range(100, 199)),
            ("dog", range(100, 120), range(99)),
        )
        for n in own
    )
    return Benchmark(queries, {}, {"animals": labels})


def test_what_a_question_changes(world):
    """Without it cats and dogs lie at random, under it apart; the texts know which."""
    rng = np.random.default_rng(0)
    before = rng.normal(size=(200, 8))
    before /= np.linalg.norm(before, axis=1, keepdims=True)
    after = np.zeros((200, 8))
    after[:100, 0] = after[100:, 1] = 1
    texts = {"cat": after[0], "dog": after[-1]}
    queries = np.array([texts[query.label] for query in world.queries])
    images = {None: before, QUESTION: after}
    asked = {"animals": QUESTION}
    table = controls.image_side(world, queries, images, asked, 0)
    was, row = table.loc["animals"].to_dict("records")
    assert row["between its classes"] == pytest.approx(1)
    assert was["between its classes"] < 0.2
    assert row["probe"] == 1 and was["probe"] < 0.8 and row["chance"] == 0.5
    assert row["from pictures"] == 1 and was["from pictures"] < 0.5
    assert row["texts alike"] == 0
    assert np.isnan(row["between others"]), "there is no other facet"


def test_texts_that_have_collapsed_are_all_alike(world):
    images = {None: np.eye(200), QUESTION: np.eye(200)}
    queries = np.tile(np.eye(200)[0], (40, 1))
    table = controls.image_side(world, queries, images, {"animals": QUESTION}, 0)
    assert set(table["texts alike"]) == {1}
