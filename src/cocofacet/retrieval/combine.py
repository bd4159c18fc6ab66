"""Several attributes at once: "someone sitting, on a beach, at dusk".

A benchmark query names one label. Here the labels of one picture under several facets
are joined into a query, and every picture that carries them all is to be found. A
promptable embedder has one embedding for each facet's question; this module also says
how their scores are put together.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd

from cocofacet.benchmark.build import draw
from cocofacet.benchmark.dataset import Labels
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import POOL, Query
from cocofacet.evaluation.gallery import measures, ranks_of_positives
from cocofacet.evaluation.ranking import gallery_scores, rank_rows
from cocofacet.io import InputError

WORDING = re.compile(r"Find me an (?:everyday )?image (.+?)\.")
HARD = (POOL - 1) // 2  # the most negatives of a pool that carry all labels but one


def joined(parts: Sequence[str]) -> str:
    """One query text from the texts of its parts. A rule of ours: the authors have no
    query of several facets.

    >>> joined(["Find me an everyday image that contains someone sitting.",
    ...         "Find me an everyday image that is taken during the dusk.\\n"])
    'Find me an everyday image that contains someone sitting and that is taken during the dusk.'
    """  # noqa: E501
    *most, last = (WORDING.fullmatch(part.strip())[1] for part in parts)
    start = f"{', '.join(most)} and " if most else ""
    return f"Find me an everyday image {start}{last}."


@dataclass(frozen=True)
class Several:
    """A query for several labels at once.

    Attributes:
        query: with a pool of 100, positive first; its facet is "2 facets".
        facets: the facets asked about.
        parts: for each facet the text that asks for its label alone.
        positive: the images that carry every label: (N,) bool.
        negative: the images known to lack one of them: (N,) bool.
    """

    query: Query
    facets: tuple[str, ...]
    parts: tuple[str, ...]
    positive: np.ndarray
    negative: np.ndarray


def facet_sets(facets: Sequence[str], sizes: Sequence[int]) -> list[tuple[str, ...]]:
    """Sets of each size: neighbours in the order of the facets, each facet in one.

    Nobody picks the sets, so nobody picks the ones that look well. Raises
    ``InputError`` for a size that is no whole number from 2, or when no set is left.
    """
    if wrong := [size for size in sizes if not isinstance(size, int) or size < 2]:
        raise InputError(f"together: {wrong[0]!r} is no whole number from 2 upwards.")
    found = [
        tuple(facets[start : start + size])
        for size in dict.fromkeys(sizes)
        for start in range(0, len(facets) - size + 1, size)
    ]
    if not found:
        raise InputError(
            f"together: {list(sizes)} are all more than the {len(facets)} facets of "
            "this benchmark. Give a smaller number."
        )
    return found


def queries_about(
    known: Labels,
    images: Sequence[str],
    sets: Sequence[tuple[str, ...]],
    most: int,
    seed: int,
) -> dict[tuple[str, ...], list[Several]]:
    """Up to ``most`` queries about each set of facets, for what some picture carries.

    known: facet -> image -> its labels; an image that a facet leaves out is not known
    there and stands in no ranking. An image is a negative when one of its facets rules
    the label out as the paper's exclusion tables do; half of a pool's negatives, where
    there are so many, carry all labels but one. A set for which no query has 99
    negatives is left out; ``InputError`` when that leaves none, or for most < 1.
    """
    if most < 1:
        raise InputError(f"queries: {most!r} is no number from 1 upwards.")
    found = {facets: _queries(known, images, facets, most, seed) for facets in sets}
    found = {facets: asked for facets, asked in found.items() if asked}
    if not found:
        raise InputError(
            "together: no pictures are annotated for several facets at once, or too "
            "few: a query needs 99 negatives. Choose other facets, or more pictures."
        )
    return found


def _queries(known, images, facets, most, seed) -> list[Several]:
    shared = [image for image in images if all(image in known[f] for f in facets)]
    asked: dict[tuple[str, ...], str] = {}
    for image in draw(shared, len(shared), (seed, *facets)):
        labels = tuple(_label(f, known[f][image], seed, image) for f in facets)
        if None not in labels:
            asked.setdefault(labels, image)
    made = (
        _query(known, images, shared, facets, labels, image, seed)
        for labels, image in asked.items()
    )
    return list(islice((each for each in made if each), most))


def _label(facet: str, labels: Sequence[str], seed: int, image: str) -> str | None:
    """The label to ask for: any wording of an open facet, but of a closed list only
    the one that an image carries, since two would leave open which is meant."""
    if not labels or (FACETS[facet].labels and len(labels) > 1):
        return None
    return draw(labels, 1, (seed, facet, image))[0]


def _query(known, images, shared, facets, labels, image, seed) -> Several | None:
    pairs = list(zip(facets, labels, strict=True))
    carries = {
        other: sum(label in known[facet][other] for facet, label in pairs)
        for other in shared
    }
    positive = {other for other, number in carries.items() if number == len(facets)}
    negative = [
        other
        for other in shared
        if any(FACETS[f].may_be_negative(label, known[f][other]) for f, label in pairs)
    ]
    if len(negative) < POOL - 1:
        return None
    parts = tuple(FACETS[facet].wording(label) for facet, label in pairs)
    key = (seed, *labels, image)
    hard = [other for other in negative if carries[other] == len(facets) - 1]
    hard = draw(hard, min(HARD, len(hard)), key)
    rest = sorted(set(negative).difference(hard))
    pool = (image, *hard, *draw(rest, POOL - 1 - len(hard), key))
    return Several(
        Query(
            f"{'+'.join(facets)}:{'+'.join(labels)}",
            f"{len(facets)} facets",
            " + ".join(labels),
            joined(parts),
            pool,
        ),
        facets,
        parts,
        np.array([other in positive for other in images]),
        np.isin(images, negative),
    )


def long_question(questions: Mapping[str, str], facets: Sequence[str]) -> str:
    """The facets' questions one after the other, as one prompt."""
    return " ".join(questions[facet] for facet in facets)


@dataclass(frozen=True)
class Way:
    """One way to search for several labels.

    text: "part", each facet's own text, or "whole", the joined one. image: "prompted",
    under each facet's question; "long", under all of them at once; "general", without
    a prompt. together: from the facets' scores (F, Q, N) to one (Q, N).
    """

    text: str
    image: str
    together: Callable[..., np.ndarray] = np.sum


WAYS = {
    "general": Way("whole", "general"),
    "part-general": Way("part", "general"),
    "long": Way("whole", "long"),
    "whole-prompted": Way("whole", "prompted"),
    "part-prompted": Way("part", "prompted"),
    "part-least": Way("part", "prompted", np.min),
}


def scores_by_way(
    asked: Sequence[Several],
    embed_texts: Callable[[Sequence[str]], np.ndarray],
    images: Mapping[str | None, np.ndarray],
    questions: Mapping[str, str],
) -> Iterator[tuple[str, np.ndarray]]:
    """(way, scores (Q, N)) for Q queries about the same F facets.

    embed_texts is the retriever's; images maps prompt -> (N, D), `long_question` among
    the prompts; questions maps facet -> its question.
    """
    (facets,) = {each.facets for each in asked}
    by_facet = zip(*(each.parts for each in asked), strict=True)
    texts = {
        "part": [embed_texts(list(parts)) for parts in by_facet],
        "whole": [embed_texts([each.query.text for each in asked])],
    }
    shown = {
        "prompted": [images[questions[facet]] for facet in facets],
        "long": [images[long_question(questions, facets)]],
        "general": [images[None]],
    }
    for name, way in WAYS.items():
        pairs = _paired(texts[way.text], shown[way.image])
        yield name, way.together([gallery_scores(*pair) for pair in pairs], axis=0)


def _paired(texts: list, images: list) -> Iterator[tuple]:
    """Facet by facet; a text or an image that stands alone serves every facet."""
    most = max(len(texts), len(images))
    return zip(
        texts * (most // len(texts)), images * (most // len(images)), strict=True
    )


def ranked(
    asked: Sequence[Several],
    by_way: Iterator[tuple[str, np.ndarray]],
    position: Callable[[Sequence[str]], np.ndarray],
    **columns: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The pools as tidy ranks, and the gallery: a row a way and query with its ap.

    by_way as from `scores_by_way`; position is the benchmark's `indices`; columns as
    in `ranking.rank_rows`.
    """
    queries = [each.query for each in asked]
    pools = np.array([position(query.candidates) for query in queries])
    facets = "+".join(asked[0].facets)
    ranks, searched = [], []
    for way, scores in by_way:
        own = np.take_along_axis(scores, pools, axis=1)
        prompt = None if WAYS[way].image == "general" else WAYS[way].image
        ranks.append(rank_rows(queries, own, way, prompt, **columns))
        for each, row in zip(asked, scores, strict=True):
            places = ranks_of_positives(row[each.positive], row[each.negative])
            found = {"facets": facets, "together": each.query.facet, "mode": way}
            found |= {"text": each.query.text, "positives": len(places)}
            searched.append(found | measures(places, ()))
    return pd.concat(ranks, ignore_index=True), pd.DataFrame(searched)
