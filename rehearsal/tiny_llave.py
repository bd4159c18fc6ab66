"""A tiny LLaVE with random weights, in the files and under the names of its own."""

import json
from pathlib import Path

from rehearsal.tiny_parts import (
    byte_pairs,
    save_official,
    tower_shapes,
    with_biases,
)

WIDTH, LAYERS, VOCABULARY = 32, 2, 512
TOWER, TOWER_LAYERS, PATCHES = 72, 2, 27 * 27
_CONFIG = {
    "architectures": ["LlavaQwenForCausalLM"],
    "model_type": "llava_qwen",
    "hidden_size": WIDTH,
    "intermediate_size": 48,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 32768,
    "rope_theta": 1000000.0,
    "rope_scaling": None,
    "use_sliding_window": False,
    "sliding_window": 32768,
    "tie_word_embeddings": False,
    "image_aspect_ratio": "anyres_max_9",
    "image_grid_pinpoints": "(1x1),...,(2x2)",
    "mm_hidden_size": TOWER,
    "mm_patch_merge_type": "spatial_unpad",
    "mm_projector_type": "mlp2x_gelu",
    "mm_vision_select_feature": "patch",
    "mm_vision_select_layer": -2,
    "mm_vision_tower": "google/siglip-so400m-patch14-384",
}


def save_llave(directory: Path, seed: int = 0) -> Path:
    """Two layers of 32 dimensions on a tower of two; two shards with their index."""
    save_official(directory, _shapes(), {"config.json": _CONFIG}, seed)
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


def _shapes() -> dict[str, tuple[int, ...]]:
    """Official name of each tensor -> its shape."""
    tower = "model.vision_tower.vision_tower.vision_model"
    found = {
        "model.embed_tokens.weight": (VOCABULARY, WIDTH),
        "model.norm.weight": (WIDTH,),
        "model.image_newline": (WIDTH,),
        "lm_head.weight": (VOCABULARY, WIDTH),
        f"{tower}.embeddings.patch_embedding.weight": (TOWER, 3, 14, 14),
        f"{tower}.embeddings.patch_embedding.bias": (TOWER,),
        f"{tower}.embeddings.position_embedding.weight": (PATCHES, TOWER),
    }
    for layer in range(LAYERS):
        here = f"model.layers.{layer}"
        for name, size in {"q_proj": WIDTH, "k_proj": 16, "v_proj": 16}.items():
            found[f"{here}.self_attn.{name}.weight"] = (size, WIDTH)
            found[f"{here}.self_attn.{name}.bias"] = (size,)
        found |= {
            f"{here}.self_attn.o_proj.weight": (WIDTH, WIDTH),
            f"{here}.mlp.gate_proj.weight": (48, WIDTH),
            f"{here}.mlp.up_proj.weight": (48, WIDTH),
            f"{here}.mlp.down_proj.weight": (WIDTH, 48),
            f"{here}.input_layernorm.weight": (WIDTH,),
            f"{here}.post_attention_layernorm.weight": (WIDTH,),
        }
    projection = {
        "model.mm_projector.0": (WIDTH, TOWER),
        "model.mm_projector.2": (WIDTH, WIDTH),
    }
    found |= tower_shapes(tower, TOWER, 96, TOWER_LAYERS, ("post_layernorm",))
    return found | with_biases(projection)
