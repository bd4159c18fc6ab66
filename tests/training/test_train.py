"""Training in small: losses fall, checkpoints load, packed rows equal separate ones."""

import json
import math
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from cocofacet.io import COMMITTED
from training import __main__ as train
from training import answers as train_answers
from training import batches as rows
from training import contrast as train_contrast
from training import pictures, tiny_clip, tiny_mllm, tiny_qwen, vocabulary
from training import text as train_text
from training import warmup as train_warmup

# isort: split
import open_clip
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoModelForImageTextToText, AutoProcessor

from facetworld.scene import sample
from training.bases import BASES, base_of
from training.captions import RATES
from training.clip import CAPTION_RATES, LONG_CONTEXT, told_of
from training.language import FACETS, HELD_OUT
from training.objective import both_ways, contrast
from training.optimise import optimise, schedule
from training.packing import pack
from training.pictures import load_pictures


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


@pytest.fixture(scope="module", params=BASES)
def made(request):
    """(base, model with random weights, tokenizer) of each base."""
    torch.manual_seed(0)
    base = BASES[request.param]
    tokenizer = base.new_tokenizer()
    model = base.new_model(tokenizer).eval()
    assert base_of(model) is base
    return base, model, tokenizer


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
    packed = pack([row], pad=0, length=7)
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
        pack([row], pad=0, length=5)
    # The root's own positions, as a picture's: what follows goes on at the highest + 1.
    root = np.array([[0, 5], [0, 1], [0, 1]])
    packed = pack([row], pad=0, length=7, root=root)
    assert packed.positions[0].tolist() == [[0, 5, 6, 6, 7, 7, 0]]
    assert packed.positions[1].tolist() == [[0, 1, 6, 6, 7, 7, 0]]


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
    strings = rows.Strings(base, tokenizer)
    ours = rows.prompt_row(questions, strings)
    look, read = rows.passes(base, compiled=False)
    states = read(model, ours, look(model, pictures))
    columns = ours.ends[0][[1, 3, 4, 5]]
    for template, column in zip(templates, columns, strict=True):
        inputs = processor(text=[template] * 2, images=images, return_tensors="pt")
        pixels = {k: inputs[k] for k in PIXELS if k in inputs}
        alone = torch.stack(
            list(model.model.get_image_features(**pixels).pooler_output)
        )
        assert torch.allclose(alone, look(model, pictures), atol=1e-5)
        plain = _plain(model, inputs)
        assert torch.allclose(plain[:, -1], states[:, column], atol=1e-5)


PIXELS = ("pixel_values", "image_grid_thw")


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
    strings = rows.Strings(base, tokenizer)
    texts = ["a dog", "There are three people on the beach.\n"]
    together = rows.embed_texts(model, strings, texts)
    for text, row in zip(texts, together, strict=True):
        ids = tokenizer(text, return_tensors="pt")
        last = _plain(model, ids)[0, -1].numpy()
        assert np.allclose(row, last / np.linalg.norm(last), atol=1e-5)


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


@pytest.mark.parametrize("variant", ["tiny-qwen2vl-unasked", "tiny-llava"])
def test_from_warmup_to_a_checkpoint_like_any_other(world, warm, variant):
    row = train_contrast.VARIANTS[variant]
    base = BASES[row.base]
    run(world, "contrast", "--variant", variant, "--warmup", str(warm[row.base][0]),
        "--out", str(world / "model"), "--measure-every", "2",
        "--record", str(world / "model.json"))  # fmt: skip
    record = json.loads((world / "model.json").read_text())
    assert record["settings"]["asked"] == list(row.asked)
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
    strings = rows.Strings(tiny_qwen, processor.tokenizer)
    row = train_answers.answer_row(scene, strings, np.random.default_rng(0))
    assert sum(len(ids) for ids, _ in row[1:]) <= train_answers.longest(strings)
    packed = rows.picture_rows([row], strings)
    b, column, word = train_warmup.targets_of([row], packed, train_answers.WRITTEN)
    look, read = rows.passes(tiny_qwen, compiled=False)
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
        grid = {k: inputs[k] for k in PIXELS}
        with torch.no_grad():
            scores = model(ids, mm_token_type_ids=kinds, **grid).logits[0]
        told = scores.log_softmax(-1)[-1 - len(answer) : -1]
        theirs += told.gather(1, torch.tensor(answer)[:, None])
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
    """A training that is shipped can be repeated without giving its settings."""
    settings = json.loads(record.read_text())["settings"]
    what = {"qwen": "contrast"}.get(settings["what"], settings["what"])
    words = ["--warmup", str(world)] if what in ("contrast", "answers") else []
    args = train.arguments().parse_args([what, "--out", "x", *words])
    assert args.steps == settings["steps"]
    assert args.n_train == settings["train_scenes"]


def test_contrast_without_a_warmup_says_so(world, capsys):
    with pytest.raises(SystemExit) as stop:
        train.main(["contrast", "--out", str(world / "none")])
    assert stop.value.code == 2
    assert "--warmup" in capsys.readouterr().err
