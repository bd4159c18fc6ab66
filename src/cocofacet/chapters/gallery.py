"""The chapter on the whole gallery: larger galleries, false negatives, exact search."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.evaluation.gallery import difference, macro, of_texts
from cocofacet.evaluation.ranking import rank_rows
from cocofacet.evaluation.scores import pool_scores
from cocofacet.evaluation.truth import ranks_three_ways
from cocofacet.report import figures
from cocofacet.report.findings import Finding, finding
from cocofacet.report.style import MODES, finished, legend_below
from cocofacet.report.tables import difference_row, of_mode

BOUNDS = ("chance", "perfect")


def over_sizes(
    panels: Mapping[str, pd.DataFrame], k: int, sizes: Sequence[int], shown_as: str
) -> Figure:
    """Each measure against the size of the gallery, a row of panels for each
    retriever's `search_over_sizes`."""
    names = {"ap": "mAP", f"recall@{k}": f"Recall@{k}"}
    names |= {f"precision@{k}": f"Precision@{k}"}
    values = {
        (retriever, name): macro(table, measure)
        for retriever, table in panels.items()
        for measure, name in names.items()
    }
    wide = 100 * pd.concat(values, names=["retriever", "measure", "size"])
    tidy = wide.rename_axis(columns="mode").stack().rename("value").reset_index()
    grid = figures.curves(
        tidy.dropna(), "size", "value", "mode", MODES, lines=dict.fromkeys(BOUNDS, ":"),
        row="retriever", col="measure", height=2.9, aspect=1.1, ylim=(0, 103),
    )  # fmt: skip
    grid.set_titles("{row_name}: {col_name}", size=10)
    grid.set_axis_labels("pictures in the gallery", "%, macro over facets")
    for axes in grid.axes.flat:
        figures.log_ticks(axes, sizes)
    legend_below(grid.figure, grid.axes.flat)
    return finished(grid.figure, shown_as)


def by_facet(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The whole gallery: facets and their mean down; the texts, the mean numbers of
    positives and of images ranked, and the mAP of each retriever and mode in percent.
    """
    columns = {}
    for retriever, table in tables.items():
        whole = table[table["size"] == table["size"].max()]
        of_facet = whole[whole["mode"] == "chance"].groupby("facet", sort=False)
        columns["", "texts"] = of_facet.size()
        columns["", "positives"] = of_facet.positives.mean()
        columns["", "ranked"] = of_facet.candidates.mean()
        values = of_texts(whole, "ap").groupby("facet", sort=False).mean()
        for mode in dict.fromkeys(whole["mode"]):
            if mode != "perfect":
                owner = "" if mode == "chance" else retriever
                columns[owner, MODES[mode][0]] = 100 * values[mode]
    found = pd.DataFrame(columns)
    found.loc["macro"] = found.mean()
    found.loc["macro", ("", "texts")] = found["", "texts"][:-1].sum()
    return found.astype({("", "texts"): int}).rename_axis("facet")


# The mode said to be better, and the other.
CONTRASTS = {
    "prompted": ("prompted", "general"),
    "average": ("average", "general"),
    "over_average": ("prompted", "average"),
}


def findings_of(table: pd.DataFrame) -> dict[str, Finding]:
    """`CONTRASTS` in mAP, in the whole gallery and in the smallest ("_small"); from
    `search_over_sizes`."""
    sizes, said = table["size"], {}
    for key, modes in CONTRASTS.items():
        for size, end in {sizes.min(): "_small", sizes.max(): ""}.items():
            said[key + end] = finding(
                " − ".join(MODES[mode][0] for mode in modes),
                f"mAP, macro, {size:,} pictures",
                difference(table[sizes == size], "ap", *modes),
            )
    return said


# How a false negative is dealt with -> in words.
WAYS = {"as is": "counted wrong", "removed": "taken out", "right": "counted right"}


def false_negatives(
    benchmark: Benchmark,
    false: np.ndarray,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    modes: Mapping[str, Mapping[str, str | None]],
) -> pd.DataFrame:
    """What false negatives do to ranks in a benchmark's pools, query by query.

    false (Q, 99) as from `truth.false_negatives`, the others as in
    `search_over_sizes`. The tidy table of ranks, with columns false (how many in the
    pool) and, for each of ``WAYS``, the rank.
    """
    parts = []
    facets = np.array([query.facet for query in benchmark.queries])
    pools = benchmark.pool_indices()
    for mode, prompts in modes.items():
        for facet in benchmark.facets:
            rows = np.flatnonzero(facets == facet)
            scores = pool_scores(queries[rows], images[prompts[facet]], pools[rows])
            ranked = rank_rows(benchmark.of(facet), scores, mode, prompts[facet])
            found = ranks_three_ways(scores, false[rows])
            parts.append(ranked.assign(false=false[rows].sum(axis=1), **found))
    return pd.concat(parts, ignore_index=True)


def false_negative_recalls(found: pd.DataFrame, k: int) -> pd.DataFrame:
    """(mode, facet) down, each mode's macro last: false negatives a pool, then the
    Recall@k of each of ``WAYS``; fractions. ``found``: `false_negatives`."""
    numbers = ["false", *WAYS]
    found = found.assign(**{way: found[way] <= k for way in WAYS})
    parts = {
        mode: rows.groupby("facet", sort=False)[numbers].mean()
        for mode, rows in found.groupby("mode", sort=False)
    }
    for rows in parts.values():
        rows.loc["macro"] = rows.mean()
    return pd.concat(parts, names=["mode"])


def with_false_negatives(found: pd.DataFrame, which: str, k: int) -> dict[str, Finding]:
    """What the facet's question gains in pools where false negatives are counted wrong,
    and where they are taken out; ``found``: `false_negatives`; ``which``: the pools."""
    pair = [of_mode(found, mode) for mode in ("prompted", "general")]
    return {
        way.replace(" ", "_"): finding(
            f"the facet's question − no prompt, false negatives {WAYS[way]}",
            f"{which}: Recall@{k}, macro",
            difference_row(*(rows.assign(rank=rows[way]) for rows in pair), k),
        )
        for way in ("as is", "removed")
    }


# What `benchmarks/exact_search.py` measures -> its heading, and what its unit holds.
SPEED = {
    "milliseconds_for_all_queries": ("all queries (ms)", 1),
    "milliseconds_for_one_query": ("one query (ms)", 1),
    "seconds_to_build": ("to build (s)", 1),
    "peak_bytes_of_the_process": ("most memory (GB)", 1e9),
    "same_pictures": ("same pictures (%)", 0.01),
}


def speed(measured: Mapping) -> pd.DataFrame:
    """(vectors, way) down, `SPEED` across; missing where a way is not installed."""
    rows = {
        (size["vectors"], way): {
            heading: (found or {}).get(name, np.nan) / unit
            for name, (heading, unit) in SPEED.items()
        }
        for size in measured["sizes"]
        for way, found in size["ways"].items()
    }
    found = pd.DataFrame.from_dict(rows, orient="index")
    return found.rename_axis(index=["vectors", "way"])
