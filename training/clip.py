"""Train the tiny CLIP: pictures and COCO-like captions, in-batch contrast."""

import numpy as np
import torch

from facetworld.scene import Scene
from training import tiny_clip
from training.captions import RATES, coco_like
from training.language import FACETS, all_labels, finish, labels_of
from training.objective import both_ways
from training.optimise import optimise
from training.tune import pools, recall, text_of

BATCH = 128
RATE = 1.5e-3
MAX_SCALE = 100.0  # as CLIP clips its learned temperature

# The caption-rate experiment: the facets of RATES are all named this often.
CAPTION_RATES = (0.0, 0.03, 0.1, 0.3, 1.0)
LONG_CONTEXT = 32  # 24 tokens would cut a fifth of the captions that name everything


def told_of(told: list[dict], scenes: list[Scene]) -> torch.Tensor:
    """Which captions are true of which pictures: (captions, pictures) bool.

    A caption that says "a dog in a park" is true of every dog in a park, and such a
    picture must not count as a negative of it.
    """
    labels = [labels_of(scene) for scene in scenes]
    return torch.tensor(
        [[all(have[f] == t[f] for f in t) for have in labels] for t in told]
    )


def train_clip(
    scenes: list[Scene],
    pictures: np.ndarray,
    tune_scenes: list[Scene],
    tune_pictures: np.ndarray,
    steps: int,
    seed: int,
    batch: int = BATCH,
    rate: float = RATE,
    measure_every: int = 0,
    rates: dict[str, float] = RATES,
    context: int = tiny_clip.CONTEXT,
):
    """Returns (model, tokenizer, log).

    `rates` is how often a caption names each facet of RATES, `context` how many
    tokens of it are read.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    batch = min(batch, len(scenes))
    tokenizer = tiny_clip.new_tokenizer(context)
    model = tiny_clip.new_model(tokenizer).to(memory_format=torch.channels_last)

    def loss_at(step: int) -> torch.Tensor:
        model.train()
        chosen = np.sort(rng.choice(len(scenes), batch, replace=False))
        part = [scenes[i] for i in chosen]
        captions, told = zip(
            *(coco_like(scene, rng, rates) for scene in part), strict=True
        )
        texts = [finish(caption, rng) for caption in captions]
        tokens = tiny_clip.tokens_of(tokenizer, texts)
        pixels = tiny_clip.pixels_of(pictures[chosen])
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            seen = model.encode_image(pixels, normalize=True)
            read = model.encode_text(tokens, normalize=True)
        scale = model.logit_scale.exp().clamp(max=MAX_SCALE)
        return both_ways(scale * read.float() @ seen.float().T, told_of(told, part))

    per_facet = pools(tune_scenes, 100)

    def measure() -> dict:
        images = tiny_clip.embed_pictures(model, tune_pictures)
        found = {}
        for facet in FACETS:
            labels = all_labels()[facet]
            texts = [text_of(facet, label) for label in labels]
            rows = tiny_clip.embed_texts(model, tokenizer, texts)
            by_label = dict(zip(labels, rows, strict=True))
            found[facet] = [
                round(recall(per_facet[facet], by_label, images, k), 3) for k in (1, 5)
            ]
        mean = np.mean(list(found.values()), axis=0).round(3).tolist()
        return {"general": {**found, "macro": mean}}

    parameters = list(model.parameters())
    log = optimise(parameters, loss_at, steps, rate, measure, measure_every, "clip")
    return model, tokenizer, log
