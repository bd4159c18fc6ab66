"""Tables, a figure and sentences of the chapter on choosing the question."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.report import tables
from cocofacet.report.sentences import interval, listed, percent, points, verdict
from cocofacet.report.style import MODES, chance_line, finished
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
    rows = []
    for chooser, of_text in choices.items():
        for (facet, text), count in texts.items():
            choice = of_text[text]
            rows.append(
                {
                    "chooser": chooser,
                    "facet": facet,
                    "text": text,
                    "chosen": NONE if choice.prompt is None else choice.prompt,
                    "right": choice.prompt == facet,
                    "readable": choice.readable,
                    "seconds": choice.seconds,
                    "queries": count,
                }
            )
    return pd.DataFrame(rows)


def accuracy(table: pd.DataFrame) -> pd.DataFrame:
    """How many texts' own facet was named: a row for each chooser and facet, and one
    for all texts. Columns chooser, facet, right, texts, share (over texts), by_query
    (each text as often as it is asked), unreadable."""
    rows = []
    for chooser, mine in table.groupby("chooser", sort=False):
        parts = [*mine.groupby("facet", sort=False), (ALL, mine)]
        for facet, part in parts:
            rows.append(
                {
                    "chooser": chooser,
                    "facet": facet,
                    "right": int(part.right.sum()),
                    "texts": len(part),
                    "share": part.right.mean(),
                    "by_query": np.average(part.right, weights=part.queries),
                    "unreadable": int((~part.readable).sum()),
                }
            )
    return pd.DataFrame(rows)


def accuracy_by_facet(found: pd.DataFrame, shown_as: str) -> Figure:
    """The share of a facet's texts for which a chooser named the facet's prompt, with
    the counts beside it; ``found`` is the output of `accuracy`."""
    found = found[found.facet != ALL]
    facets, choosers = (list(dict.fromkeys(found[c])) for c in ("facet", "chooser"))
    height = (0.26 + 0.16 * len(choosers)) * len(facets) + 0.8
    step = min(0.24, 0.72 / len(choosers))  # a facet's rows stay its own
    figure, axes = plt.subplots(figsize=(7, height), layout="constrained")
    for place, chooser in enumerate(choosers):
        words, colour, marker = MODES[chooser]
        mine = found[found.chooser == chooser].set_index("facet").reindex(facets)
        rows = np.arange(len(facets)) + step * (place - (len(choosers) - 1) / 2)
        axes.plot(
            100 * mine.share, rows, marker, color=colour, label=words, clip_on=False
        )
        for row, text in zip(rows, mine.itertuples(), strict=True):
            axes.annotate(
                f"{text.right} of {text.texts}", (100 * text.share, row), va="center",
                xytext=(9, 0), textcoords="offset points", fontsize=9, color=colour,
            )  # fmt: skip
    chance_line(axes, 1, len(PROMPTS))
    axes.set_yticks(np.arange(len(facets)), facets)
    axes.invert_yaxis()
    axes.set(xlim=(-1, 114), xlabel="texts whose own facet's prompt was chosen (%)")
    axes.set_xticks(range(0, 101, 20))
    figure.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2)
    return finished(figure, shown_as)


def chosen_instead(table: pd.DataFrame, choosers: Sequence[str]) -> pd.DataFrame:
    """Facets down, choosers across: what was chosen, most frequent first."""

    def counted(chosen: pd.Series) -> str:
        return ", ".join(f"{name} {n}" for name, n in chosen.value_counts().items())

    shown = table[table.chooser.isin(choosers)]
    cells = shown.groupby(["facet", "chooser"], sort=False).chosen.agg(counted)
    return cells.unstack()[list(choosers)].rename(columns=lambda name: MODES[name][0])


def after_another_question(
    choices: pd.DataFrame, ranks: pd.DataFrame, chooser: str, k: int, seed: int
) -> dict[str, pd.Series]:
    """Where a chooser named another facet's question: Recall@k with that one against
    no prompt, and against the own question.

    ``choices`` is a `choice_table`; ``ranks`` hold the modes general, oracle and the
    chooser's. Rows as in `tables.differences`, micro over those queries; empty where
    it never did.
    """
    mine = choices[choices.chooser == chooser]
    wrong = mine[~mine.right & (mine.chosen != NONE)]
    asked = set(zip(wrong.facet, wrong.text, strict=True))
    pairs = zip(ranks.facet, ranks.text, strict=True)
    ranks = ranks[[pair in asked for pair in pairs]]
    if ranks.empty:
        return {}
    chosen = tables.of_mode(ranks, chooser)
    return {
        reference: tables.row_of(
            tables.differences(chosen, tables.of_mode(ranks, reference), k, seed),
            "micro",
        )
        for reference in ("general", "oracle")
    }


def cost_table(
    ranks: pd.DataFrame, choices: pd.DataFrame, images: int, dimension: int, seed: int
) -> pd.DataFrame:
    """What a way to search stores, how long it chooses, and what it finds.

    ``ranks`` hold the mode general and one mode a chooser. Storage is prompts x images
    x dimensions in float32; the time is the median over texts.
    """
    recalls = {k: tables.recalls(ranks, k, seed) for k in (1, 5)}
    seconds = choices.groupby("chooser").seconds.median()
    rows = {}
    for mode in dict.fromkeys(ranks["mode"]):
        stored = 1 if mode == "general" else len(PROMPTS)
        row = {
            "prompts stored": f"{stored}",
            "MB": f"{4 * stored * images * dimension / 1e6:.2f}",
            # Nothing is chosen, or by somebody who knew: no time to speak of.
            "ms to choose": "none"
            if mode in ("general", "oracle")
            else f"{1000 * seconds[mode]:.1f}",
        }
        for k, table in recalls.items():
            macro = tables.row_of(table[table["mode"] == mode], "macro")
            row[f"R@{k}, macro"] = tables.with_interval(
                macro.recall, macro.low, macro.high
            )
        rows[MODES[mode][0]] = row
    return pd.DataFrame(rows).T


def published_table(counts: Mapping[str, tuple[int, int]]) -> pd.DataFrame:
    """The paper's counts (right, of) by facet, and their sum."""
    total = tuple(sum(column) for column in zip(*counts.values(), strict=True))
    rows = {**counts, ALL: total}
    return pd.DataFrame(
        {
            facet: {"right": f"{right} of {of}", "share": percent(right / of)}
            for facet, (right, of) in rows.items()
        }
    ).T


def accuracy_sentence(found: pd.DataFrame, chooser: str) -> str:
    """How often a chooser was right, where most and least; ``found``: `accuracy`."""
    mine = found[found.chooser == chooser].set_index("facet")
    whole, facets = mine.loc[ALL], mine.drop(ALL)
    best, worst = facets.share.idxmax(), facets.share.idxmin()
    text = (
        f"{_start(WHO[chooser])} names the own facet's prompt for {whole.right} of "
        f"{whole.texts} texts ({percent(whole.share)}; a blind pick among "
        f"{len(PROMPTS)} would get about {whole.texts / len(PROMPTS):.0f})"
    )
    if facets.share[best] > facets.share[worst]:
        text += (
            f", best on {best} ({_count(facets.loc[best])}) and worst on {worst} "
            f"({_count(facets.loc[worst])})"
        )
    text += "."
    if whole.unreadable:
        text += (
            f" {whole.unreadable} of its answers named no prompt and count as no "
            "prompt."
        )
    return text


def _start(words: str) -> str:
    """With a capital, as a sentence starts."""
    return words[0].upper() + words[1:]


def _count(row: pd.Series) -> str:
    return f"{row.right} of {row.texts}"


def wrong_sentence(found: Mapping[str, pd.Series], chooser: str, k: int) -> str:
    """Whether another facet's question is worse than none.

    ``found`` is the output of `after_another_question`.
    """
    who = _start(WHO[chooser])
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


def macro_differences(
    ranks: pd.DataFrame, modes: Sequence[str], other: str, k: int, seed: int
) -> dict[str, pd.Series]:
    """mode -> its macro row of `tables.differences` to another mode."""
    reference = tables.of_mode(ranks, other)
    return {
        mode: tables.row_of(
            tables.differences(tables.of_mode(ranks, mode), reference, k, seed), "macro"
        )
        for mode in modes
    }


def worth_sentence(gains: Mapping[str, pd.Series]) -> str:
    """Which choosers keep a gain over no prompt.

    ``gains`` maps a chooser to a row of `tables.differences`.
    """
    groups = {"gain": [], "loss": [], "undecided": []}
    for chooser, row in gains.items():
        groups[verdict(row.low, row.high)].append(WHO[chooser])
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
    return _start("; ".join(parts)) + "."


def published_sentence(
    counts: Mapping[str, tuple[int, int]], by_query: tuple[int, int]
) -> str:
    """The paper's accuracy in words; ``by_query`` are the scenes', weighted."""
    shares = {facet: right / of for facet, (right, of) in counts.items()}
    right, texts = (sum(column) for column in zip(*counts.values(), strict=True))
    never = [facet for facet, share in shares.items() if share == 1]
    worst = sorted(shares, key=shares.get)[:2]
    missed = listed(
        ["{} ({} of {} right)".format(facet, *counts[facet]) for facet in worst]
    )
    return (
        f"GPT-4o named the own facet's prompt for {right} of {texts} texts "
        f"({percent(right / texts)}). It was never wrong on {listed(never)}. It was "
        f"wrong most often on {missed}. With each text counted as often as it is "
        f"asked, it was right on {by_query[0]} of the {by_query[1]} queries of scenes."
    )
