"""A retriever whose weights are opened only when something must be embedded.

What reads its embeddings from a store needs its name, size and fingerprints, and these
are kept in a small file. At most one retriever's weights are open in a process.
"""

import gc
import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

from cocofacet.io import InputError, read_json, write_json
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.base import Retriever
from cocofacet.retrievers.zoo.row import Row

STORE_ONLY = "COCOFACET_NO_WEIGHTS"  # set: what the store lacks is an error
#: Of a retriever that is loaded; ``text_fingerprint`` is its fingerprint for most.
DESCRIBED = ("name", "revision", "dim", "promptable", "fingerprint", "text_fingerprint")
_PACKAGES = (
    *("torch", "transformers", "open_clip_torch", "sentence-transformers"),
    "pillow",
)
_NO_MATTER = {
    "load.py",
    "hub.py",
    "on_demand.py",
    "cost.py",
    "listing.py",
    "fitting.py",
}
_DIRECTORIES = ("checkpoint", "base_checkpoint", "text_checkpoint")

_open: dict[str, Retriever] = {}  # the one that is open, by what it was loaded from


class OnDemand:
    """See `cocofacet.retrievers.base.Retriever`: the same attributes and methods. One
    that only the family's class has, such as ``answer``, opens the weights.

    name: a row's, or a row of one's own; folder: where its description is kept;
    settings: device, precision and directories of weights, and options, as
    `retrievers.load.load` takes them. Raises InputError as that does.
    """

    def __init__(self, name: str | Row, folder: Path, **settings: object):
        weights = {key: settings.pop(key, None) for key in _DIRECTORIES}
        self.device = settings.pop("device", "cpu")
        precision = settings.pop("precision", None)
        self.row = loading.row_of(name, settings)
        precision = loading.precision_here(self.row, precision, self.device)
        self._load = {"precision": precision}
        self._load |= {**weights, **settings}
        identity = loading.identity(self.row, **weights)
        self._key = _key_of(self.row, self._load)
        self._file = Path(folder) / f"{self.row.name}-{self._key}.json"
        found = _read(self._file, identity)
        if found is None:
            close()  # it may be what other files of the same place had
            found = _description(self._weights())
            write_json(self._file, found)
        for attribute in DESCRIBED:
            setattr(self, attribute, found[attribute])

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Texts -> (Q, D) float32, unit rows."""
        return self._weights().embed_texts(texts)

    def embed_images(
        self, images: Sequence[Image.Image], prompts: Sequence[str | None] = (None,)
    ) -> np.ndarray:
        """Images under prompts -> (P, N, D) float32, unit rows."""
        return self._weights().embed_images(images, prompts)

    def __getattr__(self, name: str) -> object:
        # What Python and Jupyter ask of any object is not asked of the weights.
        if name.startswith("_") or name in DESCRIBED:
            raise AttributeError(name)
        return getattr(self._weights(), name)

    def _weights(self) -> Retriever:
        """The retriever itself; another one's weights are let go first."""
        place, known = f"{self._key} {self.device}", getattr(self, "fingerprint", None)
        if place not in _open:
            if os.environ.get(STORE_ONLY):
                raise InputError(
                    f"{self.row.name}: weights: not opened, because {STORE_ONLY} is "
                    "set, and the store lacks something. Unset it, or run `cocofacet "
                    "embed` with the same profile first."
                )
            close()
            row = self.row
            if known and row.checkpoint.startswith("hub:"):
                row = _pinned(row, known["weights"])
            _open[place] = loading.load(row, device=self.device, **self._load)
        if known and _open[place].fingerprint != known:
            raise InputError(
                f"{self._file}: description: is of other weights or versions than "
                f"{self.row.name} has now. Delete the file."
            )
        return _open[place]


def close() -> None:
    """Let go of the weights that are open, and of the device's memory."""
    if _open:
        _open.clear()
        gc.collect()
        torch = sys.modules["torch"]  # the weights brought it
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _description(retriever: Retriever) -> dict[str, object]:
    found = {name: getattr(retriever, name) for name in DESCRIBED[:-1]}
    text = getattr(retriever, "text_fingerprint", retriever.fingerprint)
    return {**found, "text_fingerprint": text}


def _read(file: Path, identity: str | None) -> dict[str, object] | None:
    """A description that was kept; None where there is none, or where the weights that
    are here are others, as when a branch of the hub has moved."""
    try:
        found = read_json(file, dict)
        weights = found["fingerprint"]["weights"]
    except (InputError, KeyError, TypeError):
        return None
    if not set(DESCRIBED) <= found.keys() or identity not in (None, weights):
        return None
    return found


def _key_of(row: Row, load: Mapping[str, object]) -> str:
    """A name for all that decides a retriever but its files, which it checks later."""
    packages = {name: version(name).split("+")[0] for name in _PACKAGES}
    parts = [asdict(row), load, packages, _code()]
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _code() -> str:
    """The sha256 of the code that makes vectors, and says so in fingerprints."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    code = (file.read_bytes() for file in files if file.name not in _NO_MATTER)
    return hashlib.sha256(b"".join(code)).hexdigest()


def _pinned(row: Row, weights: str) -> Row:
    """The row at the commits that are known, wherever its branches have moved."""
    parts = weights.replace(",", "").split()
    commits = dict(part.split("@") for part in parts if "@" in part)
    return replace(
        row,
        revision=commits.get(row.checkpoint.removeprefix("hub:"), row.revision),
        base_revision=commits.get(row.base.removeprefix("hub:"), row.base_revision),
    )
