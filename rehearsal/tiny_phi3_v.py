"""A tiny Phi-3.5-V with random weights, in the files and under the names of its own."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, processors, trainers

from rehearsal.tiny_parts import WORDS

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
_PIXELS = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "image_processor_type": "Phi3VImageProcessor",
    "num_crops": 16,
    "num_img_tokens": 144,
}
_MARKS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
_MARKS["pad_token"] = "<|endoftext|>"


def save_phi3_v(directory: Path, seed: int = 0) -> Path:
    """Two layers of 64 dimensions on a tower of three; two shards with their index."""
    directory.mkdir(parents=True)
    torch.manual_seed(seed)
    weights = {key: _values(key, shape) for key, shape in _shapes().items()}
    names = list(weights)
    index, half = {}, len(names) // 2
    for number, part in enumerate((names[:half], names[half:]), start=1):
        file = f"model-{number:05d}-of-00002.safetensors"
        shard = {name: weights[name] for name in part}
        save_file(shard, directory / file, {"format": "pt"})
        index |= dict.fromkeys(part, file)
    total = sum(value.nbytes for value in weights.values())
    written = {
        "model.safetensors.index.json": {
            "metadata": {"total_size": total},
            "weight_map": index,
        },
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
    for name, content in written.items():
        (directory / name).write_text(json.dumps(content, indent=1))
    llama_tokenizer(["<|endoftext|>"], VOCABULARY).save(
        str(directory / "tokenizer.json")
    )
    return directory


def llama_tokenizer(added: list[str], size: int) -> Tokenizer:
    """Byte pairs as Llama 2's: a blank is ▁ and one stands first, what is not known is
    spelt in bytes, and ``<s>`` comes before every text."""
    first = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    blanks = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    learnt = Tokenizer(models.BPE())
    learnt.normalizer = blanks
    room = size - len(first) - len(added)
    learnt.train_from_iterator(
        [line.strip() for line in WORDS],
        trainers.BpeTrainer(vocab_size=room, show_progress=False),
    )
    parts = json.loads(learnt.to_str())["model"]
    words = sorted(parts["vocab"], key=parts["vocab"].get)
    vocabulary = {word: number for number, word in enumerate([*first, *words])}
    merges = [tuple(merge) for merge in parts["merges"]]
    tokenizer = Tokenizer(
        models.BPE(
            vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True
        )
    )
    tokenizer.normalizer = blanks
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>", *added])
    return tokenizer


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
    linear = {
        f"{pictures}.img_projection.0": (WIDTH, 4 * TOWER),
        f"{pictures}.img_projection.2": (WIDTH, WIDTH),
    }
    norms = [f"{tower}.pre_layrnorm", f"{tower}.post_layernorm"]
    for layer in range(TOWER_LAYERS):
        here = f"{tower}.encoder.layers.{layer}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear[f"{here}.self_attn.{name}"] = (TOWER, TOWER)
        linear |= {f"{here}.mlp.fc1": (128, TOWER), f"{here}.mlp.fc2": (TOWER, 128)}
        norms += [f"{here}.layer_norm1", f"{here}.layer_norm2"]
    for name in norms:
        found |= {f"{name}.weight": (TOWER,), f"{name}.bias": (TOWER,)}
    for name, shape in linear.items():
        found |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return found


def _values(key: str, shape: tuple[int, ...]) -> torch.Tensor:
    # Large enough that pictures differ; a norm's weights are near one.
    values = torch.randn(shape) * 0.2
    is_norm = "norm" in key or "layrnorm" in key
    return 1 + values if is_norm and key.endswith("weight") else values
