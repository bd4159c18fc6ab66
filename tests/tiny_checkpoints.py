"""Checkpoints with random weights, built here, that load like real ones.

One for each architecture, saved by the libraries in the official files. `ARCHITECTURES`
names them as the zoo's rows do; `save_all` saves one of each.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from cocofacet._torchvision import import_torchvision

import_torchvision()
import open_clip  # noqa: E402
import transformers  # noqa: E402
from tokenizers import (  # noqa: E402
    Tokenizer,
    decoders,
    models,
    pre_tokenizers,
    processors,
    trainers,
)

WORDS = [
    "Represent the given image with the following question: How many people",
    "are present in this image? What is the weather like in this image?",
    "Find me an everyday image that is taken in a sunny day.",
]
_PAD = "<|endoftext|>"
_CLIP_TOWER = {
    "model_type": "clip_vision_model",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 56,
    "patch_size": 14,
}


def _tokenizer(
    special: list[str], opening: str | None = None
) -> transformers.PreTrainedTokenizerFast:
    """Byte-level BPE learnt from the templates; the first special token pads and
    ``opening`` is set before every text, as Llama's tokenizers do."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = [*special, *([opening] if opening else [])]
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet
    )
    trained.train_from_iterator(WORDS, trainer)
    if opening:
        trained.post_processor = processors.TemplateProcessing(
            single=f"{opening} $A",
            pair=f"{opening} $A $B",
            special_tokens=[(opening, trained.token_to_id(opening))],
        )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=trained, pad_token=special[0], eos_token=special[0]
    )


def _save(model: torch.nn.Module, directory: Path) -> None:
    """Save with larger weights: with the library's own, every image looks alike."""
    _enlarge(model)
    model.save_pretrained(directory)


def _enlarge(model: torch.nn.Module) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 0.3)


def _text_config(tokenizer, **more) -> dict:
    return {
        "vocab_size": len(tokenizer),
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        **more,
    }


def _qwen_tokenizer():
    special = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    chat = ["<|im_start|>", "<|im_end|>"]
    tokenizer = _tokenizer([_PAD, *special, *chat])
    fields = ("vision_start", "vision_end", "image", "video")
    ids = tokenizer.convert_tokens_to_ids(special)
    return tokenizer, {f"{f}_token_id": i for f, i in zip(fields, ids, strict=True)}


def save_qwen2vl(directory: Path, seed: int = 0) -> Path:
    """A Qwen2-VL of two layers, 32 dimensions, patches of 14 merged 2 x 2."""
    tokenizer, image_ids = _qwen_tokenizer()
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    config = transformers.Qwen2VLConfig(
        text_config=_text_config(tokenizer, rope_parameters=rope),
        vision_config={"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2},
        tie_word_embeddings=True,
        **image_ids,
    )
    torch.manual_seed(seed)
    _save(transformers.Qwen2VLForConditionalGeneration(config), directory)
    processor = transformers.Qwen2VLProcessor(
        image_processor=transformers.Qwen2VLImageProcessor(
            size={"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 16}
        ),
        tokenizer=tokenizer,
        video_processor=transformers.Qwen2VLVideoProcessor(),
    )
    processor.save_pretrained(directory)
    return directory


def save_qwen3vl(directory: Path, seed: int = 0) -> Path:
    """A Qwen3-VL of two layers, the states of its vision layers added to both."""
    tokenizer, image_ids = _qwen_tokenizer()
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    config = transformers.Qwen3VLConfig(
        text_config=_text_config(
            tokenizer,
            head_dim=16,
            rope_parameters={**rope, "mrope_interleaved": True},
        ),
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "patch_size": 16,
            "out_hidden_size": 32,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0, 1],
        },
        tie_word_embeddings=True,
        **image_ids,
    )
    torch.manual_seed(seed)
    _save(transformers.Qwen3VLForConditionalGeneration(config), directory)
    processor = transformers.Qwen3VLProcessor(
        image_processor=transformers.Qwen2VLImageProcessor(
            size={"shortest_edge": 32 * 32, "longest_edge": 32 * 32 * 16},
            patch_size=16,
            image_mean=[0.5] * 3,
            image_std=[0.5] * 3,
        ),
        tokenizer=tokenizer,
        video_processor=transformers.Qwen3VLVideoProcessor(),
    )
    processor.save_pretrained(directory)
    return directory


def save_llava(directory: Path, seed: int = 0) -> Path:
    """A LLaVA on Llama: plain positions, 16 image tokens whatever the size."""
    tokenizer = _tokenizer(["<pad>", "<image>"], opening="<s>")
    config = transformers.LlavaConfig(
        text_config=_text_config(tokenizer, model_type="llama"),
        vision_config=_CLIP_TOWER,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    torch.manual_seed(seed)
    _save(transformers.LlavaForConditionalGeneration(config), directory)
    processor = transformers.LlavaProcessor(
        image_processor=transformers.CLIPImageProcessor(
            size={"shortest_edge": 56}, crop_size=56
        ),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        image_token="<image>",
        num_additional_image_tokens=1,  # the vision tower's class token, then dropped
    )
    processor.save_pretrained(directory)
    return directory


def _llava_next(text: dict, special: list[str], directory: Path, seed: int):
    """A LLaVA-NeXT: a picture is cut into up to five crops beside the whole."""
    tokenizer = _tokenizer(["<pad>", "<image>", *special], opening="<s>")
    grids = [[56, 112], [112, 56], [112, 112], [168, 56], [56, 168]]
    config = transformers.LlavaNextConfig(
        text_config=_text_config(tokenizer, **text),
        vision_config=_CLIP_TOWER,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=grids,
    )
    torch.manual_seed(seed)
    _save(transformers.LlavaNextForConditionalGeneration(config), directory)
    images = transformers.LlavaNextImageProcessor(
        size={"shortest_edge": 56}, crop_size=56, image_grid_pinpoints=grids
    )
    return tokenizer, images


def save_llava_next_mistral(directory: Path, seed: int = 0) -> Path:
    """LLaVA-NeXT on Mistral, with the processor's settings beside it."""
    text = {"model_type": "mistral", "sliding_window": None}
    special = ["[INST]", "[/INST]"]
    tokenizer, images = _llava_next(text, special, directory, seed)
    transformers.LlavaNextProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    ).save_pretrained(directory)
    return directory


def save_llava_next_llama(directory: Path, seed: int = 0) -> Path:
    """LLaVA-NeXT on Llama, as saved before processors had settings of their own."""
    special = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    tokenizer, images = _llava_next({"model_type": "llama"}, special, directory, seed)
    tokenizer.save_pretrained(directory)
    images.save_pretrained(directory)
    return directory


def save_llava_onevision(directory: Path, seed: int = 0) -> Path:
    """LLaVA-OneVision on Qwen2: up to four crops, beyond which features shrink."""
    tokenizer = _tokenizer([_PAD, "<image>", "<video>", "<|im_start|>", "<|im_end|>"])
    image, video = tokenizer.convert_tokens_to_ids(["<image>", "<video>"])
    grids = [[56 * a, 56 * b] for a in (1, 2, 3) for b in (1, 2, 3)]
    config = transformers.LlavaOnevisionConfig(
        text_config=_text_config(tokenizer, model_type="qwen2"),
        vision_config={
            **_CLIP_TOWER,
            "model_type": "siglip_vision_model",
            "vision_use_head": False,
        },
        image_token_index=image,
        video_token_index=video,
        image_grid_pinpoints=grids,
        vision_aspect_ratio="anyres_max_4",
    )
    torch.manual_seed(seed)
    _save(transformers.LlavaOnevisionForConditionalGeneration(config), directory)
    processor = transformers.LlavaOnevisionProcessor(
        image_processor=transformers.LlavaOnevisionImageProcessor(
            size={"height": 56, "width": 56}, image_grid_pinpoints=grids
        ),
        tokenizer=tokenizer,
        video_processor=transformers.LlavaOnevisionVideoProcessor(),
        num_image_tokens=16,
        vision_feature_select_strategy="full",
        vision_aspect_ratio="anyres_max_4",
    )
    processor.save_pretrained(directory)
    return directory


def _word_pieces() -> transformers.BertTokenizer:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(ord("!"), ord("~") + 1)]
    pieces = [*special, *letters, *(f"##{letter}" for letter in letters)]
    words = sorted({word.lower() for line in WORDS for word in line.split()})
    pieces += [word for word in words if word not in pieces]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    return transformers.BertTokenizer(vocab=vocabulary)


def save_blip2(directory: Path, seed: int = 0) -> Path:
    """A BLIP-2 for retrieval: two layers a tower, four query tokens, 24 dimensions."""
    tokenizer = _word_pieces()
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
    _save(transformers.Blip2ForImageTextRetrieval(config), directory)
    processor.save_pretrained(directory)
    return directory


def _open_clip(model_cfg: dict, directory: Path, seed: int) -> Path:
    preprocess_cfg = {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "shortest"}
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
    return _open_clip(model_cfg, directory, seed)


def save_siglip2(directory: Path, seed: int = 0) -> Path:
    """A SigLIP2 as open_clip has it: timm's image tower, a tokenizer of its own, texts
    padded to their full length and read from the last token."""
    tokenizer = _tokenizer(["<pad>"])
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
    return _open_clip(model_cfg, directory, seed)


def save_text_embedder(directory: Path, seed: int = 0) -> Path:
    """A sentence-transformers model: two layers of BERT, 32 dimensions, the mean."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as parts

    tokenizer = _word_pieces()
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
    _save(transformers.BertModel(config), bert)
    tokenizer.save_pretrained(bert)
    words = parts.Transformer(str(bert), max_seq_length=128)
    SentenceTransformer(modules=[words, parts.Pooling(32)], device="cpu").save(
        str(directory)
    )
    for file in bert.iterdir():
        file.unlink()
    bert.rmdir()
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
    "SigLIP2": save_siglip2,
    "BLIP-2": save_blip2,
    "Qwen2-VL": save_qwen2vl,
    "Qwen3-VL": save_qwen3vl,
    "LLaVA": save_llava,
    "LLaVA-NeXT on Mistral": save_llava_next_mistral,
    "LLaVA-NeXT on Llama": save_llava_next_llama,
    "LLaVA-OneVision": save_llava_onevision,
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
