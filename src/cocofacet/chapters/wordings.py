"""The chapter on ways to ask: other prompts, and the question beside the query."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.evaluation import seeds
from cocofacet.evaluation.ranking import prompt_modes, rank_table
from cocofacet.evaluation.statistics import sign_flip
from cocofacet.report import figures
from cocofacet.report.findings import Finding, of_gain
from cocofacet.report.style import INK, MODES, SERIES, finished, legend_below
from cocofacet.report.tables import (
    differences,
    of_mode,
    recalls,
    row_of,
    with_interval,
)
from cocofacet.retrievers.base import unit_rows
from cocofacet.retrievers.zoo.row import Row

QUESTIONS = ("prompted", "human", "own")  # modes that ask what the query asks
GENERIC = "What is shown in this image?"
_LETTERS = ("bdfgklmnprstvz", "aeiou")


def nonsense(question: str) -> str:
    """Words of the same lengths that mean nothing; the same question, the same words.

    >>> [len(word) for word in nonsense("How many people?").split()]
    [3, 4, 7]
    """
    digest = hashlib.sha256(question.encode()).digest()
    generator = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    made = ""
    place = 0  # in the word: consonants and vowels take turns
    for character in question:
        if not character.isalpha():
            made, place = made + character, 0
            continue
        letter = generator.choice(list(_LETTERS[place % 2]))
        made += letter.upper() if character.isupper() else letter
        place += 1
    return made


def ways(
    questions: Mapping[str, str],
    human: Mapping[str, str],
    own: Mapping[str, str] | None = None,
) -> dict[str, dict[str, tuple[str | None, ...]]]:
    """Every way to show an image, as mode -> facet -> prompts (see `prompt_modes`).

    questions are the GPT-written ones, human the human-written ones, own a reader's:
    each maps facet -> question. The mode "own" is there only for facets named in it.
    """
    known = prompt_modes(questions)
    more = {
        "human": {facet: (human[facet],) for facet in questions},
        "generic": {facet: (GENERIC,) for facet in questions},
        "nonsense": {facet: (nonsense(q),) for facet, q in questions.items()},
        "own": {facet: (q,) for facet, q in (own or {}).items() if facet in questions},
    }
    order = ("general", "bare", "prompted", "human", "own")
    order += ("generic", "nonsense", "wrong")
    return {mode: way for mode in order if (way := (known | more)[mode])}


def respaced(row: Row) -> dict[str, str]:
    """The templates of a retriever's images by `other_space`; none where one of them
    starts otherwise."""
    found = {name: other_space(getattr(row, name)) for name in ("general", "prompted")}
    return found if all(found.values()) else {}


def other_space(template: str) -> str | None:
    """A template with the white space before its instruction changed, blank for line
    feed and the other way round, as the released general and prompted templates differ
    in that too; None where it starts otherwise.

    >>> other_space("<image> Represent the given image.")
    '<image>\\nRepresent the given image.'
    """
    blank, line_feed = " Represent", "\nRepresent"
    for found, instead in ((blank, line_feed), (line_feed, blank)):
        if found in template:
            return template.replace(found, instead, 1)
    return None


def ranks_of_average(
    benchmark,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    prompts: Sequence[str | None],
    **columns: str,
) -> pd.DataFrame:
    """One vector an image that is the mean of its embeddings under all ``prompts``,
    which takes no more room than the general one: mode "average"."""
    mean = unit_rows(np.mean([images[prompt] for prompt in prompts], axis=0), "average")
    modes = {"average": {facet: ("all of them",) for facet in benchmark.facets}}
    return rank_table(benchmark, queries, {"all of them": mean}, modes, **columns)


def with_questions(benchmark, questions: Mapping[str, str]) -> list[str]:
    """Each query's text with its facet's question after it: Q texts."""
    return [f"{q.text.strip()} {questions[q.facet]}" for q in benchmark.queries]


def ranks_of_query_side(
    benchmark,
    embed_texts: Callable[[Sequence[str]], np.ndarray],
    general: np.ndarray,
    questions: Mapping[str, str],
    **columns: str,
) -> pd.DataFrame:
    """The question stands in the query's text and the image hears nothing: mode
    "query". embed_texts: Q texts -> (Q, D); general (N, D): the images without a
    prompt."""
    texts = with_questions(benchmark, questions)
    modes = {"query": {facet: (None,) for facet in benchmark.facets}}
    images = {None: general}
    return rank_table(benchmark, embed_texts(texts), images, modes, **columns)


def figure(found: Mapping[str, pd.DataFrame], k: int, shown_as: str) -> Figure:
    """What each way to ask changes against the general embedding, macro over facets."""
    rows = [{"facet": MODES[m][0], **row_of(t, "macro")} for m, t in found.items()]
    label = f"difference in Recall@{k} to no prompt (points), macro"
    panel = {("macro over facets", INK, "o"): pd.DataFrame(rows)}
    return figures.intervals({"": panel}, "difference", label, shown_as, line=0)


def by_facet_and_way(ranks: pd.DataFrame, modes: Sequence[str], k: int):
    """Recall@k in percent: ways down, facets and the macro average across."""
    rows = {}
    for mode in modes:
        table = recalls(of_mode(ranks, mode), k).set_index("facet").recall
        rows[MODES[mode][0]] = 100 * table.drop(["micro", "balanced"])
    return pd.DataFrame(rows).T


def sign_flips(ranks: pd.DataFrame, modes: Sequence[str], k: int) -> pd.DataFrame:
    """Exact sign-flip tests over query texts, (mode, facet) down: difference in points,
    p, texts, and whether every flip was counted or a sample of them drawn."""
    rows = {}
    general = of_mode(ranks, "general")
    for mode in modes:
        chosen = of_mode(ranks, mode)
        tables = (chosen, general[general.facet.isin(chosen.facet)])
        for facet in (*dict.fromkeys(chosen.facet), "macro"):
            average, (a, b) = "macro", tables
            if facet != "macro":
                average, (a, b) = "micro", (t[t.facet == facet] for t in tables)
            test = sign_flip(a, b, k, average)
            rows[MODES[mode][0], facet] = {
                "points": f"{100 * test.value:+.1f}".replace("-", "−"),
                "p": f"{test.p:.2g}",
                "texts": a.text.nunique(),
                "flips": f"all {test.flips:,}" if test.exact else f"{test.flips:,}",
            }
    return pd.DataFrame(rows).T.rename_axis(["way", "facet"])


# Key -> the way said to be higher, and the way it is compared with.
CONTRASTS = {
    "gain": ("prompted", "general"),
    "nonsense": ("prompted", "nonsense"),
    "generic": ("prompted", "generic"),
    "wrong": ("prompted", "wrong"),
    "bare": ("prompted", "bare"),
    "words": ("human", "prompted"),
    "side": ("query", "general"),
    "average": ("average", "general"),
}


def findings_of(ranks: pd.DataFrame, k: int) -> dict[str, Finding]:
    """The contrasts whose ways are both ranked, macro over facets."""
    there, found = set(ranks["mode"]), {}
    for key, (mode, other) in CONTRASTS.items():
        if {mode, other} <= there:
            contrast = f"{MODES[mode][0]} − {MODES[other][0]}"
            gains = differences(of_mode(ranks, mode), of_mode(ranks, other), k)
            found |= of_gain(key, contrast, gains, k)
    return found


def over_seeds(hits: pd.DataFrame, names: Sequence[str], k: int, shown_as: str):
    """A dot for each training seed and each of our wordings, by facet and retriever;
    the line is their average with its interval, the cross the released question."""
    size = (3.6 * len(names) + 1, 4.6)
    figure, grid = plt.subplots(
        1, len(names), figsize=size, sharey=True, layout="constrained", squeeze=False
    )
    for axes, name in zip(grid[0], names, strict=True):
        counts = seeds.of_mode(hits, name, k)
        around = seeds.by_facet(seeds.ours(counts))
        rows = {facet: place for place, facet in enumerate(around)}
        each = seeds.points(seeds.ours(counts))
        numbers = sorted(each.seed.unique())
        for seed, (colour, marker) in zip(numbers, SERIES, strict=False):
            of_seed = each[each.seed == seed]
            lift = 0.2 * (numbers.index(seed) - (len(numbers) - 1) / 2)
            heights = of_seed.facet.map(rows) + lift
            axes.plot(
                100 * of_seed.value, heights, marker, color=colour, alpha=0.6,
                markersize=4.5, label=f"seed {seed}, a wording each",
            )  # fmt: skip
        for facet, found in around.items():
            ends = [100 * found.low, 100 * found.high]
            axes.plot(ends, [rows[facet] + 0.42] * 2, color=INK, linewidth=2)
            axes.plot(100 * found.value, rows[facet] + 0.42, "|", color=INK)
        released = seeds.points(counts[counts.wording == seeds.RELEASED])
        axes.plot(
            100 * released.value, released.facet.map(rows), "x", color=INK,
            label="the released question",
        )  # fmt: skip
        axes.set(title=name, xlabel=f"Recall@{k} (%)", xlim=(-3, 103))
    grid[0][0].set_yticks(list(rows.values()), list(rows))
    grid[0][0].invert_yaxis()
    legend_below(figure, grid[0])
    return finished(figure, shown_as)


def over_seeds_grid(hits: pd.DataFrame, names: Sequence[str], k: int) -> pd.DataFrame:
    """Facets and the macro average down: recall and gain over no question, in percent
    with the interval over seeds, wordings and texts."""
    columns = {}
    for name in names:
        asked = seeds.ours(seeds.of_mode(hits, name, k))
        gain = seeds.less(asked, seeds.of_mode(hits, name, k, seeds.GENERAL))
        for words, counts in ((f"R@{k}", asked), ("gain", gain)):
            signed = words == "gain"
            columns[name, words] = {
                facet: with_interval(found.value, found.low, found.high, signed)
                for facet, found in seeds.by_facet(counts, (-1, 1)).items()
            }
    return pd.DataFrame(columns).rename_axis("facet")


def spread_figure(hits: pd.DataFrame, names: Sequence[str], k: int, shown_as: str):
    """How many points the macro average moves with each source of chance: a dot with
    its interval, a row each, a colour each retriever."""
    found = {n: seeds.spreads(seeds.ours(seeds.of_mode(hits, n, k))) for n in names}
    panel = {
        (name, *look): pd.DataFrame(
            {
                "facet": table.source,
                "spread": table.spread,
                "low": table.low.fillna(table.spread),
                "high": table.high.fillna(table.spread),
            }
        ).dropna()
        for (name, table), look in zip(found.items(), SERIES, strict=False)
    }
    label = f"macro Recall@{k} moves by so many points (one standard deviation)"
    return figures.intervals({"": panel}, "spread", label, shown_as, line=0)
