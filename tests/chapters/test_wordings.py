"""Ways to ask: the words they use, ranks by hand, sentences that turn with numbers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cocofacet.benchmark.facets import FACETS
from cocofacet.chapters import wordings
from cocofacet.report.tables import differences_to
from cocofacet.retrievers.zoo import ROWS

QUESTIONS = {"times": "What time is it?", "people": "How many people?"}
HUMAN = {"times": "When is it?", "people": "Who is there?"}


@pytest.mark.parametrize("facet", FACETS.values(), ids=lambda facet: facet.name)
def test_nonsense_has_the_shape_of_the_question_and_none_of_its_words(facet):
    made = wordings.nonsense(facet.question)
    assert made == wordings.nonsense(facet.question)
    assert [len(w) for w in made.split()] == [len(w) for w in facet.question.split()]
    assert made[-1] == "?"
    kept = set(made.lower().rstrip("?").split()) & set(
        facet.question.lower().rstrip("?").split()
    )
    assert {word for word in kept if len(word) > 2} == set()


def test_every_way_asks_every_facet_and_own_only_what_was_given():
    ways = wordings.ways(QUESTIONS, HUMAN, {"times": "Is it dark?"})
    assert ways["human"] == {"times": ("When is it?",), "people": ("Who is there?",)}
    assert ways["own"] == {"times": ("Is it dark?",)}
    assert ways["wrong"]["times"] == ("How many people?",)
    assert all(ways[mode].keys() == QUESTIONS.keys() for mode in ways if mode != "own")
    assert "own" not in wordings.ways(QUESTIONS, HUMAN)


def test_only_the_white_space_changes():
    row = ROWS["tiny-qwen2vl"]
    for template in (row.general, row.prompted):
        other = wordings.other_space(template)
        assert other != template
        assert other.split() == template.split()
        assert wordings.other_space(other) == template
    assert wordings.other_space("<image>\nSummary in one word: ") is None


def pools():
    """Two queries, each with the images 0 (positive) and 1."""
    query = SimpleNamespace(id="a:0", facet="times", text="Dusk.\n", label="dusk")
    other = SimpleNamespace(id="b:0", facet="people", text="Two.", label="2")
    return SimpleNamespace(
        queries=(query, other),
        facets=("times", "people"),
        images=("x.jpg", "y.jpg"),
        pool_indices=lambda: np.array([[0, 1], [0, 1]]),
        eligible=lambda facet, label: (),
        indices=lambda names: np.array([], dtype=np.int64),
    )


def test_the_average_of_embeddings_is_taken_and_made_a_unit_vector():
    """Image 0 is (1, 0) under one prompt and (0, 1) under the other: on average it
    points between, nearer to (1, 1) than image 1, which is (1, 0) both times."""
    images = {None: np.eye(2), "q": np.array([[0.0, 1], [1, 0]])}
    images[None][1] = (1, 0)
    queries = np.array([[1.0, 1], [1, 0]])
    found = wordings.ranks_of_average(pools(), queries, images, (None, "q"))
    assert found["rank"].tolist() == [1, 2]
    assert set(found["mode"]) == {"average"}


def test_on_the_query_side_the_text_carries_the_question():
    asked = []

    def embed_texts(texts):
        asked.extend(texts)
        return np.eye(2)[: len(texts)]

    found = wordings.ranks_of_query_side(pools(), embed_texts, np.eye(2), QUESTIONS)
    assert asked == ["Dusk. What time is it?", "Two. How many people?"]
    assert found["rank"].tolist() == [1, 2]


def macro(value, reference, low, high):
    row = {"facet": "macro", "value": value, "reference": reference}
    return pd.DataFrame(
        [{**row, "difference": value - reference, "low": low, "high": high}]
    )


CLEAR = {
    "prompted": macro(0.8, 0.3, 0.45, 0.55),
    "nonsense": macro(0.2, 0.3, -0.2, 0.0),
    "bare": macro(0.25, 0.3, -0.1, 0.05),
}


def ranks(mode, facet, values):
    return pd.DataFrame(
        {
            "profile": "p", "run": "r", "retriever": "m", "revision": "0", "mode": mode,
            "prompt": None, "facet": facet, "query": [f"{facet}:{i}" for i in range(4)],
            "text": [f"{facet} {i}" for i in range(4)], "label": "l", "rank": values,
            "eligible": None, "above": None,
        }
    )  # fmt: skip


def test_tables_by_hand():
    """Four texts, all missed without a prompt and all hit with: two of 16 flips of
    signs are as far from zero."""
    table = pd.concat(
        [
            ranks("general", "times", [9, 9, 9, 9]),
            ranks("general", "people", [1, 1, 9, 9]),
            ranks("own", "times", [1, 1, 1, 1]),
        ]
    )
    found = differences_to(table, "general", ["own"], 1)["own"]
    found = found.set_index("facet")
    assert found.loc["macro", "reference"] == 0.0, "compared on the facets it asks"
    assert found.loc["macro", "difference"] == 1.0
    test = wordings.sign_flips(table, ["own"], 1).loc["your own question", "times"]
    assert (test["points"], test["p"], test["flips"]) == ("+100.0", "0.12", "all 16")
    grid = wordings.by_facet_and_way(table, ["general", "own"], 1)
    assert grid.loc["general (no prompt)", "people"] == 50.0
    assert grid.loc["your own question", "times"] == 100.0


def test_contrasts_of_the_ways_that_are_there():
    missed, hit = [2, 2, 2, 2], [1, 1, 1, 2]
    table = pd.concat(
        [
            ranks("general", "times", missed),
            ranks("prompted", "times", hit),
            ranks("nonsense", "times", hit),
        ]
    )
    found = wordings.findings_of(table, 1)
    assert list(found) == ["gain", "nonsense"]
    assert (found["gain"].value, found["nonsense"].value) == (0.75, 0)
    assert found["nonsense"].contrast == (
        "the facet's question − nonsense of its length"
    )
