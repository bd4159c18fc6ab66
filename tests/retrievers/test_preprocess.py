"""Pictures as they are found: every family shows its model what a viewer would see, or
says which picture it cannot show."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cocofacet.io import InputError
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.preprocess import MllmInputs
from cocofacet.retrievers.zoo import ROWS
from rehearsal.tiny_checkpoints import ARCHITECTURES, save_text_embedder

# A row of each family, and of each way in which one treats sizes.
FAMILIES = {
    "dual": ("tiny-clip", "CLIP"),
    "blip2": ("blip2-itm", "BLIP-2"),
    "answer": ("answer-llava-1.5-7b", "LLaVA"),
    "mllm that sizes by pixels": ("tiny-qwen2vl", "Qwen2-VL"),
    "mllm that cuts crops": ("vlm2vec-llava-next", "LLaVA-NeXT on Mistral"),
}


@pytest.fixture(scope="module", params=FAMILIES)
def retriever(request, tmp_path_factory):
    name, architecture = FAMILIES[request.param]
    folder = tmp_path_factory.mktemp("checkpoint")
    options = {}
    if ROWS[name].answers:
        options["text_checkpoint"] = save_text_embedder(folder / "text")
        options["max_new_tokens"] = 8
    checkpoint = ARCHITECTURES[architecture](folder / "model")
    return loading.load(name, precision="fp32", checkpoint=checkpoint, **options)


@pytest.fixture(scope="module")
def photo():
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((90, 60), Image.Resampling.BICUBIC)


def embedded(retriever, *images):
    return retriever.embed_images(list(images))[0]


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LA", "RGBA"])
def test_other_modes_are_seen_as_a_viewer_shows_them(retriever, photo, mode):
    image = photo.convert(mode)
    found, shown = embedded(retriever, image), image.convert("RGB")
    np.testing.assert_allclose(found, embedded(retriever, shown), atol=1e-5)


def test_sixteen_bits_a_pixel(retriever, photo):
    grey = photo.convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    found = embedded(retriever, deep)
    np.testing.assert_allclose(found, embedded(retriever, grey), atol=1e-5)


def test_a_camera_held_sideways(retriever, photo, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by a quarter
    photo.save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as sideways:
        found = embedded(retriever, sideways)
    upright = photo.transpose(Image.Transpose.ROTATE_270)
    np.testing.assert_allclose(found, embedded(retriever, upright), atol=1e-5)


def test_sizes_of_all_kinds_together(retriever, photo):
    sizes = [(1, 1), (90, 60), (3, 1), (60, 180), (400, 30), (2, 3)]
    images = [photo.resize(size) for size in sizes]
    together = embedded(retriever, *images)
    alone = [embedded(retriever, image)[0] for image in images]
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_a_picture_far_too_wide_is_shown_or_named(retriever, photo, tmp_path):
    photo.resize((900, 3)).save(tmp_path / "strip.png")
    with Image.open(tmp_path / "strip.png") as strip:
        strip.load()
    if retriever.name == "tiny-qwen2vl":  # it takes no picture of more than 200 to 1
        with pytest.raises(InputError, match=r"strip\.png: image: 900 x 3 pixels"):
            embedded(retriever, photo, strip)
    else:
        assert embedded(retriever, photo, strip).shape == (2, retriever.dim)


@pytest.mark.parametrize(
    ("instruction", "said"),
    [
        ("", "Represent the user's input."),
        (" \n", "Represent the user's input."),
        ("  How many people? ", "How many people?"),
        ("the weather ", "the weather."),
        ("the weather:", "the weather:"),
        ("天气。", "天气。"),
    ],
)
def test_an_instruction_ends_as_in_its_models_own_code(instruction, said):
    chat = "<|im_start|>system\n{question}<|im_end|>\n<|im_start|>user\n "
    row = replace(ROWS["qwen3-vl-embedding-2b"], prompted=chat, text=chat + "{text}")
    inputs = MllmInputs(row, processor=None, packed=False)
    assert inputs.template(instruction) == chat.format(question=said)
    plain = MllmInputs(replace(row, default_instruction=""), None, packed=False)
    assert plain.template(instruction) == chat.format(question=instruction)


def test_tokens_that_see_each_other_take_no_common_pass(tmp_path):
    checkpoint = ARCHITECTURES["EmbeddingGemma 2"](tmp_path)
    options = {"precision": "fp32", "checkpoint": checkpoint}
    with pytest.raises(InputError, match="do not allow one pass"):
        loading.load("embeddinggemma-2", one_pass=True, **options)
