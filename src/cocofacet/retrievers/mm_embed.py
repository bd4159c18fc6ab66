"""MM-Embed, from the library's LLaVA-NeXT and NV-Embed-v1's latent attention.

Its tokens see each other in both directions, so each prompt is a pass of its own. Its
own code is remote code for transformers 4.42, which is not run here.
"""

from pathlib import Path

import torch
import transformers
from PIL import Image
from torch import nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from cocofacet.io import InputError, read_json
from cocofacet.retrievers.base import Checkpoint
from cocofacet.retrievers.checkpoints import (
    load_model,
    on_device,
    read_config,
    read_weights,
)
from cocofacet.retrievers.mllm import MllmRetriever
from cocofacet.retrievers.tokenizing import OwnTokens
from cocofacet.retrievers.zoo.row import Row

IMAGE = "<image>"
MOST = 512  # tokens of a text with <s> and </s>, an image counted as one
# Of nvidia/NV-Embed-v1, from whose config.json the official code builds the language
# model: num_cross_heads, and rope_theta as in its base, Mistral-7B-v0.1. MM-Embed's own
# text_config is LLaVA-NeXT's.
HEADS, ROPE_THETA = 8, 10_000.0
_LATENTS = "latent_attention_model."
# What the weights were trained with, and what this file does: "section.field" -> value.
_MUST_BE = {
    "retriever": "nvidia/NV-Embed-v1",
    "global_image_patch_only": True,
    "add_eos_token": True,
    "padding_side": "right",
    "vision_feature_layer": -2,
    "vision_feature_select_strategy": "default",  # without the class token
    "projector_hidden_act": "gelu",
    "use_image_newline_parameter": True,
    "vision_config.model_type": "clip_vision_model",
    "text_config.model_type": "mistral",
    # As in NV-Embed-v1's.
    "text_config.hidden_act": "silu",
    "text_config.rms_norm_eps": 1e-5,
    "text_config.rope_scaling": None,
}
# The library's defaults for these are other models.
_OPTIONAL = _MUST_BE.keys() - {"vision_config.model_type", "text_config.model_type"}


class Normed(nn.Module):
    """Layer norms before a block, of what it reads and of what it looks at."""

    def __init__(self, block: nn.Module, width: int, context: int = 0):
        super().__init__()
        self.fn, self.norm = block, nn.LayerNorm(width)
        if context:
            self.norm_context = nn.LayerNorm(context)


class CrossAttention(nn.Module):
    """States look at the latents: (B, L, D), (M, C) -> (B, L, D)."""

    def __init__(self, width: int, context: int, inner: int):
        super().__init__()
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(context, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, states: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        asked = self.to_q(states)
        both = self.to_kv(latents).expand(len(states), -1, -1).chunk(2, dim=-1)
        q, k, v = (
            each.unflatten(-1, (HEADS, -1)).transpose(1, 2) for each in (asked, *both)
        )
        found = scaled_dot_product_attention(q, k, v)
        return self.to_out(found.transpose(1, 2).flatten(2))


class GatedLayers(nn.Module):
    """Two layers; half of the first one's output gates the other half."""

    def __init__(self, width: int, inner: int):
        super().__init__()
        first, second = nn.Linear(width, 2 * inner), nn.Linear(inner, width)
        # The official keys number what stands between them, too.
        self.net = nn.ModuleList([first, nn.Identity(), second])

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        value, gate = self.net[0](states).chunk(2, dim=-1)
        return self.net[2](value * gelu(gate))


class LatentAttention(nn.Module):
    """Each token (B, L, D) looks at M learned latents, all of them for every text."""

    def __init__(self, latents: int, context: int, width: int, inner: int, hidden: int):
        super().__init__()
        self.latents = nn.Parameter(torch.zeros(latents, context))
        attention = CrossAttention(width, context, inner)
        self.cross_attend_blocks = nn.ModuleList(
            [
                Normed(attention, width, context),
                Normed(GatedLayers(width, hidden), width),
            ]
        )

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        look, think = self.cross_attend_blocks
        latents = look.norm_context(self.latents)
        states = states + look.fn(look.norm(states), latents)
        return states + think.fn(think.norm(states))


class MmEmbed(transformers.LlavaNextModel):
    """Pictures and texts -> the mean over their pooled tokens."""

    def __init__(self, config: transformers.LlavaNextConfig):
        super().__init__(config)
        self.latent_attention_model = LatentAttention(**config.latents)

    def forward(self, input_ids, attention_mask, pooled, pixel_values=None):
        """ids, what is not padding and what is pooled (B, L); pixels (B, 3, S, S) ->
        (B, D) float32."""
        is_image = input_ids == self.config.image_token_index
        # The embedding has no row for a picture's place.
        words = self.language_model.embed_tokens(input_ids.masked_fill(is_image, 0))
        if pixel_values is not None:
            words[is_image] = self._pictures(pixel_values)
        # Written out: without it the language model would be causal.
        seen = attention_mask.bool()[:, None, None].expand(-1, 1, words.shape[1], -1)
        mask = torch.zeros(seen.shape, dtype=words.dtype, device=words.device)
        mask.masked_fill_(~seen, torch.finfo(words.dtype).min)
        states = self.language_model(
            inputs_embeds=words, attention_mask=mask, use_cache=False
        )[0]
        read = self.latent_attention_model(states).float()  # (B, L, D)
        weight = pooled[..., None].float()
        return (read * weight).sum(dim=1) / weight.sum(dim=1)

    def _pictures(self, pixels: torch.Tensor) -> torch.Tensor:
        """The patches of B whole pictures, each with the separator at its end."""
        states = self.vision_tower(pixels, output_hidden_states=True).hidden_states
        patches = states[self.config.vision_feature_layer][:, 1:]  # no class token
        found = self.multi_modal_projector(patches)
        end = self.image_newline.expand(len(found), 1, -1)
        return torch.cat([found, end], dim=1).flatten(0, 1)


class MmEmbedTokens(OwnTokens):
    """``<s>`` before a text and ``</s>`` behind it; a long one is cut before that."""

    def __init__(self, directory: Path):
        super().__init__(directory)
        # As the official code does: the embedding has no row for <pad>.
        self.pad_token_id = self.tokenizer.eos_token_id

    def ids(self, text: str) -> list[int]:
        inner = self.tokenizer
        found = inner(text, add_special_tokens=False)["input_ids"]
        images = text.count(IMAGE)
        most = MOST - 2 + max(0, images - 1)
        return [inner.bos_token_id, *found[:most], inner.eos_token_id]


class MmEmbedProcessor:
    """As one of transformers': texts with a picture each -> a model's inputs."""

    image_token = IMAGE

    def __init__(self, directory: Path, config: transformers.LlavaNextConfig):
        self.tokenizer = MmEmbedTokens(directory)
        self.image_token_id = config.image_token_index
        there = self.tokenizer.tokenizer.convert_tokens_to_ids(IMAGE)
        if there != self.image_token_id:
            raise InputError(
                f"{directory}: image_token_index: is {self.image_token_id} in "
                f"config.json, but {IMAGE} is token {there}: they are of two models. "
                "Fetch the checkpoint again."
            )
        given = read_json(directory / "preprocessor_config.json", dict)
        side, patch = config.vision_config.image_size, config.vision_config.patch_size
        self.count = (side // patch) ** 2 + 1
        # The whole picture alone, squeezed.
        self.image_processor = transformers.CLIPImageProcessorPil(
            size={"height": side, "width": side},
            do_center_crop=False,
            resample=Image.Resampling.BICUBIC,
            image_mean=given["image_mean"],
            image_std=given["image_std"],
        )

    def __call__(self, text: list[str], images: list[Image.Image], **_: object):
        found = self.image_processor(images, return_tensors="pt")
        expanded = [each.replace(IMAGE, IMAGE * self.count) for each in text]
        return {**self.tokenizer(expanded, padding=True), **found}


class MmEmbedRetriever(MllmRetriever):
    """See `MllmRetriever`. An instruction is read, and its tokens are not pooled."""

    def load_model(self, files: Checkpoint) -> nn.Module:
        weights = {
            key.replace("vision_tower.vision_model.", "vision_tower."): value
            for key, value in read_weights(files.directory).items()
        }
        config = _config(files.directory, weights)
        return load_model(MmEmbed, files, state_dict=weights, config=config)

    def load_processor(self, row: Row, files: Checkpoint) -> MmEmbedProcessor:
        processor = MmEmbedProcessor(files.directory, self.model.config)
        instruction = row.text.partition("\nQuery: ")[0]
        # Counted with <s> and </s>, as its own code does: so the first token behind
        # the instruction, the line feed, is left out, too.
        self.left_out = len(processor.tokenizer.ids(instruction))
        return processor

    @torch.inference_mode()
    def _pooled(self, tokens: dict, images: dict) -> torch.Tensor:
        """(B, D) float32 on the CPU."""
        pooled = tokens["attention_mask"].clone()
        if not images:
            pooled[:, : self.left_out] = 0
        inputs = on_device({**images, **tokens, "pooled": pooled}, self.model)
        return self.model(**inputs).cpu()


def _config(
    directory: Path, weights: dict[str, torch.Tensor]
) -> transformers.LlavaNextConfig:
    """The library's configuration, from the file's and from the tensors' shapes."""
    given = read_config(directory, "MM-Embed", _MUST_BE, _OPTIONAL)
    text = given["text_config"] | {
        "vocab_size": len(weights["language_model.embed_tokens.weight"]),
        "rope_parameters": {"rope_type": "default", "rope_theta": ROPE_THETA},
        "sliding_window": None,
        "pad_token_id": None,
        "rms_norm_eps": _MUST_BE["text_config.rms_norm_eps"],
    }
    text.pop("rope_theta", None)
    text.pop("rope_scaling", None)
    config = transformers.LlavaNextConfig(
        text_config=text,
        vision_config=given["vision_config"],
        image_token_index=given["image_token_index"],
        vision_feature_layer=_MUST_BE["vision_feature_layer"],
    )
    block = f"{_LATENTS}cross_attend_blocks"
    count, context = weights[f"{_LATENTS}latents"].shape
    inner, width = weights[f"{block}.0.fn.to_q.weight"].shape
    config.latents = {
        "latents": count,
        "context": context,
        "width": width,
        "inner": inner,
        "hidden": weights[f"{block}.1.fn.net.2.weight"].shape[1],
    }
    return config
