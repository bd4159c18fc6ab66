"""Models of the size of the zoo's rows, with random weights and no download.

`save` writes what a row is loaded from at the size that its published configuration
states, less the weights; within `random_weights` the libraries make these up on the
device, in the precision asked for. A random model computes as fast as a trained one.
Tokenizers are the rehearsal's: small, with the official special tokens.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import Mock, patch

import torch

from cocofacet.retrievers import load as loading
from cocofacet.retrievers.base import Retriever
from cocofacet.retrievers.zoo.row import Row
from rehearsal.tiny_checkpoints import (
    ARCHITECTURES,
    open_clip,
    save_language_model,
    transformers,
)


@dataclass(frozen=True)
class Size:
    """What a published configuration says beyond the tiny checkpoint's.

    source: where. config: of the model, or the name of one of open_clip's; images: of
    the image processor.
    """

    source: str
    config: dict | str
    images: dict = field(default_factory=dict)


def _decoder(width, inner, layers, heads, groups, words, **more) -> dict:
    """A language model: ``groups`` heads of keys and values, ``words`` tokens."""
    return {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": groups,
        "head_dim": 128,
        "vocab_size": words,
        "layer_types": None,  # the tiny one's go, and the library fills them in
        "max_position_embeddings": 32768,
        **more,
    }


def _qwen2_vl(name: str, text: dict, tied: bool) -> Size:
    rope = {"mrope_section": [16, 24, 24], "rope_theta": 1e6, "rope_type": "default"}
    vision = {"depth": 32, "embed_dim": 1280, "num_heads": 16}
    return Size(
        f"https://huggingface.co/Qwen/{name}/blob/main/config.json",
        {
            "text_config": {**text, "rope_parameters": rope},
            "vision_config": {**vision, "hidden_size": text["hidden_size"]},
            "tie_word_embeddings": tied,
        },
        {"size": {"shortest_edge": 56 * 56, "longest_edge": 28 * 28 * 16384}},
    )


def _qwen3_vl(name: str, text: dict, vision: dict, tied: bool) -> Size:
    rope = {"mrope_section": [24, 20, 20], "rope_theta": 5e6, "rope_type": "default"}
    shared = {"num_heads": 16, "num_position_embeddings": 48 * 48}
    shared["out_hidden_size"] = text["hidden_size"]
    rope["mrope_interleaved"] = True
    return Size(
        f"https://huggingface.co/Qwen/{name}/blob/main/config.json",
        {
            "text_config": {**text, "rope_parameters": rope},
            "vision_config": {**vision, **shared},
            "tie_word_embeddings": tied,
        },
        {"size": {"shortest_edge": 256 * 256, "longest_edge": 4096 * 4096}},
    )


def _tower(width, inner, layers, heads, image) -> dict:
    return {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "image_size": image,
        "patch_size": 14,
    }


_CLIP_L = _tower(1024, 4096, 24, 16, 336)
_336 = {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}}
_TILES = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]


def _llava_next(name: str, text: dict) -> Size:
    grids = {"image_grid_pinpoints": _TILES}
    return Size(
        f"https://huggingface.co/llava-hf/{name}/blob/main/config.json",
        {"text_config": text, "vision_config": _CLIP_L, **grids},
        {**_336, **grids},
    )


_OPEN_CLIP = (
    "https://github.com/mlfoundations/open_clip/tree/main/src/open_clip/model_configs"
)
_LLAMA3_ROPE = {"rope_theta": 5e5, "rope_type": "default"}
_MISTRAL_ROPE = {"rope_theta": 1e6, "rope_type": "default"}
_GRITLM = Size(
    "https://huggingface.co/GritLM/GritLM-7B/blob/main/config.json",
    _decoder(4096, 14336, 32, 32, 8, 32000, sliding_window=None),
)

FEW_WORDS = 1024  # of a model cut to a few layers; the tokenizers have fewer

# By a row's architecture and its number of parameters, as the zoo states them.
SIZES: dict[tuple[str, str], Size] = {
    ("CLIP", "428 M"): Size(_OPEN_CLIP, "ViT-L-14-336-quickgelu"),
    ("EVA02-CLIP", "428 M"): Size(_OPEN_CLIP, "EVA02-L-14-336"),
    ("SigLIP2", "878 M"): Size(_OPEN_CLIP, "ViT-SO400M-14-SigLIP-384"),
    ("SigLIP2", "1.14 B"): Size(_OPEN_CLIP, "ViT-SO400M-16-SigLIP2-384"),
    ("BLIP-2", "1.17 B"): Size(
        "https://huggingface.co/Salesforce/blip2-itm-vit-g/blob/main/config.json",
        {
            "vision_config": _tower(1408, 6144, 39, 16, 224),
            "qformer_config": {
                "hidden_size": 768,
                "intermediate_size": 3072,
                "num_hidden_layers": 12,
                "num_attention_heads": 12,
                "vocab_size": 30523,
                "max_position_embeddings": 512,
                "encoder_hidden_size": 1408,
            },
            "num_query_tokens": 32,
            "image_text_hidden_size": 256,
        },
        {"size": {"height": 224, "width": 224}},
    ),
    ("Qwen2-VL", "2.2 B"): _qwen2_vl(
        "Qwen2-VL-2B-Instruct", _decoder(1536, 8960, 28, 12, 2, 151936), tied=True
    ),
    ("Qwen2-VL", "8.3 B"): _qwen2_vl(
        "Qwen2-VL-7B-Instruct", _decoder(3584, 18944, 28, 28, 4, 152064), tied=False
    ),
    ("Qwen3-VL", "2.1 B"): _qwen3_vl(
        "Qwen3-VL-2B-Instruct",
        _decoder(2048, 6144, 28, 16, 8, 151936),
        {
            "depth": 24,
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "deepstack_visual_indexes": [5, 11, 17],
        },
        tied=True,
    ),
    ("Qwen3-VL", "8.1 B"): _qwen3_vl(
        "Qwen3-VL-8B-Instruct",
        _decoder(4096, 12288, 36, 32, 8, 151936),
        {
            "depth": 27,
            "hidden_size": 1152,
            "intermediate_size": 4304,
            "deepstack_visual_indexes": [8, 16, 24],
        },
        tied=False,
    ),
    ("LLaVA-NeXT on Mistral", "7.6 B"): _llava_next(
        "llava-v1.6-mistral-7b-hf",
        _decoder(4096, 14336, 32, 32, 8, 32064, rope_parameters=_MISTRAL_ROPE),
    ),
    ("LLaVA-NeXT on Llama", "8.4 B"): _llava_next(
        "llama3-llava-next-8b-hf",
        _decoder(4096, 14336, 32, 32, 8, 128320, rope_parameters=_LLAMA3_ROPE),
    ),
    ("LLaVA", "7.1 + 7.2 B"): Size(
        "https://huggingface.co/llava-hf/llava-1.5-7b-hf/blob/main/config.json",
        {
            "text_config": _decoder(4096, 11008, 32, 32, 32, 32064),
            "vision_config": _CLIP_L,
        },
        _336,
    ),
}


def size_of(row: Row) -> Size | None:
    """None where the real size of a row is not known here."""
    return SIZES.get((row.architecture, row.parameters))


def load(
    row: Row, folder: Path, device: str, precision: str, layers: int | None = None
) -> Retriever:
    """A row's retriever at its real size with random weights, by way of ``folder``.

    layers: of each tower and language model at most, their widths whole and their
    vocabularies small (but timm's towers stay whole); None for all.
    An adapter, which merging makes part of its base, is left out.
    """
    checkpoint = save(row, folder / row.name, layers)
    text = None
    if row.answers:
        text = save_language_model(folder / f"{row.name}-text")
        _write(text / "config.json", _GRITLM.config, layers)
        _without_weights(text)
    with random_weights(device):
        return loading.load(
            row, device, precision, checkpoint=checkpoint, text_checkpoint=text
        )


def save(row: Row, folder: Path, layers: int | None = None) -> Path:
    """The files of a row at its real size; those of the weights are empty."""
    size = size_of(row)
    ARCHITECTURES[row.architecture](folder)
    _without_weights(folder)
    if isinstance(size.config, str):
        _write_open_clip(folder / "open_clip_config.json", size.config, layers)
        return folder
    _write(folder / "config.json", size.config, layers)
    for name, part in (
        ("processor_config.json", {"image_processor": size.images}),
        ("preprocessor_config.json", size.images),
    ):
        if (folder / name).exists():
            _write(folder / name, part)
    if row.answers:
        _speak(folder, json.loads((folder / "config.json").read_text()))
    return folder


def _without_weights(folder: Path) -> None:
    for file in folder.glob("*.safetensors"):
        file.write_bytes(b"")


def _write_open_clip(file: Path, name: str, layers: int | None) -> None:
    settings = json.loads(file.read_text())
    kept = settings["model_cfg"].get("text_cfg", {})
    known = open_clip.get_model_config(name)
    if "hf_tokenizer_name" in kept:  # the tokenizer is the one that lies beside it
        known["text_cfg"]["hf_tokenizer_name"] = kept["hf_tokenizer_name"]
    settings["model_cfg"] = cut = _cut(known, layers)
    cut["text_cfg"]["vocab_size"] = known["text_cfg"]["vocab_size"]
    file.write_text(json.dumps(settings))


def _write(file: Path, changes: dict, layers: int | None = None) -> None:
    """Change a JSON file; dictionaries are merged."""
    merged = _merged(json.loads(file.read_text()), _cut(changes, layers))
    file.write_text(json.dumps(merged))


def _merged(old: dict, new: dict) -> dict:
    both = {
        key: _merged(old[key], value)
        for key, value in new.items()
        if isinstance(value, dict) and isinstance(old.get(key), dict)
    }
    merged = {**old, **new, **both}
    return {key: value for key, value in merged.items() if value is not None}


def _cut(config: dict, layers: int | None) -> dict:
    """A configuration with at most so many layers in each of its parts."""
    if layers is None:
        return config
    at_most = {"num_hidden_layers": layers, "depth": layers, "layers": layers}
    at_most["vocab_size"] = FEW_WORDS
    found = {}
    for key, value in config.items():
        if key in at_most:
            value = min(value, at_most[key])
        elif key == "deepstack_visual_indexes":
            value = sorted({min(index, layers - 1) for index in value})
        found[key] = _cut(value, layers) if isinstance(value, dict) else value
    return found


def _speak(folder: Path, config: dict) -> None:
    """A word for each token that may be said: an answer must not be empty."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    words = config["text_config"]["vocab_size"]
    tokenizer.add_tokens([f"<word-{n}>" for n in range(len(tokenizer), words)])
    tokenizer.save_pretrained(folder)


@contextmanager
def random_weights(device: str) -> Iterator[None]:
    """transformers and open_clip make weights up on the device and read none."""

    def made(
        kind,
        directory,
        *_,
        config=None,
        dtype=None,
        attn_implementation="sdpa",
        output_loading_info=False,
        **__,
    ):
        config = config or kind.config_class.from_pretrained(directory)
        settings = {"dtype": dtype, "attn_implementation": attn_implementation}
        with torch.device(device):
            model = kind._from_config(config, **settings).eval()
        complete = dict.fromkeys(
            ("missing_keys", "unexpected_keys", "mismatched_keys"), ()
        )
        return (model, complete) if output_loading_info else model

    create = open_clip.factory.create_model

    def created(*arguments, **settings):
        with torch.device(device):
            return create(*arguments, **settings)

    library = transformers.PreTrainedModel
    unchecked = {"_check_device": Mock(), "_check_weights": Mock()}
    with (
        # Nothing is read from files; and where there is no memory, "meta" will do.
        patch.multiple(loading, **unchecked),
        patch.object(library, "from_pretrained", classmethod(made)),
        patch.object(open_clip.factory, "create_model", created),
        patch.object(open_clip.factory, "load_checkpoint", lambda *_, **__: None),
    ):
        yield
