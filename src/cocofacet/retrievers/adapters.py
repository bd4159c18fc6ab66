"""Adapters: LoRA and DoRA weights, merged into a base checkpoint by strict loading.

Where an older transformers named the layers, peft alone would only warn, and one would
measure the base. transformers renames an adapter's keys as it does the base's.
"""

import pickle
from collections.abc import Callable
from pathlib import Path

from cocofacet.retrievers import preprocess as inputs  # noqa: F401

# isort: split
import numpy as np
import torch
from peft import PeftConfig, PeftType
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors.torch import load_file

from cocofacet.io import InputError
from cocofacet.retrievers.checkpoints import check_keys, quietly

CONFIG = "adapter_config.json"
_MAGNITUDE = "lora_magnitude_vector"
_PREFIX = "base_model.model."
WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")


def merge_adapter(
    model: torch.nn.Module, directory: Path, embed: Callable[[], np.ndarray]
) -> None:
    """Merge the adapter of a directory into a model of transformers.

    embed: gives some embeddings of the model, (n, D), before and after; they have to be
    of a text and of a picture, as an adapter may change one part alone. Raises
    InputError for an adapter of another kind, for keys that are missing or unexpected,
    and for an adapter that changes nothing.
    """
    config = PeftConfig.from_pretrained(str(directory))
    if config.peft_type != PeftType.LORA:  # DoRA is a LoRA with magnitudes
        raise InputError(
            f"{directory / CONFIG}: peft_type: {config.peft_type} is not supported. "
            "Only LoRA and DoRA adapters are."
        )
    with quietly():
        info = model.load_adapter(
            peft_config=config, adapter_state_dict=_weights(directory, model)
        )
    check_keys(info, f"an adapter of {type(model).__name__}", directory)
    model.disable_adapters()  # before: a base of another kind is said to be so first
    before = embed()
    _merge(model)
    # Merging by itself moves a weight by rounding; an adapter that was trained by more.
    if np.allclose(before, embed(), rtol=0, atol=1e-6):
        raise InputError(
            f"{directory}: weights: the adapter changes nothing. Fetch it again, or "
            "check that it belongs to this base."
        )


def _weights(directory: Path, model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The adapter's tensors, named as the library renames them for this model; a pickle
    that holds more than tensors is not read."""
    safe, pickled = (directory / name for name in WEIGHTS)
    try:
        if safe.exists():
            found = load_file(safe)
        else:
            found = torch.load(pickled, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{pickled}: weights: hold more than tensors, and are not read "
            f"({str(error).splitlines()[0]}). Use {WEIGHTS[0]}."
        ) from None
    for name, tensor in found.items():
        if not tensor.is_floating_point():
            raise ValueError(f"{name} is of type {tensor.dtype}: no floating point")
    parts = tuple(f"{_PREFIX}model.{name}." for name, _ in model.named_children())

    def named(key: str) -> str:
        # peft saves a DoRA's magnitudes without the ending that transformers looks for.
        key = f"{key}.weight" if key.endswith(_MAGNITUDE) else key
        # Of a model with a head, today's peft names the model below it, too; of that,
        # the library would make a part of the language model.
        twice = key.startswith(parts)
        return key.replace("model.model.", "model.", 1) if twice else key

    return {named(key): tensor for key, tensor in found.items()}


def _merge(model: torch.nn.Module) -> None:
    """Add each adapter to its layer's weights, and put the plain layer back."""
    for name, layer in list(model.named_modules()):
        if isinstance(layer, BaseTunerLayer):
            layer.merge(safe_merge=True)
            model.set_submodule(name, layer.get_base_layer())
