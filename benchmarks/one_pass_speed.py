"""All prompts of an image in one pass against a pass for every prompt, in one run.

    python benchmarks/one_pass_speed.py [--checkpoint DIR] [--side 128 448]

Random pictures, as many prompts as there are facets and one without. Prints JSON: for
each size of picture the milliseconds for an image, the ratio, and the largest
difference between the two ways' embeddings.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from cocofacet.facets import FACETS
from cocofacet.retrievers import loading
from cocofacet.timing import time_prompts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--retriever", default="tiny-qwen2vl")
    parser.add_argument("--checkpoint", type=Path, help="other weights for the row")
    parser.add_argument("--side", type=int, nargs="+", default=[128, 448])
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()

    ways = {
        word: loading.load(
            options.retriever,
            options.device,
            checkpoint=options.checkpoint,
            one_pass=one_pass,
        )
        for word, one_pass in (("one pass", True), ("separate", False))
    }
    processor = ways["one pass"].processor
    prompts = (None, *(facet.question for facet in FACETS.values()))
    rng = np.random.default_rng(0)
    rows = []
    for side in options.side:
        shape = (side, side, 3)
        pictures = [
            Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))
            for _ in range(options.pictures)
        ]
        inputs = processor(text=[ways["one pass"].template(None)], images=pictures[:1])
        tokens = inputs["input_ids"][0].count(processor.image_token_id)
        times, difference = time_prompts(ways, pictures, prompts, [len(prompts)])
        spent = times.set_index("way").milliseconds
        rows.append(
            {
                "side": side,
                "image_tokens": tokens,
                "prompts": len(prompts),
                "milliseconds": spent.to_dict(),
                "times_faster": spent["separate"] / spent["one pass"],
                "largest_difference": difference,
            }
        )
    settings = {"retriever": options.retriever, "device": options.device}
    print(json.dumps({"settings": settings, "sizes": rows}, indent=1))


if __name__ == "__main__":
    main()
