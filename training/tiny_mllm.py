"""What the tiny promptable models share: attention, reading rows, files.

A *base* is a module, `tiny_qwen` or `tiny_llava`, with the same names in each: the
templates GENERAL, STEM and PROMPTED, PICTURE_TOKENS, FIRST_PICTURE_TOKEN, the tower's
training (TOWER_STEPS, TOWER_RATE), `new_tokenizer`, `new_model`, `new_processor`,
`picture_ids`, `picture_positions`, `language_positions`, `vision_parameters`,
`vision_layers` and `see`. No other code depends on which base it has.
"""

import copy
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import torch

from training import torchvision_repair  # noqa: F401

# isort: split
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split
from transformers import AutoModelForImageTextToText, AutoProcessor, Qwen2Tokenizer
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, eager_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

from training.packing import Packed
from training.vocabulary import learn_bpe, pieces_of

SIDE = 128  # pixels
END = "<|endoftext|>"
# The processors' own: CLIP's, which Qwen2-VL and LLaVA took over.
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]) * 255
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]) * 255
ATTENTION = "matrix_products"


def new_tokenizer(
    size: int, special: list[str], more: Iterable[str] = ()
) -> Qwen2Tokenizer:
    """Qwen2's tokenizer class on a small vocabulary of the training texts, and `more`.

    `special` begins with END; its tokens come last among the `size`.
    """
    split = Split(Regex(PRETOKENIZE_REGEX), behavior="isolated")
    vocabulary, merges = pieces_of(learn_bpe(size - len(special), split, more=more))
    for token in special:
        vocabulary[token] = len(vocabulary)
    return Qwen2Tokenizer(
        vocab=vocabulary,
        merges=merges,
        extra_special_tokens=special[1:],
        model_max_length=512,
    )


def save(model, processor, folder: Path) -> None:
    """Write weights in half precision, configuration, tokenizer and processor."""
    half = copy.deepcopy(model).half()
    half.save_pretrained(folder)
    processor.save_pretrained(folder)
    # safetensors writes files that only their owner may read
    (Path(folder) / "model.safetensors").chmod(0o644)


def load(folder: Path):
    """(model in float32, processor) as saved, ready for further training."""
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    model.set_attn_implementation(ATTENTION)
    return model, AutoProcessor.from_pretrained(folder)


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


ALL_ATTENTION_FUNCTIONS.register(ATTENTION, attend)
ALL_MASK_ATTENTION_FUNCTIONS.register(ATTENTION, eager_mask)  # else none is made


def language_layers(language, x: torch.Tensor, bias, cos, sin) -> torch.Tensor:
    """Embeddings (B, L, D) -> last states (B, L, D)."""
    for layer in language.layers:
        x = layer(x, attention_mask=bias, position_embeddings=(cos, sin))
    return language.norm(x)


def read(
    base: ModuleType,
    model,
    packed: Packed,
    image_tokens: torch.Tensor | None = None,
    layers=language_layers,
) -> torch.Tensor:
    """States (B, L, D) of packed rows whose pictures are image tokens (B, n, D).

    `packed` may hold a single row for a whole batch of pictures.
    """
    language, first = model.model.language_model, base.FIRST_PICTURE_TOKEN
    embeds = language.embed_tokens(packed.ids)  # (1 or B, L, D)
    if image_tokens is not None:
        image_tokens = image_tokens.to(embeds.dtype)
        embeds = embeds.expand(len(image_tokens), -1, -1)  # (B, L, D)
        last = embeds[:, first + image_tokens.shape[1] :]
        embeds = torch.cat([embeds[:, :first], image_tokens, last], 1)
    cos, sin = language.rotary_emb(embeds, base.language_positions(packed))
    # Added to attention scores, (B, 1, L, L): 0 where visible.
    bias = torch.zeros(packed.visible.shape).masked_fill(~packed.visible, -1e4)
    return layers(language, embeds, bias, cos, sin)
