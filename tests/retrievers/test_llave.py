"""LLaVE beside a plain computation: tiles cut by PIL, the tower's layers written out,
one picture and one prompt at a time, eager attention, nothing padded."""

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
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from torch.nn import functional as F

from cocofacet.io import InputError
from cocofacet.retrievers.base import BARE
from cocofacet.retrievers.llave import pinpoints
from cocofacet.retrievers.load import load
from rehearsal.tiny_checkpoints import transformers
from rehearsal.tiny_llave import save_llave

NAME = "llave-0.5b"
OFFICIAL = Path(__file__).parents[3] / "shared/data/official_queries.json"
PROMPTS = (None, BARE, "How many people are present in this image?")
# wide, tall, tiny, a strip, large -> tiles across and down, image tokens
SIZES = {
    (640, 480): (2, 2, 2929),
    (300, 720): (1, 2, 729 + 54 * 24),
    (60, 44): (1, 1, 729 + 19 * 28),
    (1200, 200): (2, 1, 729 + 9 * 55),
    (2000, 1999): (2, 2, 729 + 54 * 55),
}
TEXTS = ["Find me an image.\n", "hé 漢字", "  two  blanks", "a"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_llave(tmp_path_factory.mktemp("llave") / "model")


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


def best_grid(width: int, height: int) -> tuple[int, int]:
    """The tiles across and down, of at most 2 x 2, that keep most of a picture, and of
    these the ones that leave least empty."""
    found = {}
    for grid in [(1, 1), (1, 2), (2, 1), (2, 2)]:
        wide, high = 384 * grid[0], 384 * grid[1]
        scale = min(wide / width, high / height)
        kept = min(int(width * scale) * int(height * scale), width * height)
        found[grid] = (kept, kept - wide * high)
    return max(found, key=found.get)


def plain_pixels(image: Image.Image) -> tuple[np.ndarray, int, int]:
    """The whole and the tiles (T, 3, 384, 384), normalised; tiles across and down."""
    across, down = best_grid(*image.size)
    wide, high = 384 * across, 384 * down
    if wide / image.width < high / image.height:
        size = wide, min(math.ceil(image.height * (wide / image.width)), high)
    else:
        size = min(math.ceil(image.width * (high / image.height)), wide), high
    black = Image.new("RGB", (wide, high))
    place = (wide - size[0]) // 2, (high - size[1]) // 2
    black.paste(image.resize(size, Image.Resampling.BICUBIC), place)
    tiles = [image.resize((384, 384), Image.Resampling.BICUBIC)]
    for top in range(0, high, 384):
        for left in range(0, wide, 384):
            tiles.append(black.crop((left, top, left + 384, top + 384)))
    pixels = np.stack([np.asarray(tile) for tile in tiles]).transpose(0, 3, 1, 2)
    scaled = (pixels * (1 / 255)).astype(np.float32)
    return (scaled - np.float32(0.5)) / np.float32(0.5), across, down


def plain_ids(checkpoint: Path, template: str, count: int) -> list[int]:
    """Byte pairs from the two files; a picture's tokens between stretches of text."""
    files = (str(checkpoint / name) for name in ("vocab.json", "merges.txt"))
    tokenizer = Tokenizer(models.BPE.from_file(*files))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer.add_special_tokens([AddedToken(token) for token in special])
    before, image, after = template.partition("<image>")
    ids = tokenizer.encode(before).ids
    image_id = tokenizer.get_vocab_size()
    return ids + [image_id] * count + tokenizer.encode(after).ids if image else ids


class Plain:
    """The official tensors, one sequence at a time."""

    def __init__(self, checkpoint: Path):
        self.checkpoint, self.weights = checkpoint, {}
        for file in checkpoint.glob("*.safetensors"):
            self.weights |= load_file(file)
        config = json.loads((checkpoint / "config.json").read_text())
        fields = (
            "vocab_size hidden_size intermediate_size num_hidden_layers "
            "num_attention_heads num_key_value_heads rms_norm_eps"
        )
        self.words = transformers.Qwen2Model(
            transformers.Qwen2Config(
                **{field: config[field] for field in fields.split()},
                rope_parameters={"rope_type": "default", "rope_theta": 1e6},
                attn_implementation="eager",
            )
        ).eval()
        own = ("model.vision_tower.", "model.mm_projector.", "model.image_newline")
        words = {
            key.removeprefix("model."): value
            for key, value in self.weights.items()
            if not key.startswith((*own, "lm_head."))
        }
        self.words.load_state_dict(words)

    def linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return F.layer_norm(x, x.shape[-1:], weight, bias, eps=1e-6)

    def tower(self, pixels: torch.Tensor) -> torch.Tensor:
        """Tiles (T, 3, 384, 384) -> the last layer's states (T, 729, 72), one head; the
        norm after it isn't used."""
        base = "model.vision_tower.vision_tower.vision_model"
        patch = f"{base}.embeddings.patch_embedding"
        weight, bias = self.weights[f"{patch}.weight"], self.weights[f"{patch}.bias"]
        x = F.conv2d(pixels, weight, bias, stride=14).flatten(2).transpose(1, 2)
        x = x + self.weights[f"{base}.embeddings.position_embedding.weight"]
        for layer in range(2):
            here = f"{base}.encoder.layers.{layer}"
            y = self.norm(f"{here}.layer_norm1", x)
            names = (f"{here}.self_attn.{part}_proj" for part in "qkv")
            q, k, v = (self.linear(name, y) for name in names)
            seen = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(72), dim=-1)
            x = x + self.linear(f"{here}.self_attn.out_proj", seen @ v)
            y = self.linear(f"{here}.mlp.fc1", self.norm(f"{here}.layer_norm2", x))
            x = x + self.linear(f"{here}.mlp.fc2", F.gelu(y, approximate="tanh"))
        return x

    def picture(self, image: Image.Image) -> torch.Tensor:
        """The whole's tokens, then the tiles' line by line without the black bars, each
        line with a token at its end."""
        pixels, across, down = plain_pixels(image)
        x = self.linear("model.mm_projector.0", self.tower(torch.from_numpy(pixels)))
        x = self.linear("model.mm_projector.2", F.gelu(x))  # (T, 729, D)
        grids = x.reshape(len(x), 27, 27, -1)
        lines = [
            torch.cat(list(grids[1 + row * across : 1 + (row + 1) * across]), dim=1)
            for row in range(down)
        ]
        grid = torch.cat(lines)  # (27 * down, 27 * across, D)
        high, wide = grid.shape[:2]
        if image.width / image.height > wide / high:
            bar = (high - int(image.height * (wide / image.width))) // 2
            grid = grid[bar : high - bar]
        else:
            bar = (wide - int(image.width * (high / image.height))) // 2
            grid = grid[:, bar : wide - bar]
        found = [x[0]]
        for line in grid:
            found += [line, self.weights["model.image_newline"][None]]
        return torch.cat(found)

    @torch.inference_mode()
    def embed(self, template: str, picture: torch.Tensor | None = None) -> np.ndarray:
        count = 0 if picture is None else len(picture)
        ids = torch.tensor(plain_ids(self.checkpoint, template, count))
        words = self.words.embed_tokens(ids)
        if count:
            start = len(plain_ids(self.checkpoint, template.partition("<image>")[0], 0))
            words[start : start + count] = picture
        last = self.words(inputs_embeds=words[None]).last_hidden_state[0, -1]
        return (last / last.norm()).numpy()


@pytest.fixture(scope="module")
def plain(checkpoint):
    return Plain(checkpoint)


def test_pixels_and_tokens(checkpoint, retriever, images):
    processor = ForkingPickler.loads(ForkingPickler.dumps(retriever.prepare)).processor
    for image, (*grid, count) in zip(images, SIZES.values(), strict=True):
        pixels, *expected = plain_pixels(image)
        assert grid == expected
        found = processor(text=["<image>"], images=[image], return_tensors="pt")
        np.testing.assert_array_equal(found["pixel_values"][0], pixels)
        assert (found["input_ids"] == processor.image_token_id).sum() == count
        expanded = retriever.prepare._expanded(PROMPTS[2], count)
        ids = retriever.prepare.tokens([expanded])["input_ids"][0].tolist()
        template = retriever.prepare.template(PROMPTS[2])
        assert ids == plain_ids(checkpoint, template, count)


def test_pictures_as_in_the_plain_computation(plain, retriever, images, embedded):
    with torch.inference_mode():
        pictures = [plain.picture(image) for image in images]
    for number, picture in enumerate(pictures):
        assert len(picture) == list(SIZES.values())[number][2]
        for prompt, vectors in zip(PROMPTS, embedded, strict=True):
            expected = plain.embed(retriever.prepare.template(prompt), picture)
            np.testing.assert_allclose(vectors[number], expected, atol=1e-5)


def test_texts_as_in_the_plain_computation(plain, retriever):
    expected = [plain.embed(retriever.query(text)) for text in TEXTS]
    np.testing.assert_allclose(retriever.embed_texts(TEXTS), expected, atol=1e-5)


@pytest.mark.skipif(not OFFICIAL.is_file(), reason="shared/data is not there")
def test_official_texts(checkpoint, plain, retriever):
    read = json.loads(OFFICIAL.read_text())
    texts = sorted({row["text"] for rows in read.values() for row in rows})
    assert len(texts) == 263
    queries = [retriever.query(text) for text in texts]
    for query in queries:
        ids = retriever.prepare.tokens([query])["input_ids"][0]
        assert ids.tolist() == plain_ids(checkpoint, query, 0)
    expected = [plain.embed(query) for query in queries]
    np.testing.assert_allclose(retriever.embed_texts(texts), expected, atol=1e-5)


def test_batch_order_and_passes_do_not_matter(retriever, images, embedded):
    images, embedded = images[1:4], embedded[:, 1:4]
    backwards = retriever.embed_images(images[::-1], PROMPTS[::-1])
    np.testing.assert_allclose(backwards[::-1, ::-1], embedded, atol=1e-5)
    alone = retriever.embed_images(images[:1], PROMPTS)
    np.testing.assert_allclose(alone, embedded[:, :1], atol=1e-5)
    apart = retriever.in_separate_passes()
    assert retriever.one_pass and "passes" in apart.prepare(images[:1], PROMPTS)
    np.testing.assert_allclose(apart.embed_images(images, PROMPTS), embedded, atol=1e-5)
    assert abs(embedded[0] - embedded[2]).max() > 0.01  # the prompts do matter
    assert abs(embedded[:, 0] - embedded[:, 1]).max() > 0.01  # and the pictures


def test_sizes_of_tiles_come_as_words_or_as_pairs():
    expected = [[384, 384], [768, 384], [384, 768], [768, 768]]  # height, width
    assert pinpoints("(1x1),...,(2x2)") == expected
    assert pinpoints([[768, 384], [384, 1152]]) == [[384, 768], [1152, 384]]


def test_the_tokenizer_in_one_file(checkpoint, retriever, tmp_path):
    folder = changed(checkpoint, tmp_path / "model", lambda weights: None)
    transformers.Qwen2Tokenizer.from_pretrained(checkpoint).save_pretrained(folder)
    assert (folder / "tokenizer.json").is_file()
    (folder / "vocab.json").unlink()
    (folder / "merges.txt").unlink()
    other = load(NAME, checkpoint=folder, precision="fp32")
    np.testing.assert_array_equal(
        other.embed_texts(TEXTS), retriever.embed_texts(TEXTS)
    )


TOWER = "model.vision_tower.vision_tower.vision_model"


@pytest.mark.parametrize(
    "key", ["model.image_newline", f"{TOWER}.head.probe", "model.extra.weight"]
)
def test_a_key_missing_or_left_over(checkpoint, tmp_path, key):
    def change(weights):
        if weights.pop(key, None) is None:
            weights[key] = torch.zeros(1)

    folder = changed(checkpoint, tmp_path / "model", change)
    with pytest.raises(InputError, match="do not fit LlavaOnevisionModel"):
        load(NAME, checkpoint=folder)


def test_another_model_of_the_type(checkpoint, tmp_path):
    folder = changed(checkpoint, tmp_path / "model", lambda weights: None)
    config = json.loads((folder / "config.json").read_text())
    config["mm_patch_merge_type"] = "flat"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="mm_patch_merge_type: is 'flat'"):
        load(NAME, checkpoint=folder)
