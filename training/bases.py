"""The bases of the tiny promptable models, by transformers' name of the model type."""

from types import ModuleType

from training import tiny_llava, tiny_qwen

BASES: dict[str, ModuleType] = {"qwen2_vl": tiny_qwen, "llava": tiny_llava}


def base_of(model) -> ModuleType:
    """The module that a model was made by."""
    return BASES[model.config.model_type]
