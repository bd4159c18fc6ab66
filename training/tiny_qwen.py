"""A Qwen2-VL of two million parameters: made, and run in training.

Everything is the ordinary class of transformers, so that `from_pretrained(directory)`
loads it like any other; only the training pass is written out here. transformers runs
a picture's patches through attention one picture at a time; `see` does a whole batch
at once, several times faster on a processor, with the same weights and result.
"""

from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F

from training import tiny_mllm
from training.packing import Packed
from training.tiny_mllm import END, MEAN, SIDE, STD, attend

# isort: split
from transformers import (
    Qwen2Tokenizer,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
    Qwen2VLImageProcessorPil,
)
from transformers.models.qwen2_vl.modeling_qwen2_vl import rotate_half
from transformers.vision_utils import get_vision_position_ids

PATCH, MERGE = 16, 2
GRID = SIDE // PATCH // MERGE  # merged image tokens along each side
PICTURE_TOKENS = GRID**2
FIRST_PICTURE_TOKEN = 1  # after the start mark
TOWER_STEPS, TOWER_RATE = 1200, 1.5e-3
VOCABULARY = 1536
PICTURE_START, PICTURE_END, PICTURE = (
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
)
SPECIAL = [
    END,
    "<|im_start|>",
    "<|im_end|>",
    PICTURE_START,
    PICTURE_END,
    "<|vision_pad|>",
    PICTURE,
    "<|video_pad|>",
]
# White space included, the templates of the paper for Qwen2-VL based embedders.
GENERAL = f"{PICTURE_START}{PICTURE}{PICTURE_END} Represent the given image."
STEM = "\nRepresent the given image with the following question:"
PROMPTED = f"{PICTURE_START}{PICTURE}{PICTURE_END}{STEM} {{}}\n"


def new_tokenizer(more: Iterable[str] = ()) -> Qwen2Tokenizer:
    return tiny_mllm.new_tokenizer(VOCABULARY, SPECIAL, more)


def new_model(tokenizer: Qwen2Tokenizer) -> Qwen2VLForConditionalGeneration:
    """A Qwen2-VL with random weights, in float32."""
    token = tokenizer.convert_tokens_to_ids
    width = 192
    config = Qwen2VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": width,
            "intermediate_size": 384,
            "num_hidden_layers": 4,
            "num_attention_heads": 6,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [4, 6, 6],
            },
            "bos_token_id": None,
            "eos_token_id": token(END),
            "pad_token_id": token(END),
            "tie_word_embeddings": True,
        },
        vision_config={
            "depth": 3,
            "embed_dim": 128,
            "num_heads": 4,
            "mlp_ratio": 4,
            "hidden_size": width,
            "patch_size": PATCH,
            "temporal_patch_size": 1,
            "spatial_merge_size": MERGE,
        },
        image_token_id=token(PICTURE),
        video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token(PICTURE_START),
        vision_end_token_id=token(PICTURE_END),
        tie_word_embeddings=True,
    )
    model = Qwen2VLForConditionalGeneration(config)
    model.set_attn_implementation(tiny_mllm.ATTENTION)
    return model


def new_processor(tokenizer: Qwen2Tokenizer) -> Qwen2VLProcessor:
    """The processor that belongs to the model: 128 x 128 pixels, 16 image tokens."""
    settings = {
        "patch_size": PATCH,
        "temporal_patch_size": 1,
        "merge_size": MERGE,
        "size": {"shortest_edge": SIDE * SIDE, "longest_edge": SIDE * SIDE},
    }
    return Qwen2VLProcessor(
        image_processor=Qwen2VLImageProcessorPil(**settings),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(**settings),
    )


def picture_ids(tokenizer: Qwen2Tokenizer) -> list[int]:
    """The tokens of one picture: start mark, 4 x 4 image tokens, end mark."""
    token = tokenizer.convert_tokens_to_ids
    picture = [token(PICTURE)] * PICTURE_TOKENS
    return [token(PICTURE_START), *picture, token(PICTURE_END)]


def picture_positions() -> np.ndarray:
    """Their rotary positions (3, 18): time, height and width.

    The same that Qwen2-VL's `get_rope_index` gives; text goes on at the maximum + 1.
    """
    grid = np.indices((1, GRID, GRID)).reshape(3, -1) + 1
    start, end = np.zeros((3, 1), int), np.full((3, 1), GRID + 1)
    return np.concatenate([start, grid, end], axis=1)


def language_positions(packed: Packed) -> torch.Tensor:
    """Positions (3, B, L), in the form that the language model takes."""
    return packed.positions


def vision_parameters(model) -> list[torch.nn.Parameter]:
    return list(model.model.visual.parameters())


def patches_of(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures (B, 128, 128, 3) uint8 -> normalised patches (B, 64, 768) float32.

    In the processor's order: the four patches that will be merged lie together.
    """
    x = (pictures.float() - MEAN) / STD
    x = x.reshape(-1, GRID, MERGE, PATCH, GRID, MERGE, PATCH, 3)
    return x.permute(0, 1, 4, 2, 5, 7, 3, 6).reshape(len(pictures), -1, 3 * PATCH**2)


def vision_layers(visual, pictures: torch.Tensor, cos, sin) -> torch.Tensor:
    """Pictures (B, 128, 128, 3) uint8 -> image tokens (B, 16, D)."""
    x = F.linear(patches_of(pictures), visual.patch_embed.proj.weight.flatten(1))
    for block in visual.blocks:
        attention = block.attn
        qkv = attention.qkv(block.norm1(x)).unflatten(-1, (3, attention.num_heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        q, k = (t * cos + rotate_half(t) * sin for t in (q, k))
        x = x + attention.proj(attend(None, q, k, v)[0].flatten(2))
        x = x + block.mlp(block.norm2(x))
    merger = visual.merger
    return merger.mlp(merger.ln_q(x).reshape(len(x), PICTURE_TOKENS, -1))


def see(model, pictures: torch.Tensor, layers=vision_layers) -> torch.Tensor:
    """Pictures (B, 128, 128, 3) uint8 -> image tokens (B, 16, D)."""
    visual = model.model.visual
    grid = torch.tensor([[1, SIDE // PATCH, SIDE // PATCH]])
    cos, sin = visual.rotary_pos_emb(pictures, get_vision_position_ids(grid, MERGE))
    return layers(visual, pictures, cos, sin)
