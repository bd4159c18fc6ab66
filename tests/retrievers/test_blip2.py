"""BLIP-2 as one vector an image; that it is the library's is tested elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from cocofacet.retrievers import load as loading
from cocofacet.retrievers.zoo import ROWS
from rehearsal.tiny_checkpoints import save_blip2


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_blip2(tmp_path_factory.mktemp("tiny-blip2"))


@pytest.fixture(scope="module")
def retriever(checkpoint):
    return loading.load("blip2-itm", checkpoint=checkpoint)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3, 40, 60, 3), dtype=np.uint8)
    return [Image.fromarray(part) for part in pixels]


@pytest.mark.parametrize("prompts", [("Which animals?",), ("",), (None, "x"), ()])
def test_prompts_are_refused_and_not_ignored(retriever, images, prompts):
    with pytest.raises(ValueError, match="takes no prompt"):
        retriever.embed_images(images, prompts)
    with pytest.raises(ValueError, match="takes no prompt"):
        retriever.prepare(images, prompts)


def test_nothing_asked_nothing_embedded(retriever):
    assert retriever.embed_images([]).shape == (1, 0, retriever.dim)
    assert retriever.embed_texts([]).shape == (0, retriever.dim)


def test_the_reference_scores_at_least_as_high(retriever, images):
    """It takes the nearest of all query tokens, of which ours is one."""
    texts = ["a dog", "Find me an everyday image."]
    with torch.inference_mode():
        tokens = retriever.tokenizer(texts, padding=True, return_tensors="pt")
        pixels = retriever.prepare(images, (None,))["pixels"]
        reference = [
            retriever.model(
                pixel_values=pixels,
                input_ids=tokens["input_ids"][[row]],
                attention_mask=tokens["attention_mask"][[row]],
            ).logits_per_image[:, 0]
            for row in range(len(texts))
        ]
    scores = retriever.embed_texts(texts) @ retriever.embed_images(images)[0].T
    reference = torch.stack(reference).numpy()
    assert (scores <= reference + 1e-6).all()
    assert (scores < reference - 1e-3).any()  # or the sentence in the docstring is idle


def test_long_texts_are_cut(checkpoint, retriever):
    row = replace(ROWS["blip2-itm"], max_text=5)  # [CLS], three words, [SEP]
    short = loading.load(row, checkpoint=checkpoint)
    found = short.embed_texts(["many people are present", "many people are"])
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    whole = retriever.embed_texts(["many people are present", "many people are"])
    assert np.abs(whole[0] - whole[1]).max() > 1e-3
    assert short.fingerprint != retriever.fingerprint
