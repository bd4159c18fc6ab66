"""Models at their real size: the configurations written out are those of the rows."""

import re

import numpy as np
import pytest
import real_size
import sizes
from PIL import Image

from cocofacet.retrievers.cost import parameters
from cocofacet.retrievers.mllm import MllmRetriever
from cocofacet.retrievers.zoo import ROWS

REAL = [row for row in ROWS.values() if row.parameters]


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, marks=pytest.mark.more, id=row.name) for row in REAL],
)
def test_parameters_and_image_tokens_are_those_that_the_row_states(row, tmp_path):
    retriever = real_size.load(row, tmp_path, "meta", row.precision)
    assert retriever.dim == row.dim
    models = [retriever.model, *filter(None, [getattr(retriever, "embedder", None)])]
    count = sum(p.numel() for model in models for p in model.parameters())
    counts = [count]
    if isinstance(retriever, MllmRetriever):
        # The layer that turns states into words may be in the files, not in memory.
        counts.append(count + retriever.model.get_input_embeddings().weight.numel())
    stated = pytest.approx(parameters(row), rel=0.015)
    assert any(each == stated for each in counts), counts
    assert all(p.is_meta for p in retriever.model.parameters())
    if row.promptable:
        inputs = retriever.prepare([Image.new("RGB", (640, 480))], (None,))
        ids = inputs["packed"]["ids"] if "packed" in inputs else None
        ids = inputs["passes"][0]["input_ids"] if ids is None else ids
        seen = int((ids == retriever.processor.image_token_id).sum())
        # An answer's row states the words that it may have, too.
        assert (row.image_tokens * 0.85 if row.answers else row.image_tokens) <= seen
        assert seen <= row.image_tokens


def test_every_row_has_a_real_size_and_every_size_a_row():
    assert {(row.architecture, row.parameters) for row in REAL} == set(sizes.SIZES)


@pytest.mark.parametrize(
    "name",
    [
        "embeddinggemma-2",
        pytest.param("vlm2vec-phi-3.5-v", marks=pytest.mark.more),
        pytest.param("llave-0.5b", marks=pytest.mark.more),
        pytest.param("llave-2b", marks=pytest.mark.more),
        pytest.param("llave-7b", marks=pytest.mark.more),
        pytest.param("mm-embed", marks=pytest.mark.more),
    ],
)
def test_one_layer_of_the_real_width_embeds_a_picture_and_a_text(name, tmp_path):
    row = ROWS[name]
    retriever = real_size.load(row, tmp_path, "cpu", "bf16", layers=1)
    layers = re.compile(r"layers\.([1-9]\d*)\.")
    assert not [
        key for key, _ in retriever.model.named_parameters() if layers.search(key)
    ]
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    pictures = [Image.fromarray(each) for each in (pixels, 255 - pixels)]
    images = [
        retriever.embed_prepared(retriever.prepare([picture], (None,)))
        for picture in pictures
    ]
    texts = retriever.embed_texts(["a dog", "two cats"])
    for found in (np.concatenate(images)[:, 0], texts):
        assert found.shape == (2, row.dim)
        assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=0.01)
        assert np.abs(found[0] - found[1]).max() > 1e-3


@pytest.mark.parametrize("layers", [1, 2])
def test_a_cut_model_has_fewer_layers_and_its_whole_width(layers, tmp_path):
    row = ROWS["qwen3-vl-embedding-2b"]
    model = real_size.load(row, tmp_path, "meta", "bf16", layers).model
    assert len(model.language_model.layers) == len(model.visual.blocks) == layers
    assert len(model.visual.deepstack_merger_list) == 1  # those of 5, 11 and 17
    assert model.config.text_config.hidden_size == row.dim


def test_random_weights_are_made_in_their_precision(tmp_path, monkeypatch):
    row = ROWS["qwen3-vl-embedding-2b"]
    monkeypatch.setitem(
        sizes.SIZES, (row.architecture, row.parameters), sizes.Size("", {})
    )
    retriever = real_size.load(row, tmp_path, "cpu", "bf16")
    assert {str(p.dtype) for p in retriever.model.parameters()} == {"torch.bfloat16"}
    vectors = retriever.embed_texts(["a dog", "two cats"])
    assert np.isfinite(vectors).all() and np.abs(vectors[0] - vectors[1]).max() > 1e-3
