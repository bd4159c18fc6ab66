"""What one pass over an image saves against a pass for every prompt."""

import time
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from PIL import Image

from cocofacet.retrievers.base import Retriever

REPEATS = 3


def time_prompts(
    ways: Mapping[str, Retriever],
    pictures: Sequence[Image.Image],
    prompts: Sequence[str | None],
    counts: Sequence[int],
) -> tuple[pd.DataFrame, float]:
    """Embed the same pictures in several ways under more and more prompts.

    ``ways`` maps words to retrievers that should agree; each time is the best of
    `REPEATS` after one to warm up, in turn so that a slow moment meets them all.
    Returns columns prompts, way, milliseconds (for one image), and the largest absolute
    difference between numbers of the first way's embeddings and the others'.
    """
    rows, largest = [], 0.0
    for count in counts:
        best = dict.fromkeys(ways, np.inf)
        for repeat in range(REPEATS + 1):
            found = {}
            for way, retriever in ways.items():
                start = time.perf_counter()
                found[way] = retriever.embed_images(pictures, prompts[:count])
                if repeat:
                    best[way] = min(best[way], time.perf_counter() - start)
        first, *others = found.values()
        largest = max([largest, *(float(np.abs(first - o).max()) for o in others)])
        rows += [
            {"prompts": count, "way": way, "milliseconds": 1000 * s / len(pictures)}
            for way, s in best.items()
        ]
    return pd.DataFrame(rows), largest
