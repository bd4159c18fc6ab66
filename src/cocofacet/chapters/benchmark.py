"""The chapter on the benchmark: the released queries beside the rebuilt ones."""

from pathlib import Path

from IPython.display import Markdown
from pandas.io.formats.style import Styler

from cocofacet.benchmark import compare, dataset
from cocofacet.benchmark.dataset import Benchmark
from cocofacet.report import tables
from cocofacet.report.notebook import markdown


def beside_released(folder: Path, rebuilt: Benchmark) -> list[Markdown | Styler]:
    """What a page shows: tables, or how to get the released files.
    Raises ``InputError`` where the folder cannot be read."""
    if not Path(folder).is_dir():
        return [
            markdown(
                "The released files are not here, so there is nothing to compare: "
                "`cocofacet fetch coco-facet --out data/coco` fetches them, for a run "
                "on photographs."
            )
        ]
    released = dataset.load(folder)
    labels = compare.by_label(released, rebuilt)
    return [
        markdown("How much both have in common, by facet:"),
        tables.shown(compare.by_facet(labels).T, "released-facets"),
        markdown("By label:"),
        tables.shown(labels[compare.COLUMNS], "released-labels"),
        markdown("Labels that are worded differently:"),
        tables.shown(compare.reworded(labels), "released-words", "words"),
        markdown(
            "Released pools that hold a picture twice. A positive among its own "
            "negatives is not counted against itself."
        ),
        tables.shown(compare.repeating(released), "released-repeats"),
    ]
