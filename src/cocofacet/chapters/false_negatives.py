"""What false negatives do to recall: a table and sentences of the gallery's chapter."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.evaluation.ranking import pool_scores
from cocofacet.evaluation.truth import ranks_three_ways
from cocofacet.report.sentences import percent, points
from cocofacet.report.style import MODES

# How a false negative is dealt with -> in words.
WAYS = {
    "as is": "counted wrong",
    "removed": "taken out",
    "right": "counted right",
}
NOT_KNOWN = (
    "What these pictures truly show is not known beyond their annotations, so false "
    "negatives cannot be counted here."
)


def by_query(
    benchmark: Benchmark,
    false: np.ndarray,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    modes: Mapping[str, Mapping[str, str | None]],
    k: int,
) -> pd.DataFrame:
    """What false negatives do to Recall@k of a benchmark's pools, query by query.

    false (Q, 99) as from `truth.false_negatives`, the others as in
    `whole_gallery.over_sizes`. Columns facet, mode, false (how many in the pool) and,
    for each of ``WAYS``, the hit.
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


def recalls(found: pd.DataFrame) -> pd.DataFrame:
    """(mode, facet) down, each mode's macro last: false negatives a pool, then the
    recall of each of ``WAYS``; fractions."""
    numbers = ["false", *WAYS]
    facets = found.groupby(["mode", "facet"], sort=False)[numbers].mean()
    parts = {
        mode: rows.droplevel("mode")
        for mode, rows in facets.groupby(level=0, sort=False)
    }
    for rows in parts.values():
        rows.loc["macro"] = rows.mean()
    return pd.concat(parts, names=["mode"])


def table(pools: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Facets down, (pools, mode, way) across; ``pools`` maps words for the pools to
    `recalls`. Recalls in percent."""
    columns = {}
    for words, found in pools.items():
        for mode, rows in found.groupby(level="mode", sort=False):
            rows = rows.droplevel("mode")
            columns[words, "", "a pool"] = rows["false"].map("{:.1f}".format)
            for way, said in WAYS.items():
                columns[words, MODES[mode][0], said] = (100 * rows[way]).map(
                    "{:.1f}".format
                )
    return pd.DataFrame(columns).rename_axis("facet")


def hidden(found: pd.DataFrame, k: int, which: str) -> str:
    """How many false negatives pools hold and what they do to recall; from
    `by_query` with two modes, ``which`` names the pools."""
    one = found[found["mode"] == found["mode"].iloc[0]]
    number = int(one["false"].sum())
    if not number:
        return f"{which} hold no false negative among {99 * len(one):,} candidates."
    averages = recalls(found)
    worst = one.groupby("facet")["false"].mean().idxmax()
    said = []
    for mode in dict.fromkeys(found["mode"]):
        row = averages.loc[(mode, "macro")]
        said.append(
            f"{MODES[mode][0]} has {percent(row['as is'])} with them, "
            f"{points(row.removed - row['as is'])} without and "
            f"{points(row.right - row['as is'])} when they count as right"
        )
    return (
        f"{which} hold {number:,} false negatives, {number / len(one):.1f} a pool, "
        f"most on {worst}. In Recall@{k}, macro over facets, {'; '.join(said)}. "
        + _misled(averages, k)
    )


def _misled(averages: pd.DataFrame, k: int) -> str:
    """Whether they hide or turn the gain of the second mode over the first."""
    (one, first), (two, second) = (
        (MODES[mode][0], rows.loc[(mode, "macro")])
        for mode, rows in averages.groupby(level="mode", sort=False)
    )
    seen, true = second["as is"] - first["as is"], second.removed - first.removed
    start = (
        f"The gain of {two} over {one} is {points(seen)} in Recall@{k} with them and "
        f"{points(true)} without"
    )
    if seen * true < 0:
        return f"{start}: they turn it round."
    if np.isclose(seen, true):
        return f"{start}: they do not touch it."
    return (
        f"{start}: they {'hide a part of' if abs(seen) < abs(true) else 'enlarge'} it."
    )
