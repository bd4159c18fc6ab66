"""A tiny Phi-3.5-V with random weights, in the files and under the names of its own."""

from pathlib import Path

from rehearsal.tiny_parts import (
    CLIP_PIXELS,
    LLAMA_MARKS,
    llama_tokenizer,
    save_official,
    tower_shapes,
    with_biases,
)

WIDTH, HEAD, LAYERS, VOCABULARY = 64, 32, 2, 640
TOWER, TOWER_LAYERS, PATCHES = 64, 3, 24 * 24
_CONFIG = {
    "architectures": ["Phi3VForCausalLM"],
    "auto_map": {"AutoConfig": "configuration_phi3_v.Phi3VConfig"},
    "model_type": "phi3_v",
    "hidden_size": WIDTH,
    "intermediate_size": 96,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-5,
    "vocab_size": VOCABULARY,
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
        "image_dim_out": TOWER,
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
    save_official(directory, _shapes(), files, seed)
    tokenizer = llama_tokenizer(["<|endoftext|>"], VOCABULARY)
    tokenizer.save(str(directory / "tokenizer.json"))
    return directory


def _shapes() -> dict[str, tuple[int, ...]]:
    """Official name of each tensor -> its shape."""
    pictures = "model.vision_embed_tokens"
    tower = f"{pictures}.img_processor.vision_model"
    found = {
        "model.embed_tokens.weight": (VOCABULARY, WIDTH),
        "model.norm.weight": (WIDTH,),
        "lm_head.weight": (VOCABULARY, WIDTH),
        f"{pictures}.glb_GN": (1, 1, 4 * TOWER),
        f"{pictures}.sub_GN": (1, 1, 1, 4 * TOWER),
        f"{tower}.embeddings.class_embedding": (TOWER,),
        f"{tower}.embeddings.patch_embedding.weight": (TOWER, 3, 14, 14),
        f"{tower}.embeddings.position_embedding.weight": (PATCHES + 1, TOWER),
    }
    for layer in range(LAYERS):
        here = f"model.layers.{layer}"
        found |= {
            f"{here}.self_attn.qkv_proj.weight": (3 * WIDTH, WIDTH),
            f"{here}.self_attn.o_proj.weight": (WIDTH, WIDTH),
            f"{here}.mlp.gate_up_proj.weight": (2 * 96, WIDTH),
            f"{here}.mlp.down_proj.weight": (WIDTH, 96),
            f"{here}.input_layernorm.weight": (WIDTH,),
            f"{here}.post_attention_layernorm.weight": (WIDTH,),
        }
    projection = {
        f"{pictures}.img_projection.0": (WIDTH, 4 * TOWER),
        f"{pictures}.img_projection.2": (WIDTH, WIDTH),
    }
    norms = ("pre_layrnorm", "post_layernorm")
    found |= tower_shapes(tower, TOWER, 128, TOWER_LAYERS, norms)
    return found | with_biases(projection)
