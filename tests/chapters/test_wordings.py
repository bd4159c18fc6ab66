"""Ways to ask: the words they use, ranks by hand, sentences that turn with numbers."""

from types import SimpleNamespace

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


def test_on_the_query_side_the_text_carries_the_question():
    query = SimpleNamespace(facet="times", text="Dusk.\n")
    other = SimpleNamespace(facet="people", text="Two.")
    benchmark = SimpleNamespace(queries=(query, other))
    asked = wordings.with_questions(benchmark, QUESTIONS)
    assert asked == ["Dusk. What time is it?", "Two. How many people?"]


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
    tests = wordings.sign_flips(table, ["own"], 1)
    assert tests["your own question"].to_dict() == {"times": 2 / 16, "macro": 2 / 16}


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
