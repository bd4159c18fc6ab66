"""Every command in small: losses fall and the checkpoints load."""

import json
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from cocofacet.io import COMMITTED
from training import (
    batches,
    pictures,
    tiny_clip,
    tiny_mllm,
    tiny_qwen,
    train_answers,
    train_contrast,
    train_text,
    train_warmup,
    vocabulary,
)
from training import command as train

# isort: split
import open_clip
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoModelForImageTextToText, AutoProcessor

from facetworld.scene import sample
from training.bases import BASES
from training.captions import RATES
from training.language import FACETS, HELD_OUT
from training.pictures import load_pictures
from training.train_clip import CAPTION_RATES, LONG_CONTEXT, true_of


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder for pictures; trainings here fail if they draw evaluation scenes."""

    def guarded(n: int, seed: int, split: str):
        assert split in ("train", "tune"), f"a training draws {split} scenes"
        return sample(n, seed, split)

    with pytest.MonkeyPatch.context() as patch:
        for module in (pictures, train, vocabulary):
            patch.setattr(module, "sample", guarded)
        yield tmp_path_factory.mktemp("world")


def test_a_caption_is_true_of_every_picture_that_has_what_it_says():
    scenes = sample(20, seed=0, split="tune")
    named = [{"scenes": scenes[0].place}, {"people": "9"}]
    expected = [[s.place == scenes[0].place for s in scenes], [False] * 20]
    assert true_of(named, scenes).tolist() == expected


def test_variants_ask_what_they_say():
    asked = {name: set(v.asked) for name, v in train_contrast.VARIANTS.items()}
    assert asked["tiny-qwen2vl"] == asked["tiny-llava"] == set(FACETS)
    assert asked["tiny-qwen2vl-unasked"] == set(FACETS) - set(HELD_OUT)
    assert asked["tiny-qwen2vl-noquestion"] == set()
    # The warm-up is shared, so it must not ask what a variant never asks.
    assert set(train_warmup.ASKED) == asked["tiny-qwen2vl-unasked"]


RECORDS = COMMITTED / "training"


def run(world, *words: str, steps: int = 2, tune: int = 400) -> None:
    sizes = ["--steps", str(steps), "--n-train", "24", "--n-tune", str(tune)]
    train.main([*words, *sizes, "--world", str(world), "--no-compile"])


@pytest.fixture(scope="module")
def warm(world):
    """A warm-up of each base, a dozen steps long: (folder, record) by base."""
    found = {}
    for base in BASES:
        out, kept = world / f"warm-{base}", world / f"warm-{base}.json"
        run(world, "warmup", "--base", base, "--tower-steps", "12", "--out", str(out),
            "--record", str(kept), steps=12)  # fmt: skip
        found[base] = out, json.loads(kept.read_text())
    return found


@pytest.mark.parametrize("base", BASES)
def test_a_warmup_learns(warm, base):
    _, record = warm[base]
    assert record["settings"]["base"] == base
    tower, written = record["log"][:12], record["log"][12:]
    assert tower[-1]["loss"] < tower[0]["loss"]
    assert written[-1]["loss"] < written[0]["loss"]


@pytest.mark.more
@pytest.mark.parametrize("variant", ["tiny-qwen2vl-unasked", "tiny-llava"])
def test_from_warmup_to_a_checkpoint_like_any_other(world, warm, variant):
    row = train_contrast.VARIANTS[variant]
    base = BASES[row.base]
    run(world, "contrast", "--variant", variant, "--warmup", str(warm[row.base][0]),
        "--out", str(world / "model"), "--measure-every", "2",
        "--record", str(world / "model.json"))  # fmt: skip
    record = json.loads((world / "model.json").read_text())
    assert record["settings"]["asked"] == list(row.asked)
    assert record["settings"]["steps"] == record["log"][-1]["step"] != row.steps
    assert set(record["log"][-1]["prompted"]) == {*FACETS, "macro"}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        processor = AutoProcessor.from_pretrained(world / "model")
        model, info = AutoModel.from_pretrained(
            world / "model", dtype=torch.float32, output_loading_info=True
        )
    assert not info["missing_keys"] and not info["mismatched_keys"]
    image = Image.fromarray(np.full((128, 128, 3), 200, np.uint8))
    inputs = processor(text=[base.GENERAL], images=[image], return_tensors="pt")
    pictured = (inputs["input_ids"] == model.config.image_token_id).sum()
    assert pictured == base.PICTURE_TOKENS
    with torch.no_grad():
        assert model(**inputs).last_hidden_state.isfinite().all()


def test_a_variant_starts_from_its_own_base(world, warm):
    with pytest.raises(SystemExit, match="holds a qwen2_vl; tiny-llava starts from a"):
        run(world, "contrast", "--variant", "tiny-llava", "--warmup",
            str(warm["qwen2_vl"][0]), "--out", str(world / "none"))  # fmt: skip


@pytest.mark.more
def test_answers_to_a_model_that_generates(world, warm):
    run(world, "answers", "--warmup", str(warm["qwen2_vl"][0]),
        "--out", str(world / "answers"), "--record", str(world / "answers.json"),
        "--measure-every", "4", steps=4, tune=16)  # fmt: skip
    record = json.loads((world / "answers.json").read_text())
    assert record["settings"]["asked"] == list(FACETS)
    assert set(record["log"][-1]["answers"]) == {*FACETS, "macro"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        processor = AutoProcessor.from_pretrained(world / "answers")
        model = AutoModelForImageTextToText.from_pretrained(world / "answers")
    image = Image.fromarray(np.full((128, 128, 3), 200, np.uint8))
    prompt = tiny_qwen.PROMPTED.format("Where is this?")
    inputs = processor(text=[prompt], images=[image], return_tensors="pt")
    ids = model.generate(**inputs, max_new_tokens=3, do_sample=False)
    assert inputs["input_ids"].shape[1] < ids.shape[1]


def test_the_words_to_write_are_predicted_from_the_token_before(warm):
    """The packed answer's loss equals the library's on the whole text alone."""
    model, processor = tiny_mllm.load(warm["qwen2_vl"][0])
    scene, picture = sample(1, 5, "tune")[0], np.full((128, 128, 3), 90, np.uint8)
    strings = batches.Strings(tiny_qwen, processor.tokenizer)
    row = train_answers.answer_row(scene, strings, np.random.default_rng(0))
    assert sum(len(ids) for ids, _ in row[1:]) <= train_answers.longest(strings)
    packed = batches.picture_rows([row], strings)
    b, column, word = train_warmup.targets_of([row], packed, train_answers.WRITTEN)
    look, read = batches.passes(tiny_qwen, compiled=False)
    with torch.no_grad():
        states = read(model, packed, look(model, picture[None]))
        ours = model.lm_head(states[b, column]).log_softmax(-1).gather(1, word[:, None])
    theirs = []
    pairs = [(strings.general, row[2][0])]
    pairs += [(strings.stem + q, a) for (q, _), (a, _) in _pairs(row[4:])]
    for asked, answer in pairs:
        whole = [*strings.picture, *asked, *answer]
        image = Image.fromarray(picture)
        inputs = processor(
            text=[tiny_qwen.GENERAL], images=[image], return_tensors="pt"
        )
        ids = torch.tensor([whole])
        kinds = (ids == model.config.image_token_id).int()
        grid = {k: inputs[k] for k in ("pixel_values", "image_grid_thw")}
        with torch.no_grad():
            scores = model(ids, mm_token_type_ids=kinds, **grid).logits[0]
        written = scores.log_softmax(-1)[-1 - len(answer) : -1]
        theirs += written.gather(1, torch.tensor(answer)[:, None])
    assert torch.allclose(ours, torch.stack(theirs), atol=1e-4)


def _pairs(row: list):
    return zip(row[::2], row[1::2], strict=True)


@pytest.mark.parametrize(
    "facet, label, right, wrong",
    [
        ("people", "1", "One person.", "twenty-one persons"),
        ("people", "0", "nobody", "none"),
        ("gestures", "lying", "Lying on the ground", "relying"),
        ("scenes", "park", "in the park", "parking"),
        ("weathers", "misty", "foggy", "cloudy"),
    ],
)
def test_an_answer_says_its_label(facet, label, right, wrong):
    assert train_answers.says(right, facet, label)
    assert not train_answers.says(wrong, facet, label)


def test_text_to_an_embedder_like_any_other(world):
    run(world, "text", "--out", str(world / "text"), "--record",
        str(world / "text.json"), steps=40)  # fmt: skip
    log = json.loads((world / "text.json").read_text())["log"]
    assert log[-1]["loss"] < log[0]["loss"]
    assert set(log[-1]["texts"]) == {*FACETS, "macro"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = SentenceTransformer(str(world / "text"), device="cpu")
    made = model.encode(["two people", "It is dusk."])
    assert made.shape == (2, train_text.WIDTH) and made.dtype == np.float32
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-6)
    assert not [p for p in (world / "text").rglob("*") if p.suffix in (".bin", ".pt")]


@pytest.mark.more
def test_the_caption_rates_are_five_clips(world):
    run(world, "caption-rates", "--out", str(world / "rates"),
        "--record", str(world / "records"), steps=1)  # fmt: skip
    found = {}
    for path in (world / "records").iterdir():
        settings = json.loads(path.read_text())["settings"]
        (rate,) = set(settings["caption_rates"].values())
        found[path.name] = rate
        assert settings["caption_rates"].keys() == RATES.keys()
        folder = world / "rates" / path.name.removesuffix("-seed0.json")
        tokenize = open_clip.get_tokenizer(f"local-dir:{folder}")
        assert tokenize(["a dog"]).shape == (1, LONG_CONTEXT)
    assert found == {
        f"caption-rate-{r * 100:03.0f}-seed0.json": r for r in CAPTION_RATES
    }


def test_clip_to_a_checkpoint_like_any_other(world):
    run(world, "clip", "--out", str(world / "clip"),
        "--record", str(world / "clip.json"))  # fmt: skip
    assert (
        json.loads((world / "clip.json").read_text())["settings"]["caption_rates"]
        == RATES
    )
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
        run(world, "warmup", "--tower-steps", "2", "--out", str(world / name))
        weights.append((world / name / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    "record", sorted(RECORDS.glob("*-seed0.json")), ids=lambda p: p.stem
)
def test_the_records_are_of_the_commands_defaults(record, world):
    """A training that is kept can be repeated without giving its settings."""
    settings = json.loads(record.read_text())["settings"]
    what = {"qwen": "contrast"}.get(settings["what"], settings["what"])
    words = ["--warmup", str(world)] if what in ("contrast", "answers") else []
    words += ["--variant", settings["variant"]] if what == "contrast" else []
    args = train.arguments().parse_args([what, "--out", "x", *words])
    variant = train_contrast.VARIANTS.get(settings.get("variant"))
    steps = variant.steps if args.steps is None else args.steps
    assert steps == settings["steps"]
    assert args.n_train == settings["train_scenes"]


def test_contrast_without_a_warmup_says_so(world, capsys):
    with pytest.raises(SystemExit) as stop:
        train.main(["contrast", "--out", str(world / "none")])
    assert stop.value.code == 2
    assert "--warmup" in capsys.readouterr().err
