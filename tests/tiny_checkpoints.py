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


def save_qwen2vl(directory: Path, seed: int = 0) -> Path:
    """A Qwen2-VL of two layers, 32 dimensions, patches of 14 merged 2 x 2."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet
    )
    trained.train_from_iterator(WORDS, trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=trained, pad_token=SPECIAL[0], eos_token=SPECIAL[0]
    )
    start, end, image, video = tokenizer.convert_tokens_to_ids(SPECIAL[1:])
    config = transformers.Qwen2VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "bos_token_id": None,
            "eos_token_id": tokenizer.eos_token_id,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
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
    model = transformers.Qwen2VLForConditionalGeneration(config)
    with torch.no_grad():  # the library's initial weights are too small to matter
        for parameter in model.parameters():
            parameter.normal_(0, 0.3) if parameter.ndim > 1 else None
    model.save_pretrained(directory)
    processor = transformers.Qwen2VLProcessor(
        image_processor=transformers.Qwen2VLImageProcessor(
            size={"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 16}
        ),
        tokenizer=tokenizer,
        video_processor=transformers.Qwen2VLVideoProcessor(),
    )
    processor.save_pretrained(directory)
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
