"""Phi-3.5-V beside a plain computation: tiles cut in loops, tokens set one by one, one
picture and one prompt at a time, eager attention, the tower with all of its layers."""

import math
from multiprocessing.reduction import ForkingPickler

import numpy as np
import plain_rows
import pytest
import torch
from changed_weights import changed
from PIL import Image
from plain_rows import LARGE, PROMPTS, STRIP, TALL, TEXTS, TINY, WIDE, Beside
from tokenizers import Tokenizer

from cocofacet.io import InputError
from rehearsal.tiny_checkpoints import transformers
from rehearsal.tiny_phi3_v import save_phi3_v

# Size -> rows and columns of tiles, tokens
SIZES = {
    WIDE: (2, 2, 757),
    TALL: (2, 1, 469),
    TINY: (2, 2, 757),
    STRIP: (1, 4, 745),
    (200, 1200): (4, 1, 781),
    LARGE: (2, 2, 757),
}


@pytest.fixture(scope="module")
def row(tmp_path_factory):
    checkpoint = save_phi3_v(tmp_path_factory.mktemp("phi") / "model")
    return Beside("vlm2vec-phi-3.5-v", Plain(checkpoint), [*SIZES])


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


class Plain(plain_rows.Plain):
    def __init__(self, checkpoint):
        super().__init__(checkpoint)
        self.tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
        scaling = self.config["rope_scaling"]
        self.words = transformers.Phi3Model(
            transformers.Phi3Config(
                **self.fields("vocab_size", "hidden_size", "intermediate_size"),
                **self.fields("num_hidden_layers", "num_attention_heads"),
                **self.fields("num_key_value_heads", "rms_norm_eps"),
                max_position_embeddings=131072,
                original_max_position_embeddings=4096,
                rope_parameters={
                    "rope_type": "longrope",
                    "rope_theta": self.config["rope_theta"],
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
        pictures = "vision_embed_tokens."
        tower = f"model.{pictures}img_processor.vision_model."
        self.tower.load_state_dict(self.below(tower))
        words = self.below("model.").items()
        words = {key: v for key, v in words if not key.startswith(pictures)}
        self.words.load_state_dict(words)
        self.weights = self.below(f"model.{pictures}")

    def ids(self, text, count=0):
        """Each stretch of text by itself, so that <s> stands behind the picture too."""
        before, image, after = text.partition("<|image_1|>")
        ids = self.tokenizer.encode(before).ids
        return ids + [-1] * count + self.tokenizer.encode(after).ids if image else ids

    def tokens_of_grid(self, grid: torch.Tensor) -> list[torch.Tensor]:
        """2 x 2 patches to one token, a separator behind each line."""
        found = []
        for y in range(0, grid.shape[0], 2):
            for x in range(0, grid.shape[1], 2):
                four = [grid[y, x], grid[y, x + 1], grid[y + 1, x], grid[y + 1, x + 1]]
                found.append(torch.cat(four))
            found.append(self.weights["sub_GN"][0, 0, 0])
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
        found += [self.weights["glb_GN"][0, 0], *self.tokens_of_grid(states[0])]
        hidden = self.linear("img_projection.0", torch.stack(found))
        return self.linear("img_projection.2", torch.nn.functional.gelu(hidden))

    @torch.inference_mode()
    def embed(self, text, picture=None):
        ids = torch.tensor(self.ids(text, 0 if picture is None else len(picture)))
        words = self.words.embed_tokens(ids.clamp(min=0))
        if picture is not None:
            words[ids == -1] = picture
        last = self.words(inputs_embeds=words[None]).last_hidden_state[0, -1]
        return (last / last.norm()).numpy()


def test_pixels_and_tokens(row):
    prepare = row.retriever.prepare
    processor = ForkingPickler.loads(ForkingPickler.dumps(prepare)).processor
    for image, (rows, columns, count) in zip(row.images, SIZES.values(), strict=True):
        tiles, *grid = plain_pixels(image)
        assert grid == [rows, columns]
        found = processor([processor.image_token], [image])
        np.testing.assert_array_equal(found["pixel_values"], np.stack(tiles))
        assert (found["input_ids"] == -1).sum() == count
        ids = row.ids(prepare._expanded(PROMPTS[2], count))
        assert ids == row.plain.ids(prepare.template(PROMPTS[2]), count)
        assert ids.count(1) == 2 and ids[-1] == 3 + ord("\n")


def test_pictures_as_in_the_plain_computation(row):
    row.check_pictures()


def test_texts_as_in_the_plain_computation(row):
    row.check_texts(TEXTS)


def test_official_texts(row):
    row.check_official_texts()


def test_batch_order_and_passes_do_not_matter(row):
    row.check_batches()
    assert row.retriever.one_pass


def test_a_long_text_is_cut_where_the_reference_cuts_it(row):
    assert len(row.ids(row.retriever.query("people " * 200))) == 256


def test_a_strip_too_long_is_named(row):
    with pytest.raises(InputError, match=r"1400 x 1 pixels .* than 1344 times"):
        row.retriever.embed_images([Image.new("RGB", (1400, 1))])


WORDS = "model.embed_tokens.weight"
SECOND = "model.vision_embed_tokens.wte.weight"


def test_words_under_their_second_name(row, tmp_path):
    def instead(weights):
        weights[SECOND] = weights.pop(WORDS)

    def beside(weights):
        weights[SECOND] = weights[WORDS].clone()

    def another(weights):
        weights[SECOND] = weights[WORDS] + 1

    expected = row.retriever.embed_texts(TEXTS)
    for change in (instead, beside):
        folder = changed(row.plain.checkpoint, tmp_path / change.__name__, change)
        np.testing.assert_array_equal(row.load(folder).embed_texts(TEXTS), expected)
    folder = changed(row.plain.checkpoint, tmp_path / "another", another)
    row.refuses(folder, "differ, and should be one")


@pytest.mark.parametrize("key", ["model.norm.weight", "model.extra.weight"])
def test_a_key_missing_or_left_over(row, tmp_path, key):
    row.refuses_key(tmp_path / "model", key, "do not fit Phi3V")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("embd_layer.use_hd_transform", False),
        ("embd_layer.with_learnable_separator", False),
        ("embd_layer.hd_transform_order", "glb_sub"),
        ("embd_layer.projection_cls", "linear"),
        ("img_processor.layer_idx", -1),
        ("img_processor.type_feature", "cls_patch"),
    ],
)
def test_another_model_of_the_type(row, tmp_path, field, value):
    row.refuses_field(tmp_path / "model", field, value)
