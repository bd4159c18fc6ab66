"""The retrievers that the book knows: a table of checkpoints, data and not code.

A new retriever is a new row; a new kind of model is a new family, one class each.
"""

import hashlib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from safetensors import SafetensorError

from cocofacet._torchvision import import_torchvision
from cocofacet.errors import InputError
from cocofacet.files import sha256_of
from cocofacet.retrievers.base import Retriever

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
FAMILIES = {
    "dual": ("cocofacet.retrievers.dual", "DualRetriever"),
    "mllm": ("cocofacet.retrievers.mllm", "MllmRetriever"),
}
_SHAPING = {".safetensors", ".json", ".txt", ".jinja", ".model"}
PRECISIONS = ("fp32", "bf16", "fp16")


@dataclass(frozen=True)
class Row:
    """One retriever. Everything that the weights alone do not say.

    checkpoint: "package:NAME" for weights shipped here, "hub:OWNER/NAME" for the
    Hugging Face Hub; revision: the hub's commit, tag or branch (what it resolved to is
    what a loaded retriever reports). Templates: text around a query, general around an
    image alone, prompted around an image and a question; with the model's own image
    placeholder. pooling: which hidden states make the embedding. causal and
    prompt_after_image: both must hold for one pass over all prompts. files: what to
    fetch from the hub. needs: said to the reader.
    """

    name: str
    family: str
    checkpoint: str
    revision: str
    licence: str
    source: str
    needs: str
    image_size: str
    text: str = "{text}"
    general: str = ""
    prompted: str = ""
    pooling: str = "last token"
    causal: bool = True
    prompt_after_image: bool = True
    precision: str = "fp32"
    files: tuple[str, ...] = ("*.json", "*.txt", "*.safetensors")


_QWEN2_VL_IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
# The templates of the released code with Qwen2-VL's image placeholder and no chat
# header: note the blank after the image in one and the line feed in the other.
_QWEN2_VL_TINY = {
    "family": "mllm",
    "revision": "",
    "licence": "MIT",
    "source": "trained in facetworld.train",
    "needs": "nothing: shipped with the package",
    "image_size": "native, 128 x 128 in the rendered world",
    "general": f"{_QWEN2_VL_IMAGE} Represent the given image.",
    "prompted": f"{_QWEN2_VL_IMAGE}\nRepresent the given image with the following "
    "question: {question}\n",
}

_TABLE = (
    Row(
        name="tiny-clip",
        family="dual",
        checkpoint="package:tiny-clip",
        revision="",
        licence="MIT",
        source="trained in facetworld.train",
        needs="nothing: shipped with the package",
        image_size="128 x 128",
        pooling="the towers' own",
    ),
    Row(name="tiny-qwen2vl", checkpoint="package:tiny-qwen2vl", **_QWEN2_VL_TINY),
    # Control: the questions of two facets are never trained.
    Row(
        name="tiny-qwen2vl-unasked",
        checkpoint="package:tiny-qwen2vl-unasked",
        **_QWEN2_VL_TINY,
    ),
    # Control: the general embedding is trained on the same answers, without questions.
    Row(
        name="tiny-qwen2vl-noquestion",
        checkpoint="package:tiny-qwen2vl-noquestion",
        **_QWEN2_VL_TINY,
    ),
    Row(
        name="clip-vit-l-14-336",
        family="dual",
        checkpoint="hub:timm/vit_large_patch14_clip_336.openai",
        revision="main",
        licence="MIT",
        source="https://github.com/openai/CLIP",
        needs="428 M parameters from the Hugging Face Hub; a GPU helps",
        image_size="336 x 336, shortest side resized, centre crop",
        pooling="the towers' own",
        files=("open_clip_config.json", "open_clip_model.safetensors"),
    ),
)
ROWS: dict[str, Row] = {row.name: row for row in _TABLE}


def load(
    name: str,
    device: str = "cpu",
    precision: str | None = None,
    checkpoint: Path | None = None,
    **options,
) -> Retriever:
    """Load a retriever of the zoo by its row's name.

    precision: fp32, bf16 or fp16, by default the row's. checkpoint: a directory with
    other weights for the same row, such as another training seed. options go to the
    family's class (``one_pass``, ``batch_size``). Raises InputError for a name,
    precision or checkpoint that does not exist or cannot be had.
    """
    if name not in ROWS:
        raise InputError(
            f"zoo: retriever: {name!r} is not known. Choose one of {', '.join(ROWS)}."
        )
    row = ROWS[name]
    precision = row.precision if precision is None else precision
    if precision not in PRECISIONS:
        raise InputError(
            f"zoo: precision: {precision!r} is not known. Choose one of "
            f"{', '.join(PRECISIONS)}."
        )
    _check_device(device)
    import_torchvision()  # before open_clip or transformers import it
    directory, weights, revision = _checkpoint(row, checkpoint)
    module, class_name = FAMILIES[row.family]
    family = getattr(import_module(module), class_name)
    options = {"device": device, "precision": precision, **options}
    try:
        return family(row, directory, weights, revision, **options)
    except InputError:
        raise
    # What the libraries raise for files that are damaged or do not belong together.
    except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{directory}: checkpoint: {row.name} cannot be loaded from it ({error}). "
            "If the files are damaged, fetch or train them again."
        ) from error


def missing(row: Row) -> str | None:
    """Why this row cannot be loaded right now without a download; None if it can."""
    kind, _, place = row.checkpoint.partition(":")
    if kind == "package":
        directory, reason = CHECKPOINTS / place, "not in this copy of the package"
    else:
        directory, reason = _in_cache(row, place), "not downloaded yet"
    found = directory is not None and any(directory.glob("*.safetensors"))
    return None if found else reason


def _in_cache(row: Row, repository: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        found = snapshot_download(
            repository, revision=row.revision, local_files_only=True
        )
    except LocalEntryNotFoundError:
        return None
    return Path(found)


def _check_device(device: str) -> None:
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(
            f"zoo: device: {device!r} cannot be used here ({reason}). Use cpu."
        ) from None


def _checkpoint(row: Row, override: Path | None) -> tuple[Path, str, str]:
    """Directory of the weights, what identifies them, and the revision to report."""
    kind, _, place = row.checkpoint.partition(":")
    if override is None and kind == "hub":
        directory = _download(row, place)
        revision = directory.name  # the hub's cache names a snapshot by its commit
        return directory, f"{place}@{revision}", revision
    directory = CHECKPOINTS / place if override is None else Path(override)
    if not any(directory.glob("*.safetensors")):
        raise InputError(
            f"{directory}: checkpoint: no *.safetensors there. Train it with `python "
            "-m facetworld.train`, or choose another with `cocofacet retrievers`."
        )
    # Configuration and vocabulary shape a vector as much as the weights do.
    files = sorted(f for f in directory.iterdir() if f.suffix in _SHAPING)
    digests = "".join(f"{file.name} {sha256_of(file)}\n" for file in files)
    weights = hashlib.sha256(digests.encode()).hexdigest()
    return directory, weights, weights[:12]


def _download(row: Row, repository: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(
                repository, revision=row.revision, allow_patterns=list(row.files)
            )
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(
            f"{repository}: checkpoint: cannot be downloaded ({reason}). Run where the "
            f"Hugging Face Hub can be reached: `hf download {repository}`."
        ) from None
