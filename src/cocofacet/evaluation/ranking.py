"""From scores to ranks and the tidy table; ties are decided here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cocofacet.evaluation.scores import gallery_scores, scores_to_rank
from cocofacet.io import InputError
from cocofacet.parameters import MAPPING, VECTORS, attributed, check, takes
from cocofacet.retrievers.base import BARE

GROUP = ["profile", "run", "retriever", "revision", "mode"]
COLUMNS = [*GROUP, "prompt", "facet", "query", "text", "label", "rank"]
# How many images were eligible as negatives, and how many of those do not score below
# the positive: what decides any other draw of 99. Missing where that is not known.
POOL_COLUMNS = ["eligible", "above"]


def rank_of_positive(scores: np.ndarray) -> np.ndarray:
    """Rank of the positive, which stands in column 0: scores (Q, C) -> (Q,) int64.

    1 + the number of negatives that do *not* score strictly below the positive. Ties
    count against it, and so does NaN on either side: a constant or broken scorer gets
    the last rank. The released code breaks ties for the positive at k = 1 and
    arbitrarily at k = 5.

    >>> rank_of_positive(np.array([[0.5, 0.9, 0.5, 0.1]]))
    array([3])
    """
    scores = np.asarray(scores)
    return 1 + not_below(scores[:, :1], scores[:, 1:])


def not_below(positive: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """How many negatives do not score strictly below the positive: (Q, 1) and (Q, C) or
    (1, C) -> (Q,) int64."""
    return (~(negatives < positive)).sum(axis=1, dtype=np.int64)


def rank_rows(
    queries: Sequence,
    scores: np.ndarray,
    mode: str,
    prompt: str | None,
    eligible: np.ndarray | None = None,
    above: np.ndarray | None = None,
    **columns: str,
) -> pd.DataFrame:
    """Rows of the tidy table for Q benchmark queries and their scores (Q, C), or their
    ranks (Q,) where these are known.

    ``columns`` are profile, run, retriever and revision; one left out is "". ``prompt``
    is the question that the images were shown with: missing (None) for the general
    embedding, `BARE` for the bare instruction. ``eligible`` and ``above`` (Q,) count
    the eligible negatives and those that do not score below the positive; both are
    missing where that is not known. Columns `COLUMNS`, then `POOL_COLUMNS`.
    """
    unknown = set(columns) - set(GROUP)
    if unknown:
        raise ValueError(f"unknown columns {sorted(unknown)}; the table has {COLUMNS}")
    if len(queries) != len(scores):
        raise ValueError(f"{len(queries)} queries but {len(scores)} rows of scores")
    ranks = scores if scores.ndim == 1 else rank_of_positive(scores)
    fields = ("facet", "text", "label")
    missing = np.full(len(queries), pd.NA)
    return pd.DataFrame(
        {
            **{name: columns.get(name, "") for name in GROUP},
            "mode": mode,
            "prompt": pd.Series([prompt] * len(queries), dtype=object),
            "query": [query.id for query in queries],
            **{name: [getattr(query, name) for query in queries] for name in fields},
            "rank": ranks,
            "eligible": pd.array(missing if eligible is None else eligible, "Int64"),
            "above": pd.array(missing if above is None else above, "Int64"),
        }
    )[[*COLUMNS, *POOL_COLUMNS]]


@dataclass(frozen=True)
class Pools:
    """One facet's Q queries and their T texts; positions are int64."""

    queries: tuple
    rows: np.ndarray  # (Q,) their positions in ``benchmark.queries``
    texts: tuple[str, ...]  # distinct
    labels: tuple[str, ...]  # of the texts
    text: np.ndarray  # (Q,) for each query the position of its text
    pool: np.ndarray  # (Q, C) positions of its candidates in ``benchmark.images``
    #: For each text the positions (E,) of the images that may be negatives; none where
    #: that is not known.
    eligible: tuple[np.ndarray, ...]

    @property
    def known(self) -> bool:
        """Whether it is known which images may be negatives."""
        return all(len(here) for here in self.eligible)

    @property
    def first(self) -> np.ndarray:
        """The position in ``benchmark.queries`` of each text's first query: (T,)."""
        _, first = np.unique(self.text, return_index=True)
        return self.rows[first]

    def own(self, scores: np.ndarray) -> np.ndarray:
        """Scores of each query's candidates, from all of its text: (T, N) -> (Q, C)."""
        return self.once(scores[self.text[:, None], self.pool])

    def once(self, own: np.ndarray) -> np.ndarray:
        """Scores (Q, C), changed in place: where a released pool repeats its positive
        among the negatives, the copy cannot outrank it."""
        own[:, 1:][self.pool[:, 1:] == self.pool[:, :1]] = -np.inf
        return own

    def ranks(
        self, scores: np.ndarray, mode: str, prompt: str | None, **columns: str
    ) -> pd.DataFrame:
        """The tidy rows of any scorer: scores (T, N), of each text and image. Pools and
        eligible negatives share these numbers, so that a tie is a tie in both."""
        own = self.own(scores)
        if not self.known:
            return rank_rows(self.queries, own, mode, prompt, **columns)
        eligible = np.array([len(here) for here in self.eligible])[self.text]
        above = np.zeros(len(self.queries), dtype=np.int64)
        for text, here in enumerate(self.eligible):
            asked = self.text == text
            above[asked] = not_below(own[asked, :1], scores[text, here][None])
        return rank_rows(self.queries, own, mode, prompt, eligible, above, **columns)


def pools_of(benchmark, facet: str) -> Pools:
    """The pools of one facet of a benchmark."""
    rows = [row for row, q in enumerate(benchmark.queries) if q.facet == facet]
    queries = tuple(benchmark.queries[row] for row in rows)
    label_of = {query.text: query.label for query in queries}
    position = {text: index for index, text in enumerate(label_of)}
    return Pools(
        queries=queries,
        rows=np.array(rows, dtype=np.int64),
        texts=tuple(label_of),
        labels=tuple(label_of.values()),
        text=np.array([position[query.text] for query in queries], dtype=np.int64),
        pool=benchmark.pool_indices()[rows],
        eligible=tuple(
            benchmark.indices(benchmark.eligible(facet, label))
            for label in label_of.values()
        ),
    )


def prompt_modes(
    questions: Mapping[str, str],
    chosen: Sequence[str] = ("general", "bare", "prompted", "wrong"),
) -> dict[str, dict[str, tuple[str | None, ...]]]:
    """The ways chosen to show an image, as mode -> facet -> prompts.

    questions maps facet -> its question. general: no prompt; bare: the instruction
    with an empty question; prompted: the facet's own question; wrong: the questions of
    all other facets, one after the other.
    """
    modes = {
        "general": {facet: (None,) for facet in questions},
        "bare": {facet: (BARE,) for facet in questions},
        "prompted": {facet: (question,) for facet, question in questions.items()},
        "wrong": {
            facet: tuple(q for other, q in questions.items() if other != facet)
            for facet in questions
        },
    }
    return {mode: modes[mode] for mode in chosen}


def prompts_of(modes: Mapping[str, Mapping]) -> tuple[str | None, ...]:
    """The distinct prompts of modes (mode -> facet -> prompts), in order of use."""
    shown = (p for by_facet in modes.values() for ps in by_facet.values() for p in ps)
    return tuple(dict.fromkeys(shown))


@takes(
    benchmark=attributed("benchmark", "queries", "images"),
    queries=VECTORS,
    images=MAPPING,
    modes=MAPPING,
)
def rank_table(
    benchmark,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    modes: Mapping[str, Mapping[str, Sequence[str | None]]],
    **columns: str,
) -> pd.DataFrame:
    """Rank every query of a benchmark in every mode.

    queries (Q, D) in the order of ``benchmark.queries``, equal rows for equal texts;
    images maps prompt -> (N, D) in the order of ``benchmark.images``; modes maps mode
    -> facet -> the prompts shown (see `prompt_modes`). A query has one row per prompt
    of its mode. A facet that a mode does not name has no rows there. Raises InputError
    for arrays of other types or shapes and for a prompt that images lacks.
    """
    asked = {query.facet for query in benchmark.queries}
    named = {facet for by_facet in modes.values() for facet in by_facet}
    pools = {facet: pools_of(benchmark, facet) for facet in asked & named}
    if not pools:
        raise InputError("modes: none of them names a facet of this benchmark")
    _check_shape("queries", queries, len(benchmark.queries))
    texts = {facet: _one_a_text(queries, here) for facet, here in pools.items()}
    shown = [
        (mode, facet, prompt)
        for mode, by_facet in modes.items()
        for facet in by_facet
        for prompt in (by_facet[facet] if facet in pools else ())
    ]
    parts = {}
    for prompt in dict.fromkeys(prompt for *_, prompt in shown):
        here = dict.fromkeys(facet for _, facet, p in shown if p == prompt)
        _check_images(images, prompt, benchmark, queries)
        known = [facet for facet in here if pools[facet].known]
        other = [facet for facet in here if not pools[facet].known]
        scores = _gallery_of(known, texts, images[prompt])
        own = _own_of(other, texts, pools, images[prompt])
        for mode, facet, _ in (key for key in shown if key[2] == prompt):
            asked = pools[facet]
            parts[mode, facet, prompt] = (
                asked.ranks(scores[facet], mode, prompt, **columns)
                if asked.known
                else rank_rows(asked.queries, own[facet], mode, prompt, **columns)
            )
    return pd.concat([parts[key] for key in shown], ignore_index=True)


def _check_shape(what: str, vectors: np.ndarray, rows: int) -> None:
    if len(vectors) != rows:
        raise InputError(
            f"{what}: {len(vectors)} rows, and the benchmark has {rows} {what}. Embed "
            "those of the same benchmark."
        )


def _check_images(images: Mapping, prompt: str | None, benchmark, queries) -> None:
    """Vectors (N, D) of one prompt; D as in queries (Q, D)."""
    if prompt not in images:
        raise InputError(
            f"images: none under the prompt {prompt!r}, which modes name. Embed them."
        )
    check({"images": images[prompt]}, {"images": VECTORS})
    _check_shape("images", images[prompt], len(benchmark.images))
    if images[prompt].shape[1] != queries.shape[1]:
        raise InputError(
            f"images: {images[prompt].shape[1]} dimensions, and queries have "
            f"{queries.shape[1]}. Take both from one retriever."
        )


# All facets at once: each image is read and compared once a prompt.


def _gallery_of(facets: list, texts: Mapping, images: np.ndarray) -> dict:
    """facet -> scores (T, N) of its texts and all images."""
    if not facets:
        return {}
    scores = gallery_scores(np.concatenate([texts[f] for f in facets]), images)
    ends = np.cumsum([len(texts[f]) for f in facets])
    return dict(zip(facets, np.split(scores, ends[:-1]), strict=True))


def _own_of(facets: list, texts: Mapping, pools: Mapping, images: np.ndarray) -> dict:
    """facet -> scores (Q, C) of its queries' own candidates, for their ranks."""
    if not facets:
        return {}
    queries = np.concatenate([texts[f][pools[f].text] for f in facets])
    pool = np.concatenate([pools[f].pool for f in facets])
    scores = scores_to_rank(queries, images, pool)
    ends = np.cumsum([len(pools[f].pool) for f in facets])
    parts = zip(facets, np.split(scores, ends[:-1]), strict=True)
    return {facet: pools[facet].once(own) for facet, own in parts}


def _one_a_text(queries: np.ndarray, pools: Pools) -> np.ndarray:
    """The embeddings (T, D) of a facet's texts, from those (Q, D) of all queries."""
    texts = queries[pools.first]
    if not np.array_equal(queries[pools.rows], texts[pools.text], equal_nan=True):
        raise InputError("queries: of the same text have different embeddings")
    return texts
