"""A dual encoder embeds as open_clip does, and refuses prompts."""

import numpy as np
import pytest
import torch
from PIL import Image

from cocofacet.retrievers import load as loading
from rehearsal.tiny_checkpoints import open_clip, save_clip


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_clip(tmp_path_factory.mktemp("tiny-clip"))


@pytest.fixture(scope="module")
def retriever(checkpoint):
    return loading.load("tiny-clip", checkpoint=checkpoint)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    sizes = [(32, 32), (50, 40), (20, 90)]
    pixels = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
    return [Image.fromarray(part) for part in pixels]


def test_images_and_texts_as_the_library_does(retriever, checkpoint, images):
    model, _, preprocess = open_clip.create_model_and_transforms(
        f"local-dir:{checkpoint}"
    )
    model.eval()
    with torch.inference_mode():
        one_by_one = [model.encode_image(preprocess(image)[None]) for image in images]
        texts = model.encode_text(open_clip.tokenize(["a cat", "a dog\n"]))
    expected = torch.nn.functional.normalize(torch.cat(one_by_one), dim=-1)
    found = retriever.embed_images(images)
    assert found.shape == (1, 3, retriever.dim)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    np.testing.assert_allclose(
        retriever.embed_texts(["a cat", "a dog\n"]),
        torch.nn.functional.normalize(texts, dim=-1),
        atol=1e-5,
    )


def test_grey_and_palette_pictures(retriever, images):
    grey = images[0].convert("L")
    np.testing.assert_allclose(
        retriever.embed_images([grey]),
        retriever.embed_images([grey.convert("RGB")]),
    )
    assert retriever.embed_images([images[0].convert("P")]).shape == (1, 1, 32)


@pytest.mark.parametrize("prompts", [("Which animals?",), ("",), (None, "x"), ()])
def test_prompts_are_refused_and_not_ignored(retriever, images, prompts):
    with pytest.raises(ValueError, match="dual encoder"):
        retriever.embed_images(images, prompts)


def test_nothing_asked_nothing_embedded(retriever):
    assert retriever.embed_images([]).shape == (1, 0, retriever.dim)
    assert retriever.embed_texts([]).shape == (0, retriever.dim)
