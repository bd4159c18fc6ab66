"""A copy of a checkpoint with other tensors, to see what a loader says of it."""

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
