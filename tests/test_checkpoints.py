"""The shipped tiny checkpoints: complete, small, readable by the libraries alone."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from facetworld import qwen_rows, tiny_clip, tiny_qwen

# isort: split
import open_clip
from transformers import AutoModel, AutoProcessor

from facetworld.draw import render
from facetworld.scene import sample
from facetworld.train_qwen import VARIANTS
from facetworld.train_warmup import ASKED
from facetworld.words import all_labels, labels_of

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "src" / "cocofacet" / "checkpoints"
NAMES = ("tiny-clip", *VARIANTS)
ALL_TOGETHER = 25e6  # bytes


def test_all_four_are_here_and_together_small():
    assert {folder.name for folder in SHIPPED.iterdir()} == set(NAMES)
    files = [path for path in SHIPPED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < ALL_TOGETHER
    assert not [p for p in files if p.suffix in (".bin", ".pt", ".pkl", ".py")]


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_half_precision_and_finite(name):
    (path,) = (SHIPPED / name).glob("*.safetensors")
    with safe_open(path, "pt") as file:
        for key in file.keys():  # noqa: SIM118  (not a dict)
            tensor = file.get_tensor(key)
            if tensor.is_floating_point():
                assert tensor.dtype == torch.float16
                assert tensor.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_the_training_record_says_what_made_it(name):
    record = json.loads((ROOT / "results/training" / f"{name}-seed0.json").read_text())
    assert record["settings"]["seed"] == 0
    assert record["log"][-1]["step"] == record["settings"]["steps"]
    assert record["log"][-1]["loss"] < record["log"][0]["loss"]
    if name in VARIANTS:
        asked = list(VARIANTS[name]["asked"])
        assert record["settings"]["variant"] == name
        assert record["settings"]["asked"] == asked


@pytest.fixture(scope="module")
def tune():
    scenes = sample(120, seed=3, split="tune")
    return scenes, np.stack([np.asarray(render(scene)) for scene in scenes])


def accuracy(scenes, facet, images, texts) -> float:
    """Share of labelled pictures whose own label's text is the nearest of all."""
    labels = all_labels()[facet]
    nearest = (images @ texts.T).argmax(1)
    hits = [
        labels[n] == labels_of(scene)[facet]
        for n, scene in zip(nearest, scenes, strict=True)
        if labels_of(scene)[facet] is not None
    ]
    return float(np.mean(hits))


@pytest.mark.parametrize("name", VARIANTS)
def test_a_qwen_loads_silently_and_answers_what_it_is_asked(name, tune):
    folder = SHIPPED / name
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        processor = AutoProcessor.from_pretrained(folder)
        _, info = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"] and not info["mismatched_keys"]
    image = Image.fromarray(tune[1][0])
    inputs = processor(text=[tiny_qwen.GENERAL], images=[image], return_tensors="pt")
    assert inputs["image_grid_thw"].tolist() == [[1, 8, 8]]

    model, processor = tiny_qwen.load(folder)
    strings = qwen_rows.Strings(processor.tokenizer)
    question = "What kind of sky and weather is it?"  # not a trained one
    general, prompted = qwen_rows.embed_pictures(model, strings, tune[1], [question])
    texts = [f"{label} weather" for label in all_labels()["weathers"]]
    texts = qwen_rows.embed_texts(model, strings, texts)
    if VARIANTS[name]["asked"]:
        assert accuracy(tune[0], "weathers", prompted, texts) > 0.6
    places = [f"a picture of a {label}" for label in all_labels()["scenes"]]
    places = qwen_rows.embed_texts(model, strings, places)
    assert accuracy(tune[0], "scenes", general, places) > 0.6


def test_the_clip_loads_by_its_folder_and_knows_places(tune):
    folder = f"local-dir:{SHIPPED / 'tiny-clip'}"
    model, _, preprocess = open_clip.create_model_and_transforms(folder)
    tokenize = open_clip.get_tokenizer(folder)
    model.eval()
    texts = [f"a photo of a {label}" for label in all_labels()["scenes"]]
    with torch.no_grad():
        pixels = torch.stack([preprocess(Image.fromarray(p)) for p in tune[1]])
        images = model.encode_image(pixels, normalize=True).numpy()
        texts = model.encode_text(tokenize(texts), normalize=True).numpy()
    assert np.allclose(images, tiny_clip.embed_pictures(model, tune[1]), atol=1e-5)
    assert accuracy(tune[0], "scenes", images, texts) > 0.6


def test_held_out_questions_stay_held_out():
    assert not {"times", "materials"} & set(ASKED)
