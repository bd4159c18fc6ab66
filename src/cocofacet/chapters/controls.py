"""The chapter on controls: what a question does to pictures, without any text.

A control whose texts have collapsed, so that the answers of a facet are all alike, can
show nothing by recall. What a question does to the picture's side can be measured
without a text: how much of the spread among pictures is then between the classes of
what was asked, whether a probe names them, and whether the mean of other pictures of a
class finds one. The texts' own state stands beside it.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cocofacet.evaluation.probes import Classes, classes_of, mode_of, rank_ways
from cocofacet.evaluation.ranking import pools_of
from cocofacet.report.style import MODES


def between(images: np.ndarray, classes: Classes) -> float:
    """The share of the pictures' spread that lies between classes: 0 to 1.

    images (N, D). Eta squared: squared distances of class means from the mean of all,
    weighted by their pictures, over the squared distances of all. Only pictures with
    exactly one class count.
    """
    one = classes.labels.sum(axis=0) == 1
    images, label = np.asarray(images, np.float64)[one], classes.labels[:, one]
    away = images - images.mean(axis=0)
    sums = label @ away  # (C + 1, D)
    counts = label.sum(axis=1)
    means = (sums**2).sum(axis=1) / np.maximum(counts, 1)
    return float(means.sum() / (away**2).sum())


def image_side(
    benchmark,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    questions: Mapping[str, str],
    seed: int,
) -> pd.DataFrame:
    """What the question of each facet does to pictures: (facet, mode) down, fractions.

    queries (Q, D), images[prompt] (N, D): None and each of ``questions``. The spread
    `between` the facet's own classes, and the mean of that of the other facets'; a
    probe's balanced accuracy, and its chance; Recall@1 where the query is the mean of
    other pictures of the class; the mean cosine between texts of different classes.
    """
    modes = {
        "general": {facet: (None,) for facet in questions},
        "prompted": {facet: (question,) for facet, question in questions.items()},
    }
    probed = rank_ways(benchmark, queries, images, modes, seed)
    named = probed.named.set_index(["mode", "facet"])
    first = probed.ranks.set_index(["mode", "facet"])["rank"] == 1
    pools = {facet: pools_of(benchmark, facet) for facet in benchmark.facets}
    classes = {facet: classes_of(benchmark, pool) for facet, pool in pools.items()}
    rows = {}
    for facet in questions:
        texts = queries[pools[facet].first]
        for mode, prompts in modes.items():
            shown = images[prompts[facet][0]]
            spread = {name: between(shown, each) for name, each in classes.items()}
            rows[facet, MODES[mode][0]] = {
                "between its classes": spread.pop(facet),
                "between others": pd.Series(spread, dtype=float).mean(),
                "probe": named.balanced[mode, facet],
                "chance": named.even[mode, facet],
                "from pictures": first[mode_of(mode, "images"), facet].mean(),
                "texts alike": _alike(texts, classes[facet].of_text),
            }
    return pd.DataFrame(rows).T


def _alike(texts: np.ndarray, label: np.ndarray) -> float:
    """The mean cosine between texts (T, D), unit rows, of different classes (T,)."""
    different = label[:, None] != label
    return float((texts @ texts.T)[different].mean())
