"""Scenes rendered once, and read from disk by every training after that."""

import hashlib
import json
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


def load_pictures(split: str, n: int, folder: Path = FOLDER) -> Rendered:
    """`n` scenes of a split and their pictures, memory-mapped.

    The file's name contains a hash of a few pictures as drawn now, so that pictures of
    an older drawing are never read. Renders about 270 pictures a second.
    """
    scenes = sample(n, 0, split)
    path = _path(scenes, f"{split}-0-{n}", folder)
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


def load_drawn(split: str, n: int, folder: Path = FOLDER) -> list[dict]:
    """What the drawing decided for each of `n` scenes, beside the labels.

    Renders them once and keeps the record as JSON beside the pictures.
    """
    scenes = sample(n, 0, split)
    path = _path(scenes, f"{split}-0-{n}", folder).with_suffix(".json")
    if not path.exists():
        found = [{} for _ in scenes]
        for scene, chosen in zip(scenes, found, strict=True):
            render(scene, chosen=chosen)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid4().hex}")
        temporary.write_text(json.dumps(found))
        temporary.rename(path)
    return json.loads(path.read_text())


def _path(scenes: list[Scene], name: str, folder: Path) -> Path:
    """The pictures' file: its name says how the first of them are drawn now."""
    probe = np.stack([np.asarray(render(scene)) for scene in scenes[:64]])
    drawn = hashlib.sha256(probe.tobytes()).hexdigest()[:12]
    return Path(folder) / f"{name}-{drawn}.npy"
