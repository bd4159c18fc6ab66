"""The shipped checkpoints load, and are shown images as they were in training."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

import cocofacet
from cocofacet.benchmark.facets import FACETS
from cocofacet.retrievers import load as loading
from cocofacet.retrievers import zoo
from cocofacet.retrievers.base import BARE
from training import train_contrast

CHECKPOINTS = Path(cocofacet.__file__).parent / "checkpoints"

SHIPPED = [row for row in zoo.ROWS.values() if row.checkpoint.startswith("package:")]
PROMPTS = (None, BARE, *(facet.question for facet in FACETS.values()))


@pytest.fixture(params=SHIPPED, ids=lambda row: row.name)
def row(request):
    reason = loading.missing(request.param)
    if reason:
        pytest.skip(f"{request.param.name}: {reason}")
    return request.param


@pytest.fixture(scope="module")
def images():
    """Smooth pictures: noise is nothing that the models ever saw."""
    rng = np.random.default_rng(0)
    small = [rng.integers(0, 256, (5, 5, 3), dtype=np.uint8) for _ in range(6)]
    return [
        Image.fromarray(s).resize((128, 128), Image.Resampling.BICUBIC) for s in small
    ]


def test_loads_and_embeds(row, images):
    retriever = loading.load(row.name)
    texts = retriever.embed_texts(["Find me an image.\n", "Find me a dog.\n"])
    assert texts.shape == (2, retriever.dim)
    found = retriever.embed_images(images)
    assert found.shape == (1, len(images), retriever.dim)
    assert np.abs(found[0, 0] - found[0, 1:]).max() > 0.01


def test_one_pass_equals_separate_passes(row, images):
    if row.family != "mllm":
        pytest.skip(f"{row.name} takes no prompt, or answers each one for itself")
    together = loading.load(row.name).embed_images(images, PROMPTS)
    apart = loading.load(row.name, one_pass=False).embed_images(images, PROMPTS)
    np.testing.assert_allclose(together, apart, atol=1e-5)


def test_templates_are_those_of_the_training():
    from training import tiny_llava, tiny_qwen

    bases = {"Qwen2-VL": tiny_qwen, "LLaVA": tiny_llava}
    for shipped in SHIPPED:
        if shipped.prompted:
            base, question = bases[shipped.architecture], "Which animals?"
            assert shipped.general == base.GENERAL
            asked = shipped.prompted.format(question=question)
            assert asked == base.PROMPTED.format(question)


def test_temperatures_are_those_of_the_training():
    """Shares among alternatives divide cosines by them."""
    for row in SHIPPED:
        assert row.temperature == (
            0.0319 if row.name == "tiny-clip" else 1 / train_contrast.SCALE
        )
    weights = load_file(CHECKPOINTS / "tiny-clip/open_clip_model.safetensors")
    assert float(np.exp(-weights["logit_scale"])) == pytest.approx(0.0319, abs=5e-5)
