"""Training in small: losses fall, checkpoints load, packed rows equal separate ones."""

import json
import math
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from facetworld import qwen_rows, tiny_clip, tiny_qwen, train, train_qwen, train_warmup

# isort: split
import open_clip
from transformers import AutoModel, AutoProcessor

from facetworld.objective import both_ways, contrast
from facetworld.optimise import optimise, schedule
from facetworld.packing import pack, picture_positions
from facetworld.pictures import load_pictures
from facetworld.scene import sample
from facetworld.train_clip import told_of
from facetworld.words import FACETS, HELD_OUT


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_qwen.new_tokenizer()


@pytest.fixture(scope="module")
def model(tokenizer):
    torch.manual_seed(0)
    return tiny_qwen.new_model(tokenizer).eval()


def test_contrast_by_hand():
    # Row 0: positives 1 and 3 against the negative 0; 2 is ignored. Row 1: nothing.
    scores = torch.tensor([[0.0, 0.0, 9.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
    positive = torch.tensor([[0, 1, 0, 1], [0, 0, 0, 0]]).bool()
    ignored = torch.tensor([[0, 0, 1, 0], [0, 0, 0, 0]]).bool()
    expected = (math.log(2) + math.log(1 + math.exp(-2))) / 2
    assert float(contrast(scores, positive, ignored)) == pytest.approx(expected)


def test_contrast_with_one_positive_is_cross_entropy():
    torch.manual_seed(0)
    scores = torch.randn(6, 6)
    target = torch.arange(6)
    expected = sum(
        torch.nn.functional.cross_entropy(s, target) for s in (scores, scores.T)
    )
    assert torch.allclose(both_ways(scores, torch.eye(6).bool()), expected / 2)


def test_schedule_rises_then_falls_to_zero():
    values = [schedule(step, 100) for step in range(101)]
    assert values[0] == pytest.approx(0.2) and values[5] == 1
    assert values[100] == pytest.approx(0)
    assert values[5:] == sorted(values[5:], reverse=True)


def test_a_loss_that_is_not_finite_stops_the_training():
    weight = torch.nn.Parameter(torch.ones(1))
    with pytest.raises(FloatingPointError, match="step 1"):
        optimise([weight], lambda step: weight.sum() * float("nan"), 2, 0.1)


def test_a_caption_is_true_of_every_picture_that_has_what_it_says():
    scenes = sample(20, seed=0, split="tune")
    told = [{"scenes": scenes[0].place}, {"people": "9"}]
    expected = [[s.place == scenes[0].place for s in scenes], [False] * 20]
    assert told_of(told, scenes).tolist() == expected


def test_pack_by_hand():
    # Two branches on a root of two tokens; the first goes on with a third segment.
    row = [([1, 2], -1), ([3], 0), ([4, 5], 0), ([6], 1)]
    packed = pack([row], pad=0, length=7, picture=False)
    assert packed.ids.tolist() == [[1, 2, 3, 4, 5, 6, 0]]
    assert packed.positions[0].tolist() == [[0, 1, 2, 2, 3, 3, 0]]
    assert packed.starts.tolist() == [[0, 2, 3, 5]]
    assert packed.ends.tolist() == [[1, 2, 4, 5]]
    assert packed.visible[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0],
        [1, 1, 0, 1, 0, 0, 0],
        [1, 1, 0, 1, 1, 0, 0],
        [1, 1, 1, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
    ]
    with pytest.raises(ValueError, match="does not fit"):
        pack([row], pad=0, length=5, picture=False)


@torch.no_grad()
def test_a_packed_row_equals_separate_rows_of_the_library(model, tokenizer):
    """Our batched pass against transformers' own, processor and templates included."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    images = [Image.fromarray(p) for p in pictures]
    processor = tiny_qwen.new_processor(tokenizer)
    questions = ["How many people are there?", "Where is this?", "What is it made of?"]
    templates = [tiny_qwen.GENERAL] + [
        tiny_qwen.PROMPTED.format(question) for question in questions
    ]
    strings = qwen_rows.Strings(tokenizer)
    ours = qwen_rows.prompt_row(questions, strings)
    look, read = qwen_rows.passes(compiled=False)
    states = read(model, ours, look(model, pictures))
    columns = ours.ends[0][[1, 3, 4, 5]]
    for template, column in zip(templates, columns, strict=True):
        inputs = processor(text=[template] * 2, images=images, return_tensors="pt")
        alone = model.model.visual(inputs["pixel_values"], inputs["image_grid_thw"])
        assert torch.allclose(
            alone.pooler_output, look(model, pictures).flatten(0, 1), atol=1e-5
        )
        plain = _plain(model, inputs)
        assert torch.allclose(plain[:, -1], states[:, column], atol=1e-5)


def _plain(model, inputs):
    model.set_attn_implementation("sdpa")
    try:
        return model.model(**inputs, use_cache=False).last_hidden_state
    finally:
        model.set_attn_implementation("matrix_products")


def test_picture_positions_are_the_librarys(model, tokenizer):
    strings = qwen_rows.Strings(tokenizer)
    ids = torch.tensor([strings.picture])
    kinds = (ids == model.config.image_token_id).int()
    positions, _ = model.model.get_rope_index(ids, kinds, torch.tensor([[1, 8, 8]]))
    assert positions[:, 0].tolist() == picture_positions().tolist()


@torch.no_grad()
def test_texts_padded_on_the_right_equal_texts_alone(model, tokenizer):
    strings = qwen_rows.Strings(tokenizer)
    texts = ["a dog", "There are three people on the beach.\n"]
    together = qwen_rows.embed_texts(model, strings, texts)
    for text, row in zip(texts, together, strict=True):
        ids = tokenizer(text, return_tensors="pt")
        last = _plain(model, ids)[0, -1].numpy()
        assert np.allclose(row, last / np.linalg.norm(last), atol=1e-5)


def test_variants_ask_what_they_say():
    asked = {name: set(v["asked"]) for name, v in train_qwen.VARIANTS.items()}
    assert asked["tiny-qwen2vl"] == set(FACETS)
    assert asked["tiny-qwen2vl-unasked"] == set(FACETS) - set(HELD_OUT)
    assert asked["tiny-qwen2vl-noquestion"] == set()
    # The warm-up is shared, so it must not ask what a variant never asks.
    assert set(train_warmup.ASKED) == asked["tiny-qwen2vl-unasked"]


def run(*words: str) -> None:
    train.main([*words, "--n-train", "160", "--n-tune", "400", "--no-compile"])


def test_qwen_from_warmup_to_a_checkpoint_like_any_other(world, capsys):
    run("warmup", "--steps", "12", "--tower-steps", "12", "--world", str(world),
        "--out", str(world / "warm"), "--record", str(world / "warm.json"))  # fmt: skip
    log = json.loads((world / "warm.json").read_text())["log"]
    tower, warmup = log[:12], log[12:]
    assert tower[-1]["loss"] < tower[0]["loss"]
    assert warmup[-1]["loss"] < warmup[0]["loss"]
    run("qwen", "--variant", "tiny-qwen2vl-unasked", "--steps", "2",
        "--measure-every", "2", "--world", str(world), "--warmup",
        str(world / "warm"), "--out", str(world / "model"),
        "--record", str(world / "model.json"))  # fmt: skip
    record = json.loads((world / "model.json").read_text())
    assert record["settings"]["asked"] == list(train_warmup.ASKED)
    assert set(record["log"][-1]["prompted"]) == {*FACETS, "macro"}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        processor = AutoProcessor.from_pretrained(world / "model")
        model, info = AutoModel.from_pretrained(
            world / "model", dtype=torch.float32, output_loading_info=True
        )
    assert not info["missing_keys"] and not info["mismatched_keys"]
    image = Image.fromarray(np.full((128, 128, 3), 200, np.uint8))
    inputs = processor(text=[tiny_qwen.GENERAL], images=[image], return_tensors="pt")
    assert (inputs["input_ids"] == model.config.image_token_id).sum() == 16
    with torch.no_grad():
        assert model(**inputs).last_hidden_state.isfinite().all()


def test_clip_to_a_checkpoint_like_any_other(world):
    run("clip", "--steps", "2", "--world", str(world), "--out", str(world / "clip"),
        "--record", str(world / "clip.json"))  # fmt: skip
    folder = f"local-dir:{world / 'clip'}"
    model, _, preprocess = open_clip.create_model_and_transforms(folder)
    tokenize = open_clip.get_tokenizer(folder)
    own = tiny_clip.new_tokenizer()
    texts = ["A dog.\n", "three people at night"]
    assert torch.equal(tokenize(texts), tiny_clip.tokens_of(own, texts))
    picture = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    pixels = preprocess(Image.fromarray(picture))
    assert torch.allclose(pixels, tiny_clip.pixels_of(picture[None])[0], atol=1e-5)
    model.eval()
    with torch.no_grad():
        assert model.encode_image(pixels[None]).isfinite().all()
        assert model.encode_text(tokenize(texts)).isfinite().all()


def test_pictures_are_rendered_once(world):
    scenes, first = load_pictures("tune", 100, folder=world)
    stamp = {p: p.stat().st_mtime_ns for p in world.glob("tune-0-100-*.npy")}
    _, second = load_pictures("tune", 100, folder=world)
    assert len(scenes) == 100 and first.shape == (100, 128, 128, 3)
    assert stamp == {p: p.stat().st_mtime_ns for p in world.glob("tune-0-100-*.npy")}
    assert np.array_equal(first, second)


def test_the_same_seed_gives_the_same_weights(world):
    weights = []
    for name in ("one", "two"):
        run("warmup", "--steps", "2", "--tower-steps", "2", "--world", str(world),
            "--out", str(world / name))  # fmt: skip
        weights.append((world / name / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]


def test_qwen_without_a_warmup_says_so(world, capsys):
    with pytest.raises(SystemExit) as stop:
        train.main(["qwen", "--out", str(world / "none")])
    assert stop.value.code == 2
    assert "--warmup" in capsys.readouterr().err
