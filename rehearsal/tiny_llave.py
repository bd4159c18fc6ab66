"""A tiny LLaVE with random weights, in the files and under the names of its own."""

import json
from pathlib import Path

from rehearsal.tiny_parts import (
    Tower,
    byte_pairs,
    save_official,
    tower_shapes,
    with_biases,
)

TOWER = Tower(width=72, inner=96, layers=2, patches=27 * 27)
_CONFIG = {
    "architectures": ["LlavaQwenForCausalLM"],
    "model_type": "llava_qwen",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "vocab_size": 512,
    "max_position_embeddings": 32768,
    "rope_theta": 1000000.0,
    "rope_scaling": None,
    "use_sliding_window": False,
    "sliding_window": 32768,
    "tie_word_embeddings": False,
    "image_aspect_ratio": "anyres_max_9",
    "image_grid_pinpoints": "(1x1),...,(2x2)",
    "mm_hidden_size": TOWER.width,
    "mm_patch_merge_type": "spatial_unpad",
    "mm_projector_type": "mlp2x_gelu",
    "mm_vision_select_feature": "patch",
    "mm_vision_select_layer": -2,
    "mm_vision_tower": "google/siglip-so400m-patch14-384",
}


def save_llave(directory: Path, seed: int = 0) -> Path:
    """Two layers of 32 dimensions on a tower of two; two shards with their index."""
    files = {"config.json": _CONFIG}
    save_official(directory, shapes(_CONFIG, TOWER), files, seed)
    _save_tokenizer(directory)
    return directory


def _save_tokenizer(directory: Path) -> None:
    """vocab.json, merges.txt and tokenizer_config.json, as Qwen2's."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    learnt = json.loads(byte_pairs(special[:1]).backend_tokenizer.to_str())["model"]
    words = sorted(learnt["vocab"], key=learnt["vocab"].get)
    vocabulary = {word: number for number, word in enumerate(words[1:])}
    merges = "".join(f"{' '.join(merge)}\n" for merge in learnt["merges"])
    (directory / "vocab.json").write_text(json.dumps(vocabulary))
    (directory / "merges.txt").write_text(f"#version: 0.2\n{merges}")
    settings = {
        "tokenizer_class": "Qwen2Tokenizer",
        "added_tokens_decoder": {
            str(number): {"content": token, "special": True}
            for number, token in enumerate(special, start=len(vocabulary))
        },
        "additional_special_tokens": special[1:],
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "model_max_length": 32768,
        "padding_side": "right",
    }
    (directory / "tokenizer_config.json").write_text(json.dumps(settings, indent=1))


def shapes(config: dict, tower: Tower) -> dict[str, tuple[int, ...]]:
    """Official name of each tensor -> its shape; config: that of config.json."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    groups = config["num_key_value_heads"]
    group = groups * width // config["num_attention_heads"]
    name = "model.vision_tower.vision_tower.vision_model"
    found = {
        "model.embed_tokens.weight": (config["vocab_size"], width),
        "model.norm.weight": (width,),
        "model.image_newline": (width,),
        "lm_head.weight": (config["vocab_size"], width),
        f"{name}.embeddings.patch_embedding.weight": (tower.width, 3, 14, 14),
        f"{name}.embeddings.patch_embedding.bias": (tower.width,),
        f"{name}.embeddings.position_embedding.weight": (tower.patches, tower.width),
    }
    for layer in range(config["num_hidden_layers"]):
        here = f"model.layers.{layer}"
        for part, size in {"q_proj": width, "k_proj": group, "v_proj": group}.items():
            found[f"{here}.self_attn.{part}.weight"] = (size, width)
            found[f"{here}.self_attn.{part}.bias"] = (size,)
        found |= {
            f"{here}.self_attn.o_proj.weight": (width, width),
            f"{here}.mlp.gate_proj.weight": (inner, width),
            f"{here}.mlp.up_proj.weight": (inner, width),
            f"{here}.mlp.down_proj.weight": (width, inner),
            f"{here}.input_layernorm.weight": (width,),
            f"{here}.post_attention_layernorm.weight": (width,),
        }
    projection = {
        "model.mm_projector.0": (width, tower.width),
        "model.mm_projector.2": (width, width),
    }
    return (
        found | tower_shapes(name, tower, ("post_layernorm",)) | with_biases(projection)
    )
