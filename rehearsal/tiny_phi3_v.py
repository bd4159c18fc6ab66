"""A tiny Phi-3.5-V with random weights, in the files and under the names of its own."""

from pathlib import Path

from rehearsal.tiny_parts import (
    CLIP_PIXELS,
    LLAMA_MARKS,
    Tower,
    llama_tokenizer,
    save_official,
    tower_shapes,
    with_biases,
)

HEAD = 32
TOWER = Tower(width=64, inner=128, layers=3, patches=24 * 24)
_CONFIG = {
    "architectures": ["Phi3VForCausalLM"],
    "auto_map": {"AutoConfig": "configuration_phi3_v.Phi3VConfig"},
    "model_type": "phi3_v",
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-5,
    "vocab_size": 640,
    "max_position_embeddings": 131072,
    "original_max_position_embeddings": 4096,
    "rope_theta": 10000.0,
    "rope_scaling": {
        "type": "su",
        "short_factor": [1 + 0.01 * i for i in range(HEAD // 2)],
        "long_factor": [2 + 0.5 * i for i in range(HEAD // 2)],
    },
    "sliding_window": 262144,
    "embd_layer": {
        "embedding_cls": "image",
        "hd_transform_order": "sub_glb",
        "projection_cls": "mlp",
        "use_hd_transform": True,
        "with_learnable_separator": True,
    },
    "img_processor": {
        "image_dim_out": TOWER.width,
        "model_name": "openai/clip-vit-large-patch14-336",
        "name": "clip_vision_model",
        "num_img_tokens": 144,
    },
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 32000,
}
_PIXELS = CLIP_PIXELS | {
    "image_processor_type": "Phi3VImageProcessor",
    "num_crops": 16,
    "num_img_tokens": 144,
}
_MARKS = LLAMA_MARKS | {"pad_token": "<|endoftext|>"}


def save_phi3_v(directory: Path, seed: int = 0) -> Path:
    """Two layers of 64 dimensions on a tower of three; two shards with their index."""
    files = {
        "config.json": _CONFIG,
        "preprocessor_config.json": _PIXELS,
        "special_tokens_map.json": _MARKS,
        "tokenizer_config.json": {
            **_MARKS,
            "tokenizer_class": "LlamaTokenizer",
            "add_bos_token": True,
            "add_eos_token": False,
            "legacy": False,
            "model_max_length": 131072,
        },
    }
    save_official(directory, shapes(_CONFIG, TOWER), files, seed)
    tokenizer = llama_tokenizer(["<|endoftext|>"], _CONFIG["vocab_size"])
    tokenizer.save(str(directory / "tokenizer.json"))
    return directory


def shapes(config: dict, tower: Tower) -> dict[str, tuple[int, ...]]:
    """Official name of each tensor -> its shape; config: that of config.json."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    heads = config["num_attention_heads"] + 2 * config["num_key_value_heads"]
    fused = heads * width // config["num_attention_heads"]
    pictures = "model.vision_embed_tokens"
    name = f"{pictures}.img_processor.vision_model"
    found = {
        "model.embed_tokens.weight": (config["vocab_size"], width),
        "model.norm.weight": (width,),
        "lm_head.weight": (config["vocab_size"], width),
        f"{pictures}.glb_GN": (1, 1, 4 * tower.width),
        f"{pictures}.sub_GN": (1, 1, 1, 4 * tower.width),
        f"{name}.embeddings.class_embedding": (tower.width,),
        f"{name}.embeddings.patch_embedding.weight": (tower.width, 3, 14, 14),
        f"{name}.embeddings.position_embedding.weight": (
            tower.patches + 1,
            tower.width,
        ),
    }
    for layer in range(config["num_hidden_layers"]):
        here = f"model.layers.{layer}"
        found |= {
            f"{here}.self_attn.qkv_proj.weight": (fused, width),
            f"{here}.self_attn.o_proj.weight": (width, width),
            f"{here}.mlp.gate_up_proj.weight": (2 * inner, width),
            f"{here}.mlp.down_proj.weight": (width, inner),
            f"{here}.input_layernorm.weight": (width,),
            f"{here}.post_attention_layernorm.weight": (width,),
        }
    projection = {
        f"{pictures}.img_projection.0": (width, 4 * tower.width),
        f"{pictures}.img_projection.2": (width, width),
    }
    norms = ("pre_layrnorm", "post_layernorm")
    return found | tower_shapes(name, tower, norms) | with_biases(projection)
