"""A tiny MM-Embed with random weights, in the files and under the names of its own."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from rehearsal.tiny_parts import transformers
from rehearsal.tiny_phi3_v import llama_tokenizer

WIDTH, LATENTS, INNER = 32, 6, 64
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
        "hidden_size": WIDTH,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
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
_PIXELS = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "image_processor_type": "LlavaNextImageProcessor",
    "size": {"shortest_edge": 56},
    "crop_size": {"height": 56, "width": 56},
}
_MARKS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
_MARKS["pad_token"] = "<pad>"  # for which the embedding has no row


def save_mm_embed(directory: Path, seed: int = 0) -> Path:
    """Two layers of 32 dimensions, six latents; two shards with their index."""
    directory.mkdir(parents=True)
    torch.manual_seed(seed)
    tokenizer = llama_tokenizer(["<image>", "<pad>"], 481)
    image = tokenizer.token_to_id("<image>")
    text = _CONFIG["text_config"] | {"vocab_size": image}  # the rows of the embedding
    llava = transformers.LlavaNextModel(
        transformers.LlavaNextConfig(
            text_config=text,
            vision_config=_CONFIG["vision_config"],
            image_token_index=image,
        )
    )
    shapes = {
        key.replace("vision_tower.", "vision_tower.vision_model."): value.shape
        for key, value in llava.named_parameters()
    }
    shapes |= _latent_shapes()
    weights = {key: _values(key, shape) for key, shape in shapes.items()}
    names, index = list(weights), {}
    half = len(names) // 2
    for number, part in enumerate((names[:half], names[half:]), start=1):
        file = f"model-{number:05d}-of-00002.safetensors"
        shard = {name: weights[name] for name in part}
        save_file(shard, directory / file, {"format": "pt"})
        index |= dict.fromkeys(part, file)
    written = {
        "model.safetensors.index.json": {"metadata": {}, "weight_map": index},
        "config.json": _CONFIG
        | {
            "image_token_index": image,
            "text_config": text | {"vocab_size": image + 64},  # as it says
        },
        "preprocessor_config.json": _PIXELS,
        "special_tokens_map.json": _MARKS,
        "tokenizer_config.json": _MARKS | {"tokenizer_class": "LlamaTokenizer"},
    }
    for name, content in written.items():
        (directory / name).write_text(json.dumps(content, indent=1))
    tokenizer.save(str(directory / "tokenizer.json"))
    return directory


def _latent_shapes() -> dict[str, tuple[int, ...]]:
    block = "latent_attention_model.cross_attend_blocks"
    return {
        "latent_attention_model.latents": (LATENTS, WIDTH),
        f"{block}.0.norm.weight": (WIDTH,),
        f"{block}.0.norm.bias": (WIDTH,),
        f"{block}.0.norm_context.weight": (WIDTH,),
        f"{block}.0.norm_context.bias": (WIDTH,),
        f"{block}.0.fn.to_q.weight": (INNER, WIDTH),
        f"{block}.0.fn.to_kv.weight": (2 * INNER, WIDTH),
        f"{block}.0.fn.to_out.weight": (WIDTH, INNER),
        f"{block}.1.norm.weight": (WIDTH,),
        f"{block}.1.norm.bias": (WIDTH,),
        f"{block}.1.fn.net.0.weight": (8 * WIDTH, WIDTH),
        f"{block}.1.fn.net.0.bias": (8 * WIDTH,),
        f"{block}.1.fn.net.2.weight": (WIDTH, 4 * WIDTH),
        f"{block}.1.fn.net.2.bias": (WIDTH,),
    }


def _values(key: str, shape: tuple[int, ...]) -> torch.Tensor:
    # Large enough that pictures differ; a norm's weights are near one.
    values = torch.randn(shape) * 0.2
    is_norm = "norm" in key and key.endswith("weight")
    return 1 + values if is_norm else values
