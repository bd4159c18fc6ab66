"""Tables, a figure and findings of the chapter on choosing the question."""

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.report import tables
from cocofacet.report.findings import Finding, finding
from cocofacet.report.sentences import percent
from cocofacet.report.style import INK, MODES, finished, legend_below, reference_line
from cocofacet.retrieval.choosing import PROMPTS, Choice

NONE = "no prompt"
ALL = "all texts"
AVERAGED = {"macro": "macro", "micro": "over queries"}  # as readers call them


def choice_table(
    choices: Mapping[str, Mapping[str, Choice]], queries: Sequence
) -> pd.DataFrame:
    """A row for each chooser and distinct text of the queries.

    ``choices`` maps a chooser to what `choose` found. Columns chooser, facet, text,
    chosen (a prompt's name or "no prompt"), right, readable, seconds, queries.
    """
    asked = pd.DataFrame({"facet": q.facet, "text": q.text} for q in queries)
    texts = asked.groupby(["facet", "text"], sort=False).size()
    return pd.DataFrame(
        {
            "chooser": chooser,
            "facet": facet,
            "text": text,
            "chosen": NONE if of_text[text].prompt is None else of_text[text].prompt,
            "right": of_text[text].prompt == facet,
            "readable": of_text[text].readable,
            "seconds": of_text[text].seconds,
            "queries": count,
        }
        for chooser, of_text in choices.items()
        for (facet, text), count in texts.items()
    )


def accuracy(table: pd.DataFrame) -> pd.DataFrame:
    """How many texts' own facet was named: a row for each chooser and facet, and one
    for all texts. Columns chooser, facet, right, texts, share (over texts), by_query
    (each text as often as it is asked), unreadable."""
    counted = table.assign(
        texts=1, by_query=table.right * table.queries, unreadable=~table.readable
    )
    columns = ["right", "texts", "by_query", "unreadable", "queries"]
    parts = [
        rows.groupby(["chooser", "facet"], sort=False)[columns].sum()
        for _, mine in counted.groupby("chooser", sort=False)
        for rows in (mine, mine.assign(facet=ALL))
    ]
    found = pd.concat(parts)
    found["share"] = found.right / found.texts
    found["by_query"] /= found.pop("queries")
    return found.reset_index()


def accuracy_by_facet(found: pd.DataFrame, shown_as: str) -> Figure:
    """The share of a facet's texts for which a chooser named the facet's prompt, with
    the counts beside it; ``found`` is the output of `accuracy`."""
    found = found[found.facet != ALL]
    choosers = list(dict.fromkeys(found.chooser))
    height = (0.26 + 0.16 * len(choosers)) * found.facet.nunique() + 0.8
    figure, axes = plt.subplots(figsize=(7, height), layout="constrained")
    sns.barplot(
        found, x=100 * found.share, y="facet", hue="chooser", ax=axes, legend=False,
        palette=[MODES[chooser][1] for chooser in choosers], saturation=1,
    )  # fmt: skip
    for bars, chooser in zip(axes.containers, choosers, strict=True):
        bars.set_label(MODES[chooser][0])
        mine = found[found.chooser == chooser]
        words = [_count(row) for row in mine.itertuples()]
        axes.bar_label(bars, words, padding=4, fontsize=9, color=INK)
    reference_line(axes, 100 / len(PROMPTS))
    axes.set(xlim=(0, 114), xticks=range(0, 101, 20), ylabel=None)
    axes.set_xlabel("texts whose own facet's prompt was chosen (%)")
    legend_below(figure, [axes], columns=2)
    return finished(figure, shown_as)


def chosen_instead(table: pd.DataFrame, choosers: Sequence[str]) -> pd.DataFrame:
    """Facets down, choosers across: what was chosen, most frequent first."""

    def counted(chosen: pd.Series) -> str:
        return ", ".join(f"{name} {n}" for name, n in chosen.value_counts().items())

    shown = table[table.chooser.isin(choosers)]
    cells = shown.groupby(["facet", "chooser"], sort=False).chosen.agg(counted)
    return cells.unstack()[list(choosers)].rename(columns=lambda name: MODES[name][0])


def totals(found: pd.DataFrame) -> pd.DataFrame:
    """Of all texts, how many got their own facet's prompt; ``found``: `accuracy`."""
    whole = found[found.facet == ALL]
    rows = {
        MODES[row.chooser][0]: {
            "own prompt chosen": _count(row),
            "share of texts": percent(row.share),
            "share of queries": percent(row.by_query),
            "answers without a prompt's name": f"{row.unreadable}",
        }
        for row in whole.itertuples()
    }
    return pd.DataFrame(rows).T.rename_axis("chooser")


def _count(row: pd.Series) -> str:
    return f"{row.right} of {row.texts}"


def findings_of(
    ranks: pd.DataFrame, choices: pd.DataFrame, choosers: Sequence[str], k: int
) -> dict[str, Finding]:
    """What each chooser gains over no prompt, what it lacks to the own question, and
    whether none beats another facet's question where it named one.

    ``choices`` is a `choice_table`; ``ranks`` hold the modes general, oracle and each
    chooser's.
    """
    said = {}
    for name in choosers:
        who, mine = MODES[name][0], choices[choices.chooser == name]
        wrong = mine.loc[~mine.right & (mine.chosen != NONE), ["facet", "text"]]
        another = f"no prompt − another facet's question ({who})"
        own = f"the own question − {who}"
        contrasts = {
            name: (f"{who} − no prompt", ranks, (name, "general"), "macro"),
            f"{name}_own": (own, ranks, ("oracle", name), "macro"),
            f"{name}_wrong": (another, ranks.merge(wrong), ("general", name), "micro"),
        }
        for key, (contrast, table, modes, average) in contrasts.items():
            if len(table) and len(set(modes)) == 2:
                pair = (tables.of_mode(table, mode) for mode in modes)
                row = tables.difference_row(*pair, k, average)
                metric = f"Recall@{k}, {AVERAGED[average]}"
                said[key] = finding(contrast, metric, row)
    return said


def cost_table(
    ranks: pd.DataFrame, choices: pd.DataFrame, images: int, dimension: int
) -> pd.DataFrame:
    """What a way to search stores (float32), how long it chooses (median over texts),
    and what it finds; ``ranks`` hold the mode general and one mode a chooser."""
    recalls = {k: tables.recalls(ranks, k) for k in (1, 5)}
    seconds = choices.groupby("chooser").seconds.median()
    rows = {}
    for mode in dict.fromkeys(ranks["mode"]):
        stored = 1 if mode == "general" else len(PROMPTS)
        known = mode in ("general", "oracle")  # nothing to choose, or told beforehand
        row = {
            "prompts stored": f"{stored}",
            "MB": f"{4 * stored * images * dimension / 1e6:.2f}",
            "ms to choose": "none" if known else f"{1000 * seconds[mode]:.1f}",
        }
        for k, table in recalls.items():
            cells = tables.cells(table[table["mode"] == mode], "recall")
            row[f"R@{k}, macro"] = cells["macro"]
        rows[MODES[mode][0]] = row
    return pd.DataFrame(rows).T


def published_table(
    counts: Mapping[str, tuple[int, int]], scenes_by_query: tuple[int, int]
) -> pd.DataFrame:
    """The paper's counts (right, of) by facet, and their sum; scenes once more with
    each text counted as often as it is asked."""
    table = pd.DataFrame(counts, index=["right", "of"]).T
    table.loc[ALL] = table.sum()
    table.loc["scenes, by query"] = scenes_by_query
    return pd.DataFrame(
        {
            "right": [f"{row.right} of {row.of}" for row in table.itertuples()],
            "share": (table.right / table.of).map(percent),
        }
    )
