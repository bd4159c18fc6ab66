"""The truth about pictures, in the official annotation formats.

COCO instances, captions and stuff (https://cocodataset.org/#format-data), Visual7W's
`dataset.json` and VisDial's `visdial_1.0_val.json`, with their official names and ids.
Instances are complete: every person, animal and object is there with its mask.
"""

from dataclasses import dataclass
from random import Random

import numpy as np
from pycocotools import mask as coco_mask

from facetworld import texts
from facetworld.drawing.pen import SIDE
from facetworld.drawing.render import silhouettes, stream
from facetworld.drawing.surfaces import TOP
from facetworld.scene import ANIMALS, Scene

# COCO's ids and supercategories for what can be drawn.
CATEGORIES = {
    "person": (1, "person"),
    "bicycle": (2, "vehicle"),
    "car": (3, "vehicle"),
    "airplane": (5, "vehicle"),
    "bus": (6, "vehicle"),
    "boat": (9, "vehicle"),
    "bench": (15, "outdoor"),
    **{name: (16 + i, "animal") for i, name in enumerate(ANIMALS)},
    "umbrella": (28, "accessory"),
    "suitcase": (33, "accessory"),
    "sports ball": (37, "sports"),
    "kite": (38, "sports"),
    "chair": (62, "furniture"),
    "potted plant": (64, "furniture"),
    "tv": (72, "electronic"),
    "clock": (85, "indoor"),
}
# COCO-Stuff's ids, those of the materials and a few neighbours.
STUFF = {
    "floor-stone": (116, "floor"),
    "floor-wood": (118, "floor"),
    "metal": (132, "raw-material"),
    "paper": (139, "raw-material"),
    "sky-other": (157, "sky"),
    "stone": (162, "solid"),
    "wall-brick": (171, "wall"),
    "wall-stone": (175, "wall"),
    "wall-wood": (177, "wall"),
    "wood": (182, "solid"),
}
SURFACE = {  # which stuff the front wall is
    "wood": ("wall-wood", "wood"),
    "stone": ("wall-stone", "stone"),
    "metal": ("metal",),
    "paper": ("paper",),
    "brick": ("wall-brick",),
}


@dataclass(frozen=True)
class Picture:
    """A scene with the name and the id of its image file."""

    scene: Scene
    name: str  # below the images folder
    number: int


def _head(pictures: list[Picture], kind: str) -> dict:
    return {
        "info": {
            "description": f"The rendered world of facetworld, {kind}",
            "version": "1.0",
            "year": 2026,
            "contributor": "facetworld",
        },
        "licenses": [
            {"id": 1, "name": "MIT", "url": "https://opensource.org/license/mit"}
        ],
        "images": [
            {
                "id": picture.number,
                "file_name": picture.name.split("/")[-1],
                "height": SIDE,
                "width": SIDE,
                "license": 1,
            }
            for picture in pictures
        ],
    }


def _categories(table: dict[str, tuple[int, str]]) -> list[dict]:
    return [
        {"id": number, "name": name, "supercategory": above}
        for name, (number, above) in sorted(table.items(), key=lambda row: row[1])
    ]


def _region(mask: np.ndarray, picture: Picture, category: int, number: int) -> dict:
    """One annotation from a bool mask (128, 128)."""
    code = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {
        "id": number,
        "image_id": picture.number,
        "category_id": category,
        "area": float(mask.sum()),
        "bbox": coco_mask.toBbox(code).tolist(),
        "iscrowd": 0,
        "segmentation": {"size": code["size"], "counts": code["counts"].decode()},
    }


def instances(pictures: list[Picture]) -> dict:
    """`instances_val2017.json`: visible masks as compressed RLE, sizes in pixels."""
    regions = [
        (mask, picture, CATEGORIES[name][0])
        for picture in pictures
        for name, mask in silhouettes(picture.scene)
        if mask.any()
    ]
    return {
        **_head(pictures, "instances"),
        "annotations": [_region(*r, i + 1) for i, r in enumerate(regions)],
        "categories": _categories(CATEGORIES),
    }


def stuff(pictures: list[Picture]) -> dict:
    """`stuff_val2017.json`: the wall across the front, where there is one."""
    mask = np.zeros((SIDE, SIDE), bool)
    mask[TOP:] = True
    regions = []
    for picture in pictures:
        if picture.scene.material:
            names = SURFACE[picture.scene.material]
            name = stream(picture.scene, "stuff").choice(names)
            regions.append((mask, picture, STUFF[name][0]))
    return {
        **_head(pictures, "stuff"),
        "annotations": [_region(*r, i + 1) for i, r in enumerate(regions)],
        "categories": _categories(STUFF),
    }


def captions(pictures: list[Picture]) -> dict:
    """`captions_val2017.json`: five captions a picture."""
    said = [
        (picture.number, text)
        for picture in pictures
        for text in texts.captions(picture.scene, stream(picture.scene, "captions"))
    ]
    return {
        **_head(pictures, "captions"),
        "annotations": [
            {"id": i + 1, "image_id": number, "caption": text}
            for i, (number, text) in enumerate(said)
        ],
    }


def visual7w(pictures: list[Picture]) -> dict:
    """Visual7W's `dataset.json`, telling questions, all in the split "val"."""
    number = 0
    images = []
    for picture in pictures:
        pairs = []
        asked = texts.questions(picture.scene, stream(picture.scene, "questions"))
        for kind, question, answer, wrong in asked:
            number += 1
            pairs.append(
                {
                    "qa_id": number,
                    "image_id": picture.number,
                    "question": question,
                    "answer": answer,
                    "multiple_choices": wrong,
                    "type": kind,
                }
            )
        images.append(
            {
                "image_id": picture.number,
                "filename": picture.name,
                "split": "val",
                "qa_pairs": pairs,
            }
        )
    return {"dataset": "visual7w-telling", "version": "facetworld", "images": images}


def visdial(pictures: list[Picture]) -> dict:
    """`visdial_1.0_val.json`; questions without their mark, as in the official file.

    Like other public copies it leaves out `answer_options`, which only ranking
    answers needs.
    """
    questions: dict[str, int] = {}
    answers: dict[str, int] = {}
    dialogs = []
    for picture in pictures:
        turns = texts.dialog(picture.scene, stream(picture.scene, "dialog"))
        caption = texts.captions(picture.scene, stream(picture.scene, "captions"))[0]
        dialogs.append(
            {
                "image_id": picture.number,
                "caption": caption.lower().rstrip("."),
                "dialog": [
                    {
                        "question": questions.setdefault(q, len(questions)),
                        "answer": answers.setdefault(a, len(answers)),
                    }
                    for q, a in turns
                ],
            }
        )
    return {
        "version": "1.0",
        "split": "val2018",
        "data": {
            "questions": list(questions),
            "answers": list(answers),
            "dialogs": dialogs,
        },
    }


def numbers(n: int, name: str, low: int, high: int) -> list[int]:
    """`n` distinct image ids in [low, high), the same ones for the same name.

    Ids in random order say nothing about the scene; more ids leave the first alone.
    """
    rng, seen = Random(name), {}
    while len(seen) < n:
        seen[rng.randrange(low, high)] = None
    return list(seen)
