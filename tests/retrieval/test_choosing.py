"""Which prompt is chosen, and that the query is then ranked under that one."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cocofacet import paper
from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import Query
from cocofacet.evaluation.ranking import rank_table
from cocofacet.io import InputError
from cocofacet.retrieval import choosing
from cocofacet.retrieval.choosing import (
    COUNTRY,
    PROMPTS,
    QUERY,
    Choice,
    Nearest,
    Oracle,
    choice_of,
    choose,
    chooser_named,
    letter_in,
    question,
    question_about,
    rank_choices,
)

RELEASED = Path(__file__).parents[3] / "shared/data/official_queries.json"


class Toy:
    """Embeds a text as the sum of its words' own directions."""

    name, device = "toy", "cpu"

    def __init__(self):
        self.asked = []

    def embed_texts(self, texts):
        self.asked += texts
        rows = np.zeros((len(texts), 4096), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().strip(" ?.\n").split():
                row[int.from_bytes(word.encode()[-6:], "big") % 4096] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_ten_prompts_are_the_eight_questions_another_and_none():
    assert list(PROMPTS) == [*FACETS, COUNTRY, None]
    assert all(PROMPTS[name] == FACETS[name].question for name in FACETS)
    assert len(set(PROMPTS.values())) == 10


def test_each_distinct_text_is_chosen_for_once_and_timed():
    calls = []

    def chooser(text):
        calls.append(text)
        return Choice("times", seconds=7.0 if text == "b" else None)

    found = choose(["a", "b", "a"], chooser)
    assert calls == ["a", "b"]
    assert found["b"].seconds == 7.0, "a chooser's own time stays"
    assert 0 <= found["a"].seconds < 1


def test_the_oracle_names_the_own_facet():
    queries = [Query("t:0", "times", "dusk", "at dusk", ()), *four_queries()]
    found = choose([query.text for query in queries], Oracle(queries))
    assert [found[q.text].prompt for q in queries] == [q.facet for q in queries]


def test_the_nearest_prompt_has_the_largest_cosine():
    near = {
        "what weather is it like": "weathers",
        "how many people": "people",
        "represent the given image.": None,
        "a country is shown": COUNTRY,
    }
    toy = Toy()
    nearest = Nearest(toy.name, toy.embed_texts, list(near))
    assert {text: nearest(text).prompt for text in near} == near
    assert toy.asked == [*PROMPTS.values(), *near], "each embedded once"


def four_queries():
    images = [f"val2017/{number:012}.jpg" for number in range(103)]
    texts = [("objects", "car"), ("times", "dusk"), ("objects", "bus")]
    return [
        Query(
            id=f"{FACETS[facet].stem}:{row}",
            facet=facet,
            label=label,
            text=FACETS[facet].wording(label),
            candidates=(images[row], *images[4:]),
        )
        for row, (facet, label) in enumerate([*texts, texts[0]])
    ]


@pytest.fixture
def ranked():
    """A benchmark of four queries, three texts, and random embeddings."""
    benchmark = Benchmark(tuple(sorted(four_queries(), key=lambda q: q.facet)))
    rng = np.random.default_rng(0)
    by_text = {q.text: rng.normal(size=6) for q in benchmark.queries}
    queries = np.array([by_text[q.text] for q in benchmark.queries])
    shown = [None if name is None else text for name, text in PROMPTS.items()]
    images = {
        prompt: rng.normal(size=(len(benchmark.images), 6)).astype(np.float32)
        for prompt in shown
    }
    return benchmark, queries, images


def test_a_query_is_ranked_under_the_prompt_chosen_for_its_text(ranked):
    benchmark, queries, images = ranked
    car, dusk, bus = (
        FACETS[facet].wording(label)
        for facet, label in (("objects", "car"), ("times", "dusk"), ("objects", "bus"))
    )
    choices = {car: Choice("weathers"), bus: Choice(None), dusk: Choice(COUNTRY)}
    found = rank_choices(benchmark, queries, images, choices, "chat", run="a")
    assert list(found["query"]) == [query.id for query in benchmark.queries]
    position = {name: row for row, name in enumerate(benchmark.images)}
    for row, query in enumerate(benchmark.queries):
        prompt = choices[query.text].shown
        gallery = images[prompt].astype(float)
        scores = [
            float(np.dot(gallery[position[name]], queries[row]))
            for name in query.candidates
        ]
        rank = 1 + sum(score >= scores[0] for score in scores[1:])
        assert found["rank"][row] == rank
        assert found["prompt"][row] == prompt
    assert set(found["mode"]) == {"chat"} and set(found["run"]) == {"a"}


def test_the_oracle_ranks_as_prompting_with_the_own_question_does(ranked):
    benchmark, queries, images = ranked
    texts = [query.text for query in benchmark.queries]
    oracle = choose(texts, Oracle(benchmark.queries))
    found = rank_choices(benchmark, queries, images, oracle, "oracle")
    own = {facet: (FACETS[facet].question,) for facet in benchmark.facets}
    expected = rank_table(benchmark, queries, images, {"oracle": own})
    assert found.set_index("query").equals(expected.set_index("query"))


@pytest.fixture
def reordered(monkeypatch):
    """The prompts the other way round, so that "B" is another one."""
    monkeypatch.setattr(choosing, "PROMPTS", dict(reversed(PROMPTS.items())))


def test_the_question_letters_the_prompts_in_their_order_and_keeps_the_text():
    text = question()
    assert "A. Which objects are present in this image?\nB. Which animals" in text
    assert "J. Represent the given image.\n" in text
    assert "K." not in text
    assert text.count(QUERY) == 1
    odd = "who says {query}? {0}\n"
    assert f"\n\n{odd.strip()}\n\n" in question_about(odd)


def test_another_order_letters_anew_and_reads_the_letters_so(reordered):
    assert "A. Represent the given image.\n" in question()
    assert choice_of("B", 0.5) == Choice(COUNTRY, seconds=0.5)


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        *((form, "B") for form in ("B", "b", " B.\n", "(B)", "**B**", '"B"', "B)")),
        ("B. Which animals can be seen", "B"),
        ("B\n\nThe query asks", "B"),
        ("The answer is B.", "B"),
        ("The best prompt is **E**.", "E"),
        ("**Answer:** J", "J"),
        ("answer: (C)", "C"),
        ("I choose option D", "D"),
        ("A", "A"),
        ("I", "I"),
        ("Z", "Z"),
        # Words that are also letters, and answers that do not settle on one.
        ("A picture of a dog", None),
        ("I think it shows people", None),
        ("The answer is A question about", None),
        ("B or C", None),
        ("Option B or C", None),
        ("B. or C.", None),
        ("B. C.", None),
        ("B. Or perhaps A.", None),
        ("The answer is B, or else I.", None),
        ("B. A dog is an animal, I think", "B"),
        ("B. Not A question about colour", "B"),
        ("The answer is not A, but", None),
        ("No answer", None),
        ("Which animals can be seen in this image?", None),
        ("2", None),
        ("", None),
        ("<think>\nOkay, the", None),
    ],
)
def test_a_letter_is_read_only_where_the_answer_names_one(answer, letter):
    assert letter_in(answer) == letter


def test_an_answer_that_names_no_prompt_is_no_prompt_and_says_so():
    assert choice_of("B") == Choice("animals")
    assert choice_of("J") == Choice(None), "the plain instruction, chosen"
    for odd in ("K", "Z", "", "B or C"):
        assert choice_of(odd) == Choice(None, readable=False)


def test_an_unknown_chooser_is_refused(tmp_path):
    with pytest.raises(InputError, match="'best' is not known"):
        chooser_named("best", (), Toy(), Toy().embed_texts, "", tmp_path)
    made = chooser_named("nearest", (), Toy(), Toy().embed_texts, "", tmp_path)
    assert isinstance(made, Nearest)


@pytest.fixture(scope="module")
def released():
    if not RELEASED.is_file():
        pytest.skip(f"{RELEASED} is not here")
    return json.loads(RELEASED.read_text())


def test_the_papers_counts_are_those_of_the_released_answers(released):
    counts = {
        facet: (sum(row["gpt4o_choice"] == facet for row in rows), len(rows))
        for facet, rows in released.items()
    }
    assert counts == paper.GPT4O_CHOICES
    chosen = Counter(row["gpt4o_choice"] for rows in released.values() for row in rows)
    assert {None if name == "none" else name for name in chosen} <= set(PROMPTS)
    assert sum(of for _, of in counts.values()) == paper.DISTINCT_TEXTS.value


def test_the_released_texts_go_through_a_chooser(released):
    """A chooser that answers as GPT-4o did gets GPT-4o's counts."""
    rows = [(facet, row) for facet, part in released.items() for row in part]
    letters = dict(zip([*PROMPTS], "ABCDEFGHIJ", strict=True)) | {"none": "J"}
    answers = {row["text"]: letters[row["gpt4o_choice"]] for _, row in rows}
    found = choose(list(answers), lambda text: choice_of(answers[text]))
    right = Counter(facet for facet, row in rows if found[row["text"]].prompt == facet)
    assert right == {facet: right for facet, (right, _) in paper.GPT4O_CHOICES.items()}
