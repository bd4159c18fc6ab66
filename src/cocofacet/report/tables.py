"""From tidy ranks to the small tables of figures and pages."""

from collections.abc import Callable, Iterator, Mapping

import pandas as pd
from pandas.io.formats.style import Styler

from cocofacet.evaluation.metrics import AVERAGES, averages, expected_recall
from cocofacet.evaluation.statistics import Interval, interval, paired_difference


def of_mode(ranks: pd.DataFrame, mode: str) -> pd.DataFrame:
    """The rows of one mode; ``ValueError`` when there are none."""
    chosen = ranks[ranks["mode"] == mode]
    if chosen.empty:
        raise ValueError(f"mode: no ranks of mode {mode!r}, only {set(ranks['mode'])}")
    return chosen


def recalls(ranks: pd.DataFrame, k: int, seed: int) -> pd.DataFrame:
    """Recall@k with its interval: a row for each mode and facet, then each average.

    Columns mode, facet, recall, low, high, queries, texts, expected. ``ranks`` holds
    one retriever. In the rows of an average, ``facet`` is its name. ``expected`` is the
    recall in expectation over all draws of negatives, missing where that is not known.
    """
    rows = []
    for mode, chosen in ranks.groupby("mode", sort=False):
        expected = _expected(chosen, k)
        for name, found in _by_facet_then_average(interval, k, seed, chosen):
            start = {"mode": mode, "facet": name, "recall": found.value}
            end = {"expected": expected.get(name, float("nan"))}
            rows.append({**start, **_around(found), **end})
    return pd.DataFrame(rows)


def _expected(ranks: pd.DataFrame, k: int) -> Mapping[str, float]:
    """Facet or average -> expected recall; empty where it is not known of all rows."""
    if pd.isna(expected_recall(ranks, k)).any():
        return {}
    return averages(ranks, k, expected=True).iloc[0]


def differences(
    ranks: pd.DataFrame, reference: pd.DataFrame, k: int, seed: int
) -> pd.DataFrame:
    """Recall@k of ``ranks`` minus that of ``reference``, paired by query.

    Columns facet, value, reference, difference, low, high, queries, texts; rows as in
    `recalls`. Each argument holds one retriever in one mode.
    """
    values = recalls(ranks, k, seed).set_index("facet").recall
    references = recalls(reference, k, seed).set_index("facet").recall
    rows = []
    tables = (ranks, reference)
    for name, found in _by_facet_then_average(paired_difference, k, seed, *tables):
        both = {"value": values[name], "reference": references[name]}
        row = {"facet": name, **both, "difference": found.value, **_around(found)}
        rows.append(row)
    return pd.DataFrame(rows)


def _around(found: Interval) -> dict[str, float]:
    """What stands beside a value in a row: its interval, and of how many."""
    return {name: getattr(found, name) for name in ("low", "high", "queries", "texts")}


def _by_facet_then_average(
    statistic: Callable[..., Interval], k: int, seed: int, *tables: pd.DataFrame
) -> Iterator[tuple[str, Interval]]:
    """A statistic of the tables: for each facet in order, then for each average."""
    for facet in dict.fromkeys(tables[0].facet):
        of_facet = (table[table.facet == facet] for table in tables)
        yield facet, statistic(*of_facet, k, average="micro", seed=seed)
    for average in AVERAGES:
        yield average, statistic(*tables, k, average=average, seed=seed)


def facets_only(table: pd.DataFrame) -> pd.DataFrame:
    """Without the rows of averages, for figures by facet."""
    return table[~table.facet.isin(AVERAGES)]


def with_macro(table: pd.DataFrame) -> pd.DataFrame:
    """Without the rows of the other averages, for tables by facet."""
    return table[~table.facet.isin(set(AVERAGES) - {"macro"})]


def row_of(table: pd.DataFrame, facet: str) -> pd.Series:
    """The row of a facet or an average."""
    return table.set_index("facet").loc[facet]


def with_interval(value: float, low: float, high: float, sign: bool = False) -> str:
    """ "66.2 [60.1, 71.5]" in percent; a lone value where there is no interval."""
    form = "{:+.1f}" if sign else "{:.1f}"
    text = form.format(100 * value)
    if low == low:  # not NaN: there was more than one text to resample
        text += f" [{form.format(100 * low)}, {form.format(100 * high)}]"
    return text.replace("-", "−")


def grid_of(
    tables: Mapping[tuple, pd.DataFrame], value: str, sign: bool = False
) -> pd.DataFrame:
    """Facets and the macro average down, ``tables`` across: "value [interval]" in
    percent, of columns facet, low, high and the one named by ``value``."""
    columns = {
        heading: {
            row.facet: with_interval(getattr(row, value), row.low, row.high, sign)
            for row in with_macro(table).itertuples()
        }
        for heading, table in tables.items()
    }
    return pd.DataFrame(columns).rename_axis("facet")


def recall_grid(tables: Mapping[int, pd.DataFrame], modes: Mapping[str, str]):
    """Facets down, (mode, k) across, each cell "recall [interval]" in percent.

    ``tables`` maps k to the output of `recalls`; ``modes`` maps a mode to its heading.
    Beside the recall of the pools drawn stands, where known, the expected one.
    """
    first = next(iter(tables.values()))
    rows = list(dict.fromkeys(first.facet))
    columns = {}
    for mode, heading in modes.items():
        for k, table in tables.items():
            chosen = table[table["mode"] == mode].set_index("facet").reindex(rows)
            columns[heading, f"R@{k}"] = [
                with_interval(row.recall, row.low, row.high)
                for row in chosen.itertuples()
            ]
            expected = chosen.expected
            if expected.notna().any():
                columns[heading, f"R@{k} expected"] = [
                    f"{100 * value:.1f}" for value in expected
                ]
    texts = first[first["mode"] == next(iter(modes))].set_index("facet").texts
    columns["", "texts"] = [f"{texts[row]}" for row in rows]
    return pd.DataFrame(columns, index=pd.Index(rows, name="facet"))


def question_by_facet(
    ranks: pd.DataFrame, questions: Mapping[str, str], k: int
) -> pd.DataFrame:
    """Recall@k of each facet's queries (columns) under each facet's question (rows).

    ``ranks`` holds the modes prompted and wrong of one retriever; ``questions`` maps
    a facet to its question.
    """
    asked = {question: facet for facet, question in questions.items()}
    shown = ranks[ranks["mode"].isin(("prompted", "wrong"))]
    hits = shown.assign(hit=shown["rank"] <= k, asked=shown["prompt"].map(asked))
    table = hits.pivot_table(index="asked", columns="facet", values="hit")
    return table.loc[list(questions), list(questions)]


def shown(table: pd.DataFrame, name: str, kind: str = "wide") -> Styler:
    """A table as the book shows it. ``name`` makes its HTML the same every time.

    kind: "wide" for numbers, which scroll sideways; "long" for numbers whose rows have
    long names, which wrap; "words" for cells that wrap.
    """
    return (
        table.style.set_uuid(name)
        .set_table_attributes(f'class="dataframe {kind}"')
        .format(na_rep="not known")
    )
