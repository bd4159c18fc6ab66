"""The chapter on asking the picture: one text, and what it finds first."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.evaluation.scores import gallery_scores
from cocofacet.report.tables import of_mode

FIRST = 4


def most_gained(ranks: pd.DataFrame) -> tuple[str, str]:
    """The facet whose Recall@1 the question lifts most, and of its texts the one that
    it lifts most; the first of equals."""
    hit = [
        of_mode(ranks, mode).set_index(["facet", "text"])["rank"].eq(1).astype(float)
        for mode in ("prompted", "general")
    ]
    by_facet = [each.groupby("facet", sort=False).mean() for each in hit]
    facet = (by_facet[0] - by_facet[1]).idxmax()
    by_text = [each[facet].groupby("text", sort=False).mean() for each in hit]
    return facet, (by_text[0] - by_text[1]).idxmax()


def first_found(
    benchmark: Benchmark,
    query: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    facet: str,
    label: str,
) -> tuple[list[tuple[str, str]], list[int]]:
    """The `FIRST` pictures of the whole gallery under each prompt, one row after the
    other: (path, its labels of the facet), and the places of those that have ``label``.

    query (D,); images: prompt -> (N, D), in the order of ``benchmark.images``.
    """
    found = []
    for vectors in images.values():
        scores = gallery_scores(query[None], vectors)[0]
        best = np.argsort(-scores, kind="stable")[:FIRST]
        found += [benchmark.images[place] for place in best]
    labels = benchmark.labels.get(facet, {})
    words = [", ".join(labels.get(path, ())) or "none" for path in found]
    right = [i for i, path in enumerate(found) if label in labels.get(path, ())]
    return list(zip(found, words, strict=True)), right
