"""One pass for all prompts is exact, and does not depend on who shares the batch."""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
import torch
from PIL import Image

from cocofacet.retrievers import load as loading
from cocofacet.retrievers import zoo
from cocofacet.retrievers.base import BARE, Checkpoint
from cocofacet.retrievers.mllm import MllmRetriever
from rehearsal.tiny_checkpoints import (
    save_llava_next_mistral,
    save_qwen2vl,
)

PROMPTS = (
    None,
    BARE,
    "How many people are present in this image?",
    "What is the weather like in this image?",
    "How many",
    "What? ",
)
SIZES = [(56, 56), (128, 128), (60, 140), (28, 56), (128, 128)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_qwen2vl(tmp_path_factory.mktemp("tiny-qwen2vl"))


@pytest.fixture(scope="module")
def retriever(checkpoint):
    return loading.load("tiny-qwen2vl", checkpoint=checkpoint)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in SIZES]
    return [Image.fromarray(part) for part in pixels]


def plain(retriever, image, text):
    """The embedding as the library's documentation would have it, nothing shared."""
    images = None if image is None else [image]
    inputs = retriever.processor(text=[text], images=images, return_tensors="pt")
    with torch.inference_mode():
        vector = retriever.model(**inputs).last_hidden_state[0, -1]
    return (vector / vector.norm()).numpy()


def test_templates_are_the_authors():
    row = zoo.ROWS["tiny-qwen2vl"]
    image = "<|vision_start|><|image_pad|><|vision_end|>"
    assert row.general == image + " Represent the given image."
    assert row.prompted.format(question="Where?") == (
        image + "\nRepresent the given image with the following question: Where?\n"
    )


def test_one_pass_equals_plain_computation(retriever, images):
    assert retriever.one_pass
    found = retriever.embed_images(images, PROMPTS)
    assert found.shape == (len(PROMPTS), len(images), retriever.dim)
    assert found.dtype == np.float32
    for prompt, vectors in zip(PROMPTS, found, strict=True):
        text = retriever.prepare.template(prompt)
        expected = [plain(retriever, image, text) for image in images]
        np.testing.assert_allclose(vectors, expected, atol=1e-5)
    # The prompts do matter here, or the test would show nothing.
    for other in found[1:]:
        assert np.abs(found[0] - other).max() > 0.05


def test_one_pass_equals_separate_passes(retriever, checkpoint, images):
    apart = loading.load("tiny-qwen2vl", checkpoint=checkpoint, one_pass=False)
    assert apart.fingerprint == retriever.fingerprint
    np.testing.assert_allclose(
        retriever.embed_images(images, PROMPTS),
        apart.embed_images(images, PROMPTS),
        atol=1e-5,
    )


def test_prompts_do_not_see_each_other(retriever, images):
    together = retriever.embed_images(images, PROMPTS)
    backwards = retriever.embed_images(images, PROMPTS[::-1])[::-1]
    alone = [retriever.embed_images(images, (prompt,))[0] for prompt in PROMPTS]
    np.testing.assert_allclose(together, backwards, atol=1e-5)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    twice = retriever.embed_images(images, (BARE, BARE))
    np.testing.assert_allclose(twice, [together[1]] * 2, atol=1e-5)


def test_images_do_not_see_each_other(retriever, checkpoint, images):
    """Pictures of other sizes in the batch change the padding and nothing else."""
    together = retriever.embed_images(images, PROMPTS)
    for number, image in enumerate(images):
        alone = retriever.embed_images([image], PROMPTS)[:, 0]
        np.testing.assert_allclose(together[:, number], alone, atol=1e-5)
    small = loading.load("tiny-qwen2vl", checkpoint=checkpoint, batch_size=2)
    np.testing.assert_allclose(together, small.embed_images(images, PROMPTS), atol=1e-5)


def test_eager_attention_agrees(retriever, checkpoint, images):
    eager = loading.load("tiny-qwen2vl", checkpoint=checkpoint)
    eager.model.set_attn_implementation("eager")
    np.testing.assert_allclose(
        retriever.embed_images(images, PROMPTS),
        eager.embed_images(images, PROMPTS),
        atol=1e-5,
    )


def test_a_row_whose_prompt_comes_first_runs_separately(checkpoint, images):
    row = replace(
        zoo.ROWS["tiny-qwen2vl"],
        prompt_after_image=False,
        prompted="{question} <|vision_start|><|image_pad|><|vision_end|>",
    )
    files = Checkpoint(checkpoint, "weights", "0")
    first = MllmRetriever(row, files)
    assert not first.one_pass
    found = first.embed_images(images, ("How many?", "What?"))
    expected = [
        plain(first, image, first.prepare.template("What?")) for image in images
    ]
    np.testing.assert_allclose(found[1], expected, atol=1e-5)
    with pytest.raises(ValueError, match="one pass"):
        MllmRetriever(row, files, one_pass=True)
    # Were the row to lie about it, the packing would notice.
    liar = MllmRetriever(replace(row, prompt_after_image=True), files)
    with pytest.raises(ValueError, match="common beginning"):
        liar.embed_images(images, ("How many?", "What?"))


def test_texts(retriever):
    texts = ["Find me an image.\n", "How many people are present in this image?", "a"]
    found = retriever.embed_texts(texts)
    expected = [plain(retriever, None, text) for text in texts]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert retriever.embed_texts([]).shape == (0, retriever.dim)
    with pytest.raises(ValueError, match="empty"):
        retriever.embed_texts(["a", ""])


def test_nothing_asked_nothing_embedded(retriever, images):
    assert retriever.embed_images([], PROMPTS).shape == (6, 0, retriever.dim)


def test_a_prompt_with_an_image_in_it_is_refused(retriever, images):
    with pytest.raises(ValueError, match="placeholder"):
        retriever.embed_images(images, (BARE, "What is <|image_pad|>?"))


def test_broken_weights_are_noticed(checkpoint, images):
    broken = loading.load("tiny-qwen2vl", checkpoint=checkpoint)
    with torch.no_grad():
        broken.model.language_model.norm.weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="tiny-qwen2vl"):
        broken.embed_images(images, (None,))


def test_pictures_are_squeezed_first(retriever, checkpoint, images):
    row = replace(zoo.ROWS["tiny-qwen2vl"], resize=(84, 56))
    squeezed = loading.load(row, checkpoint=checkpoint)
    np.testing.assert_array_equal(
        squeezed.embed_images(images),
        retriever.embed_images([image.resize((84, 56)) for image in images]),
    )
    assert squeezed.fingerprint != retriever.fingerprint


def test_long_queries_are_cut_and_their_template_is_not(checkpoint):
    row = replace(zoo.ROWS["tiny-qwen2vl"], text="Find: {text}\nAnswer:")
    whole = loading.load(row, checkpoint=checkpoint)
    cut = loading.load(replace(row, max_text=3), checkpoint=checkpoint)
    three = cut.processor.tokenizer("How many people", add_special_tokens=False)
    assert len(three["input_ids"]) == 3
    np.testing.assert_allclose(
        cut.embed_texts(["How many people are present?", "How", ""]),
        whole.embed_texts(["How many people", "How", ""]),
        atol=1e-5,
    )
    assert cut.fingerprint != whole.fingerprint


def test_a_sliding_window_rules_out_one_pass(tmp_path, images):
    """The packed row passes its own mask, which would lift the window."""
    row, checkpoint = zoo.ROWS["vlm2vec-llava-next"], save_llava_next_mistral(tmp_path)
    assert loading.load(row, "cpu", "fp32", checkpoint).one_pass
    config = json.loads((checkpoint / "config.json").read_text())
    config["text_config"]["sliding_window"] = 32
    (checkpoint / "config.json").write_text(json.dumps(config))
    windowed = loading.load(row, "cpu", "fp32", checkpoint)
    assert not windowed.one_pass
    prompt = PROMPTS[2]
    resized = [image.resize(row.resize) for image in images[:1]]
    expected = plain(windowed, resized[0], windowed.prepare.template(prompt))
    found = windowed.embed_images(images[:1], (prompt,))[0, 0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_worker_that_starts_afresh(retriever, images):
    """What prepares pictures arrives in a process that has imported nothing yet."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
        prepared = worker.submit(
            retriever.prepare, images[:2], (None, "What?")
        ).result()
    np.testing.assert_array_equal(
        retriever.embed_prepared(prepared),
        retriever.embed_images(images[:2], (None, "What?")),
    )


def test_fingerprint_tells_checkpoints_apart(retriever, checkpoint, tmp_path):
    other = loading.load("tiny-qwen2vl", checkpoint=save_qwen2vl(tmp_path, seed=1))
    assert other.fingerprint["weights"] != retriever.fingerprint["weights"]
    assert other.revision != retriever.revision
    half = loading.load("tiny-qwen2vl", checkpoint=checkpoint, precision="bf16")
    assert half.fingerprint != retriever.fingerprint


def test_half_precision_is_near(retriever, checkpoint, images):
    half = loading.load("tiny-qwen2vl", checkpoint=checkpoint, precision="bf16")
    a, b = (r.embed_images(images, PROMPTS) for r in (retriever, half))
    assert (a * b).sum(axis=-1).min() > 0.98


def test_the_instruction_stands_once(retriever):
    """Nine questions share the image and the instruction, not only the image."""
    questions = tuple(f"{word}?" for word in "abcdefghi")
    packed = retriever.prepare._packed((None, *questions), 16)
    separate = [retriever.prepare._packed((q,), 16) for q in (None, *questions)]
    assert len(packed.ids) < sum(len(each.ids) for each in separate) / 4
