"""LLaVE beside a plain computation: tiles cut by PIL, the tower's layers written out,
one picture and one prompt at a time, eager attention, nothing padded."""

import math
from multiprocessing.reduction import ForkingPickler

import numpy as np
import plain_rows
import pytest
import torch
from changed_weights import changed, reconfigured
from PIL import Image
from plain_rows import LARGE, PROMPTS, STRIP, TALL, TEXTS, TINY, WIDE, Beside
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from torch.nn import functional as F

from cocofacet.retrievers.llave import pinpoints
from rehearsal.tiny_checkpoints import transformers
from rehearsal.tiny_llave import save_llave

# Size -> tiles across and down, image tokens
SIZES = {
    WIDE: (2, 2, 2929),
    TALL: (1, 2, 729 + 54 * 24),
    TINY: (1, 1, 729 + 19 * 28),
    STRIP: (2, 1, 729 + 9 * 55),
    LARGE: (2, 2, 729 + 54 * 55),
}
CHAT = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
    "{}<|im_end|>\n<|im_start|>assistant\n\n<|im_end|>\n"
)


@pytest.fixture(scope="module")
def row(tmp_path_factory):
    checkpoint = save_llave(tmp_path_factory.mktemp("llave") / "model")
    return Beside("llave-0.5b", Plain(checkpoint), [*SIZES])


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


class Plain(plain_rows.Plain):
    def __init__(self, checkpoint):
        super().__init__(checkpoint)
        self.words = transformers.Qwen2Model(
            transformers.Qwen2Config(
                **self.fields("vocab_size", "hidden_size", "intermediate_size"),
                **self.fields("num_hidden_layers", "num_attention_heads"),
                **self.fields("num_key_value_heads", "rms_norm_eps"),
                rope_parameters={"rope_type": "default", "rope_theta": 1e6},
                attn_implementation="eager",
            )
        ).eval()
        own = ("vision_tower.", "mm_projector.", "image_newline")
        words = self.below("model.").items()
        words = {key: value for key, value in words if not key.startswith(own)}
        self.words.load_state_dict(words)
        files = (str(checkpoint / name) for name in ("vocab.json", "merges.txt"))
        self.tokenizer = Tokenizer(models.BPE.from_file(*files))
        self.tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        self.tokenizer.add_special_tokens([AddedToken(token) for token in special])
        self.image = self.tokenizer.get_vocab_size()

    def ids(self, text, count=0):
        """Byte pairs from the two files; a picture between stretches of text."""
        before, image, after = text.partition("<image>")
        ids = self.tokenizer.encode(before).ids
        rest = self.tokenizer.encode(after).ids
        return ids + [self.image] * count + rest if image else ids

    def asked(self, text):
        return CHAT.format(text)

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
    def embed(self, text, picture=None):
        count = 0 if picture is None else len(picture)
        words = self.words.embed_tokens(torch.tensor(self.ids(text, count)))
        if count:
            start = len(self.ids(text.partition("<image>")[0]))
            words[start : start + count] = picture
        last = self.words(inputs_embeds=words[None]).last_hidden_state[0, -1]
        return (last / last.norm()).numpy()


def test_pixels_and_tokens(row):
    prepare = row.retriever.prepare
    processor = ForkingPickler.loads(ForkingPickler.dumps(prepare)).processor
    for image, (*grid, count) in zip(row.images, SIZES.values(), strict=True):
        pixels, *expected = plain_pixels(image)
        assert grid == expected
        found = processor(text=["<image>"], images=[image], return_tensors="pt")
        np.testing.assert_array_equal(found["pixel_values"][0], pixels)
        assert (found["input_ids"] == processor.image_token_id).sum() == count
        ids = row.ids(prepare._expanded(PROMPTS[2], count))
        assert ids == row.plain.ids(prepare.template(PROMPTS[2]), count)


def test_pictures_as_in_the_plain_computation(row):
    row.check_pictures()


def test_texts_as_in_the_plain_computation(row):
    row.check_texts(TEXTS)


def test_official_texts(row):
    row.check_official_texts()


def test_batch_order_and_passes_do_not_matter(row):
    row.check_batches()
    assert row.retriever.one_pass


def test_sizes_of_tiles_come_as_words_or_as_pairs():
    expected = [[384, 384], [768, 384], [384, 768], [768, 768]]  # height, width
    assert pinpoints("(1x1),...,(2x2)") == expected
    assert pinpoints([[768, 384], [384, 1152]]) == [[384, 768], [1152, 384]]


def test_the_tokenizer_in_one_file(row, tmp_path):
    folder = changed(row.plain.checkpoint, tmp_path / "model", lambda weights: None)
    tokenizer = transformers.Qwen2Tokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    assert (folder / "tokenizer.json").is_file()
    (folder / "vocab.json").unlink()
    (folder / "merges.txt").unlink()
    expected = row.retriever.embed_texts(TEXTS)
    np.testing.assert_array_equal(row.load(folder).embed_texts(TEXTS), expected)


TOWER = "model.vision_tower.vision_tower.vision_model"


@pytest.mark.parametrize(
    "key", ["model.image_newline", f"{TOWER}.head.probe", "model.extra.weight"]
)
def test_a_key_missing_or_left_over(row, tmp_path, key):
    row.refuses_key(tmp_path / "model", key, "do not fit LlavaOnevisionModel")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mm_patch_merge_type", "flat"),
        ("mm_projector_type", "linear"),
        ("image_aspect_ratio", "pad"),
    ],
)
def test_another_model_of_the_type(row, tmp_path, field, value):
    row.refuses_field(tmp_path / "model", field, value)


def test_an_embedding_without_a_row_for_a_picture(row, tmp_path):
    image = row.plain.image

    def with_rows(count):
        def cut(weights):
            for name in ("model.embed_tokens.weight", "lm_head.weight"):
                weights[name] = weights[name][:count].clone()

        folder = changed(row.plain.checkpoint, tmp_path / f"cut-{count}", cut)
        return reconfigured(folder, tmp_path / f"{count}", {"vocab_size": count})

    vectors = row.load(with_rows(image + 1)).embed_images(row.images[2:3], PROMPTS)
    np.testing.assert_allclose(vectors, row.embedded[:, 2:3], atol=1e-5)
    row.refuses(with_rows(image), rf"is token {image}, but .* has {image} rows")
