"""A tiny MM-Embed with random weights, in the files and under the names of its own."""

from pathlib import Path

import torch

from rehearsal.tiny_parts import (
    CLIP_PIXELS,
    LLAMA_MARKS,
    llama_tokenizer,
    save_official,
    transformers,
)

LATENTS, INNER = 6, 64
_CONFIG = {
    "architectures": ["NVMMEmbedModel"],
    "model_type": "llava_next",
    "vision_feature_layer": -2,
    "vision_feature_select_strategy": "default",
    "global_image_patch_only": True,
    "add_eos_token": True,
    "padding_side": "right",
    "retriever": "nvidia/NV-Embed-v1",
    "text_config": {
        "model_type": "mistral",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "rms_norm_eps": 1e-5,
        # LLaVA-NeXT's own: the language model is NV-Embed-v1's, and has another.
        "rope_theta": 1000000.0,
    },
    "vision_config": {
        "model_type": "clip_vision_model",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "image_size": 56,
        "patch_size": 14,
    },
}
_PIXELS = CLIP_PIXELS | {
    "image_processor_type": "LlavaNextImageProcessor",
    "size": {"shortest_edge": 56},
    "crop_size": {"height": 56, "width": 56},
}
_MARKS = LLAMA_MARKS | {"pad_token": "<pad>"}  # for which the embedding has no row


def save_mm_embed(directory: Path, seed: int = 0) -> Path:
    """Two layers of 32 dimensions, six latents; two shards with their index."""
    tokenizer = llama_tokenizer(["<image>", "<pad>"], 481)
    image = tokenizer.token_to_id("<image>")
    text = _CONFIG["text_config"] | {"vocab_size": image + 64}  # as it says
    config = _CONFIG | {"image_token_index": image, "text_config": text}
    files = {
        "config.json": config,
        "preprocessor_config.json": _PIXELS,
        "special_tokens_map.json": _MARKS,
        "tokenizer_config.json": _MARKS | {"tokenizer_class": "LlamaTokenizer"},
    }
    save_official(directory, shapes(config, image, LATENTS, INNER), files, seed)
    tokenizer.save(str(directory / "tokenizer.json"))
    return directory


def shapes(
    config: dict, words: int, latents: int, inner: int
) -> dict[str, tuple[int, ...]]:
    """Official name of each tensor -> its shape; config: that of config.json, and
    words: the rows of the embedding, which it does not tell."""
    with torch.device("meta"):
        llava = transformers.LlavaNextModel(
            transformers.LlavaNextConfig(
                text_config=config["text_config"] | {"vocab_size": words},
                vision_config=config["vision_config"],
                image_token_index=words,
            )
        )
    found = {
        key.replace("vision_tower.", "vision_tower.vision_model."): tuple(value.shape)
        for key, value in llava.named_parameters()
    }
    width = config["text_config"]["hidden_size"]
    return found | _latent_shapes(width, latents, inner)


def _latent_shapes(width: int, latents: int, inner: int) -> dict[str, tuple[int, ...]]:
    block = "latent_attention_model.cross_attend_blocks"
    return {
        "latent_attention_model.latents": (latents, width),
        f"{block}.0.norm.weight": (width,),
        f"{block}.0.norm.bias": (width,),
        f"{block}.0.norm_context.weight": (width,),
        f"{block}.0.norm_context.bias": (width,),
        f"{block}.0.fn.to_q.weight": (inner, width),
        f"{block}.0.fn.to_kv.weight": (2 * inner, width),
        f"{block}.0.fn.to_out.weight": (width, inner),
        f"{block}.1.norm.weight": (width,),
        f"{block}.1.norm.bias": (width,),
        f"{block}.1.fn.net.0.weight": (8 * width, width),
        f"{block}.1.fn.net.0.bias": (8 * width,),
        f"{block}.1.fn.net.2.weight": (width, 4 * width),
        f"{block}.1.fn.net.2.bias": (width,),
    }
