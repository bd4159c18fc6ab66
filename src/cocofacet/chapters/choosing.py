"""Tables, a figure and sentences of the chapter on choosing the question."""

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.report import tables
from cocofacet.report.sentences import (
    by_verdict,
    capital,
    interval,
    listed,
    percent,
    points,
    verdict,
)
from cocofacet.report.style import INK, MODES, finished, legend_below, reference_line
from cocofacet.retrieval.choosing import PROMPTS, Choice

# In a sentence; in a legend `MODES` has the words.
WHO = {
    "oracle": "the oracle",
    "nearest": "the nearest prompt",
    "local": "the local model",
    "chat": "the chat model",
}
NONE = "no prompt"
ALL = "all texts"


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


def after_another_question(
    choices: pd.DataFrame, ranks: pd.DataFrame, chooser: str, k: int
) -> dict[str, pd.Series]:
    """Where a chooser named another facet's question: Recall@k with it against general
    (no prompt) and oracle (the own question), micro; empty where it never did.

    ``choices`` is a `choice_table`; ``ranks`` hold those modes and the chooser's.
    """
    mine = choices[choices.chooser == chooser]
    wrong = mine.loc[~mine.right & (mine.chosen != NONE), ["facet", "text"]]
    ranks = ranks.merge(wrong)
    if ranks.empty:
        return {}
    chosen = tables.of_mode(ranks, chooser)
    return {
        mode: tables.difference_row(chosen, tables.of_mode(ranks, mode), k, "micro")
        for mode in ("general", "oracle")
    }


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


def published_table(counts: Mapping[str, tuple[int, int]]) -> pd.DataFrame:
    """The paper's counts (right, of) by facet, and their sum."""
    table = pd.DataFrame(counts, index=["right", "of"]).T
    table.loc[ALL] = table.sum()
    return pd.DataFrame(
        {
            "right": [f"{row.right} of {row.of}" for row in table.itertuples()],
            "share": (table.right / table.of).map(percent),
        }
    )


def accuracy_sentence(found: pd.DataFrame, chooser: str) -> str:
    """How often a chooser was right, where most and least; ``found``: `accuracy`."""
    mine = found[found.chooser == chooser].set_index("facet")
    whole, facets = mine.loc[ALL], mine.drop(ALL)
    best, worst = facets.share.idxmax(), facets.share.idxmin()
    text = (
        f"{capital(WHO[chooser])} names the own facet's prompt for {whole.right} of "
        f"{whole.texts} texts ({percent(whole.share)}; a blind pick among "
        f"{len(PROMPTS)} would get about {whole.texts / len(PROMPTS):.0f})"
    )
    if facets.share[best] > facets.share[worst]:
        text += (
            f", best on {best} ({_count(facets.loc[best])}) and worst on {worst} "
            f"({_count(facets.loc[worst])})"
        )
    if not whole.unreadable:
        return f"{text}."
    counted = "of its answers named no prompt and count as no prompt."
    return f"{text}. {whole.unreadable} {counted}"


def _count(row: pd.Series) -> str:
    return f"{row.right} of {row.texts}"


def wrong_sentence(found: Mapping[str, pd.Series], chooser: str, k: int) -> str:
    """Whether another facet's question is worse than none; ``found``:
    `after_another_question`."""
    who = capital(WHO[chooser])
    if not found:
        return f"{who} never took another facet's question."
    general, own = found["general"], found["oracle"]
    answer = {
        "gain": "Even then a question was better than none",
        "loss": "There a wrong question was worse than none",
        "undecided": "There a wrong question cannot be told from none",
    }[verdict(general.low, general.high)]
    return (
        f"{who} took another facet's question for {general.queries:,.0f} queries. "
        f"On these, Recall@{k} is {percent(general.value)} with it, "
        f"{percent(general.reference)} without a prompt and "
        f"{percent(own.reference)} with the own question. {answer} "
        f"({points(general.difference)}, {interval(general.low, general.high)})."
    )


def worth_sentence(gains: Mapping[str, pd.DataFrame]) -> str:
    """Which choosers keep a gain over no prompt: chooser -> `tables.differences`."""
    macro = [tables.row_of(table, "macro") for table in gains.values()]
    groups = by_verdict(pd.DataFrame(macro), [WHO[chooser] for chooser in gains])
    endings = {
        "gain": "finds more than the general embedding does",
        "loss": "finds less than the general embedding does, so that one should "
        "rather not ask at all",
        "undecided": "cannot be told from the general embedding",
    }
    parts = [
        f"choosing by {listed(groups[name])} {ending}"
        for name, ending in endings.items()
        if groups[name]
    ]
    return capital("; ".join(parts)) + "."


def published_sentence(
    counts: Mapping[str, tuple[int, int]], by_query: tuple[int, int]
) -> str:
    """The paper's accuracy in words; ``by_query`` are the scenes', weighted."""
    table = pd.DataFrame(counts, index=["right", "texts"]).T
    right, texts = table.sum()
    shares = table.right / table.texts
    never = list(shares.index[shares == 1])
    worst = table.loc[shares.sort_values(kind="stable").index[:2]]
    missed = listed(
        [f"{row.Index} ({_count(row)} right)" for row in worst.itertuples()]
    )
    return (
        f"GPT-4o named the own facet's prompt for {right} of {texts} texts "
        f"({percent(right / texts)}). It was never wrong on {listed(never)}. It was "
        f"wrong most often on {missed}. With each text counted as often as it is "
        f"asked, it was right on {by_query[0]} of the {by_query[1]} queries of scenes."
    )
