"""What is truly in the pictures of a rendered world, to train on and never to rank by.

A rendered world keeps, beside its annotations, the scene that each picture was drawn
from: ``truth.json`` for the gallery, ``anchors.json`` for pictures held out from it.
Scenes are in the world's own words. What the annotations call them is read off the
pictures that have both. Photographs have no such files.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cocofacet.io import read_json

FILES = ("truth.json", "anchors.json")

Scene = Mapping[str, object]  # attribute -> value


def read_scenes(annotations: Path) -> dict[str, Scene]:
    """image -> its scene, of all files that are there; empty for photographs."""
    paths = (Path(annotations) / name for name in FILES)
    scenes = {}
    for path in paths:
        if path.is_file():
            scenes |= read_json(path, dict)
    return scenes


def spread(told: np.ndarray, scenes: Sequence[Scene | None]) -> np.ndarray:
    """Tell of unannotated pictures what the annotations say of scenes like theirs.

    told (C, M) bool: the classes of each picture, all False where nothing is known;
    scenes: its scene, or None. Returns (C, M) bool, in which the columns that were
    known stay as they are. A class goes by an attribute if each of its values is found
    with one and the same column only; of several such attributes the one that tells
    most counts. Without one, nothing is added.
    """
    best = told
    for attribute in {name: None for scene in scenes for name in scene or ()}:
        values = [None if s is None else (s[attribute],) for s in scenes]
        found = _by_value(told, values)
        if found is not None and found.any(axis=0).sum() > best.any(axis=0).sum():
            best = found
    return best


def _by_value(told: np.ndarray, values: Sequence) -> np.ndarray | None:
    """``told`` spread to pictures of the same value; None where two with the same value
    are told different things."""
    column_of = {}
    for value, column in zip(values, told.T, strict=True):
        if value is None or not column.any():
            continue
        if not np.array_equal(column_of.setdefault(value, column), column):
            return None
    found = told.copy()
    for place in np.flatnonzero(~told.any(axis=0)):
        if values[place] in column_of:
            found[:, place] = column_of[values[place]]
    return found
