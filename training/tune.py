"""Recall in pools of 100 tune scenes, to follow a training.

Simpler than the benchmark: pools are drawn from the labels themselves, with one
wording and one question a facet that neither training nor evaluation uses.
"""

from collections.abc import Callable

import numpy as np

from facetworld.scene import Scene
from training.language import (
    FACETS,
    LABEL_WORDS,
    TUNE_WORDINGS,
    all_labels,
    labels_of,
    with_article,
)

POOL = 100
# Pairs of labels that are never negatives of each other.
_SIMILAR = {
    frozenset(pair)
    for pair in (
        ("daytime", "sunrise"),
        ("sunny", "clear"),
        ("cloudy", "misty"),
        ("cloudy", "rainy"),
        ("cloudy", "stormy"),
        ("misty", "rainy"),
        ("misty", "stormy"),
        ("rainy", "stormy"),
    )
}
COUNT_DIFFERENCE = 3  # of people, at least, between a positive and a negative


def allowed_as_negative(facet: str, label: str, other: str | None) -> bool:
    """Whether a picture labelled `other` may be a negative for `label`."""
    if facet == "people":
        return abs(int(label) - int(other)) >= COUNT_DIFFERENCE
    return other != label and frozenset((label, other)) not in _SIMILAR


def text_of(facet: str, label: str) -> str:
    """The tune query for a label."""
    return with_article(TUNE_WORDINGS[facet].format(LABEL_WORDS[facet](label)[0]))


def pools(scenes: list[Scene], per_facet: int, seed: int = 0) -> dict[str, list]:
    """Per facet, (label, indices of 100 scenes) with the positive first."""
    rng = np.random.default_rng(seed)
    found = {}
    for facet in FACETS:
        labels = [labels_of(scene)[facet] for scene in scenes]
        labelled = [i for i, label in enumerate(labels) if label is not None]
        found[facet] = []
        for i in rng.choice(labelled, per_facet):
            others = [
                j
                for j, other in enumerate(labels)
                if allowed_as_negative(facet, labels[i], other)
            ]
            rest = rng.choice(others, POOL - 1, replace=False)
            found[facet].append((labels[i], np.array([i, *rest])))
    return found


def recall(
    pools: list, texts: dict[str, np.ndarray], images: np.ndarray, k: int
) -> float:
    """Share of pools whose positive is among the first k; ties count against it.

    texts: label -> (D,), images (N, D), all of unit length.
    """
    hits = 0
    for label, pool in pools:
        scores = images[pool] @ texts[label]
        hits += int((scores[1:] >= scores[0]).sum()) < k
    return hits / len(pools)


def query_rows(embed: Callable[[list[str]], np.ndarray]) -> dict[str, dict]:
    """Facet -> label -> the embedding (D,) of its tune query."""
    found = {}
    for facet, labels in all_labels().items():
        rows = embed([text_of(facet, label) for label in labels])
        found[facet] = dict(zip(labels, rows, strict=True))
    return found


def recall_by_facet(pools: dict, queries: dict, images: dict[str, np.ndarray]) -> dict:
    """Recall@1 and @5 by facet and their macro average; images: facet -> (N, D)."""
    found = {
        facet: [round(recall(pools[facet], queries[facet], rows, k), 3) for k in (1, 5)]
        for facet, rows in images.items()
    }
    return found | {"macro": np.mean(list(found.values()), 0).round(3).tolist()}
