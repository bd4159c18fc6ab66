"""Train the tiny CLIP: pictures and COCO-like captions, in-batch contrast."""

from functools import partial

import numpy as np
import torch

from facetworld.scene import Scene
from training import tiny_clip
from training.captions import RATES, coco_like
from training.language import FACETS, finish, labels_of
from training.objective import both_ways
from training.optimise import optimise
from training.pictures import Rendered
from training.tune import pools, query_rows, recall_by_facet

BATCH = 128
RATE = 1.5e-3
MAX_SCALE = 100.0  # as CLIP clips its learned temperature

# The caption-rate experiment: the facets of RATES are all named this often.
CAPTION_RATES = (0.0, 0.03, 0.1, 0.3, 1.0)
LONG_CONTEXT = 32  # 24 tokens would cut a fifth of the captions that name everything


def true_of(named: list[dict], scenes: list[Scene]) -> torch.Tensor:
    """Which captions are true of which pictures: (captions, pictures) bool.

    `named` holds the labels that each caption names. "A dog in a park" is true of every
    dog in a park, and such a picture must not count as a negative of it.
    """
    labels = [labels_of(scene) for scene in scenes]
    return torch.tensor(
        [[all(have[f] == t[f] for f in t) for have in labels] for t in named]
    )


def train_clip(
    train: Rendered,
    tune: Rendered,
    steps: int,
    seed: int,
    measure_every: int = 0,
    rates: dict[str, float] = RATES,
    context: int = tiny_clip.CONTEXT,
):
    """Returns (model, tokenizer, log).

    `rates` is how often a caption names each facet of RATES, `context` the number of
    its tokens that are read.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    batch = min(BATCH, len(train.scenes))
    tokenizer = tiny_clip.new_tokenizer(context)
    model = tiny_clip.new_model(tokenizer).to(memory_format=torch.channels_last)

    def loss_at(step: int) -> torch.Tensor:
        model.train()
        chosen = np.sort(rng.choice(len(train.scenes), batch, replace=False))
        part = [train.scenes[i] for i in chosen]
        captions, named = zip(
            *(coco_like(scene, rng, rates) for scene in part), strict=True
        )
        texts = [finish(caption, rng) for caption in captions]
        tokens = tiny_clip.tokens_of(tokenizer, texts)
        pixels = tiny_clip.pixels_of(train.pictures[chosen])
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            images = model.encode_image(pixels, normalize=True)  # (B, D)
            texts = model.encode_text(tokens, normalize=True)  # (B, D)
        scale = model.logit_scale.exp().clamp(max=MAX_SCALE)
        similarity = scale * texts.float() @ images.float().T  # (texts, images)
        return both_ways(similarity, true_of(named, part))

    tune_pools = pools(tune.scenes, 100)

    def measure() -> dict:
        images = tiny_clip.embed_pictures(model, tune.pictures)
        queries = query_rows(partial(tiny_clip.embed_texts, model, tokenizer))
        by_facet = dict.fromkeys(FACETS, images)
        return {"general": recall_by_facet(tune_pools, queries, by_facet)}

    parameters = list(model.parameters())
    log = optimise(parameters, loss_at, steps, RATE, measure, measure_every, "clip")
    return model, tokenizer, log
