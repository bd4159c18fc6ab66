"""Load a row of the zoo: find its weights, identify them, hand them to its family."""

import hashlib
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from safetensors import SafetensorError

from cocofacet._torchvision import import_torchvision
from cocofacet.errors import InputError
from cocofacet.files import sha256_of
from cocofacet.retrievers.base import Retriever
from cocofacet.retrievers.zoo import PRECISIONS, ROWS, Row

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
FAMILIES = {
    "dual": ("cocofacet.retrievers.dual", "DualRetriever"),
    "mllm": ("cocofacet.retrievers.mllm", "MllmRetriever"),
}
TEMPLATES = ("text", "general", "prompted")
_SHAPING = {".safetensors", ".json", ".txt", ".jinja", ".model"}


def load(
    name: str,
    device: str = "cpu",
    precision: str | None = None,
    checkpoint: Path | None = None,
    **options,
) -> Retriever:
    """Load a retriever of the zoo by its row's name.

    precision: fp32, bf16 or fp16, by default the row's. checkpoint: a directory with
    other weights for the same row, such as another training seed. options may replace
    the row's templates (``text``, ``general``, ``prompted``); all others go to the
    family's class (``one_pass``, ``batch_size``). Raises InputError for a name,
    precision or checkpoint that does not exist or cannot be had.
    """
    if name not in ROWS:
        raise InputError(
            f"zoo: retriever: {name!r} is not known. Choose one of {', '.join(ROWS)}."
        )
    templates = {key: options.pop(key) for key in TEMPLATES if key in options}
    row = replace(ROWS[name], **templates)
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
