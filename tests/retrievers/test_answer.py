"""Answers are the model's own words, and what is embedded is what it said."""

import json
import logging
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from cocofacet.benchmark.facets import FACETS
from cocofacet.embeddings.store import embed_texts
from cocofacet.io import InputError
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.answer import rewrite
from cocofacet.retrievers.zoo import ROWS
from rehearsal.tiny_checkpoints import (
    save_language_model,
    save_llava,
    save_qwen2vl,
    save_text_embedder,
    transformers,
)

PROMPTS = (None, "How many people are present?", "What?")
NAME = "answer-llava-1.5-7b"


@pytest.fixture(scope="module")
def text_checkpoint(tmp_path_factory):
    return save_text_embedder(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_llava(tmp_path_factory.mktemp("tiny-llava"))


@pytest.fixture(scope="module")
def load(checkpoint, text_checkpoint):
    def function(name=NAME, checkpoint=checkpoint, **options):
        options = {"max_new_tokens": 6, "text_checkpoint": text_checkpoint, **options}
        return loading.load(name, "cpu", "fp32", checkpoint, **options)

    return function


@pytest.fixture(scope="module")
def retriever(load):
    return load()


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    sizes = [(56, 56), (60, 90), (100, 40)]
    pixels = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
    return [Image.fromarray(part) for part in pixels]


@pytest.fixture(scope="module")
def embedder(text_checkpoint):
    from sentence_transformers import SentenceTransformer  # after torchvision's repair

    return SentenceTransformer(str(text_checkpoint), device="cpu")


def plain_answer(checkpoint, row, image, prompt, length=6):
    """Token by token, the whole text read anew for each."""
    model = transformers.AutoModelForImageTextToText.from_pretrained(checkpoint).eval()
    processor = transformers.AutoProcessor.from_pretrained(checkpoint)
    template = row.prompted.replace("{question}", prompt or "")
    text = row.general if prompt is None else template
    inputs = dict(processor(text=[text], images=[image], return_tensors="pt"))
    said = []
    with torch.inference_mode():
        for _ in range(length):
            token = model(**inputs).logits[0, -1].argmax()
            if token == processor.tokenizer.eos_token_id:
                break
            said.append(int(token))
            for key, new in (("input_ids", token), ("attention_mask", 1)):
                new = torch.as_tensor([[int(new)]])
                inputs[key] = torch.cat([inputs[key], new], dim=1)
            if "mm_token_type_ids" in inputs:
                kinds = inputs["mm_token_type_ids"]
                inputs["mm_token_type_ids"] = torch.cat([kinds, kinds[:, :1] * 0], 1)
    return processor.tokenizer.decode(said, skip_special_tokens=True).strip()


def test_answers_are_greedy(retriever, checkpoint, images):
    found = retriever.answer(images, PROMPTS)
    row = ROWS[NAME]
    for prompt, answers in zip(PROMPTS, found, strict=True):
        assert answers == [plain_answer(checkpoint, row, i, prompt) for i in images]
    distinct = {answer for answers in found for answer in answers}
    assert len(distinct) > 3  # images and questions do matter


def test_an_architecture_with_positions_of_its_own(load, images, tmp_path):
    row = ROWS["tiny-qwen2vl"]
    checkpoint = save_qwen2vl(tmp_path)
    templates = {"general": row.general, "prompted": row.prompted}
    found = load(checkpoint=checkpoint, **templates).answer(images, PROMPTS)
    for prompt, answers in zip(PROMPTS, found, strict=True):
        assert answers == [plain_answer(checkpoint, row, i, prompt) for i in images]


def test_what_was_said_is_embedded(retriever, embedder, images):
    found = retriever.embed_images(images, PROMPTS)
    assert found.shape == (3, 3, retriever.dim)
    for vectors, answers in zip(found, retriever.answer(images, PROMPTS), strict=True):
        marked = [f"<|embed|>\n{answer}" for answer in answers]
        expected = [embedder.encode(a, normalize_embeddings=True) for a in marked]
        np.testing.assert_allclose(vectors, expected, atol=1e-5)
        np.testing.assert_allclose(vectors, retriever.embed_answers(answers), atol=1e-5)
    small = retriever.embed_prepared(retriever.prepare(images[:1], PROMPTS))
    np.testing.assert_allclose(small, found[:, :1], atol=1e-4)


def test_queries_are_reworded_and_instructed(load, retriever, embedder):
    instruction = "Find a caption that contains the given information"
    assert instruction in ROWS[NAME].text
    query = "Find me an everyday image that is taken in a sunny day.\n"
    for rewritten, words in ((True, rewrite(query)), (False, query)):
        text = ROWS[NAME].text.format(text=words)
        np.testing.assert_allclose(
            load(rewritten=rewritten).embed_texts([query])[0],
            embedder.encode(text, normalize_embeddings=True),
            atol=1e-5,
        )
    assert retriever.embed_texts([]).shape == (0, retriever.dim)


def test_a_language_model_reads_both_ways(load, tmp_path):
    """GritLM's way: the mean over the text after its mark, instruction left out."""
    directory = save_language_model(tmp_path)
    found = load(text_checkpoint=directory, rewritten=False)
    model = transformers.AutoModel.from_pretrained(directory).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)

    def plain(prompt, text):
        tokens = tokenizer(prompt + text, return_tensors="pt")["input_ids"]
        # A 4-D mask says that every token sees every other one.
        everyone = torch.zeros(1, 1, tokens.shape[1], tokens.shape[1])
        skipped = len(tokenizer(prompt)["input_ids"])
        with torch.inference_mode():
            states = model(input_ids=tokens, attention_mask=everyone)[0][0, skipped:]
        return torch.nn.functional.normalize(states.mean(dim=0), dim=0).numpy()

    instruction, _ = ROWS[NAME].text.split("{text}")
    texts = ["How many people are present?", "A dog"]
    np.testing.assert_allclose(
        found.embed_texts(texts), [plain(instruction, t) for t in texts], atol=1e-5
    )
    np.testing.assert_allclose(
        found.embed_answers(texts), [plain("<|embed|>\n", t) for t in texts], atol=1e-5
    )


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("Find me an image that contains any hot dog.\n", "It shows hot dog."),
        (
            "Find me an everyday image that contains someone jumping.",
            "It shows someone jumping.",
        ),
        (
            "Find me an everyday image that shows the scene of the beach.\n",
            "It shows the scene of the beach.",
        ),
        (
            "Find me an everyday image that is taken during the daytime.\n",
            "It is taken during the daytime.",
        ),
        (
            "Find me an everyday image with 2 people in the picture.",
            "It shows 2 people in the picture.",
        ),
        (
            "Find me an everyday image showing one person in the picture.",
            "It shows one person in the picture.",
        ),
        ("Two dogs on a beach", "Two dogs on a beach"),
    ],
)
def test_rewriting_by_hand(query, answer):
    assert rewrite(query) == answer


@pytest.mark.parametrize("facet", FACETS.values(), ids=lambda facet: facet.name)
def test_every_facet_is_reworded(facet):
    label = "dog" if facet.labels is None else facet.labels[0]
    found = rewrite(facet.wording(label))
    assert found.startswith("It ")
    assert "image" not in found


def test_the_handicap_of_the_released_script(load, retriever, images):
    small = load(image_side=16)
    squeezed = [image.resize((16, 16)) for image in images]
    assert small.answer(images, PROMPTS) == retriever.answer(squeezed, PROMPTS)
    assert small.answer(images, PROMPTS) != retriever.answer(images, PROMPTS)
    assert small.fingerprint != retriever.fingerprint


def test_what_shapes_an_answer_is_in_the_fingerprint(
    load, retriever, checkpoint, tmp_path
):
    known = retriever.fingerprint
    assert load().fingerprint == known
    others = (
        {"max_new_tokens": 7},
        {"text_checkpoint": save_text_embedder(tmp_path / "text", seed=1)},
        {"checkpoint": save_llava(tmp_path / "model", seed=1)},
        {"general": "<image> Say what you see."},
    )
    for options in others:
        assert load(**options).fingerprint != known, options
    # How a query is worded shapes no image's vector.
    assert load(rewritten=False).fingerprint == known


def test_a_text_embedder_that_cannot_be_had(checkpoint, tmp_path):
    with pytest.raises(InputError, match="safetensors"):
        loading.load(NAME, checkpoint=checkpoint, text_checkpoint=tmp_path)


def test_a_language_model_is_loaded_strictly_and_without_a_report(
    load, tmp_path, monkeypatch
):
    """Its head is left over, of which the library prints a table."""
    directory = save_language_model(tmp_path)
    (file,) = directory.glob("*.safetensors")
    weights = load_file(file)
    head = weights["model.embed_tokens.weight"].clone()
    save_file({**weights, "lm_head.weight": head}, file, {"format": "pt"})
    reports = []
    logger = logging.getLogger("transformers")
    monkeypatch.setattr(logger, "handle", reports.append)
    for child in ("modeling_utils", "utils.loading_report"):
        kind = logging.getLogger(f"transformers.{child}")
        monkeypatch.setattr(kind, "handle", reports.append)
    load(text_checkpoint=directory)
    assert reports == []
    del weights["model.norm.weight"]
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(InputError, match=r"1 keys missing .*'norm\.weight'"):
        load(text_checkpoint=directory)


def test_a_text_embedder_with_code_of_its_own(load, text_checkpoint, tmp_path):
    """Without that code it would be another model, and nothing would say so."""
    directory = shutil.copytree(text_checkpoint, tmp_path / "text")
    config = json.loads((directory / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "modeling.OtherModel"}
    (directory / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="code of its own"):
        load(text_checkpoint=directory)


def test_nothing_asked_nothing_answered(retriever, images):
    assert retriever.answer([], PROMPTS) == [[], [], []]
    assert retriever.embed_images([], PROMPTS).shape == (3, 0, retriever.dim)
    with pytest.raises(ValueError, match="placeholder"):
        retriever.answer(images, ("What is <image>?",))


def test_stored_queries_of_one_wording_are_not_read_as_the_others(load, tmp_path):
    query = ["Find me an everyday image that is taken in a sunny day.\n"]
    rewritten, raw = load(), load(rewritten=False)
    assert rewritten.fingerprint == raw.fingerprint, "pictures are embedded once"
    for retriever in (rewritten, raw):
        kept = [embed_texts(retriever, query, tmp_path) for _ in "ab"]  # made, read
        for found in kept:
            np.testing.assert_array_equal(found, retriever.embed_texts(query))
    assert len(list(tmp_path.glob("*/*.safetensors"))) == 2
