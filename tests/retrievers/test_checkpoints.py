"""Checkpoints that do not fit are refused, and processors get their settings."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file

from cocofacet.io import InputError
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.zoo import ROWS
from rehearsal.tiny_checkpoints import (
    save_blip2,
    save_clip,
    save_llava_next_mistral,
    save_llave,
    save_phi3_v,
    save_qwen2vl,
    save_qwen3vl,
    save_siglip2,
    save_text_embedder,
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


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return save_qwen2vl(tmp_path_factory.mktemp("sound"))


def written(name, content):
    return lambda folder: (folder / name).write_text(content)


def with_a_weight_of(value):
    def change(folder):
        file = folder / "model.safetensors"
        weights = load_file(file)
        name = next(name for name in weights if name.startswith("visual."))
        weights[name].view(-1)[-1] = value
        save_file(weights, file, metadata={"format": "pt"})

    return change


def with_weights_of(kind):
    """The last weight of the visual tower, and whole numbers that are none."""

    def change(folder):
        file = folder / "model.safetensors"
        weights = load_file(file)
        name = next(name for name in weights if name.startswith("visual."))
        weights[name] = weights[name].to(kind)
        save_file(weights, file, metadata={"format": "pt"})

    return change


def with_another_tokenizer(change):
    def replaced(folder):
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        change(tokenizer)
        tokenizer.save_pretrained(folder)

    return replaced


def words_added(count):
    return lambda tokenizer: tokenizer.add_tokens([f"word{n}" for n in range(count)])


def edited(name, old, new):
    def change(folder):
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return change


def with_an_index_of(content):
    return written("model.safetensors.index.json", content)


def indexed(place):
    """All weights are in ``place``, relative to the folder."""

    def change(folder):
        elsewhere = folder.parent / "elsewhere.safetensors"
        shutil.copy(folder / "model.safetensors", elsewhere)
        (folder / "folder").mkdir()
        (folder / "dangling.safetensors").symlink_to(folder / "nothing")
        at = place.format(parent=folder.parent)
        index = {"metadata": {}, "weight_map": {"norm.weight": at}}
        with_an_index_of(json.dumps(index))(folder)

    return change


def dangling(name):
    def change(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(folder / "nothing")

    return change


INDEX = "weights: model.safetensors.index.json"
DAMAGED = {  # what is done to a checkpoint -> what is said of it
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "its tokenizer's file"),
    "a tokenizer that is a list": (written("tokenizer.json", "[]"), "cannot be loaded"),
    "settings that are null": (written("config.json", "null"), "cannot be loaded"),
    "settings of a tokenizer that are null": (
        written("tokenizer_config.json", "null"),
        "cannot be loaded",
    ),
    "NaN": (with_a_weight_of(float("nan")), "no finite number in torch.float32"),
    "infinity": (with_a_weight_of(float("-inf")), "no finite number in torch.float32"),
    "whole numbers": (with_weights_of(torch.int8), "safetensors is of type I8, and we"),
    "booleans": (with_weights_of(torch.bool), "safetensors is of type BOOL, and we"),
    "complex numbers": (with_weights_of(torch.complex64), "is of type C64, and we"),
    "a tokenizer larger than the table": (
        with_another_tokenizer(words_added(1)),
        "gives the id 356, and its table of embeddings has 356 rows",
    ),
    "a tokenizer without a mark of the template": (
        edited("tokenizer.json", "<|vision_end|>", "<|vision_over|>"),
        "its tokenizer has no <|vision_end|>",
    ),
    "another token for a picture": (
        edited("config.json", '"image_token_id": 3', '"image_token_id": 4'),
        "<|image_pad|> is token 3 of its tokenizer, and 4 in config.json",
    ),
    "an index of a folder": (indexed("folder"), f"{INDEX}: folder is missing"),
    "an index of a link to nothing": (indexed("dangling.safetensors"), "is missing"),
    "an index that leads out": (indexed("../elsewhere.safetensors"), "another folder"),
    "an index from the root": (
        indexed("{parent}/elsewhere.safetensors"),
        "is in another folder",
    ),
    "an index that is a list": (with_an_index_of("[]"), f"{INDEX} is no index of wei"),
    "an index that is null": (with_an_index_of("null"), f"{INDEX} is no index of wei"),
    "an index of a list": (with_an_index_of('{"weight_map": []}'), "is no index of"),
    "a deep index": (with_an_index_of("[" * 10_000), f"{INDEX} is no index of weights"),
    "weights that are a link to nothing": (
        dangling("model.safetensors"),
        "checkpoint: cannot be read (No such file or directory)",
    ),
    "another file that is a link to nothing": (
        dangling("more.json"),
        "more.json: checkpoint: cannot be read (No such file or directory)",
    ),
    "a device where a file belongs": (
        lambda folder: (folder / "more.json").symlink_to(os.devnull),
        "more.json: checkpoint: cannot be read (it is no plain file)",
    ),
    "a folder where a file belongs": (
        lambda folder: (folder / "more.json").mkdir(),
        "more.json: checkpoint: cannot be read (Is a directory)",
    ),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_checkpoint_is_one_line_that_names_it(kind, sound, tmp_path):
    damage, said = DAMAGED[kind]
    folder = shutil.copytree(sound, tmp_path / "checkpoint")
    damage(folder)
    with pytest.raises(InputError) as caught:
        loading.load("tiny-qwen2vl", checkpoint=folder)
    line = str(caught.value)
    assert line.startswith(str(folder)) and said in line and "\n" not in line


TOKENIZERS = {  # a row -> a checkpoint of its family
    "tiny-qwen2vl": save_qwen2vl,
    "qwen3-vl-embedding-2b": save_qwen3vl,
    "vlm2vec-llava-next": save_llava_next_mistral,
    "vlm2vec-phi-3.5-v": save_phi3_v,
    "llave-0.5b": save_llave,
    "blip2-itm": save_blip2,
    "siglip2-so400m-384": save_siglip2,
}


@pytest.mark.parametrize("row", TOKENIZERS)
@pytest.mark.parametrize("lost", ["tokenizer.json", "tokenizer*"])
def test_a_checkpoint_without_a_tokenizer(row, lost, tmp_path):
    folder = TOKENIZERS[row](tmp_path / "checkpoint")
    loading.load(row, "cpu", "fp32", folder)
    for pattern in (lost, "vocab*", "merges*", "special*"):
        for file in folder.glob(pattern):
            file.unlink()
    with pytest.raises(
        InputError, match="its tokenizer's files are missing or damaged"
    ):
        loading.load(row, "cpu", "fp32", folder)


@pytest.mark.parametrize("row", TOKENIZERS)
def test_a_tokenizer_of_a_larger_model(row, tmp_path):
    folder = TOKENIZERS[row](tmp_path / "checkpoint")
    with_another_tokenizer(words_added(300))(folder)
    with pytest.raises(InputError, match=r"embedding.* has .* they are of two models"):
        loading.load(row, "cpu", "fp32", folder)


def test_a_table_smaller_than_open_clips_own_tokenizer(tmp_path):
    folder = save_clip(tmp_path)
    edited("open_clip_config.json", '"vocab_size": 49408', '"vocab_size": 100')(folder)
    (file,) = folder.glob("*.safetensors")
    weights = load_file(file)
    name = "token_embedding.weight"
    weights[name] = weights[name][:100].clone()
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(InputError, match="has 100 rows: they are of two models"):
        loading.load("tiny-clip", checkpoint=folder)


def test_a_text_embedder_with_a_larger_tokenizer(tmp_path):
    folder = save_text_embedder(tmp_path / "text")
    loading.load("tiny-answers", text_checkpoint=folder)
    with_another_tokenizer(words_added(1))(folder)
    with pytest.raises(InputError, match=r"embedding.* has .* they are of two models"):
        loading.load("tiny-answers", text_checkpoint=folder)


@pytest.mark.parametrize("device", ["meta", "", "cuda:9999", "none:such", "cpu:x"])
def test_a_device_that_cannot_compute(device, tmp_path):
    with pytest.raises(
        InputError, match=r"zoo: device: .* cannot be used here"
    ) as caught:
        loading.load("tiny-clip", device, checkpoint=save_clip(tmp_path))
    assert "\n" not in str(caught.value)
