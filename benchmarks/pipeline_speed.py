"""How much of the model's speed is left of it when everything around it runs as well,
and what one pass for all prompts saves, in one run.

    python benchmarks/pipeline_speed.py
    python benchmarks/pipeline_speed.py --model-size 2b --device cuda --precision bf16

The model is the tiny Qwen2-VL, or one of Qwen2-VL-2B's size with random weights, which
needs no download and computes as fast. Pictures are JPEG files of the sizes that COCO's
have, made of smooth noise. For 1, 3 and 9 prompts, the JSON says

- pipeline: images a second from files to store (hash, decode, prepare, embed, write),
  those of the forward passes alone on the same batches, prepared before, and the share
  that the first is of the second;
- one_pass: seconds of one pass for all prompts and of a pass for each, on the same
  pictures; the ratio; the largest difference and the smallest cosine between their
  embeddings; and the peak of the device's memory, where the device is CUDA.

Written to
src/cocofacet/results/benchmarks/pipeline_speed-<size>-<device>-<precision>.json.
"""

import argparse
import json
import resource
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from machine import best_of, described
from PIL import Image

from cocofacet.benchmark.facets import FACETS
from cocofacet.embeddings.store import embed_gallery
from cocofacet.io import write_json
from cocofacet.picture import open_image
from cocofacet.retrievers import load as loading
from cocofacet.retrievers._torchvision import import_torchvision

import_torchvision()
import transformers  # noqa: E402

RESULTS = Path(__file__).parents[1] / "src/cocofacet/results/benchmarks"
SIZES = ((640, 480), (480, 640), (640, 427))  # width, height: the most common in COCO
PROMPTS = (None, *(facet.question for facet in FACETS.values()))
# https://huggingface.co/Qwen/Qwen2-VL-2B-Instruct/blob/main/config.json
TEXT_2B = {
    "hidden_size": 1536,
    "intermediate_size": 8960,
    "num_hidden_layers": 28,
    "num_attention_heads": 12,
    "num_key_value_heads": 2,
    "vocab_size": 151936,
    "max_position_embeddings": 32768,
    "rope_parameters": {
        "rope_type": "default",
        "rope_theta": 1e6,
        "mrope_section": [16, 24, 24],
    },
}
VISION_2B = {
    "depth": 32,
    "embed_dim": 1280,
    "hidden_size": 1536,
    "num_heads": 16,
    "mlp_ratio": 4,
    "patch_size": 14,
    "spatial_merge_size": 2,
}
PIXELS_2B = {"shortest_edge": 56 * 56, "longest_edge": 28 * 28 * 1280}


def save_2b(folder: Path, device: str) -> Path:
    """A checkpoint of Qwen2-VL-2B's size: random weights, the tiny one's vocabulary."""
    tiny = loading.CHECKPOINTS / "tiny-qwen2vl"
    known = transformers.AutoConfig.from_pretrained(tiny)
    special = ("vision_start", "vision_end", "image", "video")
    config = transformers.Qwen2VLConfig(
        text_config=TEXT_2B,
        vision_config=VISION_2B,
        **{f"{name}_token_id": getattr(known, f"{name}_token_id") for name in special},
    )
    with torch.device(device):
        model = transformers.AutoModel.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    transformers.Qwen2VLProcessor(
        image_processor=transformers.Qwen2VLImageProcessor(size=PIXELS_2B),
        tokenizer=transformers.AutoTokenizer.from_pretrained(tiny),
        video_processor=transformers.Qwen2VLVideoProcessor(),
    ).save_pretrained(folder)
    return folder


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


def pipeline(retriever, folder, names, prompts, options) -> dict:
    parts = batches([folder / name for name in names], options.batch)
    ready = [
        pinned(retriever.prepare(images, prompts), options.device) for images in parts
    ]
    forward, _ = warm_best_of(
        lambda: [retriever.embed_prepared(inputs) for inputs in ready], options.repeats
    )
    whole = np.inf
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory() as store:
            start = time.perf_counter()
            embed_gallery(
                retriever,
                folder,
                names,
                prompts,
                Path(store),
                chunk=len(names),
                batch=options.batch,
                workers=options.workers,
            )
            whole = min(whole, time.perf_counter() - start)
    return {
        "prompts": len(prompts),
        "pipeline_images_a_second": len(names) / whole,
        "forward_images_a_second": len(names) / forward,
        "share_of_forward": forward / whole,
    }


def one_pass(ways, images, prompts, options) -> dict:
    seconds, peak, found = {}, {}, []
    cuda = options.device.startswith("cuda")
    for way, retriever in ways.items():
        inputs = pinned(retriever.prepare(images, prompts), options.device)
        if cuda:
            torch.cuda.reset_peak_memory_stats()
        embed = partial(retriever.embed_prepared, inputs)
        seconds[way], vectors = warm_best_of(embed, options.repeats)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model-size", choices=("tiny", "2b"), default="tiny")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--pictures", type=int, help="default: 64, on cuda 1024")
    parser.add_argument("--batch", type=int, help="default: 8, on cuda 32")
    parser.add_argument("--workers", type=int, help="default: as cocofacet embed's")
    parser.add_argument("--prompts", type=int, nargs="+", default=[1, 3, 9])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    cuda = options.device.startswith("cuda")
    options.pictures = options.pictures or (1024 if cuda else 64)
    options.batch = options.batch or (32 if cuda else 8)
    kind = (options.model_size, "cuda" if cuda else options.device, options.precision)
    options.out = options.out or RESULTS / f"pipeline_speed-{'-'.join(kind)}.json"

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "images").mkdir()
        names = save_pictures(folder / "images", options.pictures)
        checkpoint = None
        if options.model_size == "2b":
            checkpoint = save_2b(folder / "2b", options.device)
        ways = {
            way: loading.load(
                "tiny-qwen2vl",
                device=options.device,
                precision=options.precision,
                checkpoint=checkpoint,
                one_pass=way == "one_pass",
            )
            for way in ("one_pass", "passes")
        }
        together = ways["passes"].model = ways["one_pass"].model  # in memory once
        images = batches([folder / "images" / name for name in names], options.batch)[0]
        shown = ways["one_pass"].prepare(images[:1], (None,))["packed"]["ids"]
        placeholder = ways["one_pass"].processor.image_token_id
        result = {
            **described(options.device),
            "model": {
                "size": options.model_size,
                "parameters": sum(p.numel() for p in together.parameters()),
                "image_tokens": int((shown == placeholder).sum()),
                "image": list(images[0].size),
                "weights": "random" if checkpoint else "trained",
            },
            "precision": options.precision,
            "settings": {
                name: getattr(options, name)
                for name in ("pictures", "batch", "workers", "repeats")
            },
            "file_bytes": int(
                np.mean([(folder / "images" / n).stat().st_size for n in names])
            ),
            "one_pass": [
                one_pass(ways, images, PROMPTS[:count], options)
                for count in options.prompts
            ],
            "pipeline": [
                pipeline(
                    ways["one_pass"], folder / "images", names, PROMPTS[:count], options
                )
                for count in options.prompts
            ],
            # Of this process, in kilobytes on Linux.
            "peak_resident_bytes": 1024
            * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }
    write_json(options.out, result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
