"""LLaVE, through transformers' LLaVA-OneVision.

Its files are llava_qwen's (https://github.com/DeepLearnXMU/LLaVE), a LLaVA-OneVision
under other names: the names and the configuration are translated, and the processor,
which has no file, is built as its code does.
"""

import re
from pathlib import Path

import torch
import transformers

from cocofacet.io import InputError
from cocofacet.retrievers.base import Checkpoint
from cocofacet.retrievers.checkpoints import (
    check_tokenizer,
    load_model,
    read_config,
    read_weights,
)
from cocofacet.retrievers.mllm import MllmRetriever
from cocofacet.retrievers.zoo.row import Row

SIDE, PATCH = 384, 14  # pixels of a tile and of a patch, of SigLIP so400m
HEAD = 72  # dimensions of one of the tower's heads: no shape tells their number
LAYERS = 26  # the most: the tower's 27th was deleted before training
IMAGE = "<image>"
# What the weights were trained with, and what LLaVA-OneVision does.
_MUST_BE = {
    "mm_patch_merge_type": "spatial_unpad",
    "mm_projector_type": "mlp2x_gelu",
    "image_aspect_ratio": "anyres_max_9",
}
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
)
# Official beginning of a key -> the library's; the first that fits.
_KEYS = {
    "model.vision_tower.vision_tower.vision_model.": "vision_tower.",
    "model.mm_projector.0.": "multi_modal_projector.linear_1.",
    "model.mm_projector.2.": "multi_modal_projector.linear_2.",
    "model.image_newline": "image_newline",
    "model.": "language_model.",
}
_LAYER = re.compile(r"vision_tower\.encoder\.layers\.(\d+)\.")


class LlaveRetriever(MllmRetriever):
    """See `MllmRetriever`."""

    def load_model(self, files: Checkpoint) -> torch.nn.Module:
        weights = _converted(read_weights(files.directory))
        image = _tokenizer(files.directory).convert_tokens_to_ids(IMAGE)
        config = _config(files.directory, weights, image)
        return load_model(
            transformers.LlavaOnevisionModel,
            files,
            ("lm_head.weight",),
            state_dict=weights,
            config=config,
        )

    def load_processor(self, row: Row, files: Checkpoint):
        images = transformers.LlavaOnevisionImageProcessorPil(
            size={"height": SIDE, "width": SIDE},
            image_mean=[0.5] * 3,
            image_std=[0.5] * 3,
            image_grid_pinpoints=self.model.config.image_grid_pinpoints,
        )
        processor = transformers.LlavaOnevisionProcessor(
            image_processor=images,
            tokenizer=_tokenizer(files.directory),
            # Required, and not used.
            video_processor=transformers.LlavaOnevisionVideoProcessor(),
            num_image_tokens=(SIDE // PATCH) ** 2,
            vision_feature_select_strategy="full",
            vision_aspect_ratio=_MUST_BE["image_aspect_ratio"],
        )
        # There is none, and the tokenizer would give padding's in its place.
        processor.video_token_id = -1
        return processor


def _converted(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors under the library's names; one that it doesn't know keeps its own."""
    found = {}
    for key, value in weights.items():
        old = next((start for start in _KEYS if key.startswith(start)), "")
        found[_KEYS.get(old, "") + key.removeprefix(old)] = value
    return found


def _tokenizer(directory: Path):
    """The checkpoint's, with a token for the picture: its own code sets the picture
    between two stretches of text, each tokenised by itself."""
    tokenizer = transformers.Qwen2Tokenizer.from_pretrained(directory)
    check_tokenizer(tokenizer)
    tokenizer.add_special_tokens(
        {"additional_special_tokens": [IMAGE]}, replace_extra_special_tokens=False
    )
    tokenizer.padding_side = "right"
    if tokenizer.pad_token is None:  # any token will do: it is masked
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _config(
    directory: Path, weights: dict[str, torch.Tensor], image: int
) -> transformers.LlavaOnevisionConfig:
    """The library's configuration, from the file's; the tower's from its shapes."""
    given = read_config(directory, "LLaVE", _MUST_BE)
    rows = len(weights["language_model.embed_tokens.weight"])
    if image >= rows:
        raise InputError(
            f"{directory}: tokenizer: {IMAGE} is token {image}, but the embedding "
            f"has {rows} rows: they are of two models. Fetch the checkpoint again."
        )
    rope = {"rope_type": "default", "rope_theta": given["rope_theta"]}
    text = {field: given[field] for field in _FIELDS}
    layers = (_LAYER.match(key) for key in weights)
    width = len(weights["vision_tower.post_layernorm.weight"])
    vision = {
        "model_type": "siglip_vision_model",
        "hidden_size": width,
        "intermediate_size": len(weights["vision_tower.encoder.layers.0.mlp.fc1.bias"]),
        # One more would be left over, and refused.
        "num_hidden_layers": min(
            LAYERS, 1 + max(int(match[1]) for match in layers if match)
        ),
        "num_attention_heads": width // HEAD,
        "image_size": SIDE,
        "patch_size": PATCH,
        "vision_use_head": False,
    }
    return transformers.LlavaOnevisionConfig(
        text_config={"model_type": "qwen2", "rope_parameters": rope, **text},
        vision_config=vision,
        image_token_index=image,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        vision_aspect_ratio=given["image_aspect_ratio"],
        image_grid_pinpoints=pinpoints(given["image_grid_pinpoints"]),
    )


def pinpoints(given: str | list[list[int]]) -> list[list[int]]:
    """The sizes that tiles may make up, (height, width) in pixels each.

    given: of config.json, in (width, height): pairs of pixels, or the first and the
    last number of tiles, "(1x1),...,(2x2)", with all between."""
    if not isinstance(given, str):
        return [[height, width] for width, height in given]
    ends = [tuple(map(int, pair)) for pair in re.findall(r"\((\d+)x(\d+)\)", given)]
    (width, height), (widest, highest) = ends[0], ends[-1]
    return [
        [SIDE * high, SIDE * wide]
        for wide in range(width, widest + 1)
        for high in range(height, highest + 1)
    ]
