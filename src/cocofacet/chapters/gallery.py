"""The chapter on the whole gallery: larger galleries, false negatives, exact search."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.evaluation.gallery import difference, macro, of_texts
from cocofacet.evaluation.scores import pool_scores
from cocofacet.evaluation.truth import ranks_three_ways
from cocofacet.io import read_json
from cocofacet.report import figures
from cocofacet.report.sentences import change, listed, percent, points
from cocofacet.report.style import MODES, finished, legend_below

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


def _order(values: pd.Series) -> str:
    """ "a > b = c", best first."""
    best_first = values.sort_values(ascending=False, kind="stable")
    same = np.isclose(best_first, best_first.shift())
    signs = ["", *np.where(same, " = ", " > ")[1:]]
    pairs = zip(signs, best_first.index, strict=True)
    return "".join(sign + MODES[mode][0] for sign, mode in pairs)


def order(table: pd.DataFrame, k: int) -> str:
    """Whether the order of the methods depends on the size, measure by measure."""
    said = []
    for measure, words in names(k).items():
        values = macro(table, measure).drop(columns=list(BOUNDS))
        orders = values.apply(_order, axis=1)
        parts = [
            f"{each} at {listed([str(size) for size in found.index])}"
            for each, found in orders.groupby(orders, sort=False)
        ]
        if len(parts) == 1:
            how = f"is the same at every size: {orders.iloc[0]}"
        else:
            how = f"depends on the size: {'; '.join(parts)}"
        said.append(f"By {words} the order {how}.")
    return " ".join(said)


def gain(table: pd.DataFrame, mode: str) -> str:
    """What a mode changes in the whole gallery against no prompt, in mAP."""
    value, low, high = difference(table, "ap", mode, "general")
    whole = macro(table, "ap").iloc[-1]
    return (
        f"In the whole gallery of {whole.name:,} pictures, {MODES[mode][0]} has mAP "
        f"{percent(whole[mode])}, no prompt {percent(whole.general)}, a random order "
        f"{percent(whole.chance)}: {change(value, low, high)}."
    )


def falling(table: pd.DataFrame, mode: str) -> str:
    """How a mode's mAP moves from the smallest gallery to the whole one, beside what
    mere size does to a random order."""
    values = macro(table, "ap")
    small, whole = values.iloc[0], values.iloc[-1]
    return (
        f"From {small.name:,} pictures to {whole.name:,} the mAP of {MODES[mode][0]} "
        f"changes by {points(whole[mode] - small[mode])}; that of a random order by "
        f"{points(whole.chance - small.chance)}, by the size alone."
    )


def best_by_facet(table: pd.DataFrame) -> str:
    """On which facets which mode has the highest mAP in the whole gallery."""
    whole = of_texts(table, "ap").loc[table["size"].max()].drop(columns=list(BOUNDS))
    facets = whole.groupby("facet", sort=False).mean()
    best = {
        facet: listed([MODES[m][0] for m in row.index[np.isclose(row, row.max())]])
        for facet, row in facets.iterrows()
    }
    groups = pd.Series(best).groupby(pd.Series(best), sort=False)
    parts = [f"{who} on {listed(list(found.index))}" for who, found in groups]
    if len(parts) == 1:
        return f"On every facet {best[facets.index[0]]} has the highest mAP."
    return f"The highest mAP has {'; '.join(parts)}."


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
    k: int,
) -> pd.DataFrame:
    """What false negatives do to Recall@k of a benchmark's pools, query by query.

    false (Q, 99) as from `truth.false_negatives`, the others as in
    `search_over_sizes`. Columns facet, mode, false (how many in the pool) and, for each
    of ``WAYS``, the hit.
    """
    parts = []
    facets = np.array([query.facet for query in benchmark.queries])
    pools = benchmark.pool_indices()
    for mode, prompts in modes.items():
        for facet in benchmark.facets:
            rows = np.flatnonzero(facets == facet)
            scores = pool_scores(queries[rows], images[prompts[facet]], pools[rows])
            ranks = ranks_three_ways(scores, false[rows])
            found = {way: of <= k for way, of in ranks.items()}
            found |= {"facet": facet, "mode": mode, "false": false[rows].sum(axis=1)}
            parts.append(pd.DataFrame(found))
    return pd.concat(parts, ignore_index=True)


def false_negative_recalls(found: pd.DataFrame) -> pd.DataFrame:
    """(mode, facet) down, each mode's macro last: false negatives a pool, then the
    recall of each of ``WAYS``; fractions."""
    numbers = ["false", *WAYS]
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


def hidden(found: pd.DataFrame, k: int, which: str) -> str:
    """How many false negatives pools hold and what they do to recall; from
    `false_negatives` with two modes, ``which`` names the pools."""
    one = found[found["mode"] == found["mode"].iloc[0]]
    number = int(one["false"].sum())
    if not number:
        return f"{which} hold no false negative among {99 * len(one):,} candidates."
    averages = false_negative_recalls(found).xs("macro", level="facet")
    worst = one.groupby("facet")["false"].mean().idxmax()
    said = [
        f"{MODES[mode][0]} has {percent(row['as is'])} with them, "
        f"{points(row.removed - row['as is'])} without and "
        f"{points(row.right - row['as is'])} when they count as right"
        for mode, row in averages.iterrows()
    ]
    return (
        f"{which} hold {number:,} false negatives, {number / len(one):.1f} a pool, "
        f"most on {worst}. In Recall@{k}, macro over facets, {'; '.join(said)}. "
        + _misled(averages, k)
    )


def _misled(macro: pd.DataFrame, k: int) -> str:
    """Whether they hide or turn the gain of the second mode over the first."""
    one, two = (MODES[mode][0] for mode in macro.index)
    seen, true = macro["as is"].diff().iloc[1], macro.removed.diff().iloc[1]
    effect = "hide a part of it" if abs(seen) < abs(true) else "enlarge it"
    if seen * true < 0:
        effect = "turn it round"
    elif np.isclose(seen, true):
        effect = "do not touch it"
    return (
        f"The gain of {two} over {one} is {points(seen)} in Recall@{k} with them and "
        f"{points(true)} without: they {effect}."
    )


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
            }
    found = pd.DataFrame.from_dict(rows, orient="index").astype(float)
    return found.rename_axis(index=["vectors", "way"])


def digits(value: float) -> str:
    """A cell of `speed` in three digits.

    >>> [digits(value) for value in (4635.2, 93.33, 0.0000047)]
    ['4,635', '93.3', 'below 0.01']
    """
    if value < 0.01:
        return "below 0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def fastest(measured: dict) -> str:
    """Which way is fastest with most vectors, whether all agree, and on what."""
    size = measured["sizes"][-1]
    ways = {way: found for way, found in size["ways"].items() if found}
    times = {w: found["milliseconds_for_all_queries"] for w, found in ways.items()}
    best, worst = min(times, key=times.get), max(times, key=times.get)
    agree = min(found["same_pictures"] for found in ways.values())
    same = f"they agree on {100 * agree:.1f} % of the pictures"
    if agree == 1:
        same = "all find the same pictures"
    text = (
        f"Among {size['vectors']:,} vectors of {measured['d']} dimensions "
        f"({size['bytes'] / 1e9:.1f} GB), the {measured['best']} best of "
        f"{measured['queries']} queries take {times[best]:,.0f} ms by {best}"
    )
    if len(times) > 1:
        text += f" and {times[worst]:,.0f} ms by {worst}; {same}"
    return f"{text} ({measured['device']}, {measured['cores']} cores)."
