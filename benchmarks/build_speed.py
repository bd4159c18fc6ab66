"""Building and loading a benchmark against the obvious way to do it, in one run.

    python benchmarks/build_speed.py

Made-up annotations as large as COCO's val2017 and ten times that: 7 outlines a picture.
The obvious way reads the JSON whole, and looks through all pictures for the negatives
of each query; it loads a benchmark as the rows of its file. Each way has a process of
its own: seconds are the processor's, memory is the peak above that of the start.
Prints JSON and writes it to src/cocofacet/results/benchmarks/build_speed.json; ends
with an error if the two ways find other queries.
"""

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

from machine import RESULTS, described, keep

from cocofacet.benchmark.build import build
from cocofacet.benchmark.dataset import load
from cocofacet.benchmark.facets import OBJECTS
from cocofacet.benchmark.query import Query, text_of

LABELS = OBJECTS.labels
SIDE, POINTS = 500, 50  # pixels; numbers of an outline


def annotations(path, images):
    """COCO's instances of so many images."""
    rng = random.Random(0)
    content = {
        "images": [
            {"id": n, "file_name": f"{n:012d}.jpg", "width": SIDE, "height": SIDE}
            for n in range(images)
        ],
        "annotations": [
            {
                "id": 7 * n + place,
                "image_id": n,
                "category_id": rng.randrange(len(LABELS)),
                "area": rng.random() ** 3 * SIDE * SIDE,
                "bbox": [0, 0, SIDE, SIDE],
                "segmentation": [
                    [round(rng.uniform(0, SIDE), 2) for _ in range(POINTS)]
                ],
            }
            for n in range(images)
            for place in range(7)
        ],
        "categories": [{"id": n, "name": name} for n, name in enumerate(LABELS)],
    }
    path.write_text(json.dumps(content))


def rows(path, queries):
    """A benchmark file of so many queries, with the pictures of COCO's val2017."""
    rng = random.Random(0)
    names = [f"val2017/{n:012d}.jpg" for n in range(5000)]
    text = OBJECTS.wording
    made = (
        Query("", "", "", text(LABELS[n % len(LABELS)]), tuple(rng.sample(names, 100)))
        for n in range(queries)
    )
    path.write_text(text_of(list(made)))


def ours_built(path):
    return [
        (query.label, query.candidates[0])
        for query in build({"instances": path}, facets=[OBJECTS.name]).queries
    ]


def plainly_built(path):
    content = json.loads(path.read_text())
    categories = {entry["id"]: entry["name"] for entry in content["categories"]}
    areas = {
        image["id"]: dict.fromkeys(categories.values(), 0)
        for image in content["images"]
    }
    names = {
        image["id"]: f"val2017/{image['file_name']}" for image in content["images"]
    }
    for entry in content["annotations"]:
        areas[entry["image_id"]][categories[entry["category_id"]]] += entry["area"]
    rng, pools = random.Random(0), []
    for label in categories.values():
        for image, shares in areas.items():
            if shares[label] >= 0.05 * SIDE * SIDE:
                without = [name for name, here in areas.items() if not here[label]]
                drawn = rng.sample(without, 99)
                pools.append((label, [names[n] for n in (image, *drawn)]))
    return [(label, pool[0]) for label, pool in pools]


def ours_loaded(path):
    benchmark = load(path.parent)
    benchmark.pool_indices()
    return [query.candidates[0] for query in benchmark.queries]


def plainly_loaded(path):
    found = json.loads(path.read_text())
    return [row["tgt_img_path"][0] for row in found]


def apart(function, path):
    """Seconds, peak bytes above the start, and what a function returns."""
    return elsewhere(_measured, function, path)


def elsewhere(function, *arguments):
    """What a function returns, from a process of its own. A child's peak begins with
    its parent's, so the parent does nothing that takes memory."""
    with get_context("spawn").Pool(1) as pool:
        found = pool.apply(function, arguments)
        pool.close()
        pool.join()
    return found


def _measured(function, path):
    def most():
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used if sys.platform == "darwin" else 1024 * used

    before, start = most(), time.process_time()
    found = function(path)
    seconds = time.process_time() - start
    return seconds, max(1, most() - before), found


def compare(what, against, ours, plain, path):
    """One row of ``compared``, with the numbers that it is made of."""
    seconds, most, found = apart(ours, path)
    plain_seconds, plain_most, expected = apart(plain, path)
    return {
        "what": what,
        "against": against,
        "times_faster": plain_seconds / seconds,
        "times_smaller": plain_most / most,
        "seconds": seconds,
        "plain_seconds": plain_seconds,
        "peak_bytes": most,
        "plain_peak_bytes": plain_most,
        "queries": len(found),
        "same": sorted(found) == sorted(expected),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--queries", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=RESULTS / "build_speed.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.json", Path(folder) / "large.json"
        file = Path(folder) / f"{OBJECTS.stem}.json"
        elsewhere(annotations, small, options.images)
        elsewhere(annotations, large, 10 * options.images)
        elsewhere(rows, file, options.queries)
        compared = [
            compare(
                f"a benchmark built from annotations of {options.images:,} images",
                "a search of all images for each query",
                ours_built,
                plainly_built,
                small,
            ),
            compare(
                f"a benchmark of {options.queries:,} queries loaded",
                "the rows of its file",
                ours_loaded,
                plainly_loaded,
                file,
            ),
        ]
        seconds, most, found = apart(ours_built, large)
    built, loaded = compared
    result = {
        **described(),
        "load": os.getloadavg()[0],  # of other work too, which makes seconds longer
        "settings": {"images": options.images, "queries": options.queries},
        "compared": compared,
        "tenfold": {
            "seconds": seconds,
            "peak_bytes": most,
            "queries": len(found),
            "times_the_seconds": seconds / built["seconds"],
            "times_the_bytes": most / built["peak_bytes"],
        },
        "bytes_a_query": loaded["peak_bytes"] / options.queries,
    }
    keep(options.out, result)
    if not all(row["same"] for row in compared):
        sys.exit("the two ways do not find the same queries")


if __name__ == "__main__":
    main()
