"""A LLaVA of two million parameters: made, and run in training.

A CLIP vision tower, a projector of two layers and a Llama, as in LLaVA-1.5, in the
ordinary classes of transformers. Unlike Qwen2-VL it marks no start and end of the
picture, knows positions in one direction only, and gives every patch to the language
model. `see` does with a batch what `get_image_features` does, without its hooks, so
that it can be compiled.
"""

import numpy as np
import torch
import torch.nn.functional as F

from training import tiny_mllm
from training.packing import Packed
from training.tiny_mllm import END, MEAN, SIDE, STD

# isort: split
from transformers import (
    CLIPImageProcessorPil,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    Qwen2Tokenizer,
)

PATCH = 32
PICTURE_TOKENS = (SIDE // PATCH) ** 2
FIRST_PICTURE_TOKEN = 0
# A quarter of Qwen2-VL's patches: a step of the tower takes half the time but teaches
# less. In trials of 360 steps a higher rate lowered its loss faster, and so did
# patches of 32 pixels against 16.
TOWER_STEPS, TOWER_RATE = 2400, 4e-3
VOCABULARY = 1536
PICTURE = "<image>"
# White space included, the templates of the paper for LLaVA based embedders.
GENERAL = f"{PICTURE} Represent the given image."
STEM = "\nRepresent the given image with the following question:"
PROMPTED = f"{PICTURE}{STEM} {{}}\n"


def new_tokenizer() -> Qwen2Tokenizer:
    return tiny_mllm.new_tokenizer(VOCABULARY, [END, PICTURE])


def new_model(tokenizer: Qwen2Tokenizer) -> LlavaForConditionalGeneration:
    """A LLaVA with random weights, in float32."""
    end = tokenizer.convert_tokens_to_ids(END)
    config = LlavaConfig(
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "hidden_size": 192,
            "intermediate_size": 384,
            "num_hidden_layers": 4,
            "num_attention_heads": 6,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "bos_token_id": None,
            "eos_token_id": end,
            "pad_token_id": end,
            "tie_word_embeddings": True,
        },
        vision_config={
            "model_type": "clip_vision_model",
            "hidden_size": 128,
            "intermediate_size": 512,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "image_size": SIDE,
            "patch_size": PATCH,
        },
        image_token_index=tokenizer.convert_tokens_to_ids(PICTURE),
        image_seq_length=PICTURE_TOKENS,
        vision_feature_layer=-1,  # the real ones take the last but one
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(config)
    model.set_attn_implementation(tiny_mllm.ATTENTION)
    return model


def new_processor(tokenizer: Qwen2Tokenizer) -> LlavaProcessor:
    """The processor that belongs to the model: 128 x 128 pixels, 16 image tokens."""
    return LlavaProcessor(
        image_processor=CLIPImageProcessorPil(
            size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
        ),
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        image_token=PICTURE,
        num_additional_image_tokens=1,  # the class token, which is dropped again
    )


def picture_ids(tokenizer: Qwen2Tokenizer) -> list[int]:
    """The tokens of one picture: 4 x 4 image tokens."""
    return [tokenizer.convert_tokens_to_ids(PICTURE)] * PICTURE_TOKENS


def picture_positions() -> np.ndarray:
    """Their positions (3, 16): the same three times, because LLaVA knows only one."""
    return np.tile(np.arange(PICTURE_TOKENS), (3, 1))


def language_positions(packed: Packed) -> torch.Tensor:
    """Positions (B, L), in the form that the language model takes."""
    return packed.positions[0]


def vision_parameters(model) -> list[torch.nn.Parameter]:
    tower, projector = model.model.vision_tower, model.model.multi_modal_projector
    return [*tower.parameters(), *projector.parameters()]


def patches_of(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures (B, 128, 128, 3) uint8 -> normalised patches (B, 16, 3072) float32."""
    x = ((pictures.float() - MEAN) / STD).permute(0, 3, 1, 2)
    return F.unfold(x, PATCH, stride=PATCH).transpose(1, 2)


def vision_layers(model, pictures: torch.Tensor) -> torch.Tensor:
    """Pictures (B, 128, 128, 3) uint8 -> image tokens (B, 16, D)."""
    tower = model.vision_tower
    parts = tower.embeddings
    x = F.linear(patches_of(pictures), parts.patch_embedding.weight.flatten(1))
    first = parts.class_embedding.to(x.dtype).expand(len(x), 1, -1)
    x = torch.cat([first, x], 1) + parts.position_embedding.weight
    x = tower.pre_layrnorm(x)
    for layer in tower.encoder.layers:
        x = layer(x, None)
    return model.multi_modal_projector(x[:, 1:])


def see(model, pictures: torch.Tensor, layers=vision_layers) -> torch.Tensor:
    """Pictures (B, 128, 128, 3) uint8 -> image tokens (B, 16, D)."""
    return layers(model.model, pictures)
