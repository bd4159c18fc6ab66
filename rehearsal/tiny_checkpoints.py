"""Checkpoints with random weights, built here, that load like real ones.

One for each architecture, saved by the libraries in the official files. `ARCHITECTURES`
names them as the zoo's rows do; `save_all` saves one of each.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from rehearsal.tiny_embedding_gemma2 import save_embedding_gemma2
from rehearsal.tiny_llave import save_llave
from rehearsal.tiny_mllms import (
    save_llava,
    save_llava_next_llama,
    save_llava_next_mistral,
    save_llava_onevision,
    save_qwen2vl,
    save_qwen3vl,
)
from rehearsal.tiny_mm_embed import save_mm_embed
from rehearsal.tiny_parts import (
    byte_pairs,
    save_model,
    text_config,
    transformers,
    word_pieces,
)
from rehearsal.tiny_phi3_v import save_phi3_v

import open_clip  # isort: skip  # after torchvision's repair


def save_blip2(directory: Path, seed: int = 0) -> Path:
    """A BLIP-2 for retrieval: two layers a tower, four query tokens, 24 dimensions."""
    tokenizer = word_pieces()
    tower = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    processor = transformers.Blip2Processor(
        image_processor=transformers.BlipImageProcessor(
            size={"height": 56, "width": 56}
        ),
        tokenizer=tokenizer,
    )
    config = transformers.Blip2Config(
        vision_config={**tower, "image_size": 56, "patch_size": 14},
        qformer_config={
            **tower,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 64,
            "use_qformer_text_input": True,
        },
        num_query_tokens=4,
        image_text_hidden_size=24,
    )
    torch.manual_seed(seed)
    save_model(transformers.Blip2ForImageTextRetrieval(config), directory)
    processor.save_pretrained(directory)
    return directory


def _open_clip(model_cfg: dict, directory: Path, seed: int, resize_mode: str) -> Path:
    preprocess_cfg = {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": resize_mode}
    directory.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": model_cfg, "preprocess_cfg": preprocess_cfg}
    (directory / "open_clip_config.json").write_text(json.dumps(config))
    model_cfg = dict(model_cfg)
    custom = model_cfg.pop("custom_text", False)
    torch.manual_seed(seed)
    model = (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**model_cfg)
    save_file(model.state_dict(), directory / "open_clip_model.safetensors")
    return directory


def save_clip(directory: Path, seed: int = 0) -> Path:
    """An open_clip CLIP of one layer a tower, 32 dimensions, 32 x 32 pixels."""
    model_cfg = {
        "embed_dim": 32,
        "vision_cfg": {
            "image_size": 32,
            "patch_size": 16,
            "layers": 1,
            "width": 32,
            "head_width": 16,
        },
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 32,
            "heads": 2,
            "layers": 1,
        },
    }
    return _open_clip(model_cfg, directory, seed, "shortest")


def save_siglip2(directory: Path, seed: int = 0) -> Path:
    """A SigLIP2 as open_clip has it: timm's image tower, a tokenizer of its own, texts
    padded to their full length and read from the last token."""
    tokenizer = byte_pairs(["<pad>"])
    tokenizer.save_pretrained(directory)
    model_cfg = {
        "embed_dim": 64,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 160,
            "timm_model_name": "test_vit",
            "timm_model_pretrained": False,
            "timm_pool": "map",
            "timm_proj": "none",
        },
        "text_cfg": {
            "context_length": 64,
            "vocab_size": len(tokenizer),
            "hf_tokenizer_name": "timm/ViT-SO400M-14-SigLIP2-378",
            "tokenizer_kwargs": {"clean": "canonicalize"},
            "width": 64,
            "heads": 2,
            "layers": 1,
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
        },
    }
    return _open_clip(model_cfg, directory, seed, "squash")


def save_eva02_clip(directory: Path, seed: int = 0) -> Path:
    """An EVA02-CLIP as open_clip has it: timm's smallest EVA-02, read from the class
    token and projected by its own head, beside CLIP's text tower of one layer."""
    model_cfg = {
        "embed_dim": 32,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 224,
            "timm_model_name": "eva02_tiny_patch14_224",
            "timm_model_pretrained": False,
            "timm_pool": "token",
            "timm_proj": None,
        },
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 32,
            "heads": 2,
            "layers": 1,
        },
    }
    return _open_clip(model_cfg, directory, seed, "shortest")


def save_text_embedder(directory: Path, seed: int = 0) -> Path:
    """A sentence-transformers model: two layers of BERT, 32 dimensions, the mean."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as parts

    tokenizer = word_pieces()
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
    )
    torch.manual_seed(seed)
    bert = directory / "bert"
    save_model(transformers.BertModel(config), bert)
    tokenizer.save_pretrained(bert)
    words = parts.Transformer(str(bert), max_seq_length=128)
    SentenceTransformer(modules=[words, parts.Pooling(32)], device="cpu").save(
        str(directory)
    )
    for file in bert.iterdir():
        file.unlink()
    bert.rmdir()
    return directory


def save_language_model(directory: Path, seed: int = 0) -> Path:
    """A Mistral of two layers with GritLM's marks, as a text embedder's base."""
    marks = ["<|user|>", "<|embed|>"]
    tokenizer = byte_pairs(["<pad>", *marks], opening="<s>")
    config = transformers.MistralConfig(**text_config(tokenizer))
    torch.manual_seed(seed)
    save_model(transformers.MistralForCausalLM(config), directory)
    tokenizer.save_pretrained(directory)
    return directory


def save_adapter(
    base: Path, directory: Path, dora: bool = False, pickled: bool = False
) -> Path:
    """A LoRA or DoRA adapter on a Qwen2-VL or LLaVA-NeXT, its keys as they were named
    before transformers 4.52, as in every adapter of VLM2Vec."""
    import peft

    model = transformers.AutoModelForImageTextToText.from_pretrained(base)
    torch.manual_seed(0)
    settings = peft.LoraConfig(
        r=2,
        lora_alpha=4,
        target_modules=["q_proj", "v_proj", "down_proj"],
        use_dora=dora,
        init_lora_weights=False,  # peft's own start changes nothing
    )
    adapted = peft.get_peft_model(model, settings)
    adapted.save_pretrained(directory)
    text = (
        "model." if model.config.model_type == "qwen2_vl" else "language_model.model."
    )
    before = {
        "model.language_model.": text,
        "model.vision_tower.": "vision_tower.vision_model.",
    }
    file = directory / "adapter_model.safetensors"
    weights = load_file(file)
    file.unlink()
    for key in weights:
        if key.endswith("lora_magnitude_vector"):  # as if it had been trained
            weights[key] *= 0.5 + torch.rand_like(weights[key])
    for now, then in before.items():
        now, then = f"base_model.model.{now}", f"base_model.model.{then}"
        weights = {key.replace(now, then): value for key, value in weights.items()}
    if pickled:
        torch.save(weights, file.with_suffix(".bin"))
    else:
        save_file(weights, file)
    return directory


ARCHITECTURES = {
    "CLIP": save_clip,
    "EVA02-CLIP": save_eva02_clip,
    "SigLIP2": save_siglip2,
    "BLIP-2": save_blip2,
    "Qwen2-VL": save_qwen2vl,
    "Qwen3-VL": save_qwen3vl,
    "LLaVA": save_llava,
    "LLaVA-NeXT on Mistral": save_llava_next_mistral,
    "LLaVA-NeXT on Llama": save_llava_next_llama,
    "LLaVA-OneVision": save_llava_onevision,
    "LLaVE": save_llave,
    "Phi-3.5-V": save_phi3_v,
    "MM-Embed": save_mm_embed,
    "EmbeddingGemma 2": save_embedding_gemma2,
}


def save_all(directory: Path) -> dict[str, Path]:
    """One checkpoint of each architecture, of a text embedder and of each adapter."""
    found = {
        name: save(directory / name.replace(" ", "-").lower())
        for name, save in ARCHITECTURES.items()
    }
    found["text embedder"] = save_text_embedder(directory / "text-embedder")
    for base in ("Qwen2-VL", "LLaVA-NeXT on Mistral"):
        for kind, dora in (("LoRA", False), ("DoRA", True)):
            name = f"{kind} on {base}"
            folder = directory / name.replace(" ", "-").lower()
            found[name] = save_adapter(found[base], folder, dora, pickled=dora)
    return found
