"""What the tiny checkpoints are made of: tokenizers, and weights that tell apart."""

from pathlib import Path

import torch

from cocofacet.retrievers._torchvision import import_torchvision

import_torchvision()
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
