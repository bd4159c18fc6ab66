"""The chapter on ways to ask: other prompts, and the question beside the query."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from cocofacet.evaluation import seeds
from cocofacet.evaluation.ranking import prompt_modes
from cocofacet.evaluation.statistics import sign_flip
from cocofacet.report import figures
from cocofacet.report.findings import Finding, of_gain
from cocofacet.report.style import INK, MODES, SERIES, finished
from cocofacet.report.tables import differences, of_mode, row_of, with_interval
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


def with_questions(benchmark, questions: Mapping[str, str]) -> list[str]:
    """Each query's text with its facet's question after it: Q texts."""
    return [f"{q.text.strip()} {questions[q.facet]}" for q in benchmark.queries]


def figure(found: Mapping[str, pd.DataFrame], k: int, shown_as: str) -> Figure:
    """What each way to ask changes against the general embedding, macro over facets."""
    rows = [{"facet": MODES[m][0], **row_of(t, "macro")} for m, t in found.items()]
    label = f"difference in Recall@{k} to no prompt (points), macro"
    panel = {("macro over facets", INK, "o"): pd.DataFrame(rows)}
    return figures.intervals({"": panel}, "difference", label, shown_as, line=0)


def sign_flips(ranks: pd.DataFrame, modes: Sequence[str], k: int) -> pd.DataFrame:
    """p of sign-flip tests over query texts against the general embedding: facets and
    the macro average down, modes across."""
    general, found = of_mode(ranks, "general"), {}
    for mode in modes:
        chosen = of_mode(ranks, mode)
        parts = dict(list(chosen.groupby("facet", sort=False))) | {"macro": chosen}
        found[MODES[mode][0]] = {
            name: sign_flip(part, general[general.facet.isin(part.facet)], k).p
            for name, part in parts.items()
        }
    return pd.DataFrame(found).rename_axis("facet")


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
    """Recall by facet, a panel for each retriever: a dot for each training seed and
    wording of ours, below them their average with its interval; a cross for the
    released question at each seed."""
    counts = {name: seeds.of_mode(hits, name, k) for name in names}
    dots = {name: seeds.points(seeds.ours(table)) for name, table in counts.items()}
    each = pd.concat(dots, names=["retriever"]).reset_index("retriever")
    grid = sns.catplot(
        each.assign(value=100 * each.value, seed=each.seed.map(str)),
        x="value", y="facet", hue="seed", col="retriever", kind="strip", dodge=True,
        jitter=False, alpha=0.6, palette="crest", height=4.6, aspect=0.85,
        legend_out=False,
    )  # fmt: skip
    for name, axes in grid.axes_dict.items():
        released = seeds.points(counts[name][counts[name].wording == seeds.RELEASED])
        axes.plot(100 * released.value, released.facet, "x", color=INK)
        around = seeds.by_facet(seeds.ours(counts[name]))
        around = 100 * pd.DataFrame(list(around.values()))
        ends = [around.value - around.low, around.high - around.value]
        axes.errorbar(around.value, around.index + 0.42, xerr=ends, fmt="|", color=INK)
    grid.set_titles("{col_name}")
    grid.set(xlabel=f"Recall@{k} (%)", ylabel="", xlim=(-3, 103))
    sns.move_legend(
        grid, "upper center", bbox_to_anchor=(0.5, 0), ncols=10, title="training seed"
    )
    return finished(grid.figure, shown_as)


def gains_over_seeds(hits: pd.DataFrame, names: Sequence[str], k: int) -> pd.DataFrame:
    """Facets and the macro average down, retrievers across: what a question gains over
    none, in points with the interval over seeds, wordings and texts."""
    columns = {}
    for name in names:
        asked = seeds.ours(seeds.of_mode(hits, name, k))
        gain = seeds.less(asked, seeds.of_mode(hits, name, k, seeds.GENERAL))
        columns[name] = {
            facet: with_interval(found.value, found.low, found.high, sign=True)
            for facet, found in seeds.by_facet(gain, (-1, 1)).items()
        }
    return pd.DataFrame(columns).rename_axis("facet")


def spread_figure(hits: pd.DataFrame, names: Sequence[str], k: int, shown_as: str):
    """How many points the macro average moves with each source of chance: a dot with
    its interval, a row each, a colour each retriever."""
    panel = {}
    for name, look in zip(names, SERIES, strict=False):
        table = seeds.spreads(seeds.ours(seeds.of_mode(hits, name, k)))
        panel[name, *look] = table.rename(columns={"source": "facet"})
    label = f"macro Recall@{k} moves by so many points (one standard deviation)"
    return figures.intervals({"": panel}, "spread", label, shown_as, line=0)
