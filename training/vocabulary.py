"""Small byte-level BPE vocabularies, learned from training texts only.

open_clip's own tokenizer and Qwen2's work here too, but their 49 and 152 thousand
entries would be most of a model of two million parameters.
"""

import json
from collections.abc import Iterable

import numpy as np
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)

from facetworld.scene import sample
from training.captions import coco_like, dense
from training.language import FACETS, all_answers, finish
from training.questions import QUESTIONS

TEMPLATES = (
    "Represent the given image.",
    "Represent the given image with the following question: ",
)


def training_texts() -> list[str]:
    """Answers, questions, templates and captions of training scenes."""
    rng = np.random.default_rng(0)
    texts = [text for facet in FACETS for text in all_answers(facet)]
    texts += [question for facet in FACETS for question in QUESTIONS[facet]] * 5
    texts += TEMPLATES * 10
    for scene in sample(2000, seed=0, split="train"):
        texts += [coco_like(scene, rng)[0], dense(scene, rng)]
    return [finish(text, rng) for text in texts]


def learn_bpe(
    size: int, split, lowercase: bool = False, more: Iterable[str] = ()
) -> Tokenizer:
    """A byte-level BPE tokenizer of at most `size` entries.

    `split` is the pre-tokenizer that cuts text into words before the merges; `more` are
    texts beside `training_texts`.
    """
    tokenizer = Tokenizer(models.BPE())
    steps = [normalizers.NFC()] + [normalizers.Lowercase()] * lowercase
    tokenizer.normalizer = normalizers.Sequence(steps)
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, to_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*training_texts(), *more], trainer)
    return tokenizer


def pieces_of(bpe: Tokenizer) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary (token to id) and merges of a BPE tokenizer, fresh copies."""
    model = json.loads(bpe.to_str())["model"]
    return dict(model["vocab"]), [tuple(merge) for merge in model["merges"]]
