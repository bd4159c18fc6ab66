"""What the tiny checkpoints are made of: tokenizers, and weights that tell apart."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file

from cocofacet.retrievers._torchvision import import_torchvision

import_torchvision()
import transformers  # noqa: E402
from tokenizers import (  # noqa: E402
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

WORDS = [
    "Represent the given image with the following question: How many people",
    "are present in this image? What is the weather like in this image?",
    "Find me an everyday image that is taken in a sunny day.",
]


# Of CLIP, as preprocessor_config.json holds them.
CLIP_PIXELS = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
LLAMA_MARKS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


def byte_pairs(
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


def save_model(model: torch.nn.Module, directory: Path) -> None:
    """Save with larger weights: with the library's own, every image looks alike."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 0.3)
    model.save_pretrained(directory)


def word_pieces() -> transformers.BertTokenizer:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(ord("!"), ord("~") + 1)]
    pieces = [*special, *letters, *(f"##{letter}" for letter in letters)]
    words = sorted({word.lower() for line in WORDS for word in line.split()})
    pieces += [word for word in words if word not in pieces]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    return transformers.BertTokenizer(vocab=vocabulary)


def text_config(tokenizer, **more) -> dict:
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


@dataclass(frozen=True)
class Tower:
    """Sizes of a CLIP's or SigLIP's tower; patches: of a picture."""

    width: int
    inner: int
    layers: int
    patches: int


def tower_shapes(
    name: str, tower: Tower, norms: tuple[str, ...]
) -> dict[str, tuple[int, ...]]:
    """Official name of each tensor in the layers of a tower, and in its norms outside
    of them -> its shape."""
    norms, linear = [f"{name}.{norm}" for norm in norms], {}
    width, inner = tower.width, tower.inner
    for layer in range(tower.layers):
        here = f"{name}.encoder.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear[f"{here}.self_attn.{part}"] = (width, width)
        linear |= {f"{here}.mlp.fc1": (inner, width), f"{here}.mlp.fc2": (width, inner)}
        norms += [f"{here}.layer_norm1", f"{here}.layer_norm2"]
    return with_biases({name: (width,) for name in norms} | linear)


def with_biases(shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Name of each layer -> shape of its weight; as tensors, a bias with each."""
    found = {}
    for name, shape in shapes.items():
        found |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return found


def save_official(
    directory: Path,
    shapes: dict[str, tuple[int, ...]],
    files: dict[str, object],
    seed: int,
) -> None:
    """Random tensors under official names in two shards with their index, and further
    JSON files: file name -> content."""
    directory.mkdir(parents=True)
    torch.manual_seed(seed)
    weights = {key: _values(key, shape) for key, shape in shapes.items()}
    names, index = list(weights), {}
    half = len(names) // 2
    for number, part in enumerate((names[:half], names[half:]), start=1):
        file = f"model-{number:05d}-of-00002.safetensors"
        shard = {name: weights[name] for name in part}
        save_file(shard, directory / file, {"format": "pt"})
        index |= dict.fromkeys(part, file)
    total = sum(value.nbytes for value in weights.values())
    indexed = {"metadata": {"total_size": total}, "weight_map": index}
    for name, content in (files | {"model.safetensors.index.json": indexed}).items():
        (directory / name).write_text(json.dumps(content, indent=1))


def _values(key: str, shape: tuple[int, ...]) -> torch.Tensor:
    # Large enough that pictures differ; a norm's weights are near one.
    values = torch.randn(shape) * 0.2
    return 1 + values if "norm" in key and key.endswith("weight") else values
