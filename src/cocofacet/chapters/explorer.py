"""The largest gains and the worst failures: chosen by rule, shown, and summed up."""

import base64
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import HTML

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.images import path_of
from cocofacet.escape import NO_MATH, html
from cocofacet.report.explorer.data import numbers
from cocofacet.report.explorer.link import link
from cocofacet.report.explorer.page import styles, thumbnail
from cocofacet.report.sentences import listed
from cocofacet.report.tables import of_mode

ABOVE = 3  # pictures shown of those that stand above the positive
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
    """For each facet the query whose rank improves most; of equals the first. No row
    where none improves."""
    gain = both.before - both.after
    best = gain.groupby(both.facet, sort=False).idxmax()
    return both.loc[best[gain[best].to_numpy() > 0]]


def worst(both: pd.DataFrame) -> pd.DataFrame:
    """For each facet the query whose rank with the question is the last; of equals the
    first. No row where every positive ranks first: nothing fails there."""
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
    caption: str,
    per_text: int = 0,
) -> HTML:
    """A figure with a row a query: the positive, then what stands above it.

    ``rows`` are of `before_and_after`; ``when`` is "before" or "after", and ``first``
    (Q, 10), of `data.find`, holds what came first then; images lie under ``root``.
    Queries among the ``per_text`` first of their text, 0 for all, have a link to the
    explorer.
    """
    counted = numbers(benchmark)
    position = {query.id: row for row, query in enumerate(benchmark.queries)}
    shown = []
    for row in rows.itertuples():
        query = benchmark.queries[position[row.query]]
        best = [benchmark.images[image] for image in first[position[row.query]]]
        positive = query.candidates[0]
        above = best[: best.index(positive)] if positive in best else best
        pictures = [(positive, "✓ looked for", "hit")]
        pictures += [
            (name, f"{n}", "") for n, name in enumerate(above[:ABOVE], start=1)
        ]
        labels = benchmark.labels.get(row.facet, {})
        items = [_item(root, labels, *picture) for picture in pictures]
        number = counted[position[row.query]]
        there = not per_text or number <= per_text
        address = link(row.facet, row.text, picture=number) if there else ""
        shown.append(_row(row, items, when, address))
    return HTML(
        f'{styles()}<figure class="explorer-figure {NO_MATH}">{"".join(shown)}'
        f"<figcaption>{html(caption)}</figcaption></figure>"
    )


def _item(root: Path, labels: Mapping, image: str, words: str, kind: str) -> str:
    small = base64.b64encode(thumbnail(path_of(root, image))).decode()
    carries = "; ".join(labels[image]) or "no label" if image in labels else ""
    place = words if kind else f"Rank {words}"
    alt = f"{place}: {carries}" if carries else place
    return (
        f'<li class="{kind}"><img alt="{html(alt)}" width="160" height="160" '
        f'src="data:image/jpeg;base64,{small}">'
        f"<b>{words}</b> <span>{html(carries)}</span></li>"
    )


def _row(row, items: list[str], when: str, address: str) -> str:
    all_above = getattr(row, when) - 1
    said = f"{row.query}: {len(items) - 1} of {all_above} ranked above it {WHEN[when]}."
    compare = f' <a href="{html(address)}">Compare in the explorer</a>' * bool(address)
    return (
        f"<p><b>{html(row.facet)}</b>: "
        f"“{html(row.text.strip())}” Rank {row.before} without a prompt, "
        f'<b>{row.after}</b> with the question.</p><ol class="explorer-pictures">'
        f'{"".join(items)}</ol><p class="explorer-caption">{html(said)}{compare}</p>'
    )


def table(both: pd.DataFrame) -> pd.DataFrame:
    """Facets down, all of them last: in how many queries the positive rises, stays
    and falls, the median rank before and after, the largest gain, the last rank."""
    gain = both.before - both.after
    moves = both.assign(gain=gain, rises=gain > 0, stays=gain == 0, falls=gain < 0)
    moves = pd.concat([moves, moves.assign(facet="all")]).groupby("facet", sort=False)
    median = moves[["before", "after"]].median().map("{:g}".format)
    return pd.DataFrame(
        {
            "queries": moves.size(),
            **moves[["rises", "stays", "falls"]].sum(),
            "median before": median.before,
            "median after": median.after,
            "largest gain": moves.gain.max(),
            "last after": moves.after.max(),
        }
    )
