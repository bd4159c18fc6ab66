"""A profile of real photographs, real annotations and tiny checkpoints of all families.

It is ``full`` with a few fields changed, as a user with weights of their own would do.
"""

from pathlib import Path

from PIL import Image

from cocofacet.benchmark import sources
from rehearsal.tiny_checkpoints import save_all

SHARED = Path(__file__).parents[3] / "shared/data"
# Row of the zoo -> the tiny checkpoint that is loaded in its place.
WEIGHTS = {
    "clip-vit-l-14-336": "CLIP",
    "siglip2-so400m-384": "SigLIP2",
    "blip2-itm": "BLIP-2",
    "vlm2vec-v2.0": "DoRA on Qwen2-VL",
    "vlm2vec-v2.0.base": "Qwen2-VL",
    "e5-v": "LLaVA-NeXT on Llama",
    "answer-llava-1.5-7b": "LLaVA",
    "answer-llava-1.5-7b.text": "text embedder",
}
# Pixels of a photograph's longer side. Each notebook reads them again for each
# retriever, and the tiny checkpoints see less than this.
SIDE = 160
DUALS = ["clip-vit-l-14-336", "siglip2-so400m-384", "blip2-itm"]
PROMPTABLES = ["vlm2vec-v2.0", "e5-v"]


def collect(folder: Path) -> Path:
    """The shared annotations and small photographs under their official names."""
    names = {
        "annotations/instances_val2017_boxes.json": sources.OFFICIAL["instances"],
        "annotations/captions_val2017.json": sources.OFFICIAL["captions"],
    }
    for shared, official in names.items():
        path = folder / official
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(SHARED / shared)
    images = folder / "images"
    images.mkdir()
    for path in (SHARED / "photos").glob("*.jpg"):
        with Image.open(path) as photograph:
            photograph.thumbnail((SIDE, SIDE))
            photograph.save(images / path.name)
    return folder


def changes(folder: Path, max_images: int) -> dict[str, object]:
    """Fields of ``full`` to change; checkpoints are made below ``folder``."""
    made = save_all(folder / "checkpoints")
    return {
        "shown_as": "photographs, random weights",
        "folder": str(collect(folder / "coco")),
        "fetch": [],
        "facets": ["objects", "animals", "gestures"],
        "max_images": max_images,
        "duals": DUALS,
        "promptables": PROMPTABLES,
        "answerer": "answer-llava-1.5-7b",
        "longest": 8,
        "low_side": 32,
        "ahead": False,
        "pools": [],
        "device": "cpu",
        "precision": "fp32",
        "checkpoints": {row: str(made[name]) for row, name in WEIGHTS.items()},
    }
