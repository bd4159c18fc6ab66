"""A benchmark small enough to sort by hand, for the tests of the explorer."""

from pathlib import Path

import numpy as np
from PIL import Image

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import Query
from cocofacet.report.explorer import data

IMAGES = 130
# Facet -> label -> how many pictures carry it, from the first picture on.
LABELS = {
    "animals": {"cat": 4, "dog": 2, "bird": 1},
    "weathers": {"snowy": 3, "stormy": 3},
}
QUESTIONS = {facet: FACETS[facet].question for facet in LABELS}


def picture(number: int) -> str:
    return f"val2017/{number:012d}.jpg"


def world() -> tuple:
    """A benchmark of two facets, and embeddings at random: texts and pictures."""
    rng = np.random.default_rng(5)
    queries, carried = [], {}
    for facet, labels in LABELS.items():
        owners = [label for label, count in labels.items() for _ in range(count)]
        carried[facet] = {
            picture(n): (owners[n],) if n < len(owners) else () for n in range(IMAGES)
        }
        for row, label in enumerate(owners):
            pool = rng.choice(np.arange(len(owners), IMAGES), 99, replace=False)
            text = FACETS[facet].wording(label)
            candidates = (picture(row), *map(picture, pool))
            queries.append(
                Query(f"{FACETS[facet].stem}:{row}", facet, label, text, candidates)
            )
    benchmark = Benchmark(tuple(queries), {}, carried)
    of_text = {query.text: rng.normal(size=6) for query in queries}
    texts = np.stack([of_text[query.text] for query in queries])
    prompts = (None, "", *QUESTIONS.values())
    images = {prompt: rng.normal(size=(IMAGES, 6)) for prompt in prompts}
    return benchmark, texts, images


def find(small: tuple) -> tuple:
    """The menu, and what each of its methods finds."""
    benchmark, texts, images = small
    ways = data.methods(QUESTIONS, "promptable", "dual")
    return ways, [data.find(benchmark, texts, images, w.prompts) for w in ways]


def draw(root: Path) -> Path:
    """A picture of one colour for each path, below ``root``."""
    for number in range(IMAGES):
        path = root / picture(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (300, 200), (2 * number % 255, 90, 140)).save(path)
    return root


def first_by_hand(small: tuple, prompt: str | None, row: int) -> list[str]:
    """The pool of one query, best first, in the plainest way: (score, path) sorted."""
    benchmark, texts, images = small
    query = benchmark.queries[row]
    scored = []
    for place, path in enumerate(query.candidates):
        score = float(texts[row] @ images[prompt][benchmark.images.index(path)])
        scored.append((-score, place == 0, path))
    return [path for _, _, path in sorted(scored)]
