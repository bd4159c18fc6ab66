"""What the explorer shows: queries, ranks, the first ten that each method finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.escape import plain
from cocofacet.evaluation.ranking import prompt_modes
from cocofacet.evaluation.scores import pool_scores
from cocofacet.report.style import MODES

FIRST = 10  # pictures shown of each pool
# What the address calls a mode; a wrong question is called by its facet.
NAMES = {"general": "none", "prompted": "own", "bare": "bare"}


@dataclass(frozen=True)
class Method:
    """One way to look for a picture, as the menu offers it.

    ``prompts`` maps facet -> the prompt shown with each picture, None for none. A facet
    that is missing is not asked for in this way.
    """

    retriever: str  # a row of the zoo
    mode: str  # as in the tidy table of ranks
    words: str  # in the menu
    name: str  # in the page's address
    prompts: Mapping[str, str | None]

    @property
    def shown(self) -> dict[str, dict[str, tuple[str | None, ...]]]:
        """The same as mode -> facet -> prompts, as the workspace wants it."""
        return {self.mode: {facet: (p,) for facet, p in self.prompts.items()}}


@dataclass(frozen=True)
class Found:
    """What one method finds, for the Q queries of a benchmark in their order.

    rank: of the positive, (Q,) int64; 0 where the method does not ask. first: the first
    ten of the pool as positions in ``benchmark.images``, best first, (Q, 10) int64; -1
    where the method does not ask.
    """

    rank: np.ndarray
    first: np.ndarray


def methods(
    questions: Mapping[str, str], promptable: str, dual: str
) -> tuple[Method, ...]:
    """The menu: a promptable retriever in every way, and a dual encoder.

    Each facet's question, of ``questions``, is also a wrong one on the other facets.
    """
    modes = prompt_modes(questions)
    single = {
        mode: {facet: prompts[0] for facet, prompts in modes[mode].items()}
        for mode in NAMES
    }
    shown = [
        Method(promptable, mode, MODES[mode][0], NAMES[mode], prompts)
        for mode, prompts in single.items()
    ]
    for facet, question in questions.items():
        others = {other: question for other in questions if other != facet}
        words = f"the question of {facet}"
        shown.append(Method(promptable, "wrong", words, facet, others))
    general = single["general"]
    shown.append(Method(dual, "general", MODES["general"][0], dual, general))
    return tuple(method for method in shown if method.prompts)


def order(scores: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """The columns of each pool, best first: scores, pool (Q, C) -> (Q, C) int64.

    Column 0 is the positive; it comes last among equals, as in `rank_of_positive`, but
    before its copies among the negatives, which a released pool may hold.
    """
    among_equals = np.zeros(pool.shape, dtype=np.int64)
    among_equals[:, 0] = 1
    among_equals[:, 1:][pool[:, 1:] == pool[:, :1]] = 2
    return np.lexsort((among_equals, -scores))


def find(
    benchmark: Benchmark,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    prompts: Mapping[str, str | None],
) -> Found:
    """What a method finds for every query of the facets that it asks for.

    queries (Q, D) in the order of ``benchmark.queries``; images maps prompt -> (N, D)
    in the order of ``benchmark.images``; prompts maps facet -> prompt.
    """
    pool, facets = benchmark.pool_indices(), [q.facet for q in benchmark.queries]
    rank = np.zeros(len(pool), dtype=np.int64)
    first = np.full((len(pool), FIRST), -1, dtype=np.int64)
    for facet, prompt in prompts.items():
        rows = np.flatnonzero([facet == name for name in facets])
        scores = pool_scores(queries[rows], images[prompt], pool[rows])
        best_first = order(scores, pool[rows])
        rank[rows] = 1 + best_first.argmin(axis=1)  # the place of column 0
        first[rows] = np.take_along_axis(pool[rows], best_first[:, :FIRST], axis=1)
    return Found(rank, first)


def cases(benchmark: Benchmark, general: Found, prompted: Found) -> pd.DataFrame:
    """A row a query, in the benchmark's order: its id as ``query``, facet, text, label,
    ``number`` (which of its text's queries it is, from 1), and the positive's rank
    ``before`` (no prompt) and ``after`` (the facet's question)."""
    columns = ["query", "facet", "text", "label"]
    rows = [(q.id, q.facet, q.text, q.label) for q in benchmark.queries]
    made = pd.DataFrame(rows, columns=columns)
    number = 1 + made.groupby(["facet", "text"]).cumcount()
    return made.assign(number=number, before=general.rank, after=prompted.rank)


def first_of_each_text(cases: pd.DataFrame, per_text: int) -> pd.DataFrame:
    """The first ``per_text`` of the `cases` of each text; 0 means all."""
    return cases[cases.number <= (per_text or np.inf)]


def by_gain(cases: pd.DataFrame) -> list[int]:
    """One case of each facet, by its place, where the question helps most first.

    Of a facet it is the text whose median rank falls most, and of that text's cases the
    one whose rank falls most; of equals the first.
    """
    gain = cases.before - cases.after
    of_text = gain.groupby([cases.facet, cases.text], sort=False)
    medians = of_text.median()
    best = medians[medians.groupby("facet", sort=False).idxmax()]
    ordered = best.sort_values(ascending=False, kind="stable").index
    return [int(of_text.get_group(text).idxmax()) for text in ordered]


def content(
    benchmark: Benchmark,
    ways: Sequence[Method],
    found: Sequence[Found],
    cases: pd.DataFrame,
    shown_as: str,
    opening: int,
) -> dict[str, object]:
    """All that the page shows, as plain JSON.

    ``found[i]`` is what ``ways[i]`` finds. ``opening`` is the place of the one of the
    `cases` that the page opens on; in the JSON, the positions of its facet, of its text
    there, and of itself among the text's. Pictures are positions in ``images``, which
    holds only those that are shown. In a query, ``ranks`` and ``first`` have one entry
    a method, null where it does not ask for the facet. ``carried`` holds the labels of
    a facet's pictures, "" for none; not there where they are not known.
    """
    place: dict[int, int] = {}  # position in benchmark.images -> position here
    positives = benchmark.pool_indices()[:, 0]

    def shown(image: int) -> int:
        return place.setdefault(int(image), len(place))

    queries = {
        case.Index: {
            "id": case.query,
            "number": case.number,
            "positive": shown(positives[case.Index]),
            "ranks": [int(one.rank[case.Index]) or None for one in found],
            "first": [
                [shown(image) for image in one.first[case.Index]]
                if one.rank[case.Index]
                else None
                for one in found
            ],
        }
        for case in cases.itertuples()
    }
    images = [benchmark.images[position] for position in place]
    opens = cases.loc[opening]
    of_facet = cases[cases.facet == opens.facet]
    of_text = of_facet[of_facet.text == opens.text]
    return {
        "shown_as": shown_as,
        "pool": benchmark.pool_indices().shape[1],
        "opening": [
            list(cases.facet.unique()).index(opens.facet),
            list(of_facet.text.unique()).index(opens.text),
            list(of_text.index).index(opening),
        ],
        "methods": [
            {
                key: getattr(way, key)
                for key in ("retriever", "words", "name", "prompts")
            }
            for way in ways
        ],
        "images": images,
        "facets": [
            {
                "name": facet,
                "texts": [
                    {
                        "text": plain(text.strip()),
                        "label": plain(rows.label.iloc[0]),
                        "queries": [queries[row] for row in rows.index],
                    }
                    for text, rows in of_facet.groupby("text", sort=False)
                ],
                "carried": labels_in_words(benchmark, facet, images),
            }
            for facet, of_facet in cases.groupby("facet", sort=False)
        ],
    }


def labels_in_words(
    benchmark: Benchmark, facet: str, images: Sequence[str]
) -> dict[int, str]:
    """Position in ``images`` -> its labels in words, or ""; not there if unknown."""
    labels = benchmark.labels.get(facet, {})
    return {
        position: plain("; ".join(labels[image]))
        for position, image in enumerate(images)
        if image in labels
    }
