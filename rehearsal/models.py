"""Tiny checkpoints under the official names, in the official file layout.

    offer(hub, ["clip-vit-l-14-336", "e5-v"], folder)

What a row of the zoo loads (its checkpoint, the base under an adapter, the text
embedder that reads answers) is made from the row's `architecture`, with random weights
that differ from row to row, and offered under its repository's name and revision.
"""

import json
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from cocofacet.retrievers.load import ROWS
from cocofacet.retrievers.zoo.row import Row
from rehearsal.hub import Hub
from rehearsal.tiny_checkpoints import (
    ARCHITECTURES,
    save_adapter,
    save_language_model,
)
from rehearsal.tiny_parts import transformers

transformers.utils.logging.disable_progress_bar()
SHARDS = 2
#: Adapters that are DoRA; all others are LoRA.
DORA = {"VLM2Vec/VLM2Vec-V2.0"}
# Files that official repositories hold, too, and that nothing here may fetch.
UNWANTED = {"pytorch_model.bin": "not to be read\n", "README.md": "A model card.\n"}


@dataclass(frozen=True)
class Repository:
    """One repository of the hub: its name, its revision, and what writes its files."""

    name: str
    revision: str
    save: Callable[[Path], object]
    base: str = ""  #: of an adapter, the repository that ``save`` reads first


def repositories(names: Iterable[str]) -> dict[str, Repository]:
    """What these rows download, by repository; a base comes before its adapters.

    A row without an architecture has no tiny checkpoint: its repository is missing."""
    found: dict[str, Repository] = {}
    for row in (ROWS[name] for name in names if ROWS[name].architecture):
        for repository in _of(row):
            found.setdefault(repository.name, repository)
    return found


def _of(row: Row) -> list[Repository]:
    own = row.checkpoint.removeprefix("hub:")
    base, reader = row.base.removeprefix("hub:"), row.answers.removeprefix("hub:")
    save = ARCHITECTURES[row.architecture]
    needed = []
    if reader:
        needed.append(Repository(reader, "main", _seeded(save_language_model, reader)))
    if not base:
        return [*needed, Repository(own, row.revision, _seeded(save, own))]
    adapter = partial(
        save_adapter, dora=own in DORA, pickled="adapter_model.bin" in row.files
    )
    needed.append(Repository(base, row.base_revision, _seeded(save, base)))
    return [*needed, Repository(own, row.revision, adapter, base)]


def _seeded(save: Callable, name: str) -> Callable[[Path], Path]:
    return partial(save, seed=zlib.crc32(name.encode()))


def write(found: dict[str, Repository], folder: Path) -> dict[str, Path]:
    """Write the files of all repositories -> name -> its folder; once each."""
    folders = {name: folder / name for name in found}
    for name, repository in found.items():
        there = folders[name]
        if (there / "README.md").is_file():
            continue
        if repository.base:
            repository.save(folders[repository.base], there)
        else:
            repository.save(there)
            split(there)
        for unwanted, content in UNWANTED.items():  # the last one written: README.md
            if not (there / unwanted).exists():
                (there / unwanted).write_text(content)
    return folders


def split(directory: Path) -> None:
    """Weights in one file -> in shards with an index, as official ones come."""
    whole = directory / "model.safetensors"
    if not whole.is_file():
        return
    with safe_open(whole, framework="pt") as file:
        weights = {key: file.get_tensor(key) for key in sorted(file.keys())}
        about = file.metadata() or {}
    keys = list(weights)
    index: dict[str, str] = {}
    for number in range(SHARDS):
        name = f"model-{number + 1:05d}-of-{SHARDS:05d}.safetensors"
        shard = {key: weights[key] for key in keys[number::SHARDS]}
        save_file(shard, directory / name, metadata=about)
        index |= dict.fromkeys(shard, name)
    total = sum(tensor.nbytes for tensor in weights.values())
    content = {"metadata": {"total_size": total}, "weight_map": index}
    path = directory / "model.safetensors.index.json"
    path.write_text(json.dumps(content, indent=1))
    whole.unlink()


def offer(hub: Hub, names: Iterable[str], folder: Path) -> dict[str, Path]:
    """Write and offer all that these rows download -> repository -> its folder."""
    found = repositories(names)
    folders = write(found, folder)
    for name, repository in found.items():
        hub.offer(name, folders[name], repository.revision)
    return folders
