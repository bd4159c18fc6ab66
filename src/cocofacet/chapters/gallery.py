"""The chapter on the whole gallery: larger galleries, false negatives, exact search."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.evaluation.gallery import difference, macro, of_texts
from cocofacet.evaluation.ranking import rank_rows
from cocofacet.evaluation.scores import pool_scores
from cocofacet.evaluation.truth import ranks_three_ways
from cocofacet.io import read_json
from cocofacet.report import figures
from cocofacet.report.findings import Finding, finding
from cocofacet.report.style import MODES, finished, legend_below
from cocofacet.report.tables import difference_row, of_mode

BOUNDS = ("chance", "perfect")


def names(k: int) -> dict[str, str]:
    """The measures of a chapter, as columns of the table -> as readers call them."""
    at_k = (f"recall@{k}", f"precision@{k}")
    return {"ap": "mAP", **{name: name.capitalize() for name in at_k}}


def over_sizes(
    panels: Mapping[str, pd.DataFrame], k: int, sizes: Sequence[int], shown_as: str
) -> Figure:
    """Each measure against the size of the gallery, a row of panels for each
    retriever's `search_over_sizes`."""
    values = {
        (retriever, name): macro(table, measure)
        for retriever, table in panels.items()
        for measure, name in names(k).items()
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


def by_facet(tables: Mapping[str, pd.DataFrame], k: int) -> pd.DataFrame:
    """The whole gallery: facets and their mean down, (retriever, mode, measure) across.

    In percent, with the texts and the mean numbers of positives and of images ranked.
    """
    first = next(iter(tables.values()))
    size = first["size"].max()
    some = first[(first["size"] == size) & (first["mode"] == "chance")]
    counts = some.groupby("facet", sort=False).agg(
        texts=("text", "size"),
        positives=("positives", "mean"),
        ranked=("candidates", "mean"),
    )
    columns = {("", "", name): counts[name] for name in counts}
    for retriever, table in tables.items():
        for mode in dict.fromkeys(table["mode"]):
            if mode in BOUNDS and table is not first:
                continue
            for measure, words in names(k).items():
                values = of_texts(table, measure)[mode].loc[size]
                key = ("" if mode in BOUNDS else retriever, MODES[mode][0], words)
                columns[key] = 100 * values.groupby("facet", sort=False).mean()
    found = pd.DataFrame(columns)
    found.loc["macro"] = found.mean()
    found.loc["macro", ("", "", "texts")] = counts.texts.sum()
    return found.rename_axis("facet")


# The mode said to be better, and the other.
CONTRASTS = {
    "prompted": ("prompted", "general"),
    "average": ("average", "general"),
    "over_average": ("prompted", "average"),
}


def findings_of(table: pd.DataFrame) -> dict[str, Finding]:
    """`CONTRASTS` in mAP, in the whole gallery and in the smallest ("_small"), and what
    the facet's question gains on each facet; from `search_over_sizes`."""
    sizes = sorted(set(table["size"]))
    said = {}
    for key, modes in CONTRASTS.items():
        for size in sizes[-1:] + sizes[:-1][:1]:
            name = key if size == sizes[-1] else f"{key}_small"
            here = table[table["size"] == size]
            said[name] = _in_map(here, modes, f"macro, {size:,} pictures")
    whole = table[table["size"] == sizes[-1]]
    modes = CONTRASTS["prompted"]
    for facet, here in whole.groupby("facet", sort=False):
        where = f"{facet}, {sizes[-1]:,} pictures"
        said[f"prompted_{facet}"] = _in_map(here, modes, where)
    return said


def _in_map(table: pd.DataFrame, modes: tuple[str, str], where: str) -> Finding:
    contrast = " − ".join(MODES[mode][0] for mode in modes)
    return finding(contrast, f"mAP, {where}", difference(table, "ap", *modes))


# How a false negative is dealt with -> in words.
WAYS = {"as is": "counted wrong", "removed": "taken out", "right": "counted right"}
NOT_KNOWN = (
    "What these pictures truly show is not known beyond their annotations, so false "
    "negatives cannot be counted here."
)


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


def false_negative_grid(pools: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Facets down, (pools, mode, way) across; ``pools`` maps words for the pools to
    `false_negative_recalls`. Recalls in percent."""
    columns = {}
    for words, found in pools.items():
        percents = (100 * found[list(WAYS)]).map("{:.1f}".format)
        for mode in dict.fromkeys(found.index.get_level_values("mode")):
            number = found.loc[mode, "false"].map("{:.1f}".format)
            columns[words, "", "a pool"] = number
            for way, said in WAYS.items():
                columns[words, MODES[mode][0], said] = percents.loc[mode, way]
    return pd.DataFrame(columns).rename_axis("facet")


def with_false_negatives(found: pd.DataFrame, which: str, k: int) -> dict[str, Finding]:
    """What the facet's question gains in pools, for each of ``WAYS``; ``found``:
    `false_negatives`; ``which`` are the pools, in words."""
    prompted, general = (of_mode(found, mode) for mode in ("prompted", "general"))
    return {
        way.replace(" ", "_"): finding(
            f"the facet's question − no prompt, false negatives {words}",
            f"{which}: Recall@{k}, macro",
            difference_row(
                *(rows.assign(rank=rows[way]) for rows in (prompted, general)), k
            ),
        )
        for way, words in WAYS.items()
    }


NOT_MEASURED = (
    "Exact search was not measured here: `python benchmarks/exact_search.py` does it."
)


def read_speed(path: Path) -> dict:
    """What the measurement wrote; empty where there is none."""
    return read_json(path, dict) if Path(path).is_file() else {}


def speed(measured: dict) -> pd.DataFrame:
    """(vectors, way) down: milliseconds, seconds, and memory in GB (10^9 bytes)."""
    rows = {}
    for size in measured["sizes"]:
        for way, found in size["ways"].items():
            row = found or {}
            rows[f"{size['vectors']:,}", way] = {
                "all queries (ms)": row.get("milliseconds_for_all_queries"),
                "one query (ms)": row.get("milliseconds_for_one_query"),
                "to build (s)": row.get("seconds_to_build"),
                "most memory (GB)": row.get("peak_bytes_of_the_process", np.nan) / 1e9,
                "vectors alone (GB)": size["bytes"] / 1e9,
                "same pictures (%)": 100 * row.get("same_pictures", np.nan),
            }
    found = pd.DataFrame.from_dict(rows, orient="index").astype(float)
    return found.rename_axis(index=["vectors", "way"])


def measured_on(measured: dict) -> str:
    """What was searched, and where, in one line."""
    return (
        f"The {measured['best']} best of {measured['queries']} queries, "
        f"{measured['d']} dimensions; {measured['device']}, {measured['cores']} cores"
    )


def digits(value: float) -> str:
    """A cell of `speed` in three digits.

    >>> [digits(value) for value in (4635.2, 93.33, 0.0000047)]
    ['4,635', '93.3', 'below 0.01']
    """
    if value < 0.01:
        return "below 0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
