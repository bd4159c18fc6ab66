"""A copy of a checkpoint with other tensors or settings, to see what a loader says."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from safetensors.torch import load_file, save_file


def changed(checkpoint: Path, folder: Path, change: Callable[[dict], object]) -> Path:
    """A copy whose weights lie in one file, changed in place by ``change``."""
    weights = {}
    folder.mkdir()
    for file in checkpoint.iterdir():
        if file.suffix == ".safetensors":
            weights |= load_file(file)
        elif not file.name.endswith("index.json"):
            (folder / file.name).write_bytes(file.read_bytes())
    change(weights)
    save_file(weights, folder / "model.safetensors")
    return folder


def reconfigured(checkpoint: Path, folder: Path, fields: dict[str, object]) -> Path:
    """A copy with other values in config.json: "field" or "section.field" -> value."""
    shutil.copytree(checkpoint, folder)
    config = json.loads((folder / "config.json").read_text())
    for name, value in fields.items():
        *sections, field = name.split(".")
        place = config
        for section in sections:
            place = place[section]
        place[field] = value
    (folder / "config.json").write_text(json.dumps(config))
    return folder
