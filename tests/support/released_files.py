"""Files of the structure that the released construction notebooks write.

Nobody here has seen the originals: these follow the notebooks, facet by facet. Images
are invented numbers, texts are the released ones.
"""

import random

import small_sources as small

from cocofacet.benchmark.facets import FACETS

TARGET = "<|image_1|> Represent the given image."


def row(text: str, candidates: object) -> dict:
    return {
        "qry_text": text,
        "qry_img_path": "",
        "tgt_text": TARGET,
        "tgt_img_path": candidates,
    }


def release(folder):
    """Write five facets, each in its own notebook's way; returns the folder."""
    numbers = list(range(1, 100))
    paths = [f"val2017/{n:012d}.jpg" for n in numbers]
    names = [f"v7w_{n}.jpg" for n in numbers]
    chance = random.Random(0)
    files = {
        "animals": [
            row(
                "Find me an image that contains any cat.\n",
                [small.coco_name(500), *paths],
            )
        ],
        # Numbers of COCO's images, as the text of a Python list. The gestures' rows
        # are captions: an image comes several times, and may oppose itself.
        "gestures": [
            row(
                "Find me an everyday image that contains someone sitting.",
                f"{[500, *numbers[:-2], 7, 500]}",
            ),
            row(
                "Find me an everyday image that contains someone sitting.",
                f"{[500, *chance.sample(numbers, 99)]}",
            ),
        ],
        "people": [
            row(
                "Find me an everyday image showing 1 person in the picture.",
                f"{['v7w_500.jpg', *names]}",
            ),
            row(
                "Find me an everyday image with over 10 people in the picture.",
                f"{['v7w_501.jpg', *names]}",
            ),
        ],
        # COCO's pictures without their folder, beside the two others.
        "weathers": [
            row(
                "Find me an everyday image that is taken in an overcast day.\n",
                [
                    "000000000500.jpg",
                    "VisualDialog_val2018_000000000001.jpg",
                    "v7w_1.jpg",
                    "000000000001.jpg",
                    *names[:95],
                    "000000000001.jpg",
                ],
            )
        ],
        "scenes": [
            row(
                "Find me an everyday image that shows the scene of the beach.\n",
                ["v7w_500.jpg", *names],
            ),
            row(
                "Find me an everyday image that shows the scene on the beach.\n",
                ["v7w_501.jpg", *names],
            ),
        ],
    }
    for facet, rows in files.items():
        small.write(folder / f"{FACETS[facet].stem}.json", rows)
    return folder
