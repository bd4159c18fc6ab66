"""How fast scenes are drawn, on one core.

    python benchmarks/render_speed.py

Prints JSON and writes it to src/cocofacet/results/benchmarks/render_speed.json: images
a second for each style of drawing.
"""

import argparse
import time
from pathlib import Path

from machine import RESULTS, described, keep

from facetworld.drawing.render import STYLES, render
from facetworld.scene import sample


def rate(scenes, style) -> float:
    """Images a second."""
    render(scenes[0], style)  # fills the caches of gradients and glows
    start = time.perf_counter()
    for scene in scenes:
        render(scene, style)
    return len(scenes) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--out", type=Path, default=RESULTS / "render_speed.json")
    options = parser.parse_args()
    scenes = sample(options.scenes, 0, "tune")
    result = {
        **described(),
        "settings": {"scenes": options.scenes},
        "images_a_second": {style: rate(scenes, style) for style in STYLES},
    }
    keep(options.out, result)


if __name__ == "__main__":
    main()
