"""The shipped tiny checkpoints: complete, small, readable by the libraries alone."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from cocofacet.io import COMMITTED
from cocofacet.retrievers.zoo import ROWS
from training import batches, tiny_clip, tiny_mllm

# isort: split
import open_clip
from evaluation_texts import EVALUATION_QUESTIONS, EVALUATION_TEMPLATES
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoModelForImageTextToText, AutoProcessor

from facetworld.drawing.render import render
from facetworld.scene import sample
from training.bases import BASES
from training.language import FACETS, LABEL_WORDS, all_labels, labels_of
from training.train_answers import NEW_TOKENS, says
from training.train_contrast import VARIANTS
from training.train_warmup import ASKED

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "src" / "cocofacet" / "checkpoints"
ANSWERER, TEXT = "tiny-qwen2vl-answers", "tiny-text"
# Variants trained for a study alone have no row, and are not shipped.
PROMPTABLE = [name for name in VARIANTS if name in ROWS]
HALVED = ("tiny-clip", *PROMPTABLE, ANSWERER)
NAMES = (*HALVED, TEXT)
ALL_TOGETHER = 35e6  # bytes


def test_all_are_here_and_together_small():
    assert {folder.name for folder in SHIPPED.iterdir()} == set(NAMES)
    files = [path for path in SHIPPED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < ALL_TOGETHER
    assert not [p for p in files if p.suffix in (".bin", ".pt", ".pkl", ".py")]


@pytest.mark.parametrize("name", HALVED)
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
    record = json.loads((COMMITTED / "training" / f"{name}-seed0.json").read_text())
    assert record["settings"]["seed"] == 0
    assert record["log"][-1]["step"] == record["settings"]["steps"]
    assert record["log"][-1]["loss"] < record["log"][0]["loss"]
    if name in VARIANTS:
        assert record["settings"]["variant"] == name
        assert record["settings"]["asked"] == list(VARIANTS[name].asked)


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


@pytest.mark.parametrize("name", PROMPTABLE)
def test_a_promptable_loads_silently_and_sees_what_it_is_asked(name, tune):
    folder, base = SHIPPED / name, BASES[VARIANTS[name].base]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        processor = AutoProcessor.from_pretrained(folder)
        plain, info = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"] and not info["mismatched_keys"]
    image = Image.fromarray(tune[1][0])
    inputs = processor(text=[base.GENERAL], images=[image], return_tensors="pt")
    assert (
        inputs["input_ids"] == plain.config.image_token_id
    ).sum() == base.PICTURE_TOKENS

    model, processor = tiny_mllm.load(folder)
    strings = batches.Strings(base, processor.tokenizer)
    question = "What kind of sky and weather is it?"  # not a trained one
    general, prompted = batches.embed_pictures(model, strings, tune[1], [question])
    texts = [f"{label} weather" for label in all_labels()["weathers"]]
    texts = batches.embed_texts(model, strings, texts)
    if VARIANTS[name].asked:
        assert accuracy(tune[0], "weathers", prompted, texts) > 0.6
    places = [f"a picture of a {label}" for label in all_labels()["scenes"]]
    places = batches.embed_texts(model, strings, places)
    assert accuracy(tune[0], "scenes", general, places) > 0.6


@pytest.mark.parametrize("name", PROMPTABLE)
@torch.no_grad()
def test_the_library_alone_gives_the_embeddings_of_the_training(name, tune):
    folder, base = SHIPPED / name, BASES[VARIANTS[name].base]
    question = "How many people and animals?"
    model, processor = tiny_mllm.load(folder)
    strings = batches.Strings(base, processor.tokenizer)
    packed = batches.prompt_row([question], strings)
    look, read = batches.passes(base, compiled=False)
    states = read(model, packed, look(model, tune[1][:3]))
    ours = batches.pooled(states, packed.ends[0][[1, 3]])

    library = AutoModel.from_pretrained(folder, dtype=torch.float32)
    images = [Image.fromarray(picture) for picture in tune[1][:3]]
    for n, template in enumerate((base.GENERAL, base.PROMPTED.format(question))):
        inputs = processor(text=[template] * 3, images=images, return_tensors="pt")
        last = library(**inputs).last_hidden_state[:, -1]
        last = torch.nn.functional.normalize(last, dim=-1)
        assert torch.allclose(last, ours[:, n], atol=1e-5)


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


@pytest.mark.parametrize("facet", FACETS)
def test_the_answerer_answers_the_evaluations_question_in_words(facet, tune):
    """Both questions of the facet: scenes and words that it was not trained on."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        processor = AutoProcessor.from_pretrained(SHIPPED / ANSWERER)
        model = AutoModelForImageTextToText.from_pretrained(SHIPPED / ANSWERER)
    labels = [labels_of(scene)[facet] for scene in tune[0]]
    asked = [i for i, label in enumerate(labels) if label is not None][:40]
    images = [Image.fromarray(tune[1][i]) for i in asked]
    for question in EVALUATION_QUESTIONS[FACETS.index(facet) :: len(FACETS) + 1]:
        prompt = BASES["qwen2_vl"].PROMPTED.format(question)
        inputs = processor(
            text=[prompt] * len(images), images=images, return_tensors="pt"
        )
        ids = model.generate(**inputs, max_new_tokens=NEW_TOKENS, do_sample=False)
        words = processor.batch_decode(
            ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )
        hits = [says(w, facet, labels[i]) for w, i in zip(words, asked, strict=True)]
        assert np.mean(hits) > 0.6, question


def test_the_text_embedder_matches_answers_to_the_evaluations_queries():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = SentenceTransformer(str(SHIPPED / TEXT), device="cpu")
    templates = dict(zip(FACETS, TEXT_QUERIES, strict=True))
    assert set(templates.values()) <= set(EVALUATION_TEMPLATES)
    for facet, labels in all_labels().items():
        spoken = [LABEL_WORDS[facet](label)[0] for label in labels]
        queries = model.encode([templates[facet].format(text) for text in spoken])
        for n, label in enumerate(labels):
            answers = model.encode(list(LABEL_WORDS[facet](label)))
            assert set((answers @ queries.T).argmax(1)) == {n}, (facet, label)


# One template of the evaluation for each facet.
TEXT_QUERIES = (
    "Find me an image that contains any {}.",
    "Find me an image that contains any {}.",
    "Find me an everyday image that contains someone {}.",
    "Find me an everyday image that shows the scene {}.",
    "Find me an everyday image that is taken during the {}.",
    "Find me an everyday image with {} in the picture.",
    "Find me an everyday image that is taken in a {} day.",
    "Find me an everyday image showing some object or surface made of {}.",
)


def test_held_out_questions_stay_held_out():
    assert not {"times", "materials"} & set(ASKED)
