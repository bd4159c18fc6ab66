"""Pixels as the references make them: the arithmetic written out with PIL and numpy."""

import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cocofacet.retrievers import checkpoints
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.zoo import ROWS
from rehearsal.tiny_checkpoints import ARCHITECTURES

CLIP_MEAN = np.array([0.48145466, 0.4578275, 0.40821073])
CLIP_STD = np.array([0.26862954, 0.26130258, 0.27577711])
SIZES = [(640, 427), (300, 720), (60, 44), (200, 20), (128, 128)]
TINY_GRIDS = [(56, 112), (112, 56), (112, 112), (168, 56), (56, 168)]  # height, width


def resized(image, width, height):
    """(height, width, 3) uint8, as a PIL image resized to it would hold."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def normal(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """0 to 255, channels last -> normalised, channels first."""
    return np.moveaxis((pixels / 255 - mean) / std, -1, 0)


def shortest(image, side, half):
    """The shorter side resized to ``side``, the middle of the longer one kept; half:
    how a library rounds the half of what is cut off."""
    pixels = resized(image, *(side * n // min(image.size) for n in image.size))
    top, left = (half(n - side) for n in pixels.shape[:2])
    return pixels[top : top + side, left : left + side]


def qwen(image, factor, fewest, most, mean, std):
    """Sides rounded to the factor, within so many pixels; patches of half the factor,
    four neighbours after each other, each frame twice."""
    width, height = image.size
    sides = [round(side / factor) * factor for side in (height, width)]
    if math.prod(sides) > most:
        scale = math.sqrt(height * width / most)
        down = [math.floor(side / scale / factor) for side in (height, width)]
        sides = [max(factor, n * factor) for n in down]
    elif math.prod(sides) < fewest:
        scale = math.sqrt(fewest / (height * width))
        sides = [math.ceil(n * scale / factor) * factor for n in (height, width)]
    pixels = normal(resized(image, sides[1], sides[0]), mean, std)
    patch = factor // 2
    rows = []
    for top in range(0, sides[0], factor):
        for left in range(0, sides[1], factor):
            for y, x in np.ndindex(2, 2):
                y, x = top + y * patch, left + x * patch
                part = pixels[:, None, y : y + patch, x : x + patch]
                rows.append(np.repeat(part, 2, axis=1).ravel())
    return np.stack(rows)


def llava_next(image):
    """The whole squeezed to a square, then the tiles of the grid that keeps most."""
    width, height = image.size

    def kept(grid):
        scale = min(grid[1] / width, grid[0] / height)
        inside = int(width * scale) * int(height * scale)
        used = min(inside, width * height)
        return used, -(grid[0] * grid[1] - used)

    high, wide = max(TINY_GRIDS, key=kept)
    scale_w, scale_h = wide / width, high / height
    if scale_w < scale_h:
        new = wide, min(math.ceil(height * scale_w), high)
    else:
        new = min(math.ceil(width * scale_h), wide), high
    padded = np.zeros((high, wide, 3), np.uint8)
    top, left = (high - new[1]) // 2, (wide - new[0]) // 2
    padded[top : top + new[1], left : left + new[0]] = resized(image, *new)
    tiles = [resized(image, 56, 56)]
    for y in range(0, high, 56):
        tiles += [padded[y : y + 56, x : x + 56] for x in range(0, wide, 56)]
    return np.stack([normal(tile) for tile in tiles])


def gemma(image, most=70):
    """As many squares of 48 x 48 as there may be, in patches of 16, not normalised."""
    width, height = image.size
    scale = math.sqrt(most * 48 * 48 / (width * height))
    down, across = (math.floor(n * scale / 48) for n in (height, width))
    if not down:
        down, across = 1, min(width // height, most)
    pixels = resized(image, 48 * across, 48 * down) / 255
    parts = pixels.reshape(3 * down, 16, 3 * across, 16, 3).swapaxes(1, 2)
    rows = parts.reshape(9 * down * across, -1)  # each (row, column, channel)
    return np.pad(rows, ((0, 9 * most - len(rows)), (0, 0)))


HALF = np.full(3, 0.5)
# Row -> its pixels; sizes and means as in the tiny checkpoint where the row sets none.
WRITTEN_OUT = {
    "clip-vit-l-14-336": lambda image: normal(
        shortest(image, 32, lambda n: round(n / 2)), HALF, HALF
    ),
    "siglip-so400m-384": lambda image: normal(resized(image, 160, 160), HALF, HALF),
    "blip2-itm": lambda image: normal(resized(image, 56, 56)),
    "answer-llava-1.5-7b": lambda image: normal(shortest(image, 56, lambda n: n // 2)),
    "e5-v": llava_next,
    "mmret": lambda image: llava_next(Image.fromarray(resized(image, 512, 512))),
    "vlm2vec-v2.0": lambda image: qwen(
        image, 28, 28 * 28, 1280 * 28 * 28, CLIP_MEAN, CLIP_STD
    ),
    "gme-qwen2-vl-2b": lambda image: qwen(
        image, 28, 256 * 28 * 28, 1280 * 28 * 28, CLIP_MEAN, CLIP_STD
    ),
    "qwen3-vl-embedding-2b": lambda image: qwen(
        image, 32, 4096, 1800 * 32 * 32, HALF, HALF
    ),
    "embeddinggemma-2": gemma,
}


@pytest.mark.parametrize("name", WRITTEN_OUT)
def test_pixels_are_those_of_the_reference(name, tmp_path):
    checkpoint = ARCHITECTURES[ROWS[name].architecture](tmp_path / "model")
    options = {"checkpoint": checkpoint, "precision": "fp32"}
    if ROWS[name].answers:
        options["text_checkpoint"] = loading.CHECKPOINTS / "tiny-text"
    retriever = loading.load(name, **options)
    rng = np.random.default_rng(0)
    for width, height in SIZES:
        noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        image = Image.fromarray(noise)
        prepared = retriever.prepare([image], (None,))
        found = prepared["pixels"] if "pixels" in prepared else prepared["images"]
        if isinstance(found, dict):
            found = found["pixel_values"]
        expected = WRITTEN_OUT[name](image)
        # Half a grey level is 0.002 where nothing is normalised, and more elsewhere.
        np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-4)


@pytest.mark.parametrize("name", ["vlm2vec-v2.0", "blip2-itm"])
def test_no_vector_of_the_other_backend_is_read(name, tmp_path):
    row = ROWS[name]
    options = {"precision": "fp32"}
    options["checkpoint"] = ARCHITECTURES[row.architecture](tmp_path)
    pil = loading.load(row, **options).fingerprint
    other = loading.load(replace(row, image_backend="torchvision"), **options)
    assert pil["image_processor"] == f"{other.fingerprint['image_processor']}Pil"
    assert "pillow" in pil and "pillow" not in other.fingerprint


# Where a processor makes as many tokens of a picture as its pixels allow; fewest and
# most of its own where the row states none.
BY_PIXELS = {
    "Qwen2-VL": (14, 28 * 28 * 4, 28 * 28 * 16384),
    "Qwen3-VL": (16, 256 * 256, 4096 * 4096),
}


@pytest.mark.parametrize(
    "row",
    [r for r in ROWS.values() if r.architecture in BY_PIXELS and r.image_tokens],
    ids=lambda row: row.name,
)
def test_image_tokens_are_those_that_the_processor_makes(row):
    patch, fewest, most = BY_PIXELS[row.architecture]
    size = {
        "shortest_edge": row.min_pixels or fewest,
        "longest_edge": row.max_pixels or most,
    }
    processor = checkpoints.transformers.Qwen2VLImageProcessorPil(
        size=size, patch_size=patch
    )
    photograph = Image.new("RGB", (640, 480))
    seen = photograph.resize(row.resize) if row.resize else photograph
    (grid,) = processor(seen, return_tensors="np")["image_grid_thw"]
    assert grid.prod() // processor.merge_size**2 == row.image_tokens
