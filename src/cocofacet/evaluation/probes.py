"""A linear probe and other ways to score images for a label: is an attribute in an
embedding, and what reaches it? What scores an image has not learnt from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cocofacet.evaluation.discriminant import STRENGTHS, cross_fitted
from cocofacet.evaluation.ranking import Pools, pools_of
from cocofacet.evaluation.scores import gallery_scores
from cocofacet.evaluation.statistics import mean_of_shares
from cocofacet.evaluation.truth import Scene, extend_labels

# probe     a linear classifier trained on other images: is the attribute there?
# images    the mean of the other images that carry the label
# grounded  the mean of the ten other images that the text finds first
# words     the text, which is ordinary retrieval
#
# The first two use labels, the last two do not. The probe is cross-fitted; a mean
# leaves out each image in turn. "grounded" is ours, in the spirit of "Seeing Is Not
# Addressing" (2609.37230) and not its method: it is pseudo-relevance feedback, known
# from text retrieval since Rocchio.
WAYS = ("probe", "images", "grounded", "words")
FOLDS = 5
SIZES = (50, 100, 200, 400, 800)  # images that a probe is taught by, beside all
FEEDBACK = 10  # images that a text finds first, whose mean is the new query


@dataclass(frozen=True)
class Classes:
    """A facet's classes, and the labels of M images.

    Labels with the same eligible negatives are one class: no pool sets one against the
    other ("stone" and "brick", or all wordings of one place). The M images are the
    gallery's N, then any that are only trained on.
    """

    of_text: np.ndarray  # (T,) int64: the class of each text of the pools
    labels: np.ndarray  # (C + 1, M) bool, multi-hot; the last row: none of the classes

    @property
    def positive(self) -> np.ndarray:
        """Which images carry a label of the class: (C, M) bool."""
        return self.labels[:-1]

    @property
    def labelled(self) -> np.ndarray:
        """Which images have any label; of the others nothing is claimed: (M,) bool."""
        return self.labels.any(axis=0)


def classes_of(benchmark, pools: Pools) -> Classes:
    """The classes of one facet's pools, from the labels that the images carry.

    An image that carries none has the last label, none of the classes, if it may be a
    negative for all; else it has no label. Raises ValueError where the labels are not
    known, as for the released files.
    """
    if not pools.known:
        raise ValueError("the labels that images carry are not known: build the pools")
    keys = [tuple(here) for here in pools.eligible]
    position = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    of_text = np.array([position[key] for key in keys], dtype=np.int64)
    labels = np.zeros((len(position) + 1, len(benchmark.images)), bool)
    for label, place in zip(pools.labels, of_text, strict=True):
        with_label = benchmark.with_label(pools.queries[0].facet, label)
        labels[place, benchmark.indices(with_label)] = True
    eligible = np.zeros_like(labels[:-1])
    for key, place in position.items():
        eligible[place, list(key)] = True
    labels[-1] = eligible.all(axis=0) & ~labels.any(axis=0)
    return Classes(of_text, labels)


def folds_of(images: int, seed: int) -> np.ndarray:
    """The fold of each image, drawn once for a gallery: (N,) int64, balanced."""
    return np.random.default_rng(seed).permutation(images) % FOLDS


def probe_scores(
    images: np.ndarray, classes: Classes, folds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Log probability of each class by a probe that did not see the image, (C + 1, M)
    float64, and the strength chosen for each fold: `discriminant.cross_fitted`. The
    last class is "none of the classes"."""
    return cross_fitted(images, classes.labels, folds)


def learning_curve(
    images: np.ndarray, classes: Classes, folds: np.ndarray, seed: int
) -> pd.DataFrame:
    """`naming` by probes taught by fewer images, a row for each of `SIZES` that there
    are: column trained, and those of `naming`. The seed draws the images."""
    # Of the labelled images the smallest training set holds so many.
    most = min((classes.labelled & (folds != fold)).sum() for fold in range(FOLDS))
    rows = []
    for size in SIZES:
        if size < most:
            by_size = cross_fitted(images, classes.labels, folds, size, seed)
            rows.append({"trained": size, **naming(by_size[0], classes)})
    return pd.DataFrame(rows)


def image_scores(images: np.ndarray, classes: Classes) -> np.ndarray:
    """Score each image by the mean of the *other* images that carry the class.

    images (M, D); returns (C, M) float64. In the pool of a query only the positive
    carries its label, so it is the only one that the mean has to do without. NaN, which
    counts against the positive, where no other image carries the class.
    """
    images = np.asarray(images, np.float64)
    positive = classes.positive.astype(np.float64)
    own = positive * (images**2).sum(axis=1)
    others = positive.sum(axis=1, keepdims=True) - positive  # (C, M) how many
    sums = gallery_scores(positive @ images, images) - own
    return sums / np.where(others > 0, others, np.nan)


def grounded_scores(
    texts: np.ndarray, images: np.ndarray, searched: np.ndarray
) -> np.ndarray:
    """Score each image by the mean of the ten *other* images that a text finds first.

    texts (T, D), images (N, D), searched (S,) positions of the images that may be
    found; returns (T, N) float64. No label is used.
    """
    images = np.asarray(images, np.float64)
    by_text = gallery_scores(texts, images[searched])
    first = searched[np.argsort(-by_text, axis=1, kind="stable")[:, : FEEDBACK + 1]]
    found = gallery_scores(images[first[:, :-1]].mean(axis=1), images)
    for text, (*ten, next_one) in enumerate(first):
        for image in ten:  # scored by the other nine and the next one
            others = [other for other in (*ten, next_one) if other != image]
            found[text, image] = images[others].mean(axis=0) @ images[image]
    return found


def naming(scores: np.ndarray, classes: Classes) -> dict[str, float]:
    """How often the probe's first choice is right, over the labelled images.

    scores (C + 1, M) as from `probe_scores`. accuracy; majority: what always naming
    the most frequent class would get; balanced: the mean over classes of the share of
    their images that are named rightly, with its 95 % interval over images (normal) as
    low and high; even: its chance, the most that naming one class always would get,
    which is 1 / classes where no image has two; images.
    """
    labels = classes.labels[:, classes.labelled]
    named = scores[:, classes.labelled].argmax(axis=0)
    right = labels[named, np.arange(labels.shape[1])]
    present = labels[labels.any(axis=1)].astype(np.int64)
    shares = np.array([right[here > 0].mean() for here in present])
    counts = present.sum(axis=1)
    balanced, low, high = mean_of_shares(shares, counts)
    return {
        "accuracy": float(right.mean()),
        "majority": float(present.mean(axis=1).max()),
        "balanced": balanced,
        "low": max(low, 0.0),
        "high": min(high, 1.0),
        "even": float((present @ present.T / counts[:, None]).mean(axis=0).max()),
        "images": int(labels.shape[1]),
    }


@dataclass(frozen=True)
class ProbeResults:
    """What `rank_ways` finds."""

    ranks: pd.DataFrame  # the tidy table, modes named by `mode_of`
    # Columns mode, facet, those of `naming`, and of the strengths chosen in folds the
    # weakest, and in how many folds it is the weakest there was to choose.
    named: pd.DataFrame
    # Columns mode, facet and those of `learning_curve`; the last row of each: of all.
    curve: pd.DataFrame


def mode_of(mode: str, way: str) -> str:
    """How the tidy table names a way of an embedding; words keep the mode's name."""
    return mode if way == "words" else f"{mode}-{way}"


def rank_ways(
    benchmark,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    modes: Mapping[str, Mapping[str, Sequence[str | None]]],
    seed: int,
    scenes: Sequence[Scene | None] | None = None,
    curves: bool = False,
    **columns: str,
) -> ProbeResults:
    """Rank every query of a benchmark in all `WAYS`, in the same pools.

    The arguments are those of `ranking.rank_table`; a facet has one prompt in each
    mode. images may hold more rows than the gallery, (M, D): these are trained on and
    not searched, if scenes (M) says what is in them. ``seed`` draws the folds.
    ``curves``: teach probes by fewer images as well.
    """
    gallery = len(benchmark.images)
    scenes = [None] * gallery if scenes is None else scenes
    folds = folds_of(len(scenes), seed)
    ranks, named, learnt = [], [], []
    for mode, prompts_of in modes.items():
        for facet, (prompt,) in prompts_of.items():
            pools = pools_of(benchmark, facet)
            texts, here = queries[pools.first], images[prompt]
            classes = classes_of(benchmark, pools)
            labels = np.pad(classes.labels, [(0, 0), (0, len(scenes) - gallery)])
            classes = Classes(classes.of_text, extend_labels(labels, scenes))
            searched = benchmark.indices(benchmark.labels[facet])
            probe, strengths = probe_scores(here, classes, folds)
            scores = {
                "probe": probe[classes.of_text],
                "images": image_scores(here, classes)[classes.of_text],
                "grounded": grounded_scores(texts, here[:gallery], searched),
                "words": gallery_scores(texts, here[:gallery]),
            }
            ranks += [
                pools.ranks(scores[way], mode_of(mode, way), prompt, **columns)
                for way in WAYS
            ]
            key, right = {"mode": mode, "facet": facet}, naming(probe, classes)
            weakest = {
                "weakest": strengths.min(initial=1.0),
                "at_edge": int((strengths == STRENGTHS[-1]).sum()),
            }
            named.append({**key, **right, **weakest})
            if curves:
                trained = right["images"] * (FOLDS - 1) // FOLDS
                all_of_them = pd.DataFrame([{"trained": trained, **right}])
                fewer = learning_curve(here, classes, folds, seed)
                learnt.append(pd.concat([fewer, all_of_them]).assign(**key))
    return ProbeResults(
        pd.concat(ranks, ignore_index=True),
        pd.DataFrame(named),
        pd.concat(learnt, ignore_index=True) if learnt else pd.DataFrame(),
    )
