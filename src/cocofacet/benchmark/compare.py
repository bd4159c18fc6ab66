"""The released benchmark beside the one rebuilt from annotations.

They cannot be equal: the authors cleaned up by hand and drew most negatives unseeded.
"""

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
    """One row for each facet and label of either benchmark, in the order of facets.

    Index: facet, label. `COLUMNS` count queries and distinct positive images;
    ``shared positives`` are positive in both. ``released text`` and ``rebuilt text``
    are the wordings, None where a benchmark has no such query.
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
    first, second = (
        {query.candidates[0] for query in side} for side in (released, rebuilt)
    )
    numbers = map(len, (released, rebuilt, first, second, first & second))
    texts = {
        "released text": released[0].text if released else None,
        "rebuilt text": rebuilt[0].text if rebuilt else None,
    }
    return dict(zip(COLUMNS, numbers, strict=True)) | texts


def by_facet(labels: pd.DataFrame) -> pd.DataFrame:
    """The sums of `by_label` for each facet, and in how many labels the two differ.

    Index: facet. ``labels`` counts labels in both; ``only released`` and ``only
    rebuilt`` those in one; ``worded differently`` as `reworded`.
    """
    released, rebuilt = labels["released queries"] > 0, labels["rebuilt queries"] > 0
    columns = {
        "labels": released & rebuilt,
        "only released": released & ~rebuilt,
        "only rebuilt": rebuilt & ~released,
        "worded differently": labels.index.isin(reworded(labels).index),
    }
    return labels[COLUMNS].assign(**columns).groupby("facet", sort=False).sum()


def reworded(labels: pd.DataFrame) -> pd.DataFrame:
    """The rows of `by_label` that are in both, in different words; outer white space
    does not count."""
    texts = labels[["released text", "rebuilt text"]].dropna()
    stripped = texts.apply(lambda column: column.str.strip())
    return texts[stripped["released text"] != stripped["rebuilt text"]]


def repeating(benchmark: Benchmark) -> pd.DataFrame:
    """How many queries of each facet have a candidate, or the positive, twice.

    Index: facet; columns: queries, ``repeat a candidate``, ``repeat the positive``.
    """
    rows = [
        {
            "facet": query.facet,
            "queries": 1,
            "repeat a candidate": len(set(query.candidates)) < len(query.candidates),
            "repeat the positive": query.candidates[0] in query.candidates[1:],
        }
        for query in benchmark.queries
    ]
    return pd.DataFrame(rows).groupby("facet", sort=False).sum()


def report(released: Benchmark, rebuilt: Benchmark) -> str:
    """The whole comparison as text: by facet, by label, wordings, repetitions."""
    labels = by_label(released, rebuilt)
    lines = [by_facet(labels).T.to_string()]
    lines += ["\nby label", labels[COLUMNS].to_string()]
    lines += ["\nworded differently, white space at the ends aside"]
    different = reworded(labels)
    for (facet, label), texts in different.iterrows():
        first, second = (text.strip() for text in texts)
        lines.append(f"{facet}, {label}: {first!r} | {second!r}")
    if different.empty:
        lines.append("none")
    lines += ["\nreleased pools with a picture more than once"]
    return "\n".join([*lines, repeating(released).to_string()])
