"""Scenes rendered once, and read from disk by every training after that."""

import hashlib
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import numpy as np
from tqdm import tqdm

from facetworld.drawing.pen import SIDE
from facetworld.drawing.render import render
from facetworld.scene import Scene, sample

FOLDER = Path("data/world")


class Rendered(NamedTuple):
    """Scenes and their pictures, (N, 128, 128, 3) uint8."""

    scenes: list[Scene]
    pictures: np.ndarray


def load_pictures(split: str, n: int, seed: int = 0, folder: Path = FOLDER) -> Rendered:
    """`n` scenes of a split and their pictures, memory-mapped.

    The file's name contains a hash of a few pictures as drawn now, so that pictures of
    an older drawing are never read. Renders about 270 pictures a second.
    """
    scenes = sample(n, seed, split)
    probe = np.stack([np.asarray(render(scene)) for scene in scenes[:64]])
    drawn = hashlib.sha256(probe.tobytes()).hexdigest()[:12]
    path = Path(folder) / f"{split}-{seed}-{n}-{drawn}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid4().hex}")
        shape = (n, SIDE, SIDE, 3)
        try:
            out = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape)
            shown = tqdm(scenes, desc=f"render {split}", mininterval=20, disable=None)
            for i, scene in enumerate(shown):
                out[i] = np.asarray(render(scene))
            out.flush()
            temporary.rename(path)
        finally:
            temporary.unlink(missing_ok=True)
    return Rendered(scenes, np.load(path, mmap_mode="r"))
