"""The released benchmark beside the one rebuilt from annotations.

They cannot be equal: the authors cleaned up by hand, drew most negatives without a
seed, and took captions and annotations for rows where the rebuilt one takes images.
What can be compared is what is asked and which images answer it.
"""

from collections import Counter

import pandas as pd

from cocofacet.benchmark.dataset import Benchmark

COLUMNS = [
    "released queries",
    "rebuilt queries",
    "released positives",
    "rebuilt positives",
    "shared positives",
]


def by_label(released: Benchmark, rebuilt: Benchmark) -> pd.DataFrame:
    """A row for each facet and label of either, in the facets' order.

    Index facet, label. The columns count queries and distinct positive images, and the
    images that are positive for the label in both. ``released text`` and
    ``rebuilt text`` are the wordings, missing where one has no such query.
    """
    rows = {}
    for side, benchmark in (("rebuilt", rebuilt), ("released", released)):
        for query in benchmark.queries:
            key = (query.facet, query.label)
            found = rows.setdefault(key, {"released": [], "rebuilt": []})
            found[side].append(query)
    table = {key: _counts(**sides) for key, sides in rows.items()}
    facets = dict.fromkeys((*rebuilt.facets, *released.facets))
    ordered = [key for facet in facets for key in table if key[0] == facet]
    index = pd.MultiIndex.from_tuples(ordered, names=["facet", "label"])
    return pd.DataFrame([table[key] for key in ordered], index=index)


def _counts(released: list, rebuilt: list) -> dict[str, object]:
    positives, others = (
        {query.candidates[0] for query in side} for side in (released, rebuilt)
    )
    numbers = (
        len(released),
        len(rebuilt),
        len(positives),
        len(others),
        len(positives & others),
    )
    texts = {
        f"{name} text": side[0].text if side else None
        for name, side in (("released", released), ("rebuilt", rebuilt))
    }
    return dict(zip(COLUMNS, numbers, strict=True)) | texts


def by_facet(labels: pd.DataFrame) -> pd.DataFrame:
    """The sums of `by_label` for each facet, and how many labels differ, and how.

    Index facet. ``labels`` counts those in both; the next columns those only in one,
    and those that the two word differently, white space at the ends aside.
    """
    rows = {}
    for facet, part in labels.groupby(level="facet", sort=False):
        released, rebuilt = part["released queries"] > 0, part["rebuilt queries"] > 0
        rows[facet] = {
            **part[COLUMNS].sum(),
            "labels": int((released & rebuilt).sum()),
            "only released": int((released & ~rebuilt).sum()),
            "only rebuilt": int((rebuilt & ~released).sum()),
            "worded differently": len(reworded(part)),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("facet")


def reworded(labels: pd.DataFrame) -> pd.DataFrame:
    """The rows of `by_label` that are in both and worded differently."""
    texts = labels[["released text", "rebuilt text"]].dropna()
    stripped = texts.apply(lambda column: column.str.strip())
    return texts[stripped["released text"] != stripped["rebuilt text"]]


def repeating(benchmark: Benchmark) -> pd.DataFrame:
    """For each facet: queries whose pool repeats a candidate, or its own positive.

    Index facet, columns queries, ``repeat a candidate``, ``repeat the positive``.
    """
    rows = {}
    for facet in benchmark.facets:
        counts = [Counter(query.candidates) for query in benchmark.of(facet)]
        positives = [query.candidates[0] for query in benchmark.of(facet)]
        rows[facet] = {
            "queries": len(counts),
            "repeat a candidate": sum(max(count.values()) > 1 for count in counts),
            "repeat the positive": sum(
                count[positive] > 1
                for count, positive in zip(counts, positives, strict=True)
            ),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("facet")
