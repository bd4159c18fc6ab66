"""Train the tiny promptable models by contrast, in variants.

Each variant starts from the warm-up of its base and seed and is matched, picture by
picture, to COCO-like captions and to answers; see VARIANTS.
"""

from dataclasses import dataclass

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
from training.clip import told_of
from training.language import (
    FACETS,
    all_labels,
    answer,
    finish,
    labels_of,
    varied_question,
)
from training.objective import both_ways, contrast
from training.optimise import optimise
from training.questions import QUESTIONS, TUNE_QUESTIONS, composed
from training.tune import pools, recall, text_of
from training.warmup import ASKED

BATCH, RATE = 64, 7e-4
SCALE = 20.0  # 1 / temperature
WORDINGS = 2  # texts for each label and step


@dataclass(frozen=True)
class Variant:
    """Which base's warm-up it starts from, which facets' questions are asked, and
    which facets' answers the general embedding is matched to, beside the captions."""

    base: str
    asked: tuple[str, ...]
    general_answers: tuple[str, ...] = ()


# The order counts: each row draws its own random numbers.
VARIANTS = {
    "tiny-qwen2vl": Variant("qwen2_vl", asked=FACETS),
    "tiny-qwen2vl-unasked": Variant("qwen2_vl", asked=ASKED),
    "tiny-qwen2vl-noquestion": Variant("qwen2_vl", asked=(), general_answers=FACETS),
    "tiny-llava": Variant("llava", asked=FACETS),
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
    scenes: list[Scene],
    pictures: np.ndarray,
    tune_scenes: list[Scene],
    tune_pictures: np.ndarray,
    steps: int,
    seed: int,
    batch: int = BATCH,
    rate: float = RATE,
    compiled: bool = True,
    measure_every: int = 0,
) -> list[dict]:
    """Train `model` in place from its warm-up; returns the log."""
    asked, from_general = VARIANTS[variant].asked, VARIANTS[variant].general_answers
    rng = np.random.default_rng([seed, list(VARIANTS).index(variant)])
    base = base_of(model)
    strings = Strings(base, tokenizer)
    look, read = passes(base, compiled)
    batch = min(batch, len(scenes))
    longest = [
        max(len(strings.prompt(q)) for q in (*QUESTIONS[f], *composed(f)))
        for f in asked
    ]
    length = len(prompt_row([], strings).ids[0]) + sum(longest)

    def loss_at(step: int) -> torch.Tensor:
        chosen = np.sort(rng.choice(len(scenes), batch, replace=False))
        part = [scenes[i] for i in chosen]
        captions, told = zip(*(coco_like(scene, rng) for scene in part), strict=True)
        answers = [a for a in answer_texts(rng) if a[0] in (asked or from_general)]
        texts = [finish(c, rng) for c in captions] + [text for _, _, text in answers]
        packed_texts = text_rows(texts, strings)
        packed = prompt_row([varied_question(f, rng) for f in asked], strings, length)
        with torch.autocast("cpu", torch.bfloat16):
            states = read(model, packed, look(model, pictures[chosen]))
            said = read(model, packed_texts)
        images = pooled(states, packed.ends[0])
        said = pooled(said, packed_texts.ends)[:, 0]
        general = images[:, 1]
        loss = both_ways(SCALE * said[:batch] @ general.T, told_of(told, part))
        for i, facet in enumerate(asked or from_general):
            seen = images[:, 3 + i] if asked else general
            loss = loss + facet_loss(facet, seen, said[batch:], answers, part) / 4
        return loss

    per_facet = pools(tune_scenes, 100)

    def measure() -> dict:
        return tune_recall(model, strings, tune_pictures, per_facet)

    parameters = list(model.parameters())
    return optimise(parameters, loss_at, steps, rate, measure, measure_every, variant)


def facet_loss(
    facet: str,
    seen: torch.Tensor,
    said: torch.Tensor,
    answers: list[tuple[str, str, str]],
    scenes: list[Scene],
) -> torch.Tensor:
    """Contrast of the answers (T, D) with what is seen under one facet's question.

    From pictures (B, D) to texts, the negatives are all texts but those that are true
    of the picture in another facet; from texts to pictures, pictures of other labels.
    """
    labels = [labels_of(scene) for scene in scenes]
    true = torch.tensor(
        [[have[f] == label for f, label, _ in answers] for have in labels]
    )
    own = torch.tensor([f == facet for f, _, _ in answers])
    scores = SCALE * seen @ said.T
    across = contrast(scores, true & own, true & ~own)
    back = contrast(scores.T[own], true.T[own])
    return (across + back) / 2


def tune_recall(model, strings, pictures: np.ndarray, per_facet: dict) -> dict:
    """Recall@1 and @5 by facet and their macro average, general and prompted."""
    images = embed_pictures(model, strings, pictures, list(TUNE_QUESTIONS.values()))
    found = {"general": {}, "prompted": {}}
    for i, facet in enumerate(FACETS):
        labels = all_labels()[facet]
        rows = embed_texts(model, strings, [text_of(facet, label) for label in labels])
        texts = dict(zip(labels, rows, strict=True))
        for mode, seen in (("general", images[0]), ("prompted", images[1 + i])):
            found[mode][facet] = [
                round(recall(per_facet[facet], texts, seen, k), 3) for k in (1, 5)
            ]
    for by_facet in found.values():
        by_facet["macro"] = np.mean(list(by_facet.values()), 0).round(3).tolist()
    return found
