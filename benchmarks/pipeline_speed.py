"""How much of the model's speed is left of it when everything around it runs as well,
and what one pass for all prompts saves, in one run.

    python benchmarks/pipeline_speed.py

The model is the tiny Qwen2-VL; `on_gpu.py` measures a large one by the same functions.
Pictures are JPEG files of the sizes that COCO's have, made of smooth noise. For 1, 3
and 9 prompts, the JSON says

- pipeline: images a second from files to store (hash, decode, prepare, embed, write),
  those of the forward passes alone on the same batches, prepared before, and the share
  that the first is of the second;
- one_pass: seconds of one pass for all prompts and of a pass for each, on the same
  pictures; the ratio; the largest difference and the smallest cosine between their
  embeddings; and the peak of the device's memory, where the device is CUDA.

Written to src/cocofacet/results/benchmarks/pipeline_speed.json.
"""

import argparse
import resource
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from machine import RESULTS, best_of, described, keep
from PIL import Image

from cocofacet.benchmark.facets import FACETS
from cocofacet.embeddings.store import embed_gallery
from cocofacet.picture import open_image
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.base import Retriever

SIZES = ((640, 480), (480, 640), (640, 427))  # width, height: the most common in COCO
PROMPTS = (None, *(facet.question for facet in FACETS.values()))


@dataclass(frozen=True)
class Settings:
    """pictures: how many are embedded; batch: at a time, and of the passes compared.
    prompts, piped: how many, of the passes and of the pipeline."""

    pictures: int
    batch: int
    repeats: int
    prompts: tuple[int, ...] = (1, 3, 9)
    piped: tuple[int, ...] = (1, 3, 9)
    workers: int | None = None  #: as of cocofacet embed


def save_pictures(folder: Path, count: int) -> list[str]:
    """Smooth noise with some grain: files of about the size of photographs'."""
    rng = np.random.default_rng(0)
    names = []
    for number in range(count):
        width, height = SIZES[number % len(SIZES)]
        shape = (height // 16, width // 16, 3)
        coarse = Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))
        smooth = coarse.resize((width, height), Image.Resampling.BICUBIC)
        grain = rng.normal(0, 6, (height, width, 1))
        pixels = np.clip(np.asarray(smooth) + grain, 0, 255).astype(np.uint8)
        names.append(f"{number:05d}.jpg")
        Image.fromarray(pixels).save(folder / names[-1], quality=90)
    return names


def batches(paths: list[Path], batch: int) -> list[list[Image.Image]]:
    """Decoded, in batches of like size, as the store makes them of one chunk."""
    images = sorted(map(open_image, paths), key=lambda image: image.size)
    return [images[start : start + batch] for start in range(0, len(images), batch)]


def pinned(prepared, device: str):
    """As the loader hands it over: in pinned memory where the device is CUDA."""
    if not device.startswith("cuda"):
        return prepared
    return torch.utils.data._utils.pin_memory.pin_memory(prepared)


def warm_best_of(function, repeats: int):
    """`best_of` after one call to warm up."""
    function()
    return best_of(function, repeats)


def pipeline(retriever, folder, names, prompts, settings: Settings) -> dict:
    parts = batches([folder / name for name in names], settings.batch)
    ready = [
        pinned(retriever.prepare(images, prompts), retriever.device) for images in parts
    ]
    forward, _ = warm_best_of(
        lambda: [retriever.embed_prepared(inputs) for inputs in ready], settings.repeats
    )
    whole = np.inf
    for _ in range(settings.repeats):
        with tempfile.TemporaryDirectory() as store:
            start = time.perf_counter()
            embed_gallery(
                retriever,
                folder,
                names,
                prompts,
                Path(store),
                chunk=len(names),
                batch=settings.batch,
                workers=settings.workers,
            )
            whole = min(whole, time.perf_counter() - start)
    return {
        "prompts": len(prompts),
        "pipeline_images_a_second": len(names) / whole,
        "forward_images_a_second": len(names) / forward,
        "share_of_forward": forward / whole,
    }


def one_pass(retriever, images, prompts, repeats: int) -> dict:
    seconds, peak, found = {}, {}, []
    cuda = retriever.device.startswith("cuda")
    ways = {"one_pass": retriever, "passes": retriever.in_separate_passes()}
    for way, each in ways.items():
        inputs = pinned(each.prepare(images, prompts), each.device)
        if cuda:
            torch.cuda.reset_peak_memory_stats()
        embed = partial(each.embed_prepared, inputs)
        seconds[way], vectors = warm_best_of(embed, repeats)
        peak[way] = torch.cuda.max_memory_allocated() if cuda else None
        found.append(vectors.astype(np.float64))
    return {
        "prompts": len(prompts),
        "images": len(images),
        "seconds": seconds,
        "times_faster": seconds["passes"] / seconds["one_pass"],
        "largest_difference": float(np.abs(found[0] - found[1]).max()),
        "smallest_cosine": float((found[0] * found[1]).sum(axis=-1).min()),
        "peak_bytes": peak,
    }


def measure(retriever: Retriever, settings: Settings) -> dict:
    """Both comparisons with a retriever that allows one pass, and what they are of."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = save_pictures(folder, settings.pictures)
        images = batches([folder / name for name in names], settings.batch)[0]
        shown = retriever.prepare(images[:1], (None,))["packed"]["ids"]
        return {
            "model": {
                "parameters": sum(p.numel() for p in retriever.model.parameters()),
                "image_tokens": int(
                    (shown == retriever.processor.image_token_id).sum()
                ),
                "image": list(images[0].size),
            },
            "settings": asdict(settings),
            "file_bytes": int(np.mean([(folder / n).stat().st_size for n in names])),
            "one_pass": [
                one_pass(retriever, images, PROMPTS[:count], settings.repeats)
                for count in settings.prompts
            ],
            "pipeline": [
                pipeline(retriever, folder, names, PROMPTS[:count], settings)
                for count in settings.piped
            ],
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--prompts", type=int, nargs="+", default=[1, 3, 9])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS / "pipeline_speed.json")
    options = parser.parse_args()
    counts = tuple(options.prompts)
    settings = Settings(
        options.pictures, options.batch, options.repeats, counts, counts
    )
    found = measure(loading.load("tiny-qwen2vl"), settings)
    found["model"] |= {"size": "tiny", "weights": "trained"}
    result = {
        **described(),
        **found,
        "precision": "fp32",
        # Of this process, in kilobytes on Linux.
        "peak_resident_bytes": 1024
        * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    keep(options.out, result)


if __name__ == "__main__":
    main()
