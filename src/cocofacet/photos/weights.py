"""Which retriever fits one's own photographs, and which pictures are not that.

The tiny checkpoints that are shipped know the rendered world alone. Its pictures are
told by their content: facetworld leaves a list of their sha256 beside a world.
"""

import math
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import psutil

from cocofacet.io import InputError
from cocofacet.photos.files import File, shown
from cocofacet.photos.index import Index
from cocofacet.retrievers import cost
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.zoo import ROWS
from cocofacet.retrievers.zoo.row import Row
from cocofacet.workspace import home

LIST = "pictures.sha256"  # as `sha256sum` writes it
RENDERED = "tiny-qwen2vl"  # for pictures of the rendered world
# Device -> what to take for searches in general, and for questions too: on a processor
# the smallest downloads of either kind, on a GPU one row of 2 B for both.
SENSIBLE = {
    "cpu": ("eva02-clip-l-14-336", "embeddinggemma-2"),
    "cuda": ("vlm2vec-v2.0", "vlm2vec-v2.0"),
}

_DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}  # of torch


def sensible(device: str, asked: bool) -> Row:
    """The row to take on a device where none is named; asked: for questions too."""
    return ROWS[SENSIBLE["cuda" if _roomy(device) else "cpu"][asked]]


def _roomy(device: str) -> bool:
    """Whether it is a GPU that holds a row of 2 B."""
    if not device.startswith("cuda"):
        return False
    import torch

    size = torch.cuda.get_device_properties(device).total_memory / 1e9
    return size >= ROWS[SENSIBLE["cuda"][True]].memory


def foreign(folder: Path, files: Sequence[File]) -> bytes | None:
    """The first picture that is not of the rendered world; None where all are."""
    known = {digest for path in _lists(folder) for digest in _digests(path)}
    readable = (file for file in files if not file.unreadable)
    return next((file.path for file in readable if file.sha256 not in known), None)


def _lists(folder: Path) -> Iterator[Path]:
    """Beside the worlds of this machine's runs, and above the folder."""
    yield from home().glob(f"data/*/*/{LIST}")
    yield from (path for parent in (folder, *folder.parents)
                if (path := parent / LIST).is_file())  # fmt: skip


def _digests(path: Path) -> Iterator[bytes]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            yield bytes.fromhex(line[:64])
        except ValueError:
            continue


def row_for(
    folder: Path,
    files: Sequence[File],
    name: str | None,
    device: str,
    asked: bool,
) -> Row:
    """The row named, checked, or else the one that fits: for the rendered world its
    own, for photographs the sensible one, where it is downloaded already.

    Raises:
        InputError: it doesn't fit the pictures, or takes no questions, or the device
            cannot be used.
    """
    if device != "cpu":
        loading.check_device(device)
    stranger = foreign(folder, files)
    row = loading.row_of(name, {}) if name else ROWS[RENDERED]
    if stranger and not name:
        fitting = sensible(device, asked)
        row = row if loading.missing(fitting) else fitting
    if stranger and row.checkpoint.startswith("package:"):
        raise InputError(
            f"{shown(folder)}: {shown(stranger)}: is not of the rendered world, and "
            f"{row.name} knows nothing else. Choose with --retriever: "
            f"{_advice(device)}."
        )
    if asked and not row.promptable:
        raise InputError(
            f"{row.name}: --ask: a dual encoder takes no question. Leave it out, or "
            f"take --retriever {sensible(device, True).name}."
        )
    return row


def precision(kept: Index | None, row: Row, device: str) -> str | None:
    """What to run in where nothing is said; None for the row's own.

    What an index was made in, or none of its vectors would be read. On a processor that
    is slower with halves, fp32 where memory has room: four bytes a parameter, and half
    of that beside them.
    """
    if kept:
        return kept.precision
    if device != "cpu" or row.precision == "fp32":
        return None
    slower = _measured(device, row.precision) < _measured(device, "fp32")
    fits = 6 * cost.parameters(row) < psutil.virtual_memory().available
    return "fp32" if slower and fits else None


def _advice(device: str) -> str:
    """The sensible rows, each with its use, download and speed."""
    general, asked = sensible(device, False), sensible(device, True)
    uses = {general: "searches in general", asked: "questions too"}
    said = [f"{row.name} for {uses[row]} ({_price(row, device)})" for row in uses]
    if not _roomy(device):
        larger = ROWS[SENSIBLE["cuda"][True]]
        said.append(f"with --device cuda {larger.name} ({larger.download:g} GB)")
    return "; ".join(said)


def _price(row: Row, device: str) -> str:
    ready = loading.missing(row) is None
    fetched = "is here already" if ready else f"downloads {row.download:g} GB"
    run_in = precision(None, row, device) or row.precision
    found = cost.estimate(row, device_of(device, run_in), 1000, 1)
    if not found:
        return fetched
    return f"{fetched}, 1,000 pictures in {cost.about(found.seconds)} here"


def device_of(name: str, precision: str) -> cost.Device:
    """The device and its speed: as its maker says, or else as it is measured."""
    import torch

    known = None
    if name.startswith("cuda"):
        known = cost.device_called(torch.cuda.get_device_name(name))
    return known or cost.Device(name, math.inf, 2 * _measured(name, precision))


@cache
def _measured(name: str, precision: str) -> float:
    """10^12 operations a second in a product of matrices, of which a model reaches
    about 0.6; an estimate takes 0.3 of a device's peak."""
    import torch

    dtype = getattr(torch, _DTYPES[precision])
    side, best = 1024 if name == "cpu" else 4096, math.inf
    square = torch.ones(side, side, dtype=dtype, device=name)
    for _ in range(3):
        start = time.perf_counter()
        (square @ square)[0, 0].item()  # which waits for a GPU
        best = min(best, time.perf_counter() - start)
    return 2 * side**3 / best / 1e12
