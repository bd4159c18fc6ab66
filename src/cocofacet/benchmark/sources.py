"""Read the annotation files that COCO-Facet is made from, in their official formats.

Each reader returns a dictionary by image, in official paths, and raises InputError,
naming file, field and remedy, for a file that is missing, cut short or otherwise wrong.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
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

# The names of a dialog's two texts, of an image's two sides, and of JSON's types.
_TURN = ("question", "answer")
_SIDES = ("width", "height")
_KINDS = {dict: "JSON object", list: "list", str: "text", int: "whole number"}


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
    content = read_json(path, dict)
    names = _coco_images(path, content)
    sizes = {}
    for where, image in _items(path, content, "images"):
        width, height = (_number(path, where, image, key) for key in _SIDES)
        if width <= 0 or height <= 0:
            raise _bad(path, f"{where}.width/height", "is not above 0")
        sizes[image["id"]] = (width, height)
    categories = {
        _field(path, where, category, "id", int): _field(
            path, where, category, "name", str
        )
        for where, category in _items(path, content, "categories")
    }
    areas = {identity: defaultdict(float) for identity in names}
    for where, annotation in _items(path, content, "annotations"):
        identity = _image_id(path, where, annotation, names)
        number = _field(path, where, annotation, "category_id", int)
        if number not in categories:
            raise _bad(path, f"{where}.category_id", f"names no category: {number}")
        if "area" in annotation:
            area = _number(path, where, annotation, "area")
        else:
            area = _mask_area(path, where, annotation, sizes[identity])
        areas[identity][categories[number]] += area
    return {
        names[identity]: {
            category: area / (sizes[identity][0] * sizes[identity][1])
            for category, area in summed.items()
        }
        for identity, summed in areas.items()
    }


def read_captions(path: Path) -> dict[str, list[str]]:
    """COCO captions: image -> captions in the file's order."""
    content = read_json(path, dict)
    names = _coco_images(path, content)
    captions: dict[str, list[str]] = {name: [] for name in names.values()}
    for where, annotation in _items(path, content, "annotations"):
        identity = _image_id(path, where, annotation, names)
        caption = _field(path, where, annotation, "caption", str)
        captions[names[identity]].append(caption)
    return captions


def read_stuff(path: Path) -> dict[str, frozenset[int]]:
    """COCO-Stuff: image -> ids of the stuff categories annotated in it."""
    content = read_json(path, dict)
    names = _coco_images(path, content)
    found: dict[str, set[int]] = {name: set() for name in names.values()}
    for where, annotation in _items(path, content, "annotations"):
        identity = _image_id(path, where, annotation, names)
        number = _field(path, where, annotation, "category_id", int)
        found[names[identity]].add(number)
    return {name: frozenset(numbers) for name, numbers in found.items()}


def read_visual7w(path: Path) -> Answers:
    """Visual7W (telling), split val: image -> questions with their right answers."""
    content = read_json(path, dict)
    found: Answers = {}
    for where, image in _items(path, content, "images"):
        name = _path_field(path, where, image, "filename")
        if _field(path, where, image, "split", str) != "val":
            continue
        found.setdefault(name, [])
        for number, pair in enumerate(_field(path, where, image, "qa_pairs", list)):
            here = f"{where}.qa_pairs[{number}]"
            if not isinstance(pair, dict):
                raise _bad(path, here, "is not an object")
            question = _field(path, here, pair, "question", str)
            found[name].append((question, _field(path, here, pair, "answer", str)))
    return found


def read_visdial(path: Path) -> Answers:
    """VisDial v1.0 val: image -> questions with their answers, turn by turn.

    The file holds two lists of texts; the turns of a dialog are positions in these.
    """
    content = read_json(path, dict)
    split = _field(path, "top level", content, "split", str)
    if split != VISDIAL_SPLIT:
        raise _bad(path, "split", f"is {split!r}, not {VISDIAL_SPLIT!r}")
    data = _field(path, "top level", content, "data", dict)
    texts = {key: _field(path, "data", data, f"{key}s", list) for key in _TURN}
    found: Answers = defaultdict(list)
    for where, dialog in _items(path, data, "dialogs"):
        identity = _field(path, where, dialog, "image_id", int)
        name = f"VisualDialog_{split}_{identity:012d}.jpg"
        for number, turn in enumerate(_field(path, where, dialog, "dialog", list)):
            here = f"{where}.dialog[{number}]"
            if not isinstance(turn, dict):
                raise _bad(path, here, "is not an object")
            pair = []
            for key in _TURN:
                position = _field(path, here, turn, key, int)
                if not 0 <= position < len(texts[key]):
                    raise _bad(
                        path, f"{here}.{key}", f"{position} is not in data.{key}s"
                    )
                text = texts[key][position]
                if not isinstance(text, str):
                    raise _bad(path, f"data.{key}s[{position}]", "is not a text")
                pair.append(text)
            found[name].append((pair[0], pair[1]))
    return dict(found)


READERS = {
    "instances": read_instances,
    "captions": read_captions,
    "stuff": read_stuff,
    "visual7w": read_visual7w,
    "visdial": read_visdial,
}


def _bad(path: Path, field: str, what: str) -> InputError:
    return InputError(f"{path}: {field}: {what}. Use the official file.")


def _field(path: Path, where: str, item: Mapping, key: str, kind: type):
    name = key if where == "top level" else f"{where}.{key}"
    if key not in item:
        raise _bad(path, name, "is missing")
    # bool is an int to Python, not to the file format.
    if not isinstance(item[key], kind) or isinstance(item[key], bool):
        raise _bad(path, name, f"is not a {_KINDS[kind]}")
    return item[key]


def _items(path: Path, content: Mapping, key: str) -> Iterator[tuple[str, dict]]:
    where = "data" if key == "dialogs" else "top level"
    for number, item in enumerate(_field(path, where, content, key, list)):
        if not isinstance(item, dict):
            raise _bad(path, f"{key}[{number}]", "is not an object")
        yield f"{key}[{number}]", item


def _number(path: Path, where: str, item: Mapping, key: str) -> float:
    value = item.get(key)
    real = isinstance(value, int | float) and not isinstance(value, bool)
    if not real or not math.isfinite(value) or value < 0:
        raise _bad(path, f"{where}.{key}", f"is not a number from 0 up: {value!r}")
    return value


def _path_field(path: Path, where: str, item: Mapping, key: str) -> str:
    name = _field(path, where, item, key, str)
    if not name or leaves_the_folder(name):
        raise _bad(path, f"{where}.{key}", f"is no path below a folder: {name!r}")
    return name


def _coco_images(path: Path, content: Mapping) -> dict[int, str]:
    """id -> official path; the split's folder is read from ``coco_url``."""
    names: dict[int, str] = {}
    for where, image in _items(path, content, "images"):
        identity = _field(path, where, image, "id", int)
        if identity in names:
            raise _bad(path, f"{where}.id", f"{identity} stands for a second image")
        name = _path_field(path, where, image, "file_name")
        split = str(image.get("coco_url", "")).rsplit("/", 2)[1:2] or ["val2017"]
        names[identity] = name if "/" in name else f"{split[0]}/{name}"
    return names


def _image_id(path: Path, where: str, item: Mapping, names: Mapping[int, str]) -> int:
    identity = _field(path, where, item, "image_id", int)
    if identity not in names:
        raise _bad(path, f"{where}.image_id", f"{identity} is none of the images")
    return identity


def _mask_area(path: Path, where: str, annotation: Mapping, size) -> float:
    from pycocotools import mask  # compiled; needed for files without areas only

    width, height = size
    segmentation = annotation.get("segmentation")
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
        raise _bad(path, f"{where}.area", what) from None
