"""MM-Embed beside a plain computation: one sequence at a time, eager attention, the
latent attention written out head by head."""

import numpy as np
import plain_rows
import pytest
import torch
from changed_weights import reconfigured
from PIL import Image
from plain_rows import LARGE, PROMPTS, STRIP, TALL, TEXTS, TINY, WIDE, Beside
from tokenizers import Tokenizer

from cocofacet.io import InputError
from rehearsal.tiny_checkpoints import transformers
from rehearsal.tiny_mm_embed import save_mm_embed

INSTRUCTION = "Instruct: Find me an image that matches the given caption."
PATCHES = 16  # 56 x 56 pixels in patches of 14


@pytest.fixture(scope="module")
def row(tmp_path_factory):
    checkpoint = save_mm_embed(tmp_path_factory.mktemp("mm") / "model")
    return Beside("mm-embed", Plain(checkpoint), [WIDE, TALL, TINY, STRIP, LARGE])


def plain_pixels(image: Image.Image) -> np.ndarray:
    """The whole picture, squeezed and normalised: (3, 56, 56)."""
    squeezed = image.resize((56, 56), Image.Resampling.BICUBIC)
    mean = np.float32([0.48145466, 0.4578275, 0.40821073])
    std = np.float32([0.26862954, 0.26130258, 0.27577711])
    return ((np.asarray(squeezed, np.float32) / 255 - mean) / std).transpose(2, 0, 1)


class Plain(plain_rows.Plain):
    def __init__(self, checkpoint):
        super().__init__(checkpoint)
        self.tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
        self.image = self.config["image_token_index"]
        text = {**self.config["text_config"], "vocab_size": self.image}
        text["rope_theta"] = 10000.0  # NV-Embed-v1's, whatever the file says
        kinds = transformers.MistralConfig, transformers.CLIPVisionConfig
        given = text, self.config["vision_config"]
        text, vision = (
            kind(**{k: v for k, v in each.items() if k != "model_type"})
            for kind, each in zip(kinds, given, strict=True)
        )
        for each in (text, vision):
            each._attn_implementation = "eager"
        text.sliding_window = None
        self.words = transformers.MistralModel(text).eval()
        self.tower = transformers.CLIPVisionModel(vision).eval()
        self.words.load_state_dict(self.below("language_model."))
        self.tower.load_state_dict(self.below("vision_tower.vision_model."))

    def ids(self, text, count=0):
        text = text.replace("<image>", "<image>" * count)
        return [1, *self.tokenizer.encode(text, add_special_tokens=False).ids, 2]

    def picture(self, image):
        pixels = torch.from_numpy(plain_pixels(image))[None]
        states = self.tower(pixels, output_hidden_states=True).hidden_states[-2]
        hidden = self.linear("multi_modal_projector.linear_1", states[0, 1:])
        hidden = torch.nn.functional.gelu(hidden)
        hidden = self.linear("multi_modal_projector.linear_2", hidden)
        return torch.cat([hidden, self.weights["image_newline"][None]])

    def normed(self, name: str, states: torch.Tensor) -> torch.Tensor:
        apart = states - states.mean(-1, keepdim=True)
        spread = (apart.square().mean(-1, keepdim=True) + 1e-5).sqrt()
        scaled = apart / spread * self.weights[f"{name}.weight"]
        return scaled + self.weights[f"{name}.bias"]

    def read(self, states: torch.Tensor) -> torch.Tensor:
        block = "latent_attention_model.cross_attend_blocks"
        latents = self.weights["latent_attention_model.latents"]
        context = self.normed(f"{block}.0.norm_context", latents)
        asked = self.normed(f"{block}.0.norm", states)
        asked = asked @ self.weights[f"{block}.0.fn.to_q.weight"].T
        both = context @ self.weights[f"{block}.0.fn.to_kv.weight"].T
        half = both.shape[1] // 2
        keys, values = both[:, :half], both[:, half:]
        heads, size = [], half // 8
        for head in range(8):
            part = slice(head * size, (head + 1) * size)
            scores = asked[:, part] @ keys[:, part].T / size**0.5
            heads.append(scores.softmax(-1) @ values[:, part])
        found = torch.cat(heads, dim=1) @ self.weights[f"{block}.0.fn.to_out.weight"].T
        states = states + found
        hidden = self.normed(f"{block}.1.norm", states)
        hidden = self.linear(f"{block}.1.fn.net.0", hidden)
        half = hidden.shape[1] // 2
        hidden = hidden[:, :half] * torch.nn.functional.gelu(hidden[:, half:])
        hidden = self.linear(f"{block}.1.fn.net.2", hidden)
        return states + hidden

    @torch.inference_mode()
    def embed(self, text, picture=None, skip=0, causal=False):
        ids = torch.tensor(self.ids(text, 0 if picture is None else len(picture)))
        words = self.words.embed_tokens(ids.where(ids != self.image, 0))
        if picture is not None:
            words[ids == self.image] = picture
        mask = torch.zeros(len(ids), len(ids))
        if causal:
            mask = mask.masked_fill(torch.ones_like(mask).triu(1).bool(), -torch.inf)
        states = self.words(
            inputs_embeds=words[None], attention_mask=mask[None, None]
        ).last_hidden_state[0]
        mean = self.read(states)[skip:].mean(0)
        return (mean / mean.norm()).numpy()

    def asked(self, text):
        return f"{INSTRUCTION}\nQuery: {text}"

    def query(self, text, **how):
        return self.embed(self.asked(text), skip=len(self.ids(INSTRUCTION)), **how)


def test_pixels_and_tokens(row):
    processor, plain = row.retriever.processor, row.plain
    found = processor([processor.image_token] * len(row.images), row.images)
    expected = np.stack([plain_pixels(image) for image in row.images])
    np.testing.assert_allclose(found["pixel_values"], expected, atol=1e-5)
    prepare, count = row.retriever.prepare, PATCHES + 1
    ids = row.ids(prepare._expanded(PROMPTS[2], count))
    assert ids == plain.ids(prepare.template(PROMPTS[2]), count)
    assert ids.count(plain.image) == count
    # A blank piece of its own, then the line feed.
    after = ids[1 + count :]
    assert after[:2] == [plain.tokenizer.token_to_id("▁"), 3 + ord("\n")]


def test_pictures_as_in_the_plain_computation(row):
    row.check_pictures()


def test_texts_as_in_the_plain_computation(row):
    row.check_texts(TEXTS)
    (found,) = row.retriever.embed_texts(TEXTS[:1])
    # What would be wrong: attention that is causal, or an instruction that is pooled.
    assert abs(found - row.plain.query(TEXTS[0], causal=True)).max() > 1e-3
    assert abs(found - row.plain.embed(row.plain.asked(TEXTS[0]))).max() > 1e-3


def test_official_texts(row):
    row.check_official_texts()


def test_batch_and_order_do_not_matter(row):
    row.check_batches()


def test_a_long_text_is_cut_and_keeps_its_end(row):
    ids = row.ids(row.retriever.query("people " * 900))
    assert len(ids) == 512 and ids[0] == 1 and ids[-1] == 2


def test_never_in_one_pass(row):
    assert not row.retriever.one_pass
    with pytest.raises(InputError, match="do not allow one pass"):
        row.load(row.plain.checkpoint, one_pass=True)


@pytest.mark.parametrize(
    "key", ["latent_attention_model.latents", "language_model.extra.weight"]
)
def test_a_key_missing_or_left_over(row, tmp_path, key):
    row.refuses_key(tmp_path / "model", key, "latents|do not fit MmEmbed")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("retriever", "nvidia/NV-Embed-v2"),
        ("global_image_patch_only", False),
        ("add_eos_token", False),
        ("padding_side", "left"),
        ("vision_feature_layer", [-2, -5]),
        ("vision_feature_select_strategy", "full"),
        ("projector_hidden_act", "relu"),
        ("use_image_newline_parameter", False),
        ("vision_config.model_type", "siglip_vision_model"),
        ("text_config.model_type", "llama"),
        ("text_config.hidden_act", "gelu"),
        ("text_config.rms_norm_eps", 1e-6),
        ("text_config.rope_scaling", {"type": "linear", "factor": 2.0}),
    ],
)
def test_another_model_of_the_type(row, tmp_path, field, value):
    row.refuses_field(tmp_path / "model", field, value)


def test_a_picture_is_another_token_than_the_tokenizer_says(row, tmp_path):
    other = {"image_token_index": row.plain.image + 1}
    folder = reconfigured(row.plain.checkpoint, tmp_path / "model", other)
    row.refuses(folder, f"<image> is token {row.plain.image}")
