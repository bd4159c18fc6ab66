"""The chapter on the benchmark: the released queries beside the rebuilt ones."""

from pathlib import Path

import pandas as pd
from IPython.display import Markdown
from pandas.io.formats.style import Styler

from cocofacet.benchmark import compare, dataset
from cocofacet.benchmark.dataset import Benchmark
from cocofacet.report import tables
from cocofacet.report.notebook import markdown, prose
from cocofacet.report.sentences import listed


def beside_released(folder: Path, rebuilt: Benchmark) -> list[Markdown | Styler]:
    """What a page shows: tables and sentences, or how to get the released files.
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
    facets = compare.by_facet(labels)
    repeats = compare.repeating(released)
    return [
        tables.shown(facets.T, "released-facets"),
        prose(shared(facets)),
        tables.shown(labels[compare.COLUMNS], "released-labels"),
        prose(wording(compare.reworded(labels))),
        prose(repeated(repeats)),
    ]


def shared(facets: pd.DataFrame) -> str:
    """How much both have in common, from `compare.by_facet`."""
    sums = facets[compare.COLUMNS].sum()
    text = (
        f"The released files ask {sums['released queries']:,} queries, the rebuilt "
        f"ones {sums['rebuilt queries']:,}. Of {sums['released positives']:,} released "
        f"pairs of label and positive picture, {sums['shared positives']:,} are also "
        "rebuilt."
    )
    for side in ("released", "rebuilt"):
        alone = facets.index[facets[f"only {side}"] > 0]
        if len(alone):
            text += f" Labels that only the {side} ones have: on {listed(list(alone))}."
    return text


def wording(texts: pd.DataFrame) -> str:
    """Which labels are worded differently, from `compare.reworded`."""
    if texts.empty:
        return "Every label that both have is asked for in the same words."
    parts = [
        f"{facet}, {label}: “{row.iloc[0].strip()}” against “{row.iloc[1].strip()}”"
        for (facet, label), row in texts.iterrows()
    ]
    return f"Worded differently, the released first: {'; '.join(parts)}."


def repeated(table: pd.DataFrame) -> str:
    """How many released pools hold a picture twice, from `compare.repeating`."""
    repeats = table[table["repeat a candidate"] > 0]
    if repeats.empty:
        return "No released pool holds a picture twice."
    parts = [
        f"{row['repeat a candidate']:,} of {row.queries:,} on {facet}"
        for facet, row in repeats.iterrows()
    ]
    opposed = int(table["repeat the positive"].sum())
    text = f"Released pools that hold a picture more than once: {listed(parts)}."
    if opposed:
        text += (
            f" In {opposed:,} of them it is the positive, which then stands among its "
            "own negatives; it is not counted against itself."
        )
    return text
