"""Packed rows give the embeddings of separate ones."""

import numpy as np
import pytest
import torch
from PIL import Image

from training import batches, tiny_qwen
from training.bases import BASES, base_of


@pytest.fixture(scope="module", params=BASES)
def made(request):
    """(base, model with random weights, tokenizer) of each base."""
    torch.manual_seed(0)
    base = BASES[request.param]
    tokenizer = base.new_tokenizer()
    model = base.new_model(tokenizer).eval()
    assert base_of(model) is base
    return base, model, tokenizer


@torch.no_grad()
def test_a_packed_row_equals_separate_rows_of_the_library(made):
    """Our batched pass against transformers' own, processor and templates included."""
    base, model, tokenizer = made
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    images = [Image.fromarray(p) for p in pictures]
    processor = base.new_processor(tokenizer)
    questions = ["How many people are there?", "Where is this?", "What is it made of?"]
    templates = [base.GENERAL] + [base.PROMPTED.format(text) for text in questions]
    strings = batches.Strings(base, tokenizer)
    ours = batches.prompt_row(questions, strings)
    look, read = batches.passes(base, compiled=False)
    states = read(model, ours, look(model, pictures))
    columns = ours.ends[0][[1, 3, 4, 5]]
    for template, column in zip(templates, columns, strict=True):
        inputs = processor(text=[template] * 2, images=images, return_tensors="pt")
        names = [k for k in ("pixel_values", "image_grid_thw") if k in inputs]
        pixels = {k: inputs[k] for k in names}
        alone = torch.stack(
            list(model.model.get_image_features(**pixels).pooler_output)
        )
        assert torch.allclose(alone, look(model, pictures), atol=1e-5)
        plain = _plain(model, inputs)
        assert torch.allclose(plain[:, -1], states[:, column], atol=1e-5)


def _plain(model, inputs):
    model.set_attn_implementation("sdpa")
    try:
        return model.model(**inputs, use_cache=False).last_hidden_state
    finally:
        model.set_attn_implementation("matrix_products")


def test_qwens_picture_positions_are_the_librarys():
    tokenizer = tiny_qwen.new_tokenizer()
    model = tiny_qwen.new_model(tokenizer)
    ids = torch.tensor([tiny_qwen.picture_ids(tokenizer)])
    kinds = (ids == model.config.image_token_id).int()
    positions, _ = model.model.get_rope_index(ids, kinds, torch.tensor([[1, 8, 8]]))
    assert positions[:, 0].tolist() == tiny_qwen.picture_positions().tolist()


@torch.no_grad()
def test_texts_padded_on_the_right_equal_texts_alone(made):
    base, model, tokenizer = made
    strings = batches.Strings(base, tokenizer)
    texts = ["a dog", "There are three people on the beach.\n"]
    together = batches.embed_texts(model, strings, texts)
    for text, row in zip(texts, together, strict=True):
        ids = tokenizer(text, return_tensors="pt")
        last = _plain(model, ids)[0, -1].numpy()
        assert np.allclose(row, last / np.linalg.norm(last), atol=1e-5)
