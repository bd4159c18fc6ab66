"""Tables, a figure and findings of the chapter on choosing the question."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.report import tables
from cocofacet.report.findings import Finding, finding
from cocofacet.report.style import INK, MODES, finished, legend_below, reference_line
from cocofacet.retrieval.choosing import PROMPTS, Choice

NONE = "no prompt"
AVERAGED = {"macro": "macro", "micro": "over queries"}  # as readers call them


def choice_table(
    choices: Mapping[str, Mapping[str, Choice]], queries: Sequence
) -> pd.DataFrame:
    """A row for each chooser and distinct text of the queries.

    ``choices`` maps a chooser to what `choose` found. Columns chooser, facet, text,
    chosen (a prompt's name or "no prompt"), right, readable, seconds, queries.
    """
    texts = Counter((query.facet, query.text) for query in queries)
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


def accuracy_by_facet(table: pd.DataFrame, shown_as: str) -> Figure:
    """The share of a facet's texts for which a chooser named the facet's prompt, with
    the counts beside it; ``table`` is a `choice_table`."""
    choosers = list(table.chooser.unique())
    height = (0.26 + 0.16 * len(choosers)) * table.facet.nunique() + 0.8
    figure, axes = plt.subplots(figsize=(7, height), layout="constrained")
    sns.barplot(
        table, x=100 * table.right, y="facet", hue="chooser", errorbar=None, ax=axes,
        palette=[MODES[chooser][1] for chooser in choosers], saturation=1, legend=False,
    )  # fmt: skip
    for bars, chooser in zip(axes.containers, choosers, strict=True):
        bars.set_label(MODES[chooser][0])
        mine = table[table.chooser == chooser].groupby("facet", sort=False)
        axes.bar_label(bars, mine.right.agg(_count), padding=4, fontsize=9, color=INK)
    reference_line(axes, 100 / len(PROMPTS))
    axes.set(xlim=(0, 114), xticks=range(0, 101, 20), ylabel=None)
    axes.set_xlabel("texts whose own facet's prompt was chosen (%)")
    legend_below(figure, [axes], columns=2)
    return finished(figure, shown_as)


def _count(right: pd.Series) -> str:
    return f"{right.sum()} of {len(right)}"


def chosen_instead(table: pd.DataFrame, choosers: Sequence[str]) -> pd.DataFrame:
    """Facets down, choosers across: what was chosen, most frequent first."""

    def counted(chosen: pd.Series) -> str:
        return ", ".join(f"{name} {n}" for name, n in chosen.value_counts().items())

    shown = table[table.chooser.isin(choosers)]
    cells = shown.groupby(["facet", "chooser"], sort=False).chosen.agg(counted)
    return cells.unstack()[list(choosers)].rename(columns=lambda name: MODES[name][0])


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


def summary(ranks: pd.DataFrame, choices: pd.DataFrame) -> pd.DataFrame:
    """For no prompt and each chooser: the texts, and the share of queries, whose own
    facet's prompt was chosen; answers that name no prompt; the time to choose, as the
    median over texts; and what is found with it.

    ``choices`` is a `choice_table`; ``ranks`` hold the mode general and each chooser's.
    """
    choices = choices.assign(by_query=choices.right * choices.queries)
    mine = choices.groupby("chooser", sort=False)
    columns = {
        "own prompt": mine.right.agg(_count),
        "of queries": (mine.by_query.sum() / mine.queries.sum()).map(tables.percent),
        "unreadable": mine.readable.agg(lambda readable: f"{(~readable).sum()}"),
        "ms to choose": (1000 * mine.seconds.median()).map("{:.1f}".format),
    }
    for k in (1, 5):
        found = tables.recalls(ranks, k)
        macro = found[found.facet == "macro"].assign(facet=found["mode"])
        columns[f"R@{k}, macro"] = pd.Series(tables.cells(macro, "recall"))
    table = pd.DataFrame(columns).fillna("none").loc[list(ranks["mode"].unique())]
    return table.rename(lambda mode: MODES[mode][0])


def published_table(
    counts: Mapping[str, tuple[int, int]], scenes_by_query: tuple[int, int]
) -> pd.DataFrame:
    """The paper's counts (right, of) by facet, and their sum; scenes once more with
    each text counted as often as it is asked."""
    table = pd.DataFrame(counts, index=["right", "of"]).T
    table.loc["all texts"] = table.sum()
    table.loc["scenes, by query"] = scenes_by_query
    return pd.DataFrame(
        {
            "right": [f"{row.right} of {row.of}" for row in table.itertuples()],
            "share": (table.right / table.of).map(tables.percent),
        }
    )
