"""The chapter on controls: what a question does to pictures, without any text.

A control whose texts have collapsed, so that the answers of a facet are all alike, can
show nothing by recall. What a question does to the picture's side can be measured
without a text: how far it moves a picture, how much of the spread among pictures is
then between the classes of what was asked, and whether the mean of other pictures of a
class finds one. The texts' own state stands beside it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cocofacet.evaluation.metrics import recall_at
from cocofacet.evaluation.probes import (
    Classes,
    classes_of,
    folds_of,
    image_scores,
    naming,
    probe_scores,
)
from cocofacet.evaluation.ranking import Pools, pools_of

COLLAPSED = 0.8  # mean cosine between a facet's answers, from which recall says nothing


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
    facets: Sequence[str],
    seed: int,
) -> pd.DataFrame:
    """What the question of each facet does to pictures: a row a facet.

    queries (Q, D), images[prompt] (N, D): None and each question. moved: the mean of
    1 - cosine between a picture without the question and under it. asked, asked_before:
    `between` of the facet's own classes, under the question and without; others,
    others_before: the mean of that over the other facets. named, named_before, even:
    balanced accuracy of a probe, and its chance. means, means_before: Recall@1 where
    the query is the mean of other pictures of the class; words, words_before: where it
    is the text. alike: the mean cosine between the facet's texts of different labels.
    """
    before = images[None]
    classes = {
        facet: classes_of(benchmark, pools_of(benchmark, facet))
        for facet in benchmark.facets
    }
    folds = folds_of(len(before), seed)
    rows = []
    for facet in facets:
        after, own = images[questions[facet]], classes[facet]
        pools = pools_of(benchmark, facet)
        texts = queries[pools.first]
        row = {"facet": facet, "moved": float(1 - (before * after).sum(axis=1).mean())}
        for when, here in (("", after), ("_before", before)):
            rest = [between(here, c) for name, c in classes.items() if name != facet]
            probe, _ = probe_scores(here, own, folds)
            right = naming(probe, own)
            row |= {
                f"asked{when}": between(here, own),
                f"others{when}": float(np.mean(rest)),
                f"named{when}": right["balanced"],
                f"means{when}": _recall(pools, image_scores(here, own)[own.of_text]),
                f"words{when}": _recall(pools, texts @ here.T),
                "even": right["even"],
            }
        rows.append({**row, "alike": _alike(texts, own.of_text)})
    return pd.DataFrame(rows)


def _recall(pools: Pools, scores: np.ndarray) -> float:
    """Recall@1 of scores (T, N) in the facet's pools."""
    return recall_at(pools.ranks(scores, "", None)["rank"], 1)


def _alike(texts: np.ndarray, label: np.ndarray) -> float:
    """The mean cosine between texts (T, D), unit rows, of different classes (T,)."""
    different = label[:, None] != label
    return float((texts @ texts.T)[different].mean())


def grid(by_model: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Facet and model down, in percent: what the question changes on the pictures'
    side ("before -> after"), then on the texts'."""
    rows = {}
    for model, table in by_model.items():
        for row in table.itertuples():
            named = _change(row.named_before, row.named)
            rows[row.facet, model] = {
                "moved": f"{row.moved:.2f}",
                "between its classes": _change(row.asked_before, row.asked),
                "between others": _change(row.others_before, row.others),
                "probe": f"{named} ({100 * row.even:.0f})",
                "from pictures": _change(row.means_before, row.means),
                "from words": _change(row.words_before, row.words),
                "texts alike": f"{row.alike:.2f}"
                + " (collapsed)" * (row.alike >= COLLAPSED),
            }
    return pd.DataFrame(rows).T.sort_index(level=0, sort_remaining=False)


def _change(before: float, after: float) -> str:
    return f"{100 * before:.0f} → {100 * after:.0f}"
