"""Train on from a warm-up until the model answers all eight facets' questions in words.

The warm-up asks about six facets, in hand-written sentences only; this phase about all
eight, in many more wordings, for retrieval through text (ask about each picture, search
the answers). Under the general template the model writes a COCO-like caption.
"""

import re

import numpy as np
import torch
from PIL import Image

from facetworld.scene import Scene
from training.bases import base_of
from training.batches import TEXT_LENGTH, Strings
from training.captions import coco_like
from training.language import (
    FACETS,
    LABEL_WORDS,
    all_labels,
    labels_of,
    pick,
    varied_question,
)
from training.pictures import Rendered
from training.questions import QUESTIONS, TUNE_QUESTIONS, composed, with_distractor
from training.train_warmup import add_answers, train_to_write

RATE = 7e-4
NEW_TOKENS = 12  # more than any answer has
ASKED = 100  # tune scenes for each facet
# Segments of a row that are learnt: the caption, and each question's answer.
WRITTEN = (2, *range(5, 5 + 2 * len(FACETS), 2))
_WITH_DISTRACTOR = {facet: with_distractor(facet) for facet in FACETS}


def ask(facet: str, rng: np.random.Generator) -> str:
    """A question about the facet, half the time one with a distractor."""
    if rng.random() < 0.5:
        return pick(rng, _WITH_DISTRACTOR[facet])
    return varied_question(facet, rng)


def answer_row(scene: Scene, strings: Strings, rng: np.random.Generator) -> list:
    """[picture][general] -> caption; [picture][stem][question] -> answer, for all."""
    caption, _ = coco_like(scene, rng)
    row = [(strings.picture, -1), (strings.general, 0)]
    row.append(([*strings.ids(f" {caption}"), strings.end], 1))
    row.append((strings.stem, 0))
    add_answers(row, scene, FACETS, ask, strings, rng)
    return row


def longest(strings: Strings) -> int:
    """The most tokens that a row can have beside the picture's."""
    total = len(strings.general) + TEXT_LENGTH + len(strings.stem)
    for facet, labels in all_labels().items():
        answers = ["none", *(w for label in labels for w in LABEL_WORDS[facet](label))]
        asked = (*QUESTIONS[facet], *composed(facet), *_WITH_DISTRACTOR[facet])
        total += max(len(strings.prompt(question)) for question in asked)
        total += max(len(strings.ids(words)) for words in answers) + 1
    return total


def train_answers(
    model,
    processor,
    train: Rendered,
    tune: Rendered,
    steps: int,
    seed: int,
    compiled: bool,
    measure_every: int,
) -> list[dict]:
    """Train `model` in place from its warm-up; returns the log."""
    rng = np.random.default_rng([seed, 1])
    strings = Strings(base_of(model), processor.tokenizer)

    def measure() -> dict:
        return {"answers": accuracy(model, processor, tune)}

    return train_to_write(
        model,
        strings,
        lambda scene: answer_row(scene, strings, rng),
        WRITTEN,
        longest(strings),
        train,
        steps,
        RATE,
        rng,
        compiled,
        measure=measure,
        measure_every=measure_every,
        name="answers",
    )


@torch.no_grad()
def answers_of(model, processor, pictures: np.ndarray, question: str) -> list[str]:
    """What the model writes about each picture (N, 128, 128, 3) uint8, greedily."""
    prompt = base_of(model).PROMPTED.format(question)
    found = []
    for i in range(0, len(pictures), 50):
        images = [Image.fromarray(picture) for picture in pictures[i : i + 50]]
        inputs = processor(
            text=[prompt] * len(images), images=images, return_tensors="pt"
        )
        ids = model.generate(**inputs, max_new_tokens=NEW_TOKENS, do_sample=False)
        written = ids[:, inputs["input_ids"].shape[1] :]
        found += processor.batch_decode(written, skip_special_tokens=True)
    return [text.strip() for text in found]


def says(answer: str, facet: str, label: str) -> bool:
    """Whether one of the label's words or phrases stands in the answer.

    >>> says("There are two people.", "people", "2"), says("raincoat", "people", "2")
    (True, False)
    """
    words = (re.escape(text) for text in LABEL_WORDS[facet](label))
    return re.search(rf"\b({'|'.join(words)})\b", answer.lower()) is not None


def accuracy(
    model,
    processor,
    tune: Rendered,
) -> dict[str, float]:
    """Share of answers that say the label under the tune question, by facet; and macro.

    At most the first ASKED scenes that have a label are asked.
    """
    found = {}
    for facet, question in TUNE_QUESTIONS.items():
        labels = [labels_of(scene)[facet] for scene in tune.scenes]
        asked = [i for i, label in enumerate(labels) if label is not None][:ASKED]
        answers = answers_of(model, processor, tune.pictures[asked], question)
        hits = [says(a, facet, labels[i]) for a, i in zip(answers, asked, strict=True)]
        found[facet] = round(float(np.mean(hits)), 3)
    return found | {"macro": round(float(np.mean(list(found.values()))), 3)}
