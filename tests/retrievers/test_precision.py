"""Every family and architecture in every precision: finite, and close to fp32."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from PIL import Image

from cocofacet.retrievers import load as loading
from cocofacet.retrievers.zoo import ROWS
from rehearsal.tiny_checkpoints import ARCHITECTURES, save_text_embedder

TEXTS = ["Find me an image.\n", "How many people are present in this image?"]
# The largest distance between unit vectors; 8 and 11 bits of each number are kept, and
# random weights are large.
CLOSE = {"bf16": 0.2, "fp16": 0.025}
# The first row of each family and architecture; the others load the same classes.
CASES = {
    (row.family, row.architecture): row
    for row in reversed(ROWS.values())
    if row.architecture
}


@pytest.mark.parametrize("row", CASES.values(), ids=[" ".join(case) for case in CASES])
def test_half_precision_is_close_to_full(row, tmp_path):
    checkpoint = ARCHITECTURES[row.architecture](tmp_path / "model")
    options = {"checkpoint": checkpoint}
    if row.answers:
        options["text_checkpoint"] = save_text_embedder(tmp_path / "text")
        options["max_new_tokens"] = 2
    pixels = np.random.default_rng(0).integers(0, 256, (2, 100, 128, 3), np.uint8)
    images = [Image.fromarray(part) for part in pixels]
    prompts = (None, "How many people?") if row.promptable else (None,)

    def embedded(precision):
        retriever = loading.load(row.name, precision=precision, **options)
        assert retriever.fingerprint["precision"] == precision
        return retriever.embed_images(images, prompts), retriever.embed_texts(TEXTS)

    full = embedded("fp32")
    for precision, distance in CLOSE.items():
        half = embedded(precision)
        assert all(np.isfinite(vectors).all() for vectors in half)
        # An answer's words may turn on the last digit; what they mean here is noise.
        kept = slice(1 if row.answers else 0, None)
        for near, exact in zip(half[kept], full[kept], strict=True):
            apart = np.linalg.norm(near - exact, axis=-1).max()
            assert 0 < apart < distance  # 0: it was computed in full precision


@pytest.mark.parametrize("has_bf16", [True, False])
def test_a_gpu_without_bf16_takes_the_second_choice_and_says_so(
    has_bf16, monkeypatch, caplog
):
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: has_bf16)
    row = ROWS["vlm2vec-qwen2vl-2b"]
    found = loading.precision_here(row, None, "cuda:0")
    assert found == ("bf16" if has_bf16 else "fp16")
    said = "vlm2vec-qwen2vl-2b: cuda:0 has no bf16; running in fp16 instead"
    assert caplog.messages == ([] if has_bf16 else [said])
    assert loading.precision_here(row, "fp32", "cuda:0") == "fp32"
    assert loading.precision_here(row, None, "cpu") == "bf16"
