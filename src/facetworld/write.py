"""The world on disk: pictures and annotation files under their official names."""

import hashlib
import json
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from tqdm import tqdm

from facetworld import annotate
from facetworld.annotate import Picture, numbers
from facetworld.drawing.render import STYLES, render
from facetworld.output import try_to_write
from facetworld.scene import sample

# Pictures of each source: enough for 99 negatives for every label in its own source.
# The people facet has the fewest, because counts must differ by much.
SIZES = {"val2017": 360, "visual7w": 420, "visdial": 120, "anchors": 800}
RECORD = "world.json"
LIST = "pictures.sha256"  # of every picture, as `sha256sum -c` reads it
VERSION = 1  # of the drawing and the texts: a change makes other worlds


class WorldError(ValueError):
    """A world cannot be written so; the message names the cause and the remedy."""


def write_world(
    out: Path, style: str = "flat", fraction: float = 1.0, seed: int = 0
) -> bool:
    """Write annotations, images and truth below `out`; False if all was there.

    `fraction` scales the number of pictures. The folder appears whole or not at all:
    it is written beside its place and renamed. `out/world.json` records the settings
    and the sha256 of every annotation file; the same settings again do nothing.

    Raises WorldError for an unknown style, a fraction outside (0, 1], a negative
    seed, or a folder that holds something else; OSError for what cannot be written.
    """
    if not os.path.isdir(out):  # a world that is there may be read-only
        try_to_write(Path(out))
    out = Path(os.path.realpath(out))  # where a link leads
    if style not in STYLES:
        raise WorldError(f"--style: {style!r} is unknown. Use {' or '.join(STYLES)}.")
    if not 0 < fraction <= 1:
        raise WorldError(f"--fraction: {fraction} is not above 0 and at most 1.")
    if seed < 0:
        raise WorldError(f"--seed: {seed} is negative. Use 0 or more.")
    settings = {"style": style, "fraction": fraction, "seed": seed, "version": VERSION}
    if _is_complete(out, settings):
        if not (out / LIST).exists():  # a world from before there were lists
            _list(out)
        return False
    try_to_write(out)
    made = [folder for folder in out.parents if not folder.exists()]
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name[:50]}.{uuid4().hex}")  # names have an end
    try:
        try:
            partial.mkdir()
            _fill(partial, settings)
            try:
                partial.replace(out)
            except OSError:
                # Another process may have written it meanwhile: the same world is fine.
                if not _is_complete(out, settings):
                    raise
                return False
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except BaseException:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise
    return True


def _is_complete(out: Path, settings: dict) -> bool:
    """Whether this very world is there; WorldError if something else is."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    elsewhere = "Choose another folder or delete this one."
    record = out / RECORD
    if not record.is_file():
        raise WorldError(f"{out}: holds files but no {RECORD}. {elsewhere}")
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
        found, files = found["settings"], dict(found["files"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise WorldError(f"{record}: cannot be read. {elsewhere}") from None
    if found != settings:
        raise WorldError(f"{record}: settings: {found}, not {settings}. {elsewhere}")
    for name, digest in files.items():
        path = out / name
        if not path.is_file() or _sha256(path) != digest:
            raise WorldError(f"{path}: missing or changed. Delete {out}, write again.")
    return True


def pictures(fraction: float = 1.0, seed: int = 0) -> dict[str, list[Picture]]:
    """The scenes of each source with their file names and ids."""
    sizes = {source: max(1, round(n * fraction)) for source, n in SIZES.items()}
    anchors = sample(sizes.pop("anchors"), seed, "anchors")
    scenes = iter(sample(sum(sizes.values()), seed, "eval"))
    naming = {
        "val2017": ("val2017/{:012d}.jpg", 1, 600_000),
        "visual7w": ("v7w_{}.jpg", 2_000_000, 2_500_000),
        "visdial": ("VisualDialog_val2018_{:012d}.jpg", 1, 600_000),
    }
    world = {}
    for source, size in sizes.items():
        name, low, high = naming[source]
        ids = numbers(size, f"{source} {seed}", low, high)
        world[source] = [Picture(next(scenes), name.format(i), i) for i in ids]
    world["anchors"] = [
        Picture(scene, f"anchors/{i:06d}.jpg", i) for i, scene in enumerate(anchors)
    ]
    return world


def _fill(folder: Path, settings: dict) -> None:
    world = pictures(settings["fraction"], settings["seed"])
    images = [picture for source in world.values() for picture in source]
    for name in ("val2017", "anchors"):
        (folder / "images" / name).mkdir(parents=True)
    drawn = {picture.name: {} for picture in images}
    for picture in tqdm(images, "rendering", disable=not sys.stderr.isatty()):
        render(picture.scene, settings["style"], drawn[picture.name]).save(
            folder / "images" / picture.name, quality=95, subsampling=0
        )
    coco = world["val2017"]
    files = {
        "annotations/instances_val2017.json": annotate.instances(coco),
        "annotations/captions_val2017.json": annotate.captions(coco),
        "annotations/stuff_val2017.json": annotate.stuff(coco),
        "visual7w/dataset.json": annotate.visual7w(world["visual7w"]),
        "visdial/visdial_1.0_val.json": annotate.visdial(world["visdial"]),
        "anchors.json": _truth(world["anchors"]),
        "truth.json": _truth(p for s in world if s != "anchors" for p in world[s]),
        "drawn.json": drawn,  # what no label decides, of all pictures
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_json(content), encoding="utf-8")
    _list(folder)
    record = {
        "settings": settings,
        "images": {source: len(found) for source, found in world.items()},
        "files": {name: _sha256(folder / name) for name in files},
    }
    (folder / RECORD).write_text(_json(record), encoding="utf-8")


def _list(folder: Path) -> None:
    """Write down which pictures are rendered: by their bytes, wherever they go."""
    paths = sorted((folder / "images").rglob("*.jpg"))
    lines = (f"{_sha256(p)}  {p.relative_to(folder).as_posix()}\n" for p in paths)
    (folder / LIST).write_text("".join(lines), encoding="utf-8")


def _truth(found) -> dict[str, dict]:
    """Image name -> all labels of its scene."""
    return {picture.name: picture.scene.as_dict() for picture in found}


def _json(content) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
