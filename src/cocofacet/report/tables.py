"""From tidy ranks to the small tables of figures and pages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

import pandas as pd
from pandas.io.formats.style import Styler

from cocofacet import escape
from cocofacet.evaluation import metrics
from cocofacet.evaluation.metrics import AVERAGES
from cocofacet.evaluation.statistics import interval, paired_difference


def of_mode(ranks: pd.DataFrame, mode: str) -> pd.DataFrame:
    """The rows of one mode; ``ValueError`` when there are none."""
    chosen = ranks[ranks["mode"] == mode]
    if chosen.empty:
        raise ValueError(f"mode: no ranks of mode {mode!r}, only {set(ranks['mode'])}")
    return chosen


def recalls(ranks: pd.DataFrame, k: int) -> pd.DataFrame:
    """Recall@k with its interval: a row for each mode and facet, then each average.

    Columns mode, facet, recall, low, high, queries, texts, expected. ``ranks`` holds
    one retriever. In the rows of an average, ``facet`` is its name. ``expected`` is the
    recall in expectation over all draws of negatives, missing where that is not known.
    """
    rows = []
    for mode, chosen in ranks.groupby("mode", sort=False):
        known = not pd.isna(metrics.expected_recall(chosen, k)).any()
        expected = metrics.averages(chosen, k, expected=True).iloc[0] if known else {}
        for name, average, (part,) in _by_facet_then_average(chosen):
            row = {"mode": mode, "facet": name, **asdict(interval(part, k, average))}
            rows.append({**row, "expected": expected.get(name, float("nan"))})
    return pd.DataFrame(rows).rename(columns={"value": "recall"})


def differences(ranks: pd.DataFrame, reference: pd.DataFrame, k: int) -> pd.DataFrame:
    """Recall@k of ``ranks`` minus that of ``reference``, paired by query.

    Columns facet, value, reference, difference, low, high, queries, texts; rows as in
    `recalls`. Each argument holds one retriever in one mode.
    """
    return pd.DataFrame(
        {"facet": name, **difference_row(*parts, k, average)}
        for name, average, parts in _by_facet_then_average(ranks, reference)
    ).astype({"queries": int, "texts": int})


def differences_to(
    ranks: pd.DataFrame, reference: str, modes: Iterable[str], k: int
) -> dict[str, pd.DataFrame]:
    """mode -> its `differences` to the mode ``reference``, on the facets it asks."""
    against = of_mode(ranks, reference)
    chosen = {mode: of_mode(ranks, mode) for mode in modes}
    return {
        mode: differences(own, against[against.facet.isin(own.facet)], k)
        for mode, own in chosen.items()
    }


def difference_row(
    ranks: pd.DataFrame, reference: pd.DataFrame, k: int, average: str = "macro"
) -> pd.Series:
    """One row of `differences`, by itself."""
    found = asdict(paired_difference(ranks, reference, k, average))
    value, other = (
        metrics.average_of(metrics.per_query(table, k), average)
        for table in (ranks, reference)
    )
    row = {"value": value, "reference": other, "difference": found.pop("value")}
    return pd.Series(row | found)


def _by_facet_then_average(
    *tables: pd.DataFrame,
) -> Iterator[tuple[str, str, Sequence[pd.DataFrame]]]:
    """The name of each facet, then of each average; how to average; rows to average."""
    for facet in dict.fromkeys(tables[0].facet):
        yield facet, "micro", [table[table.facet == facet] for table in tables]
    for average in AVERAGES:
        yield average, average, tables


def facets_only(table: pd.DataFrame) -> pd.DataFrame:
    """Without the rows of averages, for figures by facet."""
    return table[~table.facet.isin(AVERAGES)]


def with_macro(table: pd.DataFrame) -> pd.DataFrame:
    """Without the rows of the other averages, for tables by facet."""
    return table[~table.facet.isin(set(AVERAGES) - {"macro"})]


def row_of(table: pd.DataFrame, facet: str) -> pd.Series:
    """The row of a facet or an average."""
    return table.set_index("facet").loc[facet]


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def with_interval(value: float, low: float, high: float, sign: bool = False) -> str:
    """ "66.2 [60.1, 71.5]" in percent; a lone value where there is no interval."""
    form = "{:+.1f}" if sign else "{:.1f}"
    text = form.format(100 * value)
    if low == low:  # not NaN: there was more than one text to resample
        text += f" [{form.format(100 * low)}, {form.format(100 * high)}]"
    return text.replace("-", "−")


def cells(table: pd.DataFrame, value: str, sign: bool = False) -> dict[str, str]:
    """Facet -> "value [interval]" in percent, of columns facet, low, high and the one
    named by ``value``."""
    numbers = zip(table.facet, table[value], table.low, table.high, strict=True)
    return {facet: with_interval(*row, sign) for facet, *row in numbers}


def grid_of(
    tables: Mapping[tuple, pd.DataFrame], value: str, sign: bool = False
) -> pd.DataFrame:
    """Facets and the macro average down, ``tables`` across, filled with `cells`."""
    columns = {
        heading: cells(with_macro(table), value, sign)
        for heading, table in tables.items()
    }
    return pd.DataFrame(columns).rename_axis("facet")


def recall_grid(tables: Mapping[int, pd.DataFrame], modes: Mapping[str, str]):
    """Facets down, (mode, k) across, each cell "recall [interval]" in percent.

    ``tables`` maps k to the output of `recalls`; ``modes`` maps a mode to its heading.
    Beside the recall of the pools drawn stands, where known, the expected one.
    """
    first = next(iter(tables.values()))
    columns = {}
    for mode, heading in modes.items():
        for k, table in tables.items():
            chosen = table[table["mode"] == mode]
            columns[heading, f"R@{k}"] = cells(chosen, "recall")
            expected = 100 * chosen.set_index("facet").expected
            if expected.notna().any():
                columns[heading, f"R@{k} expected"] = expected.map("{:.1f}".format)
    texts = first[first["mode"] == next(iter(modes))].set_index("facet").texts
    columns["", "texts"] = texts.map(str)
    return pd.DataFrame(columns).reindex(texts.index)


def question_by_facet(
    ranks: pd.DataFrame, questions: Mapping[str, str], k: int
) -> pd.DataFrame:
    """Recall@k of each facet's queries (columns) under each facet's question (rows),
    from the modes prompted and wrong of one retriever; ``questions``: facet -> text."""
    shown = ranks[ranks["mode"].isin(("prompted", "wrong"))]
    asked = shown["prompt"].map({text: facet for facet, text in questions.items()})
    hits = (shown["rank"] <= k).groupby([asked, shown["facet"]]).mean().unstack()
    return hits.rename_axis(index="asked").loc[list(questions), list(questions)]


def keyed(rows: Mapping[tuple, Mapping], *names: str) -> pd.DataFrame:
    """A row for each key, whose parts have these names; rows may be none."""
    index = pd.MultiIndex.from_tuples(list(rows), names=names)
    return pd.DataFrame(list(rows.values()), index)


WIDEST = 8  # columns
LONG = 20  # characters of a row's name, from which on it wraps


def narrow(table: pd.DataFrame) -> pd.DataFrame:
    """A table of more than eight columns, where these stand in groups, with a row for
    each group in place of its columns. A column of no group, "", stands in each row.
    """
    if table.columns.nlevels == 1 or table.shape[1] <= WIDEST:
        return table
    grouped = table.columns.get_level_values(0) != ""
    alone = table.loc[:, ~grouped].droplevel(0, axis=1)
    rows = table.loc[:, grouped].stack(0, future_stack=True)
    texts = rows.select_dtypes(object).columns
    return rows.fillna(dict.fromkeys(texts, "")).join(alone)


def shown(table: pd.DataFrame, name: str, kind: str = "") -> Styler:
    """A table as the book shows it. ``name`` makes its HTML the same every time.

    kind: "words" for cells that wrap; "wide" for numbers, which scroll sideways, and
    "long" for numbers whose rows have long names, which wrap. By default one of these
    two, by the names of the rows.
    """
    table = narrow(table)
    if not kind:
        names = map(str, table.index.get_level_values(-1))
        kind = "long" if max(map(len, names), default=0) > LONG else "wide"
    grouped = "grouped " if table.index.nlevels > 1 else ""
    return (
        _escaped(table)
        .style.set_uuid(escape.html(name))
        .set_table_attributes(f'class="dataframe {kind} {grouped}{escape.NO_MATH}"')
        .format(na_rep="not known")
    )


def _escaped(table: pd.DataFrame) -> pd.DataFrame:
    """The texts of a table, its names included, as HTML. (A style's own way is lost
    where a notebook formats the table once more, and leaves out the names.)"""

    def cell(value: object) -> object:
        return escape.html(value) if isinstance(value, str) else value

    cells = table.map(cell).rename(index=cell, columns=cell)
    return cells.rename_axis(index=cell, columns=cell)
