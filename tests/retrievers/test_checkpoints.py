"""Checkpoints that do not fit are refused, and processors get their settings."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from cocofacet.io import InputError
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.zoo import ROWS
from rehearsal.tiny_checkpoints import (
    save_llava_next_mistral,
    save_qwen2vl,
    save_qwen3vl,
)

SIZES = [(56, 56), (128, 128), (60, 140), (28, 56), (128, 128)]


def test_weights_of_another_shape_are_refused(tmp_path):
    save_qwen2vl(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    lost = next(name for name in weights if name.endswith("q_proj.weight"))
    weights["extra.weight"] = weights.pop(lost)
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match="keys missing or left over"):
        loading.load("tiny-qwen2vl", checkpoint=tmp_path)


@pytest.mark.parametrize("save", [save_qwen2vl, save_qwen3vl])
def test_the_most_pixels_of_a_picture(save, tmp_path):
    row = replace(ROWS["tiny-qwen2vl"], max_pixels=4 * 32 * 32)
    checkpoint = save(tmp_path)
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (*s, 3), dtype=np.uint8) for s in SIZES]
    images = [Image.fromarray(part) for part in pixels]
    small, large = (
        loading.load(r, checkpoint=checkpoint)
        for r in (row, replace(row, max_pixels=None))
    )
    grids = small.prepare(images, (None,))["images"]["image_grid_thw"]
    assert (grids.prod(dim=1) <= 4 * 4).all()  # patches, four a token
    assert (large.prepare(images, (None,))["images"]["image_grid_thw"] > grids).any()
    assert small.fingerprint != large.fingerprint
    a, b = (r.embed_images(images)[0] for r in (small, large))
    assert np.abs(a[1] - b[1]).max() > 0.01


def test_pixels_of_a_processor_that_counts_none(tmp_path):
    row = replace(ROWS["vlm2vec-llava-next"], max_pixels=1000)
    with pytest.raises(InputError, match="max_pixels"):
        loading.load(row, "cpu", "fp32", save_llava_next_mistral(tmp_path))
