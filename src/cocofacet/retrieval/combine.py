"""Several wishes at once ("someone sitting, on a beach, at dusk"): one text that names
them all, and the scores of each put together."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cocofacet.evaluation.scores import gallery_scores

WORDING = re.compile(r"Find me an (?:everyday )?image (.+?)\.")


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


def long_question(questions: Mapping[str, str], facets: Iterable[str]) -> str:
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


def texts_of(parts: Mapping[str, Sequence[str]]) -> dict[str, list[list[str]]]:
    """What is embedded for Q queries about the same facets: "part", the Q texts of each
    facet, and "whole", the Q joined ones. parts as in `scores_by_way`."""
    whole = [joined(texts) for texts in zip(*parts.values(), strict=True)]
    return {"part": [list(texts) for texts in parts.values()], "whole": [whole]}


def scores_by_way(
    parts: Mapping[str, Sequence[str]],
    embed_texts: Callable[[Sequence[str]], np.ndarray],
    images: Mapping[str | None, np.ndarray],
    questions: Mapping[str, str],
) -> Iterator[tuple[str, np.ndarray]]:
    """(way, scores (Q, N)) for Q queries about the same F facets.

    parts maps facet -> the Q texts that ask for its label alone; embed_texts is the
    retriever's; images maps prompt -> (N, D), `long_question` among the prompts;
    questions maps facet -> its question.
    """
    texts = {
        kind: [embed_texts(each) for each in lists]
        for kind, lists in texts_of(parts).items()
    }
    shown = {
        "prompted": [images[questions[facet]] for facet in parts],
        "long": [images[long_question(questions, parts)]],
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
