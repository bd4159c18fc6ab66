"""Load a row of the zoo: find and hash its weights, call its family's class."""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from cocofacet.io import InputError, sha256_of
from cocofacet.parameters import PATH, TEXT, optional, takes, whole
from cocofacet.program import ran_out
from cocofacet.retrievers import hub
from cocofacet.retrievers._torchvision import import_torchvision
from cocofacet.retrievers.base import Checkpoint, Retriever
from cocofacet.retrievers.memory import too_little
from cocofacet.retrievers.zoo import ROWS
from cocofacet.retrievers.zoo.row import PRECISIONS, Row

LOG = logging.getLogger(__name__)
CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
FAMILIES = {
    "dual": ("cocofacet.retrievers.dual", "DualRetriever"),
    "mllm": ("cocofacet.retrievers.mllm", "MllmRetriever"),
    "mm-embed": ("cocofacet.retrievers.mm_embed", "MmEmbedRetriever"),
    "phi3-v": ("cocofacet.retrievers.phi3_v", "Phi3VRetriever"),
    "embedding-gemma": (
        "cocofacet.retrievers.embedding_gemma",
        "EmbeddingGemmaRetriever",
    ),
    "llave": ("cocofacet.retrievers.llave", "LlaveRetriever"),
    "blip2": ("cocofacet.retrievers.blip2", "Blip2Retriever"),
    "answer": ("cocofacet.retrievers.answer", "AnswerRetriever"),
}
_TEMPLATES = ("text", "general", "prompted")
_ADAPTER = "adapter_config.json"
# Of an adapter's .bin, a pickle, tensors alone are read.
_WEIGHTS = ("*.safetensors", "adapter_model.bin")
_SHAPING = {".safetensors", ".bin", ".json", ".txt", ".jinja", ".model"}
# What to fetch of a base model or of a text embedder; a row says it for its own.
_FILES = ("*.json", "*.txt", "*.jinja", "*.model", "*.safetensors")


@takes(
    device=TEXT,
    precision=optional(TEXT),
    checkpoint=optional(PATH),
    base_checkpoint=optional(PATH),
    text_checkpoint=optional(PATH),
    batch_size=whole(1),
)
def load(
    name: str | Row,
    device: str = "cpu",
    precision: str | None = None,
    checkpoint: Path | None = None,
    base_checkpoint: Path | None = None,
    text_checkpoint: Path | None = None,
    **options,
) -> Retriever:
    """Load a retriever of the zoo by its row's name, or by a row of one's own.

    precision: fp32, bf16 or fp16, by default the row's. checkpoint: a directory with
    other weights for the same row, such as another training seed; base_checkpoint and
    text_checkpoint are the same for the base that an adapter is merged into and for
    the text embedder that reads answers. options may replace the row's templates
    (``text``, ``general``, ``prompted``); all others go to the family's class
    (``one_pass``, ``batch_size``). Raises InputError for a name, precision or
    checkpoint that does not exist or cannot be had.
    """
    row = row_of(name, options)
    check_device(device)
    precision = precision_here(row, precision, device)
    import_torchvision()  # before open_clip or transformers import it
    files = _checkpoint(row, checkpoint, base_checkpoint, text_checkpoint)
    files = replace(files, device=device, precision=precision)
    module, class_name = FAMILIES[row.family]
    family = getattr(import_module(module), class_name)
    from cocofacet.retrievers import fitting

    try:
        retriever = family(row, files, **options)
        fitting.check(retriever, files)
        return retriever
    except InputError:
        raise
    except MemoryError as error:  # whose traceback would keep what was loaded
        raise too_little(row, device, "loading") from error.with_traceback(None)
    # What the libraries raise for files that are damaged or do not belong together.
    except Exception as error:
        if ran_out(error):
            raise too_little(row, device, "loading") from error.with_traceback(None)
        raise InputError(
            f"{files.adapter or files.directory}: checkpoint: {row.name} cannot be "
            f"loaded from it ({_reason(error)}). If the files are damaged, fetch or "
            "train them again."
        ) from error


def _reason(error: Exception) -> str:
    """What a library says, in one line of a readable length."""
    said = " ".join(str(error).split()) or type(error).__name__
    if "backend tokenizer" in said:  # the library goes on to say how one is made
        return "its tokenizer's files are missing or damaged"
    if "ignore_mismatched_sizes" in said:  # transformers prints the rest elsewhere
        return "tensors have other sizes than the configuration says, or the base has"
    return f"{said[:297]}…" if len(said) > 298 else said


def row_of(name: str | Row, options: dict[str, object]) -> Row:
    """The row to load: of that name, with its templates replaced by those that are
    taken out of ``options``. Raises InputError for a name that there is not."""
    if not isinstance(name, Row) and name not in list(ROWS):
        raise InputError(
            f"zoo: retriever: {name!r} is not known. Choose one of {', '.join(ROWS)}."
        )
    row = name if isinstance(name, Row) else ROWS[name]
    templates = {key: options.pop(key) for key in _TEMPLATES if key in options}
    return replace(row, **templates)


def precision_here(row: Row, precision: str | None, device: str) -> str:
    """The precision given, or else the row's; where the device has no bf16, the row's
    second choice, which the log says. InputError for one that there is not."""
    precision = precision or row.precision
    if precision not in PRECISIONS:
        raise InputError(
            f"zoo: precision: {precision!r} is not known. Choose one of "
            f"{', '.join(PRECISIONS)}."
        )
    if precision != "bf16" or not device.startswith("cuda"):
        return precision
    import torch

    with torch.cuda.device(device):
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return precision
    LOG.warning(
        "%s: %s has no bf16; running in %s instead", row.name, device, row.without_bf16
    )
    return row.without_bf16


def identity(
    row: Row,
    checkpoint: Path | None = None,
    base_checkpoint: Path | None = None,
    text_checkpoint: Path | None = None,
) -> str | None:
    """What identifies a row's weights in a fingerprint, by the files that are here;
    None where they would have to be downloaded first. Arguments as of `load`."""
    given = (checkpoint, base_checkpoint, text_checkpoint)
    try:
        return _checkpoint(row, *given, find=_find_here).weights
    except LookupError:
        return None


def _parts(row: Row) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Checkpoint, base and text embedder: where each is, its revision, what to fetch;
    "" for the place of one that the row has not."""
    return (
        (row.checkpoint, row.revision, row.files),
        (row.base, row.base_revision, _FILES),
        (row.answers, "", _FILES),
    )


def to_come(rows: Iterable[Row]) -> int | None:
    """Bytes that these rows would download, a base that several share once and what
    cannot be had not at all; None where the hub says nothing."""
    parts = dict.fromkeys(part for row in rows for part in _parts(row))
    sizes = [
        hub.to_come(place, revision, files)
        for checkpoint, revision, files in parts
        for kind, _, place in (checkpoint.partition(":"),)
        if kind == "hub"
    ]
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None


def missing(row: Row) -> str | None:
    """Why this row cannot be loaded right now without a download; None if it can."""
    for checkpoint, revision, files in _parts(row):
        kind, _, place = checkpoint.partition(":")
        if kind == "package" and not _has_weights(CHECKPOINTS / place):
            return "not in this copy of the package"
        directory = hub.in_cache(place, revision, files) if kind == "hub" else None
        if kind == "hub" and (directory is None or not _has_weights(directory)):
            return "not downloaded yet"
    return None


def _has_weights(directory: Path) -> bool:
    return any(file for pattern in _WEIGHTS for file in directory.glob(pattern))


def check_device(device: str) -> None:
    """InputError for a device that cannot compute here."""
    import torch

    try:
        torch.zeros(1, device=device).item()  # "meta" has no numbers
    except (RuntimeError, AssertionError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(
            f"zoo: device: {device!r} cannot be used here ({reason}). Use cpu."
        ) from None


def _checkpoint(
    row: Row, override: Path | None, base: Path | None, text: Path | None, find=None
) -> Checkpoint:
    """All that a row's retriever is loaded from; directories given come first. find:
    `_find`, or `_find_here`, which downloads nothing."""
    find = find or _find
    found = find(row.checkpoint, row.revision, row.files, override)
    if (found.directory / _ADAPTER).exists():
        if base is None and not row.base:
            raise InputError(
                f"{found.directory}: checkpoint: is an adapter, and {row.name} names "
                "no base. Pass the base model's directory as base_checkpoint."
            )
        under = find(row.base, row.base_revision, _FILES, base)
        found = replace(
            found,
            directory=under.directory,
            weights=f"{found.weights} on {under.weights}",
            adapter=found.directory,
        )
    if row.answers:
        reader = find(row.answers, "", _FILES, text)
        weights = f"{found.weights}, answers read by {reader.weights}"
        found = replace(found, weights=weights, text=reader.directory)
    return found


def _find(
    checkpoint: str, revision: str, files: tuple[str, ...], override: Path | None
) -> Checkpoint:
    """A row's checkpoint, downloaded if need be, or the directory given instead."""
    kind, _, place = checkpoint.partition(":")
    if override is None and kind == "hub":
        directory = hub.download(place, revision, files)
        commit = directory.name  # the hub's cache names a snapshot by its commit
        return Checkpoint(directory, f"{place}@{commit}", commit)
    directory = CHECKPOINTS / place if override is None else Path(override)
    if not _has_weights(directory):
        raise InputError(
            f"{directory}: checkpoint: no *.safetensors there. Train it with `python "
            "-m training`, or choose another with `cocofacet retrievers`."
        )
    if lacks := hub.lacking_shard(directory):
        raise InputError(f"{directory}: weights: {lacks}. Fetch it again.")
    # Configuration and vocabulary shape a vector as much as the weights do.
    shaping = sorted(f for f in directory.rglob("*") if f.suffix in _SHAPING)
    try:
        digests = "".join(
            f"{file.relative_to(directory)} {sha256_of(file)}\n" for file in shaping
        )
    except OSError as error:  # a folder, or a link to nothing
        raise InputError(
            f"{error.filename}: checkpoint: cannot be read ({error.strerror}). Fetch "
            "it again."
        ) from None
    weights = hashlib.sha256(digests.encode()).hexdigest()
    return Checkpoint(directory, weights, weights[:12])


def _find_here(
    checkpoint: str, revision: str, files: tuple[str, ...], override: Path | None
) -> Checkpoint:
    """As `_find`; LookupError in place of a download."""
    kind, _, place = checkpoint.partition(":")
    if override is not None or kind != "hub":
        return _find(checkpoint, revision, files, override)
    directory = hub.in_cache(place, revision, files)
    if directory is None:
        raise LookupError(place)
    return Checkpoint(directory, f"{place}@{directory.name}", directory.name)
