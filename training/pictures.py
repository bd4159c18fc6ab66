"""Scenes rendered once, and read from disk by every training after that."""

import hashlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from facetworld.drawing.render import render
from facetworld.scene import Scene, sample

FOLDER = Path("data/world")
SIDE = 128


def load_pictures(
    split: str, n: int, seed: int = 0, folder: Path = FOLDER
) -> tuple[list[Scene], np.ndarray]:
    """`n` scenes of a split and their pictures, (n, 128, 128, 3) uint8, memory-mapped.

    The file's name carries a hash of a few pictures as drawn now, so that a change of
    the drawing never meets pictures of before. Renders about 270 pictures a second.
    """
    scenes = sample(n, seed, split)
    probe = np.stack([np.asarray(render(scene)) for scene in scenes[:64]])
    drawn = hashlib.sha256(probe.tobytes()).hexdigest()[:12]
    path = Path(folder) / f"{split}-{seed}-{n}-{drawn}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        shape = (n, SIDE, SIDE, 3)
        out = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape)
        for i, scene in enumerate(tqdm(scenes, desc=f"render {split}", mininterval=20)):
            out[i] = np.asarray(render(scene))
        out.flush()
        temporary.rename(path)
    return scenes, np.load(path, mmap_mode="r")
