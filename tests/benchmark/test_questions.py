"""The ways to ask: as many for each facet, none twice, none of the authors'."""

from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.questions import FILE, more_questions
from cocofacet.io import read_json


def test_every_facet_has_ten_questions_of_its_own():
    asked = more_questions()
    assert list(asked) == list(FACETS) and set(read_json(FILE, dict)) == set(FACETS)
    assert {len(questions) for questions in asked.values()} == {10}
    released = {q for f in FACETS.values() for q in (f.question, f.human_question)}
    every = [question for questions in asked.values() for question in questions]
    assert len({*every, *released}) == len(every) + len(released)
