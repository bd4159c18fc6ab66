"""Train the tiny Qwen2-VLs: a generative warm-up, then contrast in three variants.

Warm-up: the model learns to write a dense caption of the picture and to answer the six
questions that every variant asks. Without it the contrast sits on a plateau. Variants:
see VARIANTS; each starts from the same warm-up of its seed.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F

from facetworld import tiny_qwen
from facetworld.captions import coco_like, dense
from facetworld.objective import both_ways, contrast
from facetworld.optimise import optimise
from facetworld.packing import PICTURE_TOKENS, pack
from facetworld.scene import Scene
from facetworld.train_clip import told_of
from facetworld.tune import pools, recall, text_of
from facetworld.words import (
    FACETS,
    HELD_OUT,
    LABEL_WORDS,
    QUESTIONS,
    TUNE_QUESTIONS,
    all_labels,
    answer,
    finish,
    labels_of,
    pick,
    question,
)

BATCH = 64
WARMUP_RATE, RATE = 1.5e-3, 7e-4
SCALE = 20.0  # 1 / temperature
WORDINGS = 2  # texts for each label and step
QUESTIONS_A_PICTURE = 4  # in the warm-up, of the six
WARMUP_LENGTH, TEXT_LENGTH = 144, 28

ASKED = tuple(facet for facet in FACETS if facet not in HELD_OUT)
# Which facets' questions are asked, and which facets' answers the general embedding
# is matched to beside the captions.
VARIANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "tiny-qwen2vl": {"asked": FACETS, "general_answers": ()},
    "tiny-qwen2vl-unasked": {"asked": ASKED, "general_answers": ()},
    "tiny-qwen2vl-noquestion": {"asked": (), "general_answers": FACETS},
}


class Strings:
    """Token ids of the templates' parts, as they stand in the whole templates."""

    def __init__(self, tokenizer):
        # The library beneath: ten times faster for one short text.
        self.encode = tokenizer.backend_tokenizer.encode
        self.ids = lru_cache(maxsize=100_000)(self._ids)
        start, one, end = self.ids(tiny_qwen.GENERAL)[:3]
        self.end = tokenizer.eos_token_id
        self.picture = [start, *[one] * PICTURE_TOKENS, end]
        self.general = self.ids(tiny_qwen.GENERAL)[3:]
        self.stem = self.ids(tiny_qwen.STEM)

    def _ids(self, text: str) -> list[int]:
        return self.encode(text, add_special_tokens=False).ids

    def prompt(self, asked: str) -> list[int]:
        """What follows the stem when `asked` is the question."""
        whole = self.ids(tiny_qwen.PROMPTED.format(asked))[3:]
        if whole[: len(self.stem)] != self.stem:
            raise ValueError(f"{asked!r} merges with the words before it")
        return whole[len(self.stem) :]


def passes(compiled: bool):
    """The model's two passes: `look` at pictures, `read` rows of tokens.

    Compiling takes half a minute and makes a step twice as fast.
    """
    layers = {"see": tiny_qwen.vision_layers, "read": tiny_qwen.language_layers}
    if compiled:
        layers = {k: torch.compile(v, dynamic=False) for k, v in layers.items()}

    def look(model, pictures: np.ndarray) -> torch.Tensor:
        return tiny_qwen.see(model, torch.from_numpy(np.array(pictures)), layers["see"])

    def read(model, packed, image_tokens=None) -> torch.Tensor:
        return tiny_qwen.read(model, packed, image_tokens, layers["read"])

    return look, read


def warmup_row(scene: Scene, strings: Strings, rng: np.random.Generator) -> list:
    """[picture] -> dense caption; [picture][stem][question] -> answer, four times."""
    row = [(strings.picture, -1), (strings.ids(" " + dense(scene, rng)), 0)]
    row.append((strings.stem, 0))
    labels = labels_of(scene)
    for facet in rng.choice(ASKED, QUESTIONS_A_PICTURE, replace=False):
        label = labels[facet]
        words = "none" if label is None else pick(rng, LABEL_WORDS[facet](label))
        row.append((strings.prompt(question(facet, rng)), 2))
        row.append(([*strings.ids(words), strings.end], len(row) - 1))
    room = WARMUP_LENGTH - sum(len(ids) for ids, _ in row)
    caption = [*row[1][0], strings.end]
    row[1] = (caption[: len(caption) + room - 1] if room < 1 else caption, 0)
    return row


def targets_of(rows: list, packed) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Where the warm-up's words are predicted from: rows, columns and the words."""
    written = [1, *range(4, 4 + 2 * QUESTIONS_A_PICTURE, 2)]
    b, column, word = [], [], []
    for i, row in enumerate(rows):
        for s in written:
            ids, parent = row[s]
            start = int(packed.starts[i, s])
            before = [int(packed.ends[i, parent]), *range(start, start + len(ids) - 1)]
            b += [i] * len(ids)
            column += before
            word += ids
    return torch.tensor(b), torch.tensor(column), torch.tensor(word)


def train_warmup(
    scenes: list[Scene],
    pictures: np.ndarray,
    steps: int,
    seed: int,
    batch: int = BATCH,
    rate: float = WARMUP_RATE,
    compiled: bool = True,
):
    """Returns (model, tokenizer, log)."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    tokenizer = tiny_qwen.new_tokenizer()
    model = tiny_qwen.new_model(tokenizer)
    strings = Strings(tokenizer)
    look, read = passes(compiled)

    def loss_at(step: int) -> torch.Tensor:
        chosen = np.sort(rng.choice(len(scenes), batch, replace=False))
        rows = [warmup_row(scenes[i], strings, rng) for i in chosen]
        packed = pack(rows, strings.end, WARMUP_LENGTH)
        b, column, word = targets_of(rows, packed)
        with torch.autocast("cpu", torch.bfloat16):
            states = read(model, packed, look(model, pictures[chosen]))
            scores = model.lm_head(states[b, column])
        return F.cross_entropy(scores.float(), word)

    parameters = list(model.parameters())
    return model, tokenizer, optimise(parameters, loss_at, steps, rate, name="warmup")


def text_rows(texts: list[str], strings: Strings, length: int = TEXT_LENGTH):
    """Texts one a row, packed; `ends` (T, 1) tells where each is pooled.

    Positions and mask are the same for all rows and kept once: attention is causal and
    the padding comes last, so no token that counts ever sees it.
    """
    rows = [[(strings.ids(text), -1)] for text in texts]
    packed = pack(rows, strings.end, length, picture=False)
    every = torch.arange(length)
    return replace(
        packed,
        positions=every.expand(3, 1, -1),
        visible=(every[:, None] >= every)[None, None],
    )


def prompt_row(asked: list[str], strings: Strings, length: int | None = None):
    """One row for any picture: general template, then the questions.

    Ends: 0 picture, 1 general, 2 stem, 3 and on the questions.
    """
    row = [(strings.picture, -1), (strings.general, 0), (strings.stem, 0)]
    row += [(strings.prompt(text), 2) for text in asked]
    return pack([row], strings.end, length)


def pooled(states: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """States (B, L, D) at `columns`, (C,) or (B, 1) -> unit rows (B, C, D)."""
    b = torch.arange(len(states))[:, None]
    return F.normalize(states[b, columns].float(), dim=-1)


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
    asked, from_general = VARIANTS[variant].values()
    rng = np.random.default_rng([seed, list(VARIANTS).index(variant)])
    strings = Strings(tokenizer)
    look, read = passes(compiled)
    longest = [max(len(strings.prompt(q)) for q in QUESTIONS[f]) for f in asked]
    length = len(prompt_row([], strings).ids[0]) + sum(longest)

    def loss_at(step: int) -> torch.Tensor:
        chosen = np.sort(rng.choice(len(scenes), batch, replace=False))
        part = [scenes[i] for i in chosen]
        captions, told = zip(*(coco_like(scene, rng) for scene in part), strict=True)
        answers = [a for a in answer_texts(rng) if a[0] in (asked or from_general)]
        texts = [finish(c, rng) for c in captions] + [text for _, _, text in answers]
        packed_texts = text_rows(texts, strings)
        packed = prompt_row([question(f, rng) for f in asked], strings, length)
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


@torch.no_grad()
def embed_pictures(model, strings, pictures, asked: list[str]) -> np.ndarray:
    """(1 + P, N, D) unit rows: general, then each question."""
    packed = prompt_row(asked, strings)
    columns = packed.ends[0][[1, *range(3, 3 + len(asked))]]
    look, read = passes(compiled=False)
    parts = []
    for i in range(0, len(pictures), 50):
        with torch.autocast("cpu", torch.bfloat16):
            states = read(model, packed, look(model, pictures[i : i + 50]))
        parts.append(pooled(states, columns))
    return torch.cat(parts).transpose(0, 1).numpy()


@torch.no_grad()
def embed_texts(model, strings, texts: list[str]) -> np.ndarray:
    """Texts -> (T, D) unit rows."""
    packed = text_rows(texts, strings)
    return pooled(passes(compiled=False)[1](model, packed), packed.ends)[:, 0].numpy()


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
