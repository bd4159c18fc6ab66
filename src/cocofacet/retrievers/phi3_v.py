"""Phi-3.5-V, the base of VLM2Vec-Full, from the library's own parts.

Its own code is for transformers 4 (COCO-Facet/VLM2Vec/src/vlm_backbone/phi3_v). Here
the weights under their official names go into the library's Phi-3 and CLIP; pictures
and texts are processed as there.
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image
from torch import nn

from cocofacet.io import InputError, read_json
from cocofacet.retrievers.base import Checkpoint
from cocofacet.retrievers.checkpoints import load_model, read_config, read_weights
from cocofacet.retrievers.mllm import MllmRetriever
from cocofacet.retrievers.tokenizing import OwnTokens
from cocofacet.retrievers.zoo.row import Row

SIDE = 336  # pixels of a tile
TILES = 4  # the most: --num_crops of eval_*.sh
IMAGE, IMAGE_ID = "<|image_1|>", -1
# What the weights were trained with, and what this file does: "section.field" -> value.
_MUST_BE = {
    "embd_layer.use_hd_transform": True,
    "embd_layer.with_learnable_separator": True,
    "embd_layer.hd_transform_order": "sub_glb",
    "embd_layer.projection_cls": "mlp",
    "img_processor.layer_idx": -2,
    "img_processor.type_feature": "patch",
}
_OPTIONAL = ("img_processor.layer_idx", "img_processor.type_feature")
_FIELDS = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "rms_norm_eps",
    "hidden_act",
    "vocab_size",
    "max_position_embeddings",
    "original_max_position_embeddings",
)
_PICTURES = "model.vision_embed_tokens."
# Official beginning of a key -> ours; the first that fits.
_KEYS = {
    f"{_PICTURES}img_processor.vision_model.": "tower.",
    f"{_PICTURES}img_projection.": "projection.",
    _PICTURES: "",  # glb_GN, sub_GN
    "model.": "language_model.",
}


class Phi3V(transformers.PreTrainedModel):
    """Pictures and texts -> hidden states; the place of a picture holds `IMAGE_ID`."""

    config_class = transformers.Phi3Config
    _supports_sdpa = True

    def __init__(self, config: transformers.Phi3Config):
        super().__init__(config)
        vision = transformers.CLIPVisionConfig(**config.tower)
        width = 4 * vision.hidden_size  # of 2 x 2 patches
        self.language_model = transformers.Phi3Model(config)
        self.tower = transformers.CLIPVisionModel(vision)
        self.projection = nn.Sequential(
            nn.Linear(width, config.hidden_size),
            nn.GELU(),
            nn.Linear(config.hidden_size, config.hidden_size),
        )
        self.glb_GN = nn.Parameter(torch.zeros(1, 1, width))
        self.sub_GN = nn.Parameter(torch.zeros(1, 1, 1, width))
        self.post_init()

    def forward(self, input_ids, pixel_values=None, image_sizes=None, **rest):
        """ids (B, L), tiles (T, 3, 336, 336) and sizes (B, 2) of all pictures."""
        words = self.language_model.embed_tokens(input_ids.clamp(min=0))  # (B, L, D)
        if pixel_values is not None:
            words[input_ids < 0] = self._pictures(pixel_values, image_sizes)
        return self.language_model(inputs_embeds=words, **rest)

    def _pictures(self, tiles: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
        """Tiles of B pictures, each picture's whole first -> (tokens of all, D)."""
        patches = self.tower(tiles).last_hidden_state[:, 1:]  # (T, P * P, C)
        across = math.isqrt(patches.shape[1])
        patches = patches.unflatten(1, (across, across))  # (T, P, P, C)
        found, start = [], 0
        for rows, columns in (sizes // SIDE).tolist():
            end = start + 1 + rows * columns
            grid = patches[start + 1 : end].unflatten(0, (rows, columns))
            grid = grid.transpose(1, 2).flatten(2, 3).flatten(0, 1)
            separator = self.glb_GN.flatten(0, 1)
            found += [self._lines(grid), separator, self._lines(patches[start])]
            start = end
        return self.projection(torch.cat(found))

    def _lines(self, grid: torch.Tensor) -> torch.Tensor:
        """Patches (H, W, C) -> tokens (H/2 * (W/2 + 1), 4C): of 2 x 2 patches each,
        and one more at the end of each line."""
        high, wide = grid.shape[0] // 2, grid.shape[1] // 2
        merged = grid.unflatten(1, (wide, 2)).unflatten(0, (high, 2))
        merged = merged.transpose(1, 2).flatten(2)  # (H/2, W/2, 4C)
        ends = self.sub_GN[0].expand(high, -1, -1)
        return torch.cat([merged, ends], dim=1).flatten(0, 1)


class Phi3VImages:
    """Pictures -> tiles and, before them, the whole, all 336 x 336."""

    backend = "pil"

    def __init__(self, mean: Sequence[float], std: Sequence[float]):
        self.mean, self.std = torch.tensor(mean), torch.tensor(std)

    def to_dict(self) -> dict[str, object]:
        settings = {"side": SIDE, "tiles": TILES}
        return settings | {"mean": self.mean.tolist(), "std": self.std.tolist()}

    def __call__(self, images: Sequence[Image.Image]) -> dict[str, torch.Tensor]:
        """B pictures -> pixel_values (T, 3, 336, 336) float32; image_sizes (B, 2),
        height and width of the tiled picture. ValueError for a picture that is more
        than 1,344 times as long as it is wide."""
        found, sizes = [], []
        for image in images:
            padded = self._normalised(_padded(image))
            rows, columns = (side // SIDE for side in padded.shape[1:])
            tiles = padded.unflatten(2, (columns, SIDE)).unflatten(1, (rows, SIDE))
            tiles = tiles.permute(1, 3, 0, 2, 4).flatten(0, 1)
            whole = nn.functional.interpolate(
                padded[None], (SIDE, SIDE), mode="bicubic"
            )
            found += [whole, tiles]
            sizes.append(padded.shape[1:])
        return {"pixel_values": torch.cat(found), "image_sizes": torch.tensor(sizes)}

    def _normalised(self, image: Image.Image) -> torch.Tensor:
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1) / 255
        return (pixels - self.mean[:, None, None]) / self.std[:, None, None]


def _padded(image: Image.Image) -> Image.Image:
    """Resized to a number of tiles across, white above and below (at the sides of a
    picture that is higher than wide)."""
    mirror = image.height > image.width
    if mirror:
        image = image.transpose(Image.Transpose.TRANSPOSE)
    ratio = image.width / image.height
    across = max(s for s in range(1, TILES + 1) if s * math.ceil(s / ratio) <= TILES)
    width, height = SIDE * across, int(SIDE * across / ratio)
    if not height:
        raise ValueError(f"one side is more than {width} times the other")
    down = math.ceil(height / SIDE) * SIDE
    padded = Image.new("RGB", (width, down), "white")
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    padded.paste(resized, (0, (down - height) // 2))
    return padded.transpose(Image.Transpose.TRANSPOSE) if mirror else padded


def tokens_of(height: int, width: int) -> int:
    """How many tokens the tiles of a picture, the whole and the separators take."""
    rows, columns = height // SIDE, width // SIDE
    return 144 * rows * columns + 12 * rows + 157


class Phi3VTokens(OwnTokens):
    """The stretches of text around a picture one by one: so ``<s>`` stands at the start
    and again behind the picture."""

    def ids(self, text: str) -> list[int]:
        found = []
        for part in re.split(f"((?:{re.escape(IMAGE)})+)", text):
            if part.startswith(IMAGE):
                found += [IMAGE_ID] * (len(part) // len(IMAGE))
            else:
                found += self.tokenizer(part)["input_ids"]
        return found


class Phi3VProcessor:
    """As one of transformers': texts with a picture each -> a model's inputs."""

    image_token, image_token_id = IMAGE, IMAGE_ID

    def __init__(self, directory: Path):
        settings = read_json(directory / "preprocessor_config.json", dict)
        mean, std = settings["image_mean"], settings["image_std"]
        self.image_processor = Phi3VImages(mean, std)
        self.tokenizer = Phi3VTokens(directory)

    def __call__(self, text: list[str], images: list[Image.Image], **_: object):
        found = self.image_processor(images)
        counts = [tokens_of(*size) for size in found["image_sizes"].tolist()]
        expanded = [
            one.replace(IMAGE, IMAGE * count)
            for one, count in zip(text, counts, strict=True)
        ]
        return {**self.tokenizer(expanded, padding=True), **found}


class Phi3VRetriever(MllmRetriever):
    """See `MllmRetriever`."""

    def load_model(self, files: Checkpoint) -> nn.Module:
        weights = _converted(read_weights(files.directory), files.directory)
        config = _config(files.directory, weights)
        unused = ("lm_head.weight",)
        return load_model(Phi3V, files, unused, state_dict=weights, config=config)

    def load_processor(self, row: Row, files: Checkpoint) -> Phi3VProcessor:
        return Phi3VProcessor(files.directory)


def _converted(
    weights: dict[str, torch.Tensor], directory: Path
) -> dict[str, torch.Tensor]:
    """Under our names, without what is not used: the tower's last layer, whose states
    nobody looks at. The embedding of words may stand under either of two names."""
    words, other = "model.embed_tokens.weight", f"{_PICTURES}wte.weight"
    second = weights.pop(other, None)
    if second is not None and not torch.equal(
        weights.setdefault(words, second), second
    ):
        raise InputError(
            f"{directory}: weights: {words} and {other} differ, and should be one. "
            "Fetch the checkpoint again."
        )
    found = {}
    for key, value in weights.items():
        old = next((start for start in _KEYS if key.startswith(start)), "")
        found[_KEYS.get(old, "") + key.removeprefix(old)] = value
    last = f"tower.encoder.layers.{_layers(found)}."
    left_out = (last, "tower.embeddings.position_ids")
    return {key: v for key, v in found.items() if not key.startswith(left_out)}


def _layers(weights: dict[str, torch.Tensor]) -> int:
    """The number of the tower's last layer, counted from 0."""
    found = (re.match(r"tower\.encoder\.layers\.(\d+)\.", key) for key in weights)
    return max((int(match[1]) for match in found if match), default=0)


def _config(
    directory: Path, weights: dict[str, torch.Tensor]
) -> transformers.Phi3Config:
    """The library's configuration, from the file's; the tower's from its shapes."""
    given = read_config(directory, "Phi-3.5-V", _MUST_BE, _OPTIONAL)
    original, scaling = given["original_max_position_embeddings"], given["rope_scaling"]
    # The library would not understand "su", its old name for longrope.
    rope = {
        "rope_type": "longrope",
        "rope_theta": given["rope_theta"],
        "short_factor": scaling["short_factor"],
        "long_factor": scaling["long_factor"],
        "original_max_position_embeddings": original,
        "factor": given["max_position_embeddings"] / original,
    }
    patch = weights["tower.embeddings.patch_embedding.weight"]  # (C, 3, p, p)
    places = len(weights["tower.embeddings.position_embedding.weight"]) - 1
    tower = {
        "hidden_size": len(patch),
        "intermediate_size": len(weights["tower.encoder.layers.0.mlp.fc1.bias"]),
        "num_hidden_layers": _layers(weights) + 1,
        "num_attention_heads": len(patch) // 64,
        "image_size": math.isqrt(places) * patch.shape[-1],
        "patch_size": patch.shape[-1],
        "hidden_act": "quick_gelu",
        "layer_norm_eps": 1e-5,
    }
    settings = {field: given[field] for field in _FIELDS}
    # Nothing is generated, and the file's own may lie outside the vocabulary.
    settings |= dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"))
    # The window is longer than any text here, and would forbid the common pass.
    return transformers.Phi3Config(
        **settings, rope_parameters=rope, sliding_window=None, tower=tower
    )
