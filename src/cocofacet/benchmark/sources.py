"""Read the annotation files that COCO-Facet is made from, in their official formats.

Each reader returns a dictionary by image, in official paths, and raises InputError,
naming file, field and remedy, for a file that is missing, cut short or otherwise wrong.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cocofacet.benchmark.images import leaves_the_folder
from cocofacet.io import InputError, read_json

# source -> its official name, below the folder of annotations.
OFFICIAL: dict[str, str] = {
    "instances": "annotations/instances_val2017.json",
    "captions": "annotations/captions_val2017.json",
    "stuff": "annotations/stuff_val2017.json",
    "visual7w": "visual7w/dataset.json",
    "visdial": "visdial/visdial_1.0_val.json",
}
VISDIAL_SPLIT = "val2018"

# image -> its (question, answer) pairs, in the file's order.
Answers = dict[str, list[tuple[str, str]]]

_KINDS = {dict: "JSON object", list: "list", str: "text", int: "whole number"}


@dataclass(frozen=True)
class _Object:
    """An object of a JSON file; ``where`` says in messages which one."""

    path: Path
    held: Mapping
    where: str = ""

    def wrong(self, key: str, what: str) -> InputError:
        field = f"{self.where}.{key}" if self.where else key
        return InputError(f"{self.path}: {field}: {what}. Use the official file.")

    def field(self, key: str, kind: type):
        if key not in self.held:
            raise self.wrong(key, "is missing")
        value = self.held[key]
        # bool is an int to Python, not to the file format.
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.wrong(key, f"is not a {_KINDS[kind]}")
        return value

    def number(self, key: str) -> float:
        value = self.held.get(key)
        real = isinstance(value, int | float) and not isinstance(value, bool)
        if not real or not math.isfinite(value) or value < 0:
            raise self.wrong(key, f"is not a number from 0 up: {value!r}")
        return value

    def file_name(self, key: str) -> str:
        name = self.field(key, str)
        if not name or leaves_the_folder(name):
            raise self.wrong(key, f"is no path below a folder: {name!r}")
        return name

    def objects(self, key: str) -> Iterator["_Object"]:
        """The objects in a list."""
        for number, item in enumerate(self.field(key, list)):
            here = f"{key}[{number}]"
            if not isinstance(item, dict):
                raise self.wrong(here, "is not an object")
            where = f"{self.where}.{here}" if self.where else here
            yield _Object(self.path, item, where)


def locate(folder: Path) -> dict[str, Path]:
    """The annotation files that lie in a folder under their official names.

    Raises:
        InputError: none of them is there.
    """
    folder = Path(folder)
    found = {
        name: folder / official
        for name, official in OFFICIAL.items()
        if (folder / official).is_file()
    }
    if not found:
        raise InputError(
            f"{folder}: annotations: none of the official files is there. Put at "
            f"least one of these below it: {', '.join(OFFICIAL.values())}."
        )
    return found


def read_instances(path: Path) -> dict[str, dict[str, float]]:
    """COCO instances: image -> category -> its share of the image's area.

    The areas of a category's annotations are summed, crowd regions included; the share
    may exceed 1, as annotations overlap. Images without annotation are there, too.
    Where an annotation has no ``area``, it is computed from its ``segmentation``.
    """
    content, names = _coco(path)
    sizes = {}
    for image in content.objects("images"):
        width, height = image.number("width"), image.number("height")
        if width <= 0 or height <= 0:
            raise image.wrong("width/height", "is not above 0")
        sizes[names[image.held["id"]]] = (width, height)
    categories = {
        category.field("id", int): category.field("name", str)
        for category in content.objects("categories")
    }
    areas = {name: defaultdict(float) for name in names.values()}
    for name, annotation in _annotations(content, names):
        number = annotation.field("category_id", int)
        if number not in categories:
            raise annotation.wrong("category_id", f"names no category: {number}")
        if "area" in annotation.held:
            area = annotation.number("area")
        else:
            area = _mask_area(annotation, *sizes[name])
        areas[name][categories[number]] += area
    return {
        name: {what: area / math.prod(sizes[name]) for what, area in summed.items()}
        for name, summed in areas.items()
    }


def read_captions(path: Path) -> dict[str, list[str]]:
    """COCO captions: image -> captions in the file's order."""
    content, names = _coco(path)
    captions: dict[str, list[str]] = {name: [] for name in names.values()}
    for name, annotation in _annotations(content, names):
        captions[name].append(annotation.field("caption", str))
    return captions


def read_stuff(path: Path) -> dict[str, frozenset[int]]:
    """COCO-Stuff: image -> ids of the stuff categories annotated in it."""
    content, names = _coco(path)
    found: dict[str, set[int]] = {name: set() for name in names.values()}
    for name, annotation in _annotations(content, names):
        found[name].add(annotation.field("category_id", int))
    return {name: frozenset(numbers) for name, numbers in found.items()}


def read_visual7w(path: Path) -> Answers:
    """Visual7W (telling), split val: image -> questions with their right answers."""
    found: Answers = {}
    for image in _Object(path, read_json(path, dict)).objects("images"):
        name = image.file_name("filename")
        if image.field("split", str) != "val":
            continue
        found.setdefault(name, []).extend(
            (pair.field("question", str), pair.field("answer", str))
            for pair in image.objects("qa_pairs")
        )
    return found


def read_visdial(path: Path) -> Answers:
    """VisDial v1.0 val: image -> questions with their answers, turn by turn.

    The file holds two lists of texts; the turns of a dialog are positions in these.
    """
    content = _Object(path, read_json(path, dict))
    split = content.field("split", str)
    if split != VISDIAL_SPLIT:
        raise content.wrong("split", f"is {split!r}, not {VISDIAL_SPLIT!r}")
    data = _Object(path, content.field("data", dict), "data")
    texts = {key: data.field(f"{key}s", list) for key in ("question", "answer")}

    def text(turn: _Object, key: str) -> str:
        position = turn.field(key, int)
        if not 0 <= position < len(texts[key]):
            raise turn.wrong(key, f"{position} is not in data.{key}s")
        if not isinstance(texts[key][position], str):
            raise data.wrong(f"{key}s[{position}]", "is not a text")
        return texts[key][position]

    found: Answers = defaultdict(list)
    for dialog in data.objects("dialogs"):
        name = f"VisualDialog_{split}_{dialog.field('image_id', int):012d}.jpg"
        for turn in dialog.objects("dialog"):
            found[name].append((text(turn, "question"), text(turn, "answer")))
    return dict(found)


READERS = {
    "instances": read_instances,
    "captions": read_captions,
    "stuff": read_stuff,
    "visual7w": read_visual7w,
    "visdial": read_visdial,
}


def _coco(path: Path) -> tuple[_Object, dict[int, str]]:
    """A file of COCO, and id -> official path of its images.

    The split's folder is read from ``coco_url``.
    """
    content = _Object(path, read_json(path, dict))
    names: dict[int, str] = {}
    for image in content.objects("images"):
        identity = image.field("id", int)
        if identity in names:
            raise image.wrong("id", f"{identity} stands for a second image")
        name = image.file_name("file_name")
        url = str(image.held.get("coco_url", ""))
        split = url.rsplit("/", 2)[1:2] or ["val2017"]
        names[identity] = name if "/" in name else f"{split[0]}/{name}"
    return content, names


def _annotations(
    content: _Object, names: Mapping[int, str]
) -> Iterator[tuple[str, _Object]]:
    """Each annotation, after its image's official path."""
    for annotation in content.objects("annotations"):
        identity = annotation.field("image_id", int)
        if identity not in names:
            raise annotation.wrong("image_id", f"{identity} is none of the images")
        yield names[identity], annotation


def _mask_area(annotation: _Object, width: float, height: float) -> float:
    from pycocotools import mask  # compiled; needed for files without areas only

    segmentation = annotation.held.get("segmentation")
    try:
        if isinstance(segmentation, list):
            region = mask.merge(mask.frPyObjects(segmentation, height, width))
        elif isinstance(segmentation["counts"], list):
            region = mask.frPyObjects(segmentation, height, width)
        else:
            region = segmentation
        return float(mask.area(region))
    except Exception:
        what = "is missing, and segmentation gives none"
        raise annotation.wrong("area", what) from None
