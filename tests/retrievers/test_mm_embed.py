"""MM-Embed beside a plain computation: one sequence at a time, eager attention, the
latent attention written out head by head."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from cocofacet.io import InputError
from cocofacet.retrievers.base import BARE
from cocofacet.retrievers.load import load
from rehearsal.tiny_checkpoints import transformers
from rehearsal.tiny_mm_embed import save_mm_embed

NAME = "mm-embed"
OFFICIAL = Path(__file__).parents[3] / "shared/data/official_queries.json"
PROMPTS = (None, BARE, "How many people are present in this image?")
SIZES = [(640, 480), (300, 720), (60, 44), (1200, 200), (2000, 1999)]
TEXTS = ["Find me an image.\n", "hé 漢字", "a"]
INSTRUCTION = "Instruct: Find me an image that matches the given caption."
PATCHES = 16  # 56 x 56 pixels in patches of 14


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_mm_embed(tmp_path_factory.mktemp("mm") / "model")


@pytest.fixture(scope="module")
def retriever(checkpoint):
    return load(NAME, checkpoint=checkpoint, precision="fp32", batch_size=3)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return [
        Image.fromarray(rng.integers(0, 256, (height // 9, width // 9, 3), np.uint8))
        .resize((width, height))
        for width, height in SIZES
    ]  # fmt: skip


@pytest.fixture(scope="module")
def embedded(retriever, images):
    return retriever.embed_images(images, PROMPTS)


def plain_pixels(image: Image.Image) -> np.ndarray:
    """The whole picture, squeezed and normalised: (3, 56, 56)."""
    squeezed = image.resize((56, 56), Image.Resampling.BICUBIC)
    mean = np.float32([0.48145466, 0.4578275, 0.40821073])
    std = np.float32([0.26862954, 0.26130258, 0.27577711])
    return ((np.asarray(squeezed, np.float32) / 255 - mean) / std).transpose(2, 0, 1)


class Plain:
    """The official tensors, one sequence at a time."""

    def __init__(self, checkpoint: Path):
        self.tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
        weights = {}
        for file in checkpoint.glob("*.safetensors"):
            weights |= load_file(file)
        config = json.loads((checkpoint / "config.json").read_text())
        self.image = config["image_token_index"]
        text = {**config["text_config"], "vocab_size": self.image}
        text["rope_theta"] = 10000.0  # NV-Embed-v1's, whatever the file says
        kinds = transformers.MistralConfig, transformers.CLIPVisionConfig
        text, vision = (
            kind(**{k: v for k, v in given.items() if k != "model_type"})
            for kind, given in zip(kinds, (text, config["vision_config"]), strict=True)
        )
        for each in (text, vision):
            each._attn_implementation = "eager"
        text.sliding_window = None
        self.words = transformers.MistralModel(text).eval()
        self.tower = transformers.CLIPVisionModel(vision).eval()
        self.own = {}
        tower = "vision_tower.vision_model."
        parts = {tower: {}, "language_model.": {}}
        for key, value in weights.items():
            start = next((start for start in parts if key.startswith(start)), None)
            place = self.own if start is None else parts[start]
            place[key.removeprefix(start or "")] = value
        self.tower.load_state_dict(parts[tower])
        self.words.load_state_dict(parts["language_model."])

    def ids(self, text: str, images: int = 0) -> list[int]:
        text = text.replace("<image>", "<image>" * images)
        return [1, *self.tokenizer.encode(text, add_special_tokens=False).ids, 2]

    def picture(self, image: Image.Image) -> torch.Tensor:
        pixels = torch.from_numpy(plain_pixels(image))[None]
        states = self.tower(pixels, output_hidden_states=True).hidden_states[-2]
        first, second = (
            "multi_modal_projector.linear_1",
            "multi_modal_projector.linear_2",
        )
        hidden = states[0, 1:] @ self.own[f"{first}.weight"].T
        hidden = torch.nn.functional.gelu(hidden + self.own[f"{first}.bias"])
        hidden = hidden @ self.own[f"{second}.weight"].T + self.own[f"{second}.bias"]
        return torch.cat([hidden, self.own["image_newline"][None]])

    def normed(self, name: str, states: torch.Tensor) -> torch.Tensor:
        apart = states - states.mean(-1, keepdim=True)
        spread = (apart.square().mean(-1, keepdim=True) + 1e-5).sqrt()
        return apart / spread * self.own[f"{name}.weight"] + self.own[f"{name}.bias"]

    def read(self, states: torch.Tensor) -> torch.Tensor:
        block = "latent_attention_model.cross_attend_blocks"
        latents = self.own["latent_attention_model.latents"]
        context = self.normed(f"{block}.0.norm_context", latents)
        asked = self.normed(f"{block}.0.norm", states)
        asked = asked @ self.own[f"{block}.0.fn.to_q.weight"].T
        both = context @ self.own[f"{block}.0.fn.to_kv.weight"].T
        half = both.shape[1] // 2
        keys, values = both[:, :half], both[:, half:]
        heads, size = [], half // 8
        for head in range(8):
            part = slice(head * size, (head + 1) * size)
            scores = asked[:, part] @ keys[:, part].T / size**0.5
            heads.append(scores.softmax(-1) @ values[:, part])
        found = torch.cat(heads, dim=1) @ self.own[f"{block}.0.fn.to_out.weight"].T
        states = states + found
        hidden = self.normed(f"{block}.1.norm", states)
        name = f"{block}.1.fn.net"
        hidden = hidden @ self.own[f"{name}.0.weight"].T + self.own[f"{name}.0.bias"]
        half = hidden.shape[1] // 2
        hidden = hidden[:, :half] * torch.nn.functional.gelu(hidden[:, half:])
        hidden = hidden @ self.own[f"{name}.2.weight"].T + self.own[f"{name}.2.bias"]
        return states + hidden

    @torch.inference_mode()
    def embed(self, text, image=None, skip=0, causal=False) -> np.ndarray:
        ids = torch.tensor(self.ids(text, PATCHES + 1 if image else 0))
        words = self.words.embed_tokens(ids.where(ids != self.image, 0))
        if image is not None:
            words[ids == self.image] = self.picture(image)
        mask = torch.zeros(len(ids), len(ids))
        if causal:
            mask = mask.masked_fill(torch.ones_like(mask).triu(1).bool(), -torch.inf)
        states = self.words(
            inputs_embeds=words[None], attention_mask=mask[None, None]
        ).last_hidden_state[0]
        mean = self.read(states)[skip:].mean(0)
        return (mean / mean.norm()).numpy()

    def query(self, text: str, **how) -> np.ndarray:
        skip = len(self.ids(INSTRUCTION))
        return self.embed(f"{INSTRUCTION}\nQuery: {text}", skip=skip, **how)


@pytest.fixture(scope="module")
def plain(checkpoint):
    return Plain(checkpoint)


def test_pixels_and_tokens(plain, retriever, images):
    processor = retriever.processor
    found = processor([processor.image_token] * len(images), images)
    expected = np.stack([plain_pixels(image) for image in images])
    np.testing.assert_allclose(found["pixel_values"], expected, atol=1e-5)
    expanded = retriever.prepare._expanded(PROMPTS[2], PATCHES + 1)
    ids = retriever.prepare.tokens([expanded])["input_ids"][0].tolist()
    assert ids == plain.ids(retriever.prepare.template(PROMPTS[2]), PATCHES + 1)
    assert ids.count(plain.image) == PATCHES + 1
    # A blank piece of its own, then the line feed.
    after = ids[1 + PATCHES + 1 :]
    assert after[:2] == [plain.tokenizer.token_to_id("▁"), 3 + ord("\n")]


def test_pictures_as_in_the_plain_computation(plain, retriever, images, embedded):
    for prompt, vectors in zip(PROMPTS, embedded, strict=True):
        template = retriever.prepare.template(prompt)
        expected = [plain.embed(template, image) for image in images]
        np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_texts_as_in_the_plain_computation(plain, retriever):
    found = retriever.embed_texts(TEXTS)
    np.testing.assert_allclose(found, [plain.query(t) for t in TEXTS], atol=1e-5)
    # What would be wrong: attention that is causal, or an instruction that is pooled.
    assert abs(found[0] - plain.query(TEXTS[0], causal=True)).max() > 1e-3
    whole = plain.embed(f"{INSTRUCTION}\nQuery: {TEXTS[0]}")
    assert abs(found[0] - whole).max() > 1e-3


@pytest.mark.skipif(not OFFICIAL.is_file(), reason="shared/data is not there")
def test_official_texts(plain, retriever):
    read = json.loads(OFFICIAL.read_text())
    texts = sorted({row["text"] for rows in read.values() for row in rows})
    assert len(texts) == 263
    found = retriever.embed_texts(texts)
    np.testing.assert_allclose(found, [plain.query(t) for t in texts], atol=1e-5)


def test_a_long_text_is_cut_and_keeps_its_end(retriever):
    ids = retriever.prepare.tokens([retriever.query("people " * 900)])["input_ids"]
    assert ids.shape == (1, 512) and ids[0, 0] == 1 and ids[0, -1] == 2


def test_batch_and_order_do_not_matter(retriever, images, embedded):
    backwards = retriever.embed_images(images[::-1], PROMPTS[::-1])
    np.testing.assert_allclose(backwards[::-1, ::-1], embedded, atol=1e-5)
    alone = [retriever.embed_texts([text])[0] for text in TEXTS]
    np.testing.assert_allclose(retriever.embed_texts(TEXTS), alone, atol=1e-5)


def test_never_in_one_pass(checkpoint, retriever):
    assert not retriever.one_pass
    with pytest.raises(InputError, match="do not allow one pass"):
        load(NAME, checkpoint=checkpoint, one_pass=True)


@pytest.mark.parametrize(
    "key", ["latent_attention_model.latents", "language_model.extra.weight"]
)
def test_a_key_missing_or_left_over(checkpoint, tmp_path, key):
    weights, folder = {}, tmp_path / "model"
    folder.mkdir()
    for file in checkpoint.iterdir():
        if file.suffix == ".safetensors":
            weights |= load_file(file)
        elif not file.name.endswith("index.json"):
            (folder / file.name).write_bytes(file.read_bytes())
    if weights.pop(key, None) is None:
        weights[key] = torch.zeros(1)
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(InputError, match=r"latents|do not fit MmEmbed"):
        load(NAME, checkpoint=folder)
