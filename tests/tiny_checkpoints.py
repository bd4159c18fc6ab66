"""Checkpoints with random weights, built here, that load like real ones."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from cocofacet._torchvision import import_torchvision

import_torchvision()
import open_clip  # noqa: E402
import transformers  # noqa: E402
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: E402

SPECIAL = [
    "<|endoftext|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
WORDS = [
    "Represent the given image with the following question: How many people",
    "are present in this image? What is the weather like in this image?",
    "Find me an everyday image that is taken in a sunny day.",
]


def _tokenizer(special: list[str]) -> transformers.PreTrainedTokenizerFast:
    """Byte-level BPE learnt from the templates; the first special token pads."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet
    )
    trained.train_from_iterator(WORDS, trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=trained, pad_token=special[0], eos_token=special[0]
    )


def _save(model: torch.nn.Module, directory: Path) -> None:
    """Save with larger weights: with the library's own, every image looks alike."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 0.3)
    model.save_pretrained(directory)


def save_qwen2vl(directory: Path, seed: int = 0) -> Path:
    """A Qwen2-VL of two layers, 32 dimensions, patches of 14 merged 2 x 2."""
    tokenizer = _tokenizer(SPECIAL)
    start, end, image, video = tokenizer.convert_tokens_to_ids(SPECIAL[1:])
    config = transformers.Qwen2VLConfig(
        text_config={
            **_text_config(tokenizer),
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [2, 3, 3],
            },
        },
        vision_config={"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2},
        vision_start_token_id=start,
        vision_end_token_id=end,
        image_token_id=image,
        video_token_id=video,
        tie_word_embeddings=True,
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


def save_llava(directory: Path, seed: int = 0) -> Path:
    """A LLaVA on Llama: plain positions, 16 image tokens whatever the size."""
    tokenizer = _tokenizer(["<pad>", "<image>"])
    config = transformers.LlavaConfig(
        text_config={**_text_config(tokenizer), "model_type": "llama"},
        vision_config={
            "model_type": "clip_vision_model",
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 56,
            "patch_size": 14,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
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


def _text_config(tokenizer) -> dict:
    return {
        "vocab_size": len(tokenizer),
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
    }


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
    preprocess_cfg = {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "shortest"}
    directory.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": model_cfg, "preprocess_cfg": preprocess_cfg}
    (directory / "open_clip_config.json").write_text(json.dumps(config))
    torch.manual_seed(seed)
    vision, text = open_clip.CLIPVisionCfg, open_clip.CLIPTextCfg
    model = open_clip.CLIP(
        32, vision(**model_cfg["vision_cfg"]), text(**model_cfg["text_cfg"])
    )
    save_file(model.state_dict(), directory / "open_clip_model.safetensors")
    return directory
