"""Train the tiny text embedder, which places answers near queries of the same meaning.

Retrieval through text compares an answer ("two people") with a query ("a photo with 2
people in it"). The model is sentence-transformers' StaticEmbedding, a bag of token
vectors; it knows the words of training only.
"""

from pathlib import Path

import numpy as np
import torch

from training import torchvision_repair  # noqa: F401

# isort: split
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import (
    Normalize,
    StaticEmbedding,
)
from tokenizers.pre_tokenizers import BertPreTokenizer

from facetworld.scene import Scene
from training.captions import coco_like
from training.language import FACETS, LABEL_WORDS, all_labels, answer, finish, pick
from training.objective import both_ways
from training.optimise import optimise
from training.tune import text_of
from training.vocabulary import learn_bpe

VOCABULARY, WIDTH = 1200, 128
START = 0.05  # spread of the first vectors: a word never trained on hardly counts
RATE = 1e-2
SCALE = 20.0  # 1 / temperature
CAPTIONS = 64  # in each step, beside an answer and a query for every label
NOTHING = ("none", "none")  # facet and label of the answer "none": true of no query


def new_model() -> SentenceTransformer:
    """Lower-case byte-level BPE, one vector a token, their mean, unit length."""
    tokenizer = learn_bpe(VOCABULARY, BertPreTokenizer(), lowercase=True)
    vectors = START * torch.randn(tokenizer.get_vocab_size(), WIDTH)
    static = StaticEmbedding(tokenizer, embedding_weights=vectors)
    return SentenceTransformer(modules=[static, Normalize()], device="cpu")


def save(model: SentenceTransformer, folder: Path) -> None:
    """Write it as `SentenceTransformer(folder)` reads it: safetensors, no pickle."""
    model.save(str(folder), create_model_card=False, safe_serialization=True)
    for path in Path(folder).rglob("*.safetensors"):
        path.chmod(0o644)  # safetensors writes files that only their owner may read


def answer_words(rng: np.random.Generator) -> list[tuple[str, str, str]]:
    """(facet, label, text) for every label, as a model answers; and "none"."""
    made = [
        (facet, label, finish(pick(rng, LABEL_WORDS[facet](label)), rng))
        for facet, labels in all_labels().items()
        for label in labels
    ]
    return [*made, (*NOTHING, finish("none", rng))]


def queries(rng: np.random.Generator) -> list[tuple[str, str, str]]:
    """(facet, label, text) for every label, in a sentence of training."""
    return [
        (facet, label, finish(answer(facet, label, rng), rng))
        for facet, labels in all_labels().items()
        for label in labels
    ]


def train_text(
    scenes: list[Scene], steps: int, seed: int
) -> tuple[SentenceTransformer, list[dict]]:
    """Returns (model, log).

    A step matches an answer of every label to a query of every label, and to captions.
    A caption that does not name a facet is neither positive nor negative for it.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 2])
    model = new_model()

    def embed(texts: list[str]) -> torch.Tensor:
        return model(model.preprocess(texts))["sentence_embedding"]

    def loss_at(step: int) -> torch.Tensor:
        answers, asked = answer_words(rng), queries(rng)
        part = [scenes[i] for i in rng.integers(len(scenes), size=CAPTIONS)]
        captions, named = zip(*(coco_like(scene, rng) for scene in part), strict=True)
        texts = [t for *_, t in answers + asked] + [finish(c, rng) for c in captions]
        a, q, c = embed(texts).split([len(answers), len(asked), CAPTIONS])  # (·, D)
        same = torch.tensor([[x[:2] == y[:2] for y in asked] for x in answers])
        true = torch.tensor([[t.get(f) == x for t in named] for f, x, _ in answers])
        unnamed = torch.tensor([[f not in t for t in named] for f, *_ in answers])
        loss = both_ways(SCALE * a @ q.T, same)
        return loss + both_ways(SCALE * a @ c.T, true, unnamed) / 4

    def measure() -> dict:
        return {"texts": tune_accuracy(model)}

    parameters = list(model.parameters())
    log = optimise(parameters, loss_at, steps, RATE, measure, name="text")
    return model, log


def tune_accuracy(model: SentenceTransformer) -> dict[str, float]:
    """Share of answers whose own tune query is the nearest, by facet; and macro.

    Every wording of every label asks; the tune queries of all facets' labels compete.
    """
    labels = [(facet, x) for facet in FACETS for x in all_labels()[facet]]
    rows = model.encode([text_of(*label) for label in labels])
    found = {}
    for facet in FACETS:
        asked = [
            (labels.index((facet, label)), words)
            for label in all_labels()[facet]
            for words in LABEL_WORDS[facet](label)
        ]
        nearest = (model.encode([words for _, words in asked]) @ rows.T).argmax(1)
        hits = [n == own for (own, _), n in zip(asked, nearest, strict=True)]
        found[facet] = round(float(np.mean(hits)), 3)
    return found | {"macro": round(float(np.mean(list(found.values()))), 3)}
