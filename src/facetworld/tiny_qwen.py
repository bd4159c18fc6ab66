"""A Qwen2-VL of two million parameters: made, run in training, saved.

Everything is the ordinary class of transformers, so that `from_pretrained(directory)`
loads it like any other; only the training pass is written out here. transformers runs
a picture's patches through attention one picture at a time; `see` does a whole batch
at once, several times faster on a processor, with the same weights and result.
"""

import copy
import json
from pathlib import Path

import torch
import torch.nn.functional as F

from facetworld import torchvision_repair  # noqa: F401  (before transformers)

# isort: split
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split
from transformers import (
    AutoProcessor,
    Qwen2Tokenizer,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
)
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
    Qwen2VLImageProcessorPil,
)
from transformers.models.qwen2_vl.modeling_qwen2_vl import rotate_half
from transformers.vision_utils import get_vision_position_ids

from facetworld.packing import PICTURE_TOKENS, Packed
from facetworld.vocabulary import learn_bpe

SIDE, PATCH, MERGE = 128, 16, 2
VOCABULARY = 1536
END, PICTURE_START, PICTURE_END, PICTURE = (
    "<|endoftext|>",
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


def new_tokenizer() -> Qwen2Tokenizer:
    """Qwen2's tokenizer class on a small vocabulary of the training texts."""
    split = Split(Regex(PRETOKENIZE_REGEX), behavior="isolated")
    bpe = learn_bpe(VOCABULARY - len(SPECIAL), split)
    model = json.loads(bpe.to_str())["model"]
    vocabulary = dict(model["vocab"])
    for token in SPECIAL:
        vocabulary[token] = len(vocabulary)
    return Qwen2Tokenizer(
        vocab=vocabulary,
        merges=[tuple(m) for m in model["merges"]],
        extra_special_tokens=SPECIAL[1:],
        model_max_length=512,
    )


def new_model(tokenizer: Qwen2Tokenizer):
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
    model.set_attn_implementation("matrix_products")
    return model


def new_processor(tokenizer: Qwen2Tokenizer):
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


def save(model, processor, folder: Path) -> None:
    """Write weights in half precision, configuration, tokenizer and processor."""
    half = copy.deepcopy(model).half()
    half.save_pretrained(folder)
    processor.save_pretrained(folder)
    # safetensors writes files that only their owner may read
    (Path(folder) / "model.safetensors").chmod(0o644)


MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]) * 255
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]) * 255


def patches_of(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures (B, 128, 128, 3) uint8 -> normalised patches (B, 64, 768) float32.

    In the processor's order: the four patches that will be merged lie together.
    """
    n, coarse = SIDE // PATCH // MERGE, PATCH * MERGE
    x = (pictures.float() - MEAN) / STD
    x = x.reshape(-1, n, coarse // PATCH, PATCH, n, coarse // PATCH, PATCH, 3)
    return x.permute(0, 1, 4, 2, 5, 7, 3, 6).reshape(len(pictures), -1, 3 * PATCH**2)


def attend(module, q, k, v, bias=None, scaling=None, **_):
    """Attention in matrix products: q (B, H, L, d), k and v (B, G, L, d).

    On a processor, torch's fused kernel spends more time on its backward pass than
    all the rest of a training step takes.
    """
    heads, groups = q.shape[1], k.shape[1]
    scaling = q.shape[-1] ** -0.5 if scaling is None else scaling
    rows = (q * scaling).to(v.dtype).unflatten(1, (groups, -1)).flatten(2, 3)
    scores = torch.matmul(rows, k.to(v.dtype).transpose(2, 3))
    scores = scores.unflatten(2, (heads // groups, -1)).flatten(1, 2)
    if bias is not None:
        scores = scores + bias.to(scores.dtype)
    weights = scores.softmax(-1).to(v.dtype)
    weights = weights.unflatten(1, (groups, -1)).flatten(2, 3)
    mixed = torch.matmul(weights, v)
    mixed = mixed.unflatten(2, (heads // groups, -1)).flatten(1, 2)
    return mixed.transpose(1, 2), None


ALL_ATTENTION_FUNCTIONS.register("matrix_products", attend)


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


def language_layers(language, x: torch.Tensor, bias, cos, sin) -> torch.Tensor:
    """Embeddings (B, L, D) -> last states (B, L, D)."""
    for layer in language.layers:
        x = layer(x, attention_mask=bias, position_embeddings=(cos, sin))
    return language.norm(x)


def see(model, pictures: torch.Tensor, layers=vision_layers) -> torch.Tensor:
    """Pictures (B, 128, 128, 3) uint8 -> image tokens (B, 16, D)."""
    visual = model.model.visual
    grid = torch.tensor([[1, SIDE // PATCH, SIDE // PATCH]])
    cos, sin = visual.rotary_pos_emb(pictures, get_vision_position_ids(grid, MERGE))
    return layers(visual, pictures, cos, sin)


def read(
    model, packed: Packed, image_tokens: torch.Tensor | None, layers=language_layers
) -> torch.Tensor:
    """States (B, L, D) of packed rows; image tokens (B, 16, D) fill the root.

    `packed` may hold a single row for a whole batch of pictures.
    """
    language = model.model.language_model
    embeds = language.embed_tokens(packed.ids)
    if image_tokens is not None:
        image_tokens = image_tokens.to(embeds.dtype)
        embeds = embeds.expand(len(image_tokens), -1, -1)
        last = embeds[:, PICTURE_TOKENS + 1 :]
        embeds = torch.cat([embeds[:, :1], image_tokens, last], 1)
    bias = torch.zeros(packed.visible.shape).masked_fill(~packed.visible, -1e4)
    cos, sin = language.rotary_emb(embeds, packed.positions)
    return layers(language, embeds, bias, cos, sin)


def load(folder: Path):
    """(model in float32, processor) as saved, ready for further training."""
    model = Qwen2VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    model.set_attn_implementation("matrix_products")
    return model, AutoProcessor.from_pretrained(folder)
