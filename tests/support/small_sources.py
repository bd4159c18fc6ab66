"""Annotation files small enough to work out by hand, in the official formats."""

import json
from pathlib import Path

DATA = Path(__file__).parents[3] / "shared/data"  # real annotations, where present
SIDE = 100  # of every picture here, so that an area of 500 is 5 %


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def coco_image(number: int) -> dict:
    name = f"{number:012d}.jpg"
    return {"id": number, "file_name": name, "width": SIDE, "height": SIDE}


def coco_name(number: int) -> str:
    return f"val2017/{number:012d}.jpg"


CATEGORIES = {1: "person", 2: "bicycle", 17: "cat", 18: "dog"}


def instances(path: Path, images: dict[int, list[tuple[int, float]]]) -> Path:
    """images: number -> (category id, area) of each annotation."""
    return write(
        path,
        {
            "images": [coco_image(number) for number in images],
            "categories": [{"id": i, "name": n} for i, n in CATEGORIES.items()],
            "annotations": [
                {"image_id": number, "category_id": category, "area": area}
                for number, found in images.items()
                for category, area in found
            ],
        },
    )


def captions(path: Path, images: dict[int, list[str]]) -> Path:
    return write(
        path,
        {
            "images": [coco_image(number) for number in images],
            "annotations": [
                {"image_id": number, "caption": caption}
                for number, found in images.items()
                for caption in found
            ],
        },
    )


def stuff(path: Path, images: dict[int, list[int]]) -> Path:
    return write(
        path,
        {
            "images": [coco_image(number) for number in images],
            "annotations": [
                {"image_id": number, "category_id": category}
                for number, found in images.items()
                for category in found
            ],
        },
    )


def visual7w(path: Path, images: dict[int, list[tuple[str, str]]]) -> Path:
    return write(
        path,
        {
            "dataset": "visual7w-telling",
            "images": [
                {
                    "image_id": number,
                    "filename": f"v7w_{number}.jpg",
                    "split": "val",
                    "qa_pairs": [{"question": q, "answer": a} for q, a in pairs],
                }
                for number, pairs in images.items()
            ],
        },
    )


def visdial(path: Path, images: dict[int, list[tuple[str, str]]]) -> Path:
    questions = sorted({q for pairs in images.values() for q, _ in pairs})
    answers = sorted({a for pairs in images.values() for _, a in pairs})
    return write(
        path,
        {
            "split": "val2018",
            "version": "1.0",
            "data": {
                "questions": questions,
                "answers": answers,
                "dialogs": [
                    {
                        "image_id": number,
                        "caption": "",
                        "dialog": [
                            {"question": questions.index(q), "answer": answers.index(a)}
                            for q, a in pairs
                        ],
                    }
                    for number, pairs in images.items()
                ],
            },
        },
    )


def everything(folder: Path) -> Path:
    """All five sources under their official names; every facet can be built."""
    many = range(1, 251)
    gestures = ("stands", "sits", "jumps")
    skies = ("A sunny day.", "A cloudy day.", "Rain falls.")
    instances(
        folder / "annotations/instances_val2017.json",
        {n: [(1, 900), ((2, 17, 18)[n % 3], 400 + n)] for n in many},
    )
    captions(
        folder / "annotations/captions_val2017.json",
        {n: [f"Somebody {gestures[n % 3]} here.", skies[n // 3 % 3]] for n in many},
    )
    stuff(
        folder / "annotations/stuff_val2017.json",
        {n: [(118, 116, 132, 139, 171)[n % 5]] for n in many},
    )
    times = ("At night.", "During the day.", "In the evening.")
    places = ("The beach.", "A kitchen.", "On a tennis court.")
    numbers = ("None.", "Two.", "Seven.")
    visual7w(
        folder / "visual7w/dataset.json",
        {
            n: [
                ("When was this photo taken?", times[n % 3]),
                ("Where is this scene?", places[n % 3]),
                ("How many people are there?", numbers[n % 3]),
                ("What is the weather like?", ("Snowy.", "Sunny.")[n % 2]),
            ]
            for n in many
        },
    )
    visdial(
        folder / "visdial/visdial_1.0_val.json",
        {n: [("how is the weather", ("cloudy", "clear")[n % 2])] for n in many},
    )
    return folder


def allowed_labels(facet) -> dict[str, set[str]]:
    """Label -> the labels that an image may have and still be its negative."""
    return {
        label: {
            other for other in facet.labels if facet.allowed_as_negative(label, other)
        }
        for label in facet.labels
    }
