"""The largest gains and the worst failures: chosen by rule, shown, and summed up."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import HTML

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.images import path_of
from cocofacet.report.explorer.page import styles, thumbnail
from cocofacet.report.sentences import listed
from cocofacet.report.tables import of_mode

ABOVE = 5  # pictures shown of those that stand above the positive
WHEN = {"before": "without a prompt", "after": "with the question"}


def before_and_after(ranks: pd.DataFrame) -> pd.DataFrame:
    """A row a query, in the benchmark's order: facet, query, text, label, and the rank
    ``before`` (no prompt) and ``after`` (the facet's question).

    ``ranks`` holds one retriever. Raises ValueError when the modes rank different
    queries.
    """
    keys = ["facet", "query", "text", "label"]
    before = of_mode(ranks, "general")[[*keys, "rank"]]
    after = of_mode(ranks, "prompted")[["query", "rank"]]
    both = before.merge(after, on="query", suffixes=("", "_after"))
    if not len(both) == len(before) == len(after):
        raise ValueError(
            f"the modes rank different queries: {len(before)} and {len(after)}, "
            f"{len(both)} in common"
        )
    return both.rename(columns={"rank": "before", "rank_after": "after"})


def largest_gains(both: pd.DataFrame) -> pd.DataFrame:
    """For each facet the query whose rank improves most; of equals the first.

    A facet of which no query improves has no row.
    """
    gain = both.before - both.after
    best = gain.groupby(both.facet, sort=False).idxmax()
    return both.loc[best[gain[best].to_numpy() > 0]]


def worst(both: pd.DataFrame) -> pd.DataFrame:
    """For each facet the query whose rank with the question is the last; of equals the
    first.

    A facet whose every positive ranks first has no row: nothing fails there.
    """
    last = both.after.groupby(both.facet, sort=False).idxmax()
    return both.loc[last[both.after[last].to_numpy() > 1]]


def left_out(both: pd.DataFrame, rows: pd.DataFrame, reason: str) -> str:
    """Which facets ``rows`` has no query of; "" where it has one of each."""
    missing = [f for f in both.facet.unique() if f not in set(rows.facet)]
    return f"Not shown: {listed(missing)}, where {reason}." if missing else ""


def gallery(
    benchmark: Benchmark,
    root: Path,
    rows: pd.DataFrame,
    first: np.ndarray,
    when: str,
    shown_as: str,
) -> HTML:
    """One figure a query: the positive, then what stands above it.

    ``rows`` are of `before_and_after`; ``when`` is "before" or "after", and ``first``
    (Q, 10), of `data.find`, holds what came first then; images lie under ``root``.
    """
    position = {query.id: row for row, query in enumerate(benchmark.queries)}
    figures = []
    for row in rows.itertuples():
        query = benchmark.queries[position[row.query]]
        best = [benchmark.images[image] for image in first[position[row.query]]]
        positive = query.candidates[0]
        if positive in best:
            best = best[: best.index(positive)]
        figures.append(_figure(benchmark, root, row, positive, best, when, shown_as))
    return HTML(styles() + "\n".join(figures))


def _figure(
    benchmark: Benchmark,
    root: Path,
    row,
    positive: str,
    above: Sequence[str],
    when: str,
    shown_as: str,
) -> str:
    labels = benchmark.labels.get(row.facet, {})

    def item(image: str, words: str, kind: str = "") -> str:
        small = thumbnail(path_of(root, image))
        words_of = "; ".join(labels[image]) or "no label" if image in labels else ""
        return (
            f'<li class="{kind}"><img alt="{words}" width="128" height="128" '
            f'src="data:image/jpeg;base64,{base64.b64encode(small).decode()}">'
            f"<b>{words}</b> <span>{escape(words_of)}</span></li>"
        )

    items = [item(positive, "✓ looked for", "hit")]
    items += [item(name, f"{n}") for n, name in enumerate(above[:ABOVE], start=1)]
    all_above = getattr(row, when) - 1
    caption = f"{len(items) - 1} of {all_above} ranked above it {WHEN[when]}"
    return (
        f'<figure class="explorer-figure"><p><b>{escape(row.facet)}</b>: '
        f"“{escape(row.text.strip())}” Rank {row.before} without a prompt, "
        f'<b>{row.after}</b> with the question.</p><ol class="explorer-pictures">'
        f"{''.join(items)}</ol><figcaption>{escape(shown_as)}; {escape(row.query)}; "
        f"{caption}</figcaption></figure>"
    )


def table(both: pd.DataFrame) -> pd.DataFrame:
    """Facets down, all of them last: in how many queries the positive rises, stays
    and falls, the median rank before and after, the largest gain, the last rank."""
    groups = [*both.groupby("facet", sort=False), ("all", both)]
    rows = {}
    for name, queries in groups:
        gain = queries.before - queries.after
        rows[name] = {
            "queries": len(queries),
            "rises": (gain > 0).sum(),
            "stays": (gain == 0).sum(),
            "falls": (gain < 0).sum(),
            "median before": f"{queries.before.median():g}",
            "median after": f"{queries.after.median():g}",
            "largest gain": gain.max(),
            "last after": queries.after.max(),
        }
    return pd.DataFrame(rows).T.rename_axis("facet")


def moved(both: pd.DataFrame) -> str:
    """Whether more positives rise than fall, and how the median rank moves."""
    gain = both.before - both.after
    rises, falls = int((gain > 0).sum()), int((gain < 0).sum())
    start = {
        True: "More positives rise than fall with the facet's question",
        False: "No more positives rise than fall with the facet's question",
    }[rises > falls]
    return (
        f"{start}: of {len(both):,} queries {rises:,} rise, {falls:,} fall and "
        f"{len(both) - rises - falls:,} stay. The median rank goes from "
        f"{both.before.median():g} to {both.after.median():g}."
    )


def furthest(both: pd.DataFrame) -> str:
    """The single largest gain, or that there is none."""
    gain = both.before - both.after
    best = both.loc[gain.idxmax()]
    if gain.max() <= 0:
        return "The question raises no positive."
    return (
        f"The largest gain is one of {best.facet}: “{best.text.strip()}” ranks its "
        f"positive {best.before} without a prompt and {best.after} with the question."
    )


def failures(both: pd.DataFrame, last: int = 50) -> str:
    """How many positives rank in the lower half of their pool even with the
    question, and how many of those the question brought there."""
    low = both[both.after > last]
    if low.empty:
        return f"With the question no positive ranks behind {last}."
    brought = int((low.before <= last).sum())
    facet, most = next(iter(low.facet.value_counts().items()))
    share = "all" if most == len(low) else f"{most:,}"
    return (
        f"With the question {len(low):,} of {len(both):,} positives rank behind "
        f"{last}, {share} of them in {facet}. Without a prompt {brought:,} of them "
        f"stand among the first {last}."
    )
