"""Models of the size of the zoo's rows, with random weights and no download.

`save` writes what a row is loaded from at the size that its published configuration
states, less the weights; within `random_weights` the libraries make these up on the
device, in the precision asked for. A random model computes as fast as a trained one.
Tokenizers are the rehearsal's: small, with the official special tokens.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock, patch

import torch
from sizes import FEW_WORDS, GRITLM, size_of

from cocofacet.retrievers import fitting, llave, mm_embed, phi3_v
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.base import Retriever
from cocofacet.retrievers.zoo.row import Row
from rehearsal.tiny_checkpoints import (
    ARCHITECTURES,
    open_clip,
    save_language_model,
    transformers,
)

SHAPES = "shapes.json"  # written beside a configuration that does not tell them all


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
        _write(text / "config.json", GRITLM.config, layers)
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
    if size.shapes:
        config = json.loads((folder / "config.json").read_text())
        (folder / SHAPES).write_text(json.dumps(size.shapes(config, layers)))
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


def _shapes_alone(folder: Path) -> dict[str, torch.Tensor]:
    """The tensors that `save` names, without their content."""
    shapes = json.loads((folder / SHAPES).read_text())
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


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
        **more,
    ):
        config = config or kind.config_class.from_pretrained(directory)
        for name in more.keys() & config.to_dict().keys():
            setattr(config, name, more[name])
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
    unchecked = {"check_device": Mock()}
    with (
        # Nothing is read from files; and where there is no memory, "meta" will do.
        patch.multiple(loading, **unchecked),
        patch.object(fitting, "check"),
        patch.object(phi3_v, "read_weights", _shapes_alone),
        patch.object(llave, "read_weights", _shapes_alone),
        patch.object(mm_embed, "read_weights", _shapes_alone),
        patch.object(library, "from_pretrained", classmethod(made)),
        patch.object(open_clip.factory, "create_model", created),
        patch.object(open_clip.factory, "load_checkpoint", lambda *_, **__: None),
    ):
        yield
