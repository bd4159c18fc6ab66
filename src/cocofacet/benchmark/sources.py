"""Read the annotation files that COCO-Facet is made from, in their official formats.

Each reader returns a dictionary by image, in official paths, and raises InputError,
naming file, field and remedy, for a file that is missing, cut short or otherwise wrong.
What can be read and yet looks wrong is counted in the reader's ``remarks``.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cocofacet.benchmark.images import official_name, split_of
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

WIDEST = 100_000  # pixels of a side; a JPEG has 65,535 at most
SHARED = "image entries with the file name of another"

# image -> its (question, answer) pairs, in the file's order.
Answers = dict[str, list[tuple[str, str]]]

# What is read of COCO's images, categories and annotations.
_READ = (
    *("id", "name", "file_name", "coco_url", "width", "height"),
    *("image_id", "category_id", "area", "bbox", "caption"),
)
_KINDS = {dict: "JSON object", list: "list", str: "text", int: "whole number"}


@dataclass(slots=True)
class _Object:
    """An object of a JSON file; ``where`` says in messages which one."""

    path: Path
    held: Mapping
    where: tuple[str | int, ...] = ()  # such as ("images", 3, "qa_pairs", 0)

    def wrong(self, key: str, what: str) -> InputError:
        parts = (f"[{at}]" if isinstance(at, int) else f".{at}" for at in self.where)
        field = "".join((*parts, f".{key}")).removeprefix(".")
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

    def file_name(self, key: str, split: str = "val2017") -> str:
        """The image's `official_name`."""
        name = self.field(key, str)
        try:
            return official_name(name, split)
        except ValueError as error:
            raise self.wrong(key, str(error)) from None

    def objects(self, key: str) -> Iterator["_Object"]:
        """The objects in a list."""
        for number, item in enumerate(self.field(key, list)):
            if not isinstance(item, dict):
                raise self.wrong(f"{key}[{number}]", "is not an object")
            yield _Object(self.path, item, (*self.where, key, number))


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


def read_instances(
    path: Path, remarks: Counter[str] | None = None
) -> dict[str, dict[str, float]]:
    """COCO instances: image -> category -> its share of the image's area.

    The areas of a category's annotations are summed, crowd regions included; the share
    may exceed 1, as annotations overlap. Images without annotation are there, too.
    Where an annotation has no ``area``, it is computed from its ``segmentation``.
    """
    remarks = Counter() if remarks is None else remarks
    content, names = _coco(path, remarks)
    sizes = _sizes(content, names)
    categories = _categories(content)
    areas = {name: defaultdict(float) for name in names.values()}
    for name, annotation in _annotations(content, names, remarks):
        number = annotation.field("category_id", int)
        if number not in categories:
            raise annotation.wrong("category_id", f"names no category: {number}")
        width, height = sizes[name]
        if "area" in annotation.held:
            area = annotation.number("area")
        else:
            area = _mask_area(annotation, width, height)
        # Rounded, an area may reach over the edge by a pixel.
        if area > (width + 1) * (height + 1):
            size = f"{width:g} x {height:g}"
            raise annotation.wrong("area", f"{area:g} is more than the image's {size}")
        if not _inside(annotation.held.get("bbox"), width, height):
            remarks["boxes that leave the image"] += 1
        areas[name][categories[number]] += area
    return {
        name: {what: area / math.prod(sizes[name]) for what, area in summed.items()}
        for name, summed in areas.items()
    }


def read_captions(
    path: Path, remarks: Counter[str] | None = None
) -> dict[str, list[str]]:
    """COCO captions: image -> captions in the file's order."""
    remarks = Counter() if remarks is None else remarks
    content, names = _coco(path, remarks)
    captions: dict[str, list[str]] = {name: [] for name in names.values()}
    for name, annotation in _annotations(content, names, remarks):
        captions[name].append(annotation.field("caption", str))
    return captions


def read_stuff(
    path: Path, remarks: Counter[str] | None = None
) -> dict[str, frozenset[int]]:
    """COCO-Stuff: image -> ids of the stuff categories annotated in it."""
    remarks = Counter() if remarks is None else remarks
    content, names = _coco(path, remarks)
    found: dict[str, set[int]] = {name: set() for name in names.values()}
    for name, annotation in _annotations(content, names, remarks):
        found[name].add(annotation.field("category_id", int))
    return {name: frozenset(numbers) for name, numbers in found.items()}


def read_visual7w(path: Path, remarks: Counter[str] | None = None) -> Answers:
    """Visual7W (telling), split val: image -> questions with their right answers."""
    remarks = Counter() if remarks is None else remarks
    found: Answers = {}
    for image in _Object(path, read_json(path, dict)).objects("images"):
        name = image.file_name("filename")
        if image.field("split", str) != "val":
            continue
        remarks[SHARED] += name in found
        found.setdefault(name, []).extend(
            (pair.field("question", str), pair.field("answer", str))
            for pair in image.objects("qa_pairs")
        )
    return found


def read_visdial(path: Path, remarks: Counter[str] | None = None) -> Answers:
    """VisDial v1.0 val: image -> questions with their answers, turn by turn.

    The file holds two lists of texts; the turns of a dialog are positions in these.
    """
    remarks = Counter() if remarks is None else remarks
    content = _Object(path, read_json(path, dict))
    split = content.field("split", str)
    if split != VISDIAL_SPLIT:
        raise content.wrong("split", f"is {split!r}, not {VISDIAL_SPLIT!r}")
    data = _Object(path, content.field("data", dict), ("data",))
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
        remarks[SHARED] += name in found
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


def _coco(path: Path, remarks: Counter[str]) -> tuple[_Object, dict[int, str]]:
    """A file of COCO, and id -> official path of its images.

    The split's folder is read from ``coco_url``. Two entries may share a file name:
    the annotations of both are the picture's.
    """
    content = _Object(path, read_json(path, dict, each=_needed))
    names: dict[int, str] = {}
    for image in content.objects("images"):
        identity = image.field("id", int)
        if identity in names:
            raise image.wrong("id", f"{identity} stands for a second image")
        split = split_of(str(image.held.get("coco_url", "")))
        name = image.file_name("file_name", split)
        names[identity] = name if "/" in name else f"{split}/{name}"
    remarks[SHARED] += len(names) - len(set(names.values()))
    return content, names


def _needed(item: object) -> object:
    """What is read of an entry: outlines are most of a file, and few need them."""
    if not isinstance(item, dict):
        return item
    kept = {key: item[key] for key in _READ if key in item}
    if "segmentation" in item and "area" not in item:
        kept["segmentation"] = item["segmentation"]
    return kept


def _sizes(
    content: _Object, names: Mapping[int, str]
) -> dict[str, tuple[float, float]]:
    """Official path -> width and height."""
    sizes: dict[str, tuple[float, float]] = {}
    for image in content.objects("images"):
        width, height = image.number("width"), image.number("height")
        if not (1 <= width <= WIDEST and 1 <= height <= WIDEST):
            raise image.wrong("width/height", f"is not from 1 to {WIDEST:,}")
        name = names[image.held["id"]]
        if sizes.setdefault(name, (width, height)) != (width, height):
            what = "is another than in the other entry with this file name"
            raise image.wrong("width/height", what)
    return sizes


def _categories(content: _Object) -> dict[int, str]:
    """id -> name; each stands once."""
    found: dict[int, str] = {}
    for category in content.objects("categories"):
        number, name = category.field("id", int), category.field("name", str)
        if number in found:
            raise category.wrong("id", f"{number} stands for a second category")
        if name in found.values():
            raise category.wrong("name", f"{name!r} is a second category's, too")
        found[number] = name
    return found


def _annotations(
    content: _Object, names: Mapping[int, str], remarks: Counter[str]
) -> Iterator[tuple[str, _Object]]:
    """Each annotation once, after its image's official path."""
    known: dict[int, Mapping] = {}
    for annotation in content.objects("annotations"):
        identity = annotation.field("image_id", int)
        if identity not in names:
            raise annotation.wrong("image_id", f"{identity} is none of the images")
        if "id" in annotation.held:
            number = annotation.field("id", int)
            first = known.setdefault(number, annotation.held)
            if first != annotation.held:
                raise annotation.wrong("id", f"{number} stands for two annotations")
            if first is not annotation.held:
                remarks["annotations given twice, counted once"] += 1
                continue
        yield names[identity], annotation


def _inside(box: object, width: float, height: float) -> bool:
    """Whether a box [x, y, width, height] lies in the image, but for a rounded pixel;
    also where there is none."""
    if box is None:
        return True
    if not isinstance(box, list) or len(box) != 4:
        return False
    if not all(isinstance(side, int | float) for side in box):
        return False
    x, y, wide, high = box
    within = x + wide <= width + 1 and y + high <= height + 1
    return min(x, y) >= -1 and min(wide, high) >= 0 and within


def _mask_area(annotation: _Object, width: float, height: float) -> float:
    from pycocotools import mask  # compiled; needed for files without areas only

    segmentation = annotation.held.get("segmentation")
    try:
        if isinstance(segmentation, list):
            # Edges are followed pixel by pixel.
            if not all(abs(at) <= 2 * WIDEST for part in segmentation for at in part):
                raise ValueError("far outside")
            region = mask.merge(mask.frPyObjects(segmentation, height, width))
        elif isinstance(segmentation["counts"], list):
            region = mask.frPyObjects(segmentation, height, width)
        else:
            region = segmentation
        return float(mask.area(region))
    except Exception:
        what = "is missing, and segmentation gives none"
        raise annotation.wrong("area", what) from None
