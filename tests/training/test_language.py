"""What training says, against what the evaluation says."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from evaluation_texts import EVALUATION_QUESTIONS, EVALUATION_TEMPLATES

from cocofacet.benchmark.questions import more_questions
from cocofacet.io import COMMITTED, read_table
from facetworld.scene import sample
from training import tiny_clip, tiny_qwen, train_answers, train_text
from training.batches import Strings
from training.captions import RATES, coco_like, count_rates, dense
from training.language import (
    ANSWERS,
    FACETS,
    HELD_OUT,
    LABEL_WORDS,
    TUNE_WORDINGS,
    all_answers,
    all_labels,
    answer,
    finish,
    labels_of,
    with_article,
)
from training.questions import (
    MORE_QUESTIONS,
    QUESTIONS,
    TUNE_QUESTIONS,
    composed,
    with_distractor,
)
from training.train_clip import CAPTION_RATES, LONG_CONTEXT
from training.tune import allowed_as_negative, pools, recall, text_of

SHARED = Path(__file__).parents[3] / "shared" / "data"


def normalised(text: str) -> str:
    """Lower case, no punctuation, no articles, single spaces; the slot stays."""
    words = re.sub(r"[^\w{}]+", " ", text.lower()).split()
    return " ".join(word for word in words if word not in ("a", "an", "the"))


def test_no_question_of_the_evaluation_is_trained_or_used_to_tune():
    asked = [q for questions in more_questions().values() for q in questions]
    evaluation = {normalised(q) for q in (*EVALUATION_QUESTIONS, *asked)}
    ours = [
        question
        for facet in FACETS
        for question in (
            *QUESTIONS[facet],
            *MORE_QUESTIONS[facet],
            *composed(facet),
            *with_distractor(facet),
        )
    ]
    assert not evaluation & {normalised(q) for q in ours}
    tune = {normalised(q) for q in TUNE_QUESTIONS.values()}
    assert not tune & (evaluation | {normalised(q) for q in ours})


def test_more_forms_are_thirty_and_unlike_those_of_the_evaluation():
    """Also their first three words differ, so that no form is learnt as a beginning."""
    for facet, evaluated in more_questions().items():
        ours = {*QUESTIONS[facet], *MORE_QUESTIONS[facet]}
        assert len(ours) >= 30
        begun = {tuple(normalised(q).split()[:3]) for q in evaluated}
        trained = {tuple(normalised(q).split()[:3]) for q in MORE_QUESTIONS[facet]}
        assert not begun & trained


def test_no_template_of_the_evaluation_is_trained_or_used_to_tune():
    evaluation = {normalised(t) for t in EVALUATION_TEMPLATES}
    ours = [t for facet in FACETS for t in ANSWERS[facet]] + [*TUNE_WORDINGS.values()]
    assert not evaluation & {normalised(t) for t in ours}


def evaluation_queries() -> set[str]:
    made = {
        normalised(template.format(words))
        for template in EVALUATION_TEMPLATES
        for facet in FACETS
        for label in all_labels()[facet]
        for words in (label, *LABEL_WORDS[facet](label))
    }
    official = SHARED / "official_queries.json"
    if official.exists():
        rows = json.loads(official.read_text())
        made |= {normalised(row["text"]) for facet in rows for row in rows[facet]}
    return made


def test_no_query_of_the_evaluation_is_trained():
    evaluation = evaluation_queries()
    for facet in FACETS:
        assert not evaluation & {normalised(text) for text in all_answers(facet)}
    rng = np.random.default_rng(0)
    rates = [RATES, *(dict.fromkeys(RATES, rate) for rate in CAPTION_RATES)]
    captions = {
        normalised(text)
        for scene in sample(1500, seed=0, split="train")
        for text in (dense(scene, rng), *(coco_like(scene, rng, r)[0] for r in rates))
    }
    assert not evaluation & captions


def test_the_answerer_is_trained_on_listed_questions_and_answers_only():
    strings = Strings(tiny_qwen, tiny_qwen.new_tokenizer())
    allowed = {
        question
        for facet in FACETS
        for question in (
            *QUESTIONS[facet],
            *MORE_QUESTIONS[facet],
            *composed(facet),
            *with_distractor(facet),
        )
    }
    answers = {
        words
        for facet, labels in all_labels().items()
        for label in labels
        for words in LABEL_WORDS[facet](label)
    }
    rng, decode = np.random.default_rng(0), tiny_qwen.new_tokenizer().decode
    for scene in sample(100, seed=0, split="train"):
        row = [decode(ids).strip() for ids, _ in train_answers.answer_row(
            scene, strings, rng)]  # fmt: skip
        assert set(row[4::2]) <= allowed
        said = {text.removesuffix("<|endoftext|>") for text in row[5::2]}
        assert said <= {*answers, "none"}


def test_the_text_embedder_is_trained_on_no_query_of_the_evaluation():
    evaluation, rng = evaluation_queries(), np.random.default_rng(0)
    trained = {
        normalised(text)
        for _ in range(300)
        for *_, text in (*train_text.answer_words(rng), *train_text.queries(rng))
    }
    tune = {normalised(text_of(f, x)) for f in FACETS for x in all_labels()[f]}
    assert trained and not trained & (evaluation | tune)


def test_the_tune_wordings_are_not_trained():
    trained = {normalised(text) for facet in FACETS for text in all_answers(facet)}
    for facet in FACETS:
        tune = {normalised(text_of(facet, label)) for label in all_labels()[facet]}
        assert not tune & trained
        assert TUNE_QUESTIONS[facet] not in QUESTIONS[facet]


def test_every_facet_is_asked_and_answered_in_many_ways():
    assert all(len(set(QUESTIONS[facet])) >= 15 for facet in FACETS)
    assert all(len(set(ANSWERS[facet])) >= 15 for facet in FACETS)
    everything = [q for facet in FACETS for q in QUESTIONS[facet]]
    assert len(everything) == len(set(everything)), "one question for two facets"
    assert set(HELD_OUT) < set(FACETS)


@pytest.mark.parametrize(
    "facet, words",
    [
        ("gestures", "standing sitting jumping lying bending kneeling crawling"),
        ("times", "daytime night dusk sunrise"),
        ("weathers", "sunny clear cloudy rainy snowy misty stormy"),
        ("materials", "wood stone metal paper brick"),
        ("people", "0 1 2 3 4 5 6 zero one two three four five six person people"),
        ("scenes", "at the beach in on city street park forest mountains kitchen"),
    ],
)
def test_the_label_words_of_the_evaluation_are_trained(facet, words):
    trained = {word for text in all_answers(facet) for word in text.split()}
    assert set(words.split()) <= trained


def test_every_label_of_a_scene_has_words():
    rng = np.random.default_rng(0)
    for scene in sample(300, seed=1, split="tune"):
        for facet, label in labels_of(scene).items():
            if label is not None:
                assert label in all_labels()[facet]
                assert answer(facet, label, rng)


def test_articles_and_endings():
    assert with_article("a photo of a airplane") == "a photo of an airplane"
    assert with_article("a umbrella and a dog") == "an umbrella and a dog"
    rng = np.random.default_rng(0)
    ends = {finish("a dog", rng) for _ in range(100)}
    assert ends == {x + y for x in ("a dog", "A dog") for y in ("", ".", ".\n")}


def test_captions_name_subject_and_place_and_the_rest_at_cocos_rates():
    rng = np.random.default_rng(0)
    scenes = sample(6000, seed=0, split="train")
    captions = [coco_like(scene, rng) for scene in scenes]
    for scene, (text, named) in zip(scenes, captions, strict=True):
        labels = labels_of(scene)
        assert named["scenes"] == scene.place
        assert all(labels[facet] == label for facet, label in named.items())
        if scene.animal or scene.obj:
            assert {"animals", "objects"} & set(named) or scene.people, text
    # A rate holds where the scene has such a label: no gesture without people.
    for facet, rate in RATES.items():
        having = [
            i for i, s in enumerate(scenes) if labels_of(s)[facet] not in (None, "0")
        ]
        share = np.mean([facet in captions[i][1] for i in having])
        error = (rate * (1 - rate) / len(having)) ** 0.5
        assert abs(share - rate) < 4 * error, facet


@pytest.mark.parametrize("rate", CAPTION_RATES)
def test_captions_can_name_the_rare_facets_at_another_rate(rate):
    """And whatever the rate, what they say is true and short enough to be read."""
    rng, rates = np.random.default_rng(0), dict.fromkeys(RATES, rate)
    scenes = sample(2000, seed=0, split="train")
    captions = [coco_like(scene, rng, rates) for scene in scenes]
    tokens = tiny_clip.new_tokenizer()
    assert (
        max(len(tokens(f"{text}.").input_ids) for text, _ in captions) <= LONG_CONTEXT
    )
    for facet in RATES:
        having = [
            i for i, s in enumerate(scenes) if labels_of(s)[facet] not in (None, "0")
        ]
        share = np.mean([facet in captions[i][1] for i in having])
        error = (rate * (1 - rate) / len(having)) ** 0.5
        assert abs(share - rate) <= 4 * error, facet
    for scene, (_, named) in zip(scenes, captions, strict=True):
        assert named.items() <= labels_of(scene).items()


def test_dense_captions_tell_everything():
    rng = np.random.default_rng(0)
    for scene in sample(100, seed=2, split="tune"):
        text = dense(scene, rng)
        for facet, label in labels_of(scene).items():
            if label is not None:
                assert any(words in text for words in LABEL_WORDS[facet](label)), text


def test_rates_are_counted_as_stated():
    counted = count_rates(["Two men standing at night", "a cat on a wooden chair", "x"])
    third = pytest.approx(1 / 3)
    assert counted == {
        "times": third,
        "weathers": 0,
        "materials": third,
        "people": third,
        "gestures": third,
    }


def test_the_stated_rates_are_those_of_the_committed_count():
    table = read_table(
        COMMITTED / "training/caption_rates.csv", ["facet"], numbers=["share"]
    )
    shares = zip(table["facet"], table["share"], strict=True)
    assert {facet: round(share, 3) for facet, share in shares} == RATES


def test_the_stated_rates_are_those_of_the_official_captions():
    path = SHARED / "annotations" / "captions_val2017.json"
    if not path.exists():
        pytest.skip(f"real captions not at {path}")
    annotations = json.loads(path.read_text())["annotations"]
    counted = count_rates([annotation["caption"] for annotation in annotations])
    assert len(annotations) == 25_014
    assert {facet: round(rate, 3) for facet, rate in counted.items()} == RATES


def test_tune_pools_have_one_positive_in_front():
    scenes = sample(400, seed=0, split="tune")
    for facet, found in pools(scenes, per_facet=5).items():
        for label, pool in found:
            labels = [labels_of(scenes[i])[facet] for i in pool]
            assert len(set(pool.tolist())) == 100
            assert labels[0] == label
            assert all(allowed_as_negative(facet, label, other) for other in labels[1:])


def test_tune_recall_counts_ties_against_the_positive():
    found = [("x", np.arange(3))]
    texts = {"x": np.array([1.0, 0.0])}
    first = np.array([[1.0, 0.0], [0.5, 0.0], [0.0, 1.0]])
    assert recall(found, texts, first, k=1) == 1
    assert recall(found, texts, np.ones((3, 2)), k=1) == 0
    assert recall(found, texts, np.ones((3, 2)), k=3) == 1
