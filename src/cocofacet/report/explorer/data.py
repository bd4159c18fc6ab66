"""What the explorer shows: queries, ranks, the first ten that each method finds."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.escape import plain
from cocofacet.evaluation.ranking import prompt_modes
from cocofacet.evaluation.scores import pool_scores
from cocofacet.io import InputError
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


def numbers(benchmark: Benchmark) -> list[int]:
    """Which of its text's queries each one is, from 1, in the order of the file."""
    seen = Counter()
    counted = []
    for query in benchmark.queries:
        seen[query.facet, query.text] += 1
        counted.append(seen[query.facet, query.text])
    return counted


def first_of_each_text(benchmark: Benchmark, per_text: int) -> list[int]:
    """The positions of the first ``per_text`` queries of each text, in the order of the
    official file; 0 means all. Raises InputError where it is negative."""
    if per_text < 0:
        raise InputError(f"per_text: {per_text} is negative. Use 0 for all queries.")
    counted = numbers(benchmark)
    return [row for row, n in enumerate(counted) if not per_text or n <= per_text]


def by_gain(
    benchmark: Benchmark, general: Found, prompted: Found, chosen: Sequence[int]
) -> list[int]:
    """One query of each facet, where the facet's question helps most first.

    Of a facet it is the text whose median rank falls most from ``general`` to
    ``prompted``, and of that text's queries the one whose rank falls most; of equals
    the first. ``chosen`` are the positions looked at; so are those returned.
    """
    gains = pd.DataFrame(
        {
            "facet": [benchmark.queries[row].facet for row in chosen],
            "text": [benchmark.queries[row].text for row in chosen],
            "gain": (general.rank - prompted.rank)[list(chosen)],
        },
        index=list(chosen),
    )
    of_text = gains.groupby(["facet", "text"], sort=False).gain
    medians = of_text.median()
    best = medians[medians.groupby("facet", sort=False).idxmax()]
    ordered = best.sort_values(ascending=False, kind="stable").index
    return [int(of_text.get_group(text).idxmax()) for text in ordered]


def content(
    benchmark: Benchmark,
    ways: Sequence[Method],
    found: Sequence[Found],
    chosen: Iterable[int],
    shown_as: str,
    opening: int | None = None,
) -> dict[str, object]:
    """All that the page shows, as plain JSON.

    ``found[i]`` is what ``ways[i]`` finds. ``opening`` is the one of the ``chosen``
    queries that the page opens on, by default the first: the positions of its facet,
    of its text there, and of itself among the text's. Pictures are positions in
    ``images``, which holds only those that are shown. In a query, ``ranks`` and
    ``first`` have one entry a method, null where it does not ask for the facet;
    ``number`` is of `numbers`. ``carried`` holds the labels of a facet's pictures, ""
    for none; not there where they are not known.
    """
    facets: dict[str, dict] = {}
    place: dict[int, int] = {}  # position in benchmark.images -> position here
    opens, counted = [0, 0, 0], numbers(benchmark)

    def shown(image: int) -> int:
        return place.setdefault(int(image), len(place))

    positives = benchmark.pool_indices()[:, 0]
    for row in chosen:
        query = benchmark.queries[row]
        facet = facets.setdefault(query.facet, {})
        asked = facet.setdefault(
            query.text, {"label": plain(query.label), "queries": []}
        )
        if row == opening:
            text = list(facet).index(query.text)
            opens = [list(facets).index(query.facet), text, len(asked["queries"])]
        asking = [
            one if query.facet in way.prompts else None
            for way, one in zip(ways, found, strict=True)
        ]
        asked["queries"].append(
            {
                "id": query.id,
                "number": counted[row],
                "positive": shown(positives[row]),
                "ranks": [int(one.rank[row]) if one else None for one in asking],
                "first": [
                    [shown(image) for image in one.first[row]] if one else None
                    for one in asking
                ],
            }
        )
    images = [benchmark.images[position] for position in place]
    return {
        "shown_as": shown_as,
        "pool": benchmark.pool_indices().shape[1],
        "opening": opens,
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
                "name": name,
                "texts": [
                    {"text": plain(t.strip()), **rest} for t, rest in texts.items()
                ],
                "carried": labels_in_words(benchmark, name, images),
            }
            for name, texts in facets.items()
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
