"""Train the tiny promptable models by contrast, in variants.

Each variant starts from the warm-up of its base and seed and is matched, picture by
picture, to COCO-like captions and to answers; see VARIANTS.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from facetworld.scene import Scene
from training.bases import base_of
from training.batches import (
    Strings,
    embed_pictures,
    embed_texts,
    passes,
    pooled,
    prompt_row,
    text_rows,
)
from training.captions import coco_like
from training.language import (
    FACETS,
    all_labels,
    answer,
    finish,
    labels_of,
    varied_question,
    worded_question,
)
from training.objective import both_ways, contrast
from training.optimise import optimise
from training.pictures import Rendered
from training.questions import MORE_QUESTIONS, QUESTIONS, TUNE_QUESTIONS, composed
from training.train_clip import true_of
from training.train_warmup import ASKED
from training.tune import pools, query_rows, recall_by_facet

BATCH, RATE = 64, 7e-4
SCALE = 20.0  # 1 / temperature
WORDINGS = 2  # texts for each label and step


@dataclass(frozen=True)
class Variant:
    """The base whose warm-up it starts from, and the facets that it asks about.

    The general embedding is matched to captions and to answers of `general_answers`.
    worded: asks in the fourteen more forms of `MORE_QUESTIONS`, too. steps: of the
    training, where no other number is given.
    """

    base: str
    asked: tuple[str, ...]
    general_answers: tuple[str, ...] = ()
    worded: bool = False
    steps: int = 600


# The order counts: each row draws its own random numbers.
VARIANTS = {
    "tiny-qwen2vl": Variant("qwen2_vl", asked=FACETS),
    "tiny-qwen2vl-unasked": Variant("qwen2_vl", asked=ASKED),
    "tiny-qwen2vl-noquestion": Variant("qwen2_vl", asked=(), general_answers=FACETS),
    "tiny-llava": Variant("llava", asked=FACETS),
    "tiny-qwen2vl-worded": Variant("qwen2_vl", asked=FACETS, worded=True, steps=1200),
}


def answer_texts(rng: np.random.Generator) -> list[tuple[str, str, str]]:
    """(facet, label, text) for every label, in fresh wordings."""
    return [
        (facet, label, finish(answer(facet, label, rng), rng))
        for facet, labels in all_labels().items()
        for label in labels
        for _ in range(WORDINGS)
    ]


def train_variant(
    model,
    tokenizer,
    variant: str,
    train: Rendered,
    tune: Rendered,
    steps: int,
    seed: int,
    compiled: bool,
    measure_every: int,
) -> list[dict]:
    """Train `model` in place from its warm-up; returns the log."""
    asked, from_general = VARIANTS[variant].asked, VARIANTS[variant].general_answers
    ask = worded_question if VARIANTS[variant].worded else varied_question
    rng = np.random.default_rng([seed, list(VARIANTS).index(variant)])
    base = base_of(model)
    strings = Strings(base, tokenizer)
    look, read = passes(base, compiled)
    batch = min(BATCH, len(train.scenes))
    more = MORE_QUESTIONS if VARIANTS[variant].worded else dict.fromkeys(FACETS, ())
    longest = [
        max(len(strings.prompt(q)) for q in (*QUESTIONS[f], *more[f], *composed(f)))
        for f in asked
    ]
    length = len(prompt_row([], strings).ids[0]) + sum(longest)

    def loss_at(step: int) -> torch.Tensor:
        chosen = np.sort(rng.choice(len(train.scenes), batch, replace=False))
        part = [train.scenes[i] for i in chosen]
        captions, named = zip(*(coco_like(scene, rng) for scene in part), strict=True)
        answers = [a for a in answer_texts(rng) if a[0] in (asked or from_general)]
        texts = [finish(c, rng) for c in captions] + [text for _, _, text in answers]
        packed_texts = text_rows(texts, strings)  # B captions, then the answers
        packed = prompt_row([ask(f, rng) for f in asked], strings, length)
        with torch.autocast("cpu", torch.bfloat16):
            states = read(model, packed, look(model, train.pictures[chosen]))
            text_states = read(model, packed_texts)
        images = pooled(states, packed.ends[0])  # (B, segments, D)
        texts = pooled(text_states, packed_texts.ends)[:, 0]  # (B + answers, D)
        general = images[:, 1]
        loss = both_ways(SCALE * texts[:batch] @ general.T, true_of(named, part))
        for i, facet in enumerate(asked or from_general):
            prompted = images[:, 3 + i] if asked else general
            loss = loss + facet_loss(facet, prompted, texts[batch:], answers, part) / 4
        return loss

    tune_pools = pools(tune.scenes, 100)

    def measure() -> dict:
        return tune_recall(model, strings, tune.pictures, tune_pools)

    parameters = list(model.parameters())
    return optimise(parameters, loss_at, steps, RATE, measure, measure_every, variant)


def facet_loss(
    facet: str,
    images: torch.Tensor,
    texts: torch.Tensor,
    answers: list[tuple[str, str, str]],
    scenes: list[Scene],
) -> torch.Tensor:
    """Contrast of images (B, D) under one facet's question with texts (T, D).

    The texts are those of `answers`. From images to texts, texts that are true of the
    image in another facet are left out; from the facet's own texts to images, the
    negatives are images with other labels.
    """
    labels = [labels_of(scene) for scene in scenes]
    true = torch.tensor(
        [[have[f] == label for f, label, _ in answers] for have in labels]
    )
    own = torch.tensor([f == facet for f, _, _ in answers])
    scores = SCALE * images @ texts.T  # (B, T)
    across = contrast(scores, true & own, true & ~own)
    back = contrast(scores.T[own], true.T[own])
    return (across + back) / 2


def tune_recall(model, strings, pictures: np.ndarray, tune_pools: dict) -> dict:
    """Recall@1 and @5 by facet and their macro average, general and prompted."""
    general, *prompted = embed_pictures(
        model, strings, pictures, list(TUNE_QUESTIONS.values())
    )
    images = {
        "general": dict.fromkeys(FACETS, general),
        "prompted": dict(zip(TUNE_QUESTIONS, prompted, strict=True)),
    }
    queries = query_rows(partial(embed_texts, model, strings))
    return {
        mode: recall_by_facet(tune_pools, queries, by_facet)
        for mode, by_facet in images.items()
    }
