"""Phi-3.5-V beside a plain computation: tiles cut in loops, tokens set one by one, one
picture and one prompt at a time, eager attention, the tower with all of its layers."""

import json
import math
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import numpy as np
import pytest
import torch
from changed_weights import changed
from PIL import Image
from safetensors.torch import load_file
from tokenizers import Tokenizer

from cocofacet.io import InputError
from cocofacet.retrievers.base import BARE
from cocofacet.retrievers.load import load
from rehearsal.tiny_checkpoints import transformers
from rehearsal.tiny_phi3_v import save_phi3_v

NAME = "vlm2vec-phi-3.5-v"
OFFICIAL = Path(__file__).parents[3] / "shared/data/official_queries.json"
PROMPTS = (None, BARE, "How many people are present in this image?")
# wide, tall, tiny, a strip, large -> rows and columns of tiles, tokens
SIZES = {
    (640, 480): (2, 2, 757),
    (300, 720): (2, 1, 469),
    (60, 44): (2, 2, 757),
    (1200, 200): (1, 4, 745),
    (200, 1200): (4, 1, 781),
    (2000, 1999): (2, 2, 757),
}
TEXTS = ["Find me an image.\n", "hé 漢字", "  two  blanks", "a"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_phi3_v(tmp_path_factory.mktemp("phi") / "model")


@pytest.fixture(scope="module")
def retriever(checkpoint):
    return load(NAME, checkpoint=checkpoint, precision="fp32", batch_size=4)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    found = []
    for width, height in SIZES:
        shape = (height // 9 + 2, width // 9 + 2, 3)
        small = Image.fromarray(rng.integers(0, 256, shape, np.uint8))
        found.append(small.resize((width, height)))
    return found


@pytest.fixture(scope="module")
def embedded(retriever, images):
    return retriever.embed_images(images, PROMPTS)


def plain_pixels(image: Image.Image) -> tuple[list[np.ndarray], int, int]:
    """The whole and the tiles, normalised (3, 336, 336) each; rows, columns."""
    high = image.height > image.width
    if high:
        image = image.transpose(Image.Transpose.TRANSPOSE)
    ratio, across = image.width / image.height, 1
    while (across + 1) * math.ceil((across + 1) / ratio) <= 4:
        across += 1
    width, height = 336 * across, int(336 * across / ratio)
    resized = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    down = math.ceil(height / 336) * 336
    padded = np.full((down, width, 3), 255, np.uint8)
    above = (down - height) // 2
    padded[above : above + height] = resized
    if high:
        padded = padded.transpose(1, 0, 2)
    mean = np.float32([0.48145466, 0.4578275, 0.40821073])
    std = np.float32([0.26862954, 0.26130258, 0.27577711])
    pixels = ((padded.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1)
    whole = torch.nn.functional.interpolate(
        torch.from_numpy(pixels.copy())[None],
        (336, 336),
        mode="bicubic",
        antialias=False,
    )
    rows, columns = pixels.shape[1] // 336, pixels.shape[2] // 336
    tiles = [whole[0].numpy()]
    for row in range(rows):
        for column in range(columns):
            top, left = 336 * row, 336 * column
            tiles.append(pixels[:, top : top + 336, left : left + 336])
    return tiles, rows, columns


def plain_ids(checkpoint: Path, template: str, count: int) -> list[int]:
    """Each stretch of text by itself, so that <s> stands behind the picture again."""
    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    before, image, after = template.partition("<|image_1|>")
    ids = tokenizer.encode(before).ids
    return ids + [-1] * count + tokenizer.encode(after).ids if image else ids


class Plain:
    """The official tensors, one sequence at a time."""

    def __init__(self, checkpoint: Path):
        self.checkpoint, weights = checkpoint, {}
        for file in checkpoint.glob("*.safetensors"):
            weights |= load_file(file)
        config = json.loads((checkpoint / "config.json").read_text())
        scaling = config["rope_scaling"]
        self.words = transformers.Phi3Model(
            transformers.Phi3Config(
                vocab_size=config["vocab_size"],
                hidden_size=config["hidden_size"],
                intermediate_size=config["intermediate_size"],
                num_hidden_layers=config["num_hidden_layers"],
                num_attention_heads=config["num_attention_heads"],
                num_key_value_heads=config["num_key_value_heads"],
                rms_norm_eps=config["rms_norm_eps"],
                max_position_embeddings=131072,
                original_max_position_embeddings=4096,
                rope_parameters={
                    "rope_type": "longrope",
                    "rope_theta": config["rope_theta"],
                    "short_factor": scaling["short_factor"],
                    "long_factor": scaling["long_factor"],
                    "original_max_position_embeddings": 4096,
                },
                pad_token_id=None,
                attn_implementation="eager",
            )
        ).eval()
        self.tower = transformers.CLIPVisionModel(
            transformers.CLIPVisionConfig(
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=3,
                num_attention_heads=1,
                image_size=336,
                patch_size=14,
                hidden_act="quick_gelu",
                attn_implementation="eager",
            )
        ).eval()
        pictures = "model.vision_embed_tokens."
        tower = f"{pictures}img_processor.vision_model."
        self.own = {}
        parts = {"tower": {}, "words": {}}
        for key, value in weights.items():
            if key.startswith(tower):
                parts["tower"][key.removeprefix(tower)] = value
            elif key.startswith(pictures):
                self.own[key.removeprefix(pictures)] = value
            elif key.startswith("model."):
                parts["words"][key.removeprefix("model.")] = value
        self.tower.load_state_dict(parts["tower"])
        self.words.load_state_dict(parts["words"])

    def tokens_of_grid(self, grid: torch.Tensor) -> list[torch.Tensor]:
        """2 x 2 patches to one token, a separator behind each line."""
        found = []
        for y in range(0, grid.shape[0], 2):
            for x in range(0, grid.shape[1], 2):
                four = [grid[y, x], grid[y, x + 1], grid[y + 1, x], grid[y + 1, x + 1]]
                found.append(torch.cat(four))
            found.append(self.own["sub_GN"][0, 0, 0])
        return found

    def picture(self, image: Image.Image) -> torch.Tensor:
        tiles, rows, columns = plain_pixels(image)
        states = []
        for tile in tiles:
            out = self.tower(torch.tensor(tile)[None], output_hidden_states=True)
            states.append(out.hidden_states[-2][0, 1:].reshape(24, 24, -1))
        lines = [
            torch.cat(states[1 + row * columns : 1 + (row + 1) * columns], dim=1)
            for row in range(rows)
        ]
        found = self.tokens_of_grid(torch.cat(lines))
        found += [self.own["glb_GN"][0, 0], *self.tokens_of_grid(states[0])]
        first, second = "img_projection.0", "img_projection.2"
        hidden = torch.stack(found) @ self.own[f"{first}.weight"].T
        hidden = torch.nn.functional.gelu(hidden + self.own[f"{first}.bias"])
        return hidden @ self.own[f"{second}.weight"].T + self.own[f"{second}.bias"]

    @torch.inference_mode()
    def embed(self, template: str, image: Image.Image | None = None) -> np.ndarray:
        picture = None if image is None else self.picture(image)
        count = 0 if image is None else len(picture)
        ids = torch.tensor(plain_ids(self.checkpoint, template, count))
        words = self.words.embed_tokens(ids.clamp(min=0))
        if image is not None:
            words[ids == -1] = picture
        last = self.words(inputs_embeds=words[None]).last_hidden_state[0, -1]
        return (last / last.norm()).numpy()


@pytest.fixture(scope="module")
def plain(checkpoint):
    return Plain(checkpoint)


def test_pixels_and_tokens(checkpoint, retriever, images):
    processor = ForkingPickler.loads(ForkingPickler.dumps(retriever.prepare)).processor
    for image, (rows, columns, count) in zip(images, SIZES.values(), strict=True):
        tiles, *grid = plain_pixels(image)
        assert grid == [rows, columns]
        found = processor([processor.image_token], [image])
        np.testing.assert_array_equal(found["pixel_values"], np.stack(tiles))
        assert (found["input_ids"] == -1).sum() == count
        template = retriever.prepare.template(PROMPTS[2])
        expanded = retriever.prepare._expanded(PROMPTS[2], count)
        ids = retriever.prepare.tokens([expanded])["input_ids"][0].tolist()
        assert ids == plain_ids(checkpoint, template, count)
        assert ids.count(1) == 2 and ids[-1] == 3 + ord("\n")


def test_pictures_as_in_the_plain_computation(plain, retriever, images, embedded):
    for prompt, vectors in zip(PROMPTS, embedded, strict=True):
        template = retriever.prepare.template(prompt)
        expected = [plain.embed(template, image) for image in images]
        np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_texts_as_in_the_plain_computation(plain, retriever):
    expected = [plain.embed(text) for text in TEXTS]
    np.testing.assert_allclose(retriever.embed_texts(TEXTS), expected, atol=1e-5)


@pytest.mark.skipif(not OFFICIAL.is_file(), reason="shared/data is not there")
def test_official_texts(checkpoint, plain, retriever):
    read = json.loads(OFFICIAL.read_text())
    texts = sorted({row["text"] for rows in read.values() for row in rows})
    assert len(texts) == 263
    for text in texts:
        ids = retriever.prepare.tokens([retriever.query(text)])["input_ids"][0]
        assert ids.tolist() == plain_ids(checkpoint, text, 0)
    expected = [plain.embed(text) for text in texts]
    np.testing.assert_allclose(retriever.embed_texts(texts), expected, atol=1e-5)


def test_a_long_text_is_cut_where_the_reference_cuts_it(retriever):
    ids = retriever.prepare.tokens([retriever.query("people " * 200)])["input_ids"]
    assert ids.shape == (1, 256)


def test_batch_order_and_passes_do_not_matter(retriever, images, embedded):
    backwards = retriever.embed_images(images[::-1], PROMPTS[::-1])
    np.testing.assert_allclose(backwards[::-1, ::-1], embedded, atol=1e-5)
    apart = retriever.in_separate_passes()
    assert retriever.one_pass and "passes" in apart.prepare(images[:1], PROMPTS)
    np.testing.assert_allclose(
        apart.embed_images(images[:3], PROMPTS), embedded[:, :3], atol=1e-5
    )
    assert abs(embedded[0] - embedded[2]).max() > 0.01  # the prompts do matter


def test_a_strip_too_long_is_named(retriever):
    with pytest.raises(InputError, match=r"1400 x 1 pixels .* than 1344 times"):
        retriever.embed_images([Image.new("RGB", (1400, 1))])


WORDS = "model.embed_tokens.weight"
SECOND = "model.vision_embed_tokens.wte.weight"


def test_words_under_their_second_name(checkpoint, retriever, tmp_path):
    def instead(weights):
        weights[SECOND] = weights.pop(WORDS)

    def beside(weights):
        weights[SECOND] = weights[WORDS].clone()

    def another(weights):
        weights[SECOND] = weights[WORDS] + 1

    expected = retriever.embed_texts(TEXTS)
    for change in (instead, beside):
        folder = changed(checkpoint, tmp_path / change.__name__, change)
        other = load(NAME, checkpoint=folder, precision="fp32")
        np.testing.assert_array_equal(other.embed_texts(TEXTS), expected)
    folder = changed(checkpoint, tmp_path / "another", another)
    with pytest.raises(InputError, match="differ, and should be one"):
        load(NAME, checkpoint=folder)


@pytest.mark.parametrize("key", ["model.norm.weight", "model.extra.weight"])
def test_a_key_missing_or_left_over(checkpoint, tmp_path, key):
    def change(weights):
        if weights.pop(key, None) is None:
            weights[key] = torch.zeros(1)

    folder = changed(checkpoint, tmp_path / "model", change)
    with pytest.raises(InputError, match="do not fit Phi3V"):
        load(NAME, checkpoint=folder)


def test_another_model_of_the_type(checkpoint, tmp_path):
    folder = changed(checkpoint, tmp_path / "model", lambda weights: None)
    config = json.loads((folder / "config.json").read_text())
    config["embd_layer"]["hd_transform_order"] = "glb_sub"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="hd_transform_order: is 'glb_sub'"):
        load(NAME, checkpoint=folder)
