"""Which retriever fits one's own photographs, and which pictures are not that.

The tiny checkpoints that are shipped know the rendered world alone. Its pictures are
told by their content: facetworld leaves a list of their sha256 beside a world.
"""

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cocofacet.io import InputError
from cocofacet.photos.files import File, shown
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


def sensible(device: str, asked: bool) -> Row:
    """The row to take on a device where none is named; asked: for questions too."""
    kind = "cuda" if device.startswith("cuda") else "cpu"
    return ROWS[SENSIBLE[kind][asked]]


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
        InputError: it doesn't fit the pictures, or takes no questions.
    """
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


def _advice(device: str) -> str:
    """The sensible rows, each with its use, download and speed."""
    here = "cuda" if device.startswith("cuda") else "cpu"
    general, asked = (ROWS[name] for name in SENSIBLE[here])
    said = [f"{general.name} for searches in general ({_price(general, device)})"]
    if asked is not general:
        said.append(f"{asked.name} for questions too ({_price(asked, device)})")
    else:
        said = [f"{general.name} ({_price(general, device)})"]
    if here == "cpu":
        other = ROWS[SENSIBLE["cuda"][1]]
        said.append(f"with --device cuda {other.name} ({other.download:g} GB)")
    return "; ".join(said)


def _price(row: Row, device: str) -> str:
    ready = loading.missing(row) is None
    fetched = "is here already" if ready else f"downloads {row.download:g} GB"
    machine = device_of(device)
    found = machine and cost.estimate(row, machine, 1000, 1)
    if not found:
        return fetched
    return f"{fetched}, 1,000 pictures in about {cost.duration(found.seconds)} here"


def device_of(name: str) -> cost.Device | None:
    """The device, as far as its speed is known; a processor's is measured."""
    import torch

    if name.startswith("cuda"):
        return cost.device_called(torch.cuda.get_device_name(name))
    if name != "cpu":
        return None
    side = 1024
    square, best = torch.ones(side, side), math.inf
    for _ in range(5):
        start = time.perf_counter()
        square @ square
        best = min(best, time.perf_counter() - start)
    # A model reaches about 0.6 of this, and an estimate takes 0.3 of a device's peak.
    return cost.Device("CPU", math.inf, 2 * 2 * side**3 / best / 1e12)
