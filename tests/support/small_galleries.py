"""A benchmark whose gallery is known: which images carry which label."""

from cocofacet.benchmark.dataset import Benchmark, Query
from cocofacet.benchmark.facets import FACETS

NAME = "val2017/{:012d}.jpg".format


def cats_and_dogs(images=140):
    """Ten cats, ten dogs, the rest without an animal; two queries of one text each."""
    labels = ["cat"] * 10 + ["dog"] * 10 + [None] * (images - 20)
    labels_of = {NAME(n): (label,) if label else () for n, label in enumerate(labels)}
    rest = tuple(map(NAME, range(20, 119)))
    queries = tuple(
        Query(
            f"COCO_animal_retrieval:{row}",
            "animals",
            label,
            FACETS["animals"].wording(label),
            (NAME(image), *rest),
        )
        for row, (label, image) in enumerate(
            [("cat", 0), ("dog", 10), ("cat", 1), ("dog", 11)]
        )
    )
    return Benchmark(queries, {}, {"animals": labels_of})
