"""The largest gains and the worst failures: chosen by rule, shown, and counted."""

import base64
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd
from IPython.display import HTML

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.images import path_of
from cocofacet.escape import NO_MATH, html
from cocofacet.report.explorer.data import Found
from cocofacet.report.explorer.page import link, styles, thumbnail

ABOVE = 3  # pictures shown of those that stand above the positive


def largest(cases: pd.DataFrame, values: pd.Series, above: int) -> pd.DataFrame:
    """Of each facet the case whose value is the largest, of equals the first; none
    where that is not above ``above``. cases: of `data.cases`."""
    best = values.groupby(cases.facet, sort=False).idxmax()
    return cases.loc[best[values[best].to_numpy() > above]]


def gallery(
    benchmark: Benchmark,
    root: Path,
    cases: pd.DataFrame,
    found: Found,
    caption: str,
    linked: Collection[int],
) -> HTML:
    """A figure with a row a case: its positive, then the first of those that ``found``
    ranks above it.

    Images lie under ``root``. ``linked`` are the places of the cases that the explorer
    holds: these have a link to it.
    """
    rows = []
    for case in cases.itertuples():
        first = found.first[case.Index][: found.rank[case.Index] - 1]
        names = [benchmark.queries[case.Index].candidates[0]]
        names += [benchmark.images[image] for image in first[:ABOVE]]
        labels = benchmark.labels.get(case.facet, {})
        items = [
            _item(root, name, place, labels.get(name))
            for place, name in enumerate(names)
        ]
        address = link(case.facet, case.text, picture=case.number)
        compare = f'<a href="{html(address)}">Compare in the explorer</a>'
        rows.append(
            f"<p><b>{html(case.facet)}</b>: “{html(case.text.strip())}” "
            f"{compare if case.Index in linked else ''}</p>"
            f"<p>{html(case.query)}, rank without a prompt: {case.before}, with the "
            f"question: <b>{case.after}</b></p>"
            f'<ol class="explorer-pictures">{"".join(items)}</ol>'
        )
    return HTML(
        f'{styles()}<figure class="explorer-figure {NO_MATH}">{"".join(rows)}'
        f"<figcaption>{html(caption)}</figcaption></figure>"
    )


def _item(root: Path, name: str, place: int, labels: Sequence[str] | None) -> str:
    """A picture with its labels, if they are known; place 0 is the positive's."""
    small = base64.b64encode(thumbnail(path_of(root, name))).decode()
    words = f"Rank {place}" if place else "✓ looked for"
    said = "" if labels is None else "; ".join(labels) or "no label"
    return (
        f'<li class="{"" if place else "hit"}"><img alt="{html(f"{words}: {said}")}" '
        f'width="160" height="160" src="data:image/jpeg;base64,{small}">'
        f"<b>{words}</b> <span>{html(said)}</span></li>"
    )


def moves(cases: pd.DataFrame) -> pd.DataFrame:
    """Facets down, all of them last: in how many cases the positive rises, stays and
    falls when the question is shown."""
    gain = cases.before - cases.after
    kinds = {"queries": True, "rises": gain > 0, "stays": gain == 0, "falls": gain < 0}
    counts = pd.DataFrame(kinds).groupby(cases.facet, sort=False).sum()
    counts.loc["all"] = counts.sum()
    return counts
