"""Kinds of question: labels, words, the order of the arms, and who is asked what."""

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from evaluation_texts import EVALUATION_QUESTIONS, plain
from recorded_scenes import recorded

from cocofacet.benchmark.questions import more_questions
from facetworld.scene import Scene, sample
from training import kinds, language, train_kinds
from training.language import FACETS
from training.questions import MORE_QUESTIONS, QUESTIONS, TUNE_QUESTIONS, composed

BASE = Scene("beach", "night", "stormy", 2, "sitting", "cat", "car", "wood", 3)


@pytest.fixture(scope="module")
def labels():
    return [
        train_kinds.all_labels_of(scene, recorded(scene))
        for scene in sample(300, 0, "tune")
    ]


def test_every_kind_has_labels_that_no_facet_is_called_by(labels):
    assert not kinds.KINDS.keys() & set(FACETS)
    for name in kinds.KINDS:
        found = Counter(have[name] for have in labels if name in have)
        assert len(found) >= 2 and sum(found.values()) >= 8, name


def test_no_question_of_a_facet_or_of_the_evaluation_is_a_kinds():
    ours = [q for name in kinds.KINDS for q in kinds.questions(name)]
    assert len({plain(q) for q in ours}) == len(ours)
    assert all(len(kinds.questions(name)) >= 24 for name in kinds.KINDS)
    asked = {q for questions in more_questions().values() for q in questions}
    asked |= {*EVALUATION_QUESTIONS, *TUNE_QUESTIONS.values()}
    for facet in FACETS:
        asked |= {*QUESTIONS[facet], *MORE_QUESTIONS[facet], *composed(facet)}
    assert not {plain(q) for q in asked} & {plain(q) for q in ours}


def test_no_answer_says_two_things(labels):
    said = {pair for have in labels for pair in have.items() if pair[0] in kinds.KINDS}
    texts = [plain(text) for pair in said for text in kinds.answers(*pair)]
    assert len(set(texts)) == len(texts), Counter(texts).most_common(3)


people = [
    {"x": x, "faces": faces, "shirt": "ef5d4b", "trousers": "2f3a5c", "skin": "ffd9b8",
     "hair": "d9a441", "cut": cut}
    for x, faces, cut in ((20, "left", "bun"), (40, "right", "long"))
]  # fmt: skip
DRAWN = {
    "people": people, "sun": 60.0, "object side": "left", "object faces": "right",
    "animal side": "right", "animal faces": "left", "paint": "e4572e",
    "coat": "e8943a", "island": "left", "front": "b5773f",
}  # fmt: skip


@pytest.mark.parametrize(
    "name, change, label",
    [
        ("colour of car", {}, "red"),
        ("colour of car", {"obj": "bus"}, None),
        ("colour of vehicle", {"obj": "bus"}, "red"),
        ("colour on the right", {}, "orange"),
        ("coat of cat", {}, "orange"),
        ("shade of wood", {}, "brown"),
        ("shade of wood", {"material": None}, None),
        ("cut of the leftmost person", {}, "bun"),
        ("place of the leftmost person", {}, "on the left"),
        ("place of the lone person", {}, None),
        ("turned", {}, "towards each other"),
        ("heading of animal", {}, "into"),
        ("side of pet", {}, "right"),
        ("side of lightning", {}, "right"),
        ("side of lightning", {"weather": "rainy"}, None),
        ("apart", {}, "close"),
        ("beside the animal", {}, "none"),
        ("beside the object", {}, "two"),
        ("more people at", {}, "object"),
        ("fuller half", {}, "left"),
        ("long hair", {}, "one"),
        ("anyone blond", {}, "somebody"),
        ("anyone in blue", {}, "nobody"),
        ("thing on the left", {}, "vehicle"),
        ("sky light", {}, "the moon"),
        ("lamps", {}, None),
        ("lamps", {"place": "street"}, "on"),
        ("legs", {}, "four"),
        ("company", {}, "a pair"),
        ("moves in", {}, "the road"),
    ],
)
def test_a_label_is_what_was_drawn(name, change, label):
    assert kinds.KINDS[name].label(replace(BASE, **change), DRAWN) == label


def test_the_table_is_of_these_kinds_and_says_why_one_is_dropped():
    table = kinds.table()
    assert table.keys() == kinds.KINDS.keys()
    for row in table.values():
        majority, probe = float(row["majority"]), float(row["probe"])
        closed = (probe - majority) / (1 - majority)
        assert bool(row["dropped"]) == (closed < 0.25) or abs(closed - 0.25) < 0.01


def test_arms_are_nested_and_half_of_what_they_ask_is_independent():
    table = kinds.table()
    for seed in range(3):
        order = kinds.order(seed)
        assert order == kinds.order(seed) and len(set(order)) == len(order) >= 64
        assert not any(table[name]["dropped"] for name in order)
        assert float(table[order[0]]["applies"]) == 1
        for size in (4, 8, 16, 32, 64):
            free = sum(table[n]["independent"] == "True" for n in order[:size])
            assert free == size // 2
    assert kinds.order(0) != kinds.order(1)


@pytest.mark.parametrize("size", [4, 32])
def test_every_picture_is_asked_two_questions_that_apply(labels, size):
    asked = kinds.order(0)[:size]
    picked = train_kinds.chosen_kinds(labels, asked, np.random.default_rng(0))
    for names, have in zip(picked, labels, strict=True):
        assert len(names) == 2 and set(names) <= set(asked) & have.keys()
    assert len({name for names in picked for name in names}) <= 8 + 1


def test_pairs_that_match_and_pairs_that_are_left_out():
    have = [{"legs": "two", "tiles": "blue"}, {"legs": "two", "tiles": "green"}]
    names, whose = ["legs", "tiles", "legs"], [have[0], have[0], have[1]]
    same, ignored = train_kinds.pairs_of(names, whose)
    assert same.tolist() == [
        [True, False, True],
        [False, True, False],
        [True, False, True],
    ]
    # "two legs" is true under the question about tiles; "blue" is not of the other.
    assert ignored.tolist() == [
        [False, True, False],
        [True, False, True],
        [False, False, False],
    ]


def test_a_short_caption_says_one_thing_that_is_true_of_the_picture():
    rng = np.random.default_rng(0)
    told = Counter()
    for scene in sample(60, 0, "tune"):
        sentence, named = train_kinds.one_thing(scene, rng)
        ((facet, label),) = named.items()
        assert language.labels_of(scene)[facet] == label
        assert sentence in set(language.all_answers(facet))
        told[facet] += 1
    assert told.keys() == set(FACETS)


@pytest.mark.parametrize("short", [0.0, 1.0])
def test_as_many_captions_are_short_as_asked(short):
    scenes = sample(40, 0, "tune")
    training = SimpleNamespace(train=SimpleNamespace(scenes=scenes))
    given = (np.random.default_rng(0), range(40), short)
    captions, named = train_kinds.Training.captions(training, *given)
    assert len(captions) == 40
    # A long one names the place always, a short one if it is about that.
    places = sum("scenes" in each for each in named)
    assert places == 40 if not short else 0 < places < 15
    assert not short or all(len(each) == 1 for each in named)
