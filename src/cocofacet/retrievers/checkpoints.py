"""Strict loading of models and processors of transformers.

Where the library would warn and go on with random weights, a checkpoint that does not
fit is an error here. No code of a checkpoint is run, and no pickle is read.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import PIL
import torch
import transformers
from safetensors.torch import load_file

from cocofacet.io import InputError, read_json
from cocofacet.retrievers.base import Checkpoint
from cocofacet.retrievers.zoo.row import Row

# Its bar "Loading weights" would otherwise be part of every notebook's output.
transformers.utils.logging.disable_progress_bar()

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def load_model(
    kind: type, files: Checkpoint, unused: tuple[str, ...] = (), **settings: object
):
    """A model of class ``kind`` in evaluation mode, on its device.

    kind: one of transformers' classes with ``from_pretrained``. Keys in older layouts
    are converted by the library. unused: endings of keys that the file may hold and the
    model does not need. settings: further ones, as of ``from_pretrained``; a
    ``state_dict`` with its ``config`` takes the place of the directory's. Raises
    InputError when any other key is missing or unexpected.
    """
    with quietly():
        model, info = kind.from_pretrained(
            None if "state_dict" in settings else files.directory,
            dtype=DTYPES[files.precision],
            attn_implementation="sdpa",
            output_loading_info=True,
            trust_remote_code=False,
            use_safetensors=True,
            **settings,
        )
    check_keys(info, type(model).__name__, files.directory, unused)
    return model.eval().to(files.device)


def read_config(
    directory: Path,
    model: str,
    must_be: Mapping[str, object],
    optional: Collection[str] = (),
) -> dict[str, object]:
    """A checkpoint's config.json, where it is one of ``model``.

    must_be: "field" or "section.field" -> the one value that the code here is written
    for; optional: those of them that may be absent. Raises InputError for another.
    """
    file = directory / "config.json"
    given = read_json(file, dict)
    for name, expected in must_be.items():
        found = given
        for part in name.split("."):
            found = found.get(part, _ABSENT) if isinstance(found, dict) else _ABSENT
        if found != expected and not (found is _ABSENT and name in optional):
            says = "absent" if found is _ABSENT else repr(found)
            raise InputError(
                f"{file}: {name}: is {says} and not {expected!r}: another model than "
                f"{model}. Fetch the checkpoint again."
            )
    return given


_ABSENT = object()


def read_weights(directory: Path) -> dict[str, torch.Tensor]:
    """All tensors of a directory's safetensors files, under the names they have."""
    found = {}
    for file in sorted(directory.glob("*.safetensors")):
        found |= load_file(file)
    return found


@contextmanager
def quietly() -> Iterator[None]:
    """Without the library's warnings: `check_keys` reads what it reports of keys."""
    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(level)


def check_keys(info, model: str, directory: Path, unused=()) -> None:
    """InputError when the library's loading report says that keys do not fit."""
    info = info if isinstance(info, dict) else vars(info)
    wrong = {str(key) for key in (*info["missing_keys"], *info["unexpected_keys"])}
    wrong = sorted(key for key in wrong if not key.endswith(tuple(unused)))
    if wrong or info["mismatched_keys"]:
        raise InputError(
            f"{directory}: weights: do not fit {model} ({len(wrong)} keys missing or "
            f"left over, such as {wrong[:3]}; {len(info['mismatched_keys'])} of "
            "another shape). Fetch the checkpoint again."
        )


def auto_processor(row: Row, files: Checkpoint):
    """The library's own processor, its images resized by the row's backend."""
    directory = files.directory
    processor = transformers.AutoProcessor.from_pretrained(
        directory, trust_remote_code=False
    )
    # Not given to AutoProcessor: no video processor comes with PIL.
    processor.image_processor = transformers.AutoImageProcessor.from_pretrained(
        directory, trust_remote_code=False, backend=row.image_backend
    )
    check_tokenizer(processor.tokenizer)
    if processor.image_processor.backend != row.image_backend:
        raise ValueError(f"its images cannot be processed with {row.image_backend}")
    return processor


def check_tokenizer(tokenizer) -> None:
    """ValueError for an empty one, as the library makes where there are no files."""
    found = tokenizer("a dog", add_special_tokens=False)["input_ids"]
    if not set(found) - {tokenizer.unk_token_id}:
        raise ValueError("its tokenizer's files are missing or damaged")


def load_processor(row: Row, files: Checkpoint, model, padding_side: str):
    """The processor of a multimodal language model: its pictures and its texts.

    Raises ValueError for a row's pixels where the processor does not size pictures by
    them, as Qwen2-VL's and Qwen3-VL's do.
    """
    processor = auto_processor(row, files)
    processor.tokenizer.padding_side = padding_side
    if processor.tokenizer.pad_token is None:  # any token will do: it is masked
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    if row.min_pixels is not None or row.max_pixels is not None:
        _size_by_pixels(processor.image_processor, row)
    if getattr(processor, "patch_size", "none needed") is None:
        _complete(processor, model)
    return processor


def image_settings(processor) -> dict[str, object]:
    """What a fingerprint says of how pictures become pixels."""
    images = processor.image_processor
    found = {"images": images.to_dict(), "image_processor": type(images).__name__}
    if images.backend == "pil":
        # Versions differ where one side of a picture grows and the other shrinks.
        found["pillow"] = PIL.__version__
    return found


def _size_by_pixels(image_processor, row: Row) -> None:
    """Give it the row's fewest and most pixels, in its own words for them."""
    size = dict(image_processor.size)
    if not size.get("longest_edge"):
        raise ValueError(
            "min_pixels or max_pixels is set, and "
            f"{type(image_processor).__name__} does not size pictures by their pixels"
        )
    size["longest_edge"] = row.max_pixels or size["longest_edge"]
    fewest = row.min_pixels or size["shortest_edge"]
    size["shortest_edge"] = min(fewest, size["longest_edge"])
    image_processor.size = size


def _complete(processor, model: torch.nn.Module) -> None:
    """Give a LLaVA-type processor the settings that only the model has.

    Without them, as in checkpoints of before 2025 (E5-V's, BGE-VL's), it cannot count
    image tokens.
    """
    names = [name for name, _ in model.named_parameters()]
    # CLIP's encoder has a class token, SigLIP's has none.
    has_class = any(name.endswith("class_embedding") for name in names)
    processor.patch_size = model.config.vision_config.patch_size
    processor.num_additional_image_tokens = int(has_class)
    processor.vision_feature_select_strategy = (
        model.config.vision_feature_select_strategy
    )


def on_device(
    inputs: dict[str, torch.Tensor], model: torch.nn.Module
) -> dict[str, torch.Tensor]:
    """Inputs on the model's device, floating-point ones in its precision."""
    # Moved first and converted there: in one step, the CPU would convert them into
    # memory that is not pinned, and wait.
    moved = {
        name: value.to(model.device, non_blocking=True)
        for name, value in inputs.items()
    }
    return {
        name: value.to(model.dtype) if value.is_floating_point() else value
        for name, value in moved.items()
    }
