"""How fast scenes are drawn, on one core: `python benchmarks/render_speed.py`."""

import time

from facetworld.draw import STYLES, render
from facetworld.scene import sample

SCENES = 300


def main() -> None:
    scenes = sample(SCENES, 0, "tune")
    for style in STYLES:
        render(scenes[0], style)  # fills the caches of gradients and glows
        start = time.perf_counter()
        for scene in scenes:
            render(scene, style)
        rate = SCENES / (time.perf_counter() - start)
        print(f"{style:5} {rate:6.0f} images/s over {SCENES} scenes")


if __name__ == "__main__":
    main()
