"""Tiny multimodal language models with random weights, one for each architecture."""

from pathlib import Path

import torch

from rehearsal.tiny_parts import byte_pairs, save_model, text_config, transformers

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


def _qwen_tokenizer():
    special = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    chat = ["<|im_start|>", "<|im_end|>"]
    tokenizer = byte_pairs([_PAD, *special, *chat])
    fields = ("vision_start", "vision_end", "image", "video")
    ids = tokenizer.convert_tokens_to_ids(special)
    return tokenizer, {f"{f}_token_id": i for f, i in zip(fields, ids, strict=True)}


def save_qwen2vl(directory: Path, seed: int = 0) -> Path:
    """A Qwen2-VL of two layers, 32 dimensions, patches of 14 merged 2 x 2."""
    tokenizer, image_ids = _qwen_tokenizer()
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    config = transformers.Qwen2VLConfig(
        text_config=text_config(tokenizer, rope_parameters=rope),
        vision_config={"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2},
        tie_word_embeddings=True,
        **image_ids,
    )
    torch.manual_seed(seed)
    save_model(transformers.Qwen2VLForConditionalGeneration(config), directory)
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
        text_config=text_config(
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
    save_model(transformers.Qwen3VLForConditionalGeneration(config), directory)
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
    tokenizer = byte_pairs(["<pad>", "<image>"], opening="<s>")
    config = transformers.LlavaConfig(
        text_config=text_config(tokenizer, model_type="llama"),
        vision_config=_CLIP_TOWER,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    torch.manual_seed(seed)
    save_model(transformers.LlavaForConditionalGeneration(config), directory)
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
    tokenizer = byte_pairs(["<pad>", "<image>", *special], opening="<s>")
    grids = [[56, 112], [112, 56], [112, 112], [168, 56], [56, 168]]
    config = transformers.LlavaNextConfig(
        text_config=text_config(tokenizer, **text),
        vision_config=_CLIP_TOWER,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=grids,
    )
    torch.manual_seed(seed)
    save_model(transformers.LlavaNextForConditionalGeneration(config), directory)
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
    tokenizer = byte_pairs([_PAD, "<image>", "<video>", "<|im_start|>", "<|im_end|>"])
    image, video = tokenizer.convert_tokens_to_ids(["<image>", "<video>"])
    grids = [[56 * a, 56 * b] for a in (1, 2, 3) for b in (1, 2, 3)]
    config = transformers.LlavaOnevisionConfig(
        text_config=text_config(tokenizer, model_type="qwen2"),
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
    save_model(transformers.LlavaOnevisionForConditionalGeneration(config), directory)
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
