"""Is an attribute in an embedding, and what reaches it?

Four ways to score the images of a gallery for a label. They differ in where the query
comes from, and nothing of the embeddings is changed:

    probe     a linear classifier trained on other images: is the attribute there?
    images    the mean of the other images that carry the label
    grounded  the mean of the ten other images that the text finds first
    words     the text, which is ordinary retrieval

The first two are told labels; the last two are not. The probe stands for a ceiling, as
its vectors are fitted to tell the labels apart, but not for a strict one: it knows a
few hundred images and no more. *An image is scored only by what was learnt without it*,
so that none meets itself in its query: the probe is cross-fitted, and from a mean each
image is left out in turn.

"grounded" is ours, in the spirit of "Seeing Is Not Addressing" (2609.37230) and not its
method: it is pseudo-relevance feedback, known from text retrieval since Rocchio.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import PredefinedSplit

from cocofacet.ranking import Pools, gallery_scores, pools_of

WAYS = ("probe", "images", "grounded", "words")
FOLDS = 5
STRENGTHS = (1.0, 30.0, 1000.0)  # inverse regularisation, chosen by inner folds
FETCHED = 10  # images that a text fetches to be asked with


@dataclass(frozen=True)
class Classes:
    """What a facet's images are told apart by.

    Labels with the same eligible negatives are one class: no pool sets one against the
    other ("stone" and "brick", or all wordings of one place).

    Attributes:
        of_text: for each text of the pools its class: (T,) int64.
        carried: which images of the gallery carry a label of the class: (C, N) bool.
            An image may carry several.
        known: the images of which it is known: (N,) bool. They carry a class, or may be
            a negative for all. Of the others nothing is claimed.
    """

    of_text: np.ndarray
    carried: np.ndarray
    known: np.ndarray

    @property
    def told(self) -> np.ndarray:
        """``carried`` of the known images, and a last row for those that carry none:
        (C + 1, N) bool."""
        here = self.carried & self.known
        return np.vstack([here, self.known & ~self.carried.any(axis=0)])


def classes_of(benchmark, pools: Pools) -> Classes:
    """The classes of one facet's pools, from the labels that the images carry.

    Raises ValueError where these are not known, as for the released files.
    """
    if not all(len(here) for here in pools.eligible):
        raise ValueError("the labels that images carry are not known: build the pools")
    keys = [tuple(here) for here in pools.eligible]
    position = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    of_text = np.array([position[key] for key in keys], dtype=np.int64)
    size = (len(position), len(benchmark.images))
    carried, eligible = np.zeros(size, bool), np.zeros(size, bool)
    label_of = {query.text: (query.facet, query.label) for query in pools.queries}
    for text, place in zip(pools.texts, of_text, strict=True):
        carrying = benchmark.carrying(*label_of[text])
        carried[place, benchmark.indices(carrying)] = True
    for key, place in position.items():
        eligible[place, list(key)] = True
    return Classes(of_text, carried, carried.any(axis=0) | eligible.all(axis=0))


def folds_of(images: int, seed: int) -> np.ndarray:
    """The fold of each image, drawn once for a gallery: (N,) int64, balanced."""
    return np.random.default_rng(seed).permutation(images) % FOLDS


def probe_scores(images: np.ndarray, classes: Classes, folds: np.ndarray) -> np.ndarray:
    """Log probability of each class, by a probe that did not see the image.

    images (N, D), folds (N,); returns (C + 1, N) float64, the last row for "none of
    the classes". One multinomial logistic regression a fold, trained on the known
    images of the other folds, its regularisation chosen by accuracy over these folds.
    An image with several classes is trained on as one with a share of each. A class
    that the other folds lack scores -inf; where they hold a single one, all are equal.
    """
    images = np.asarray(images, np.float64)
    told = classes.told
    label, row = np.nonzero(told)  # an image with two classes stands there twice
    share = 1 / told.sum(axis=0)[row]
    found = np.full(told.shape, -np.inf)
    for fold in range(FOLDS):
        train, asked = folds[row] != fold, np.flatnonzero(folds == fold)
        names = np.unique(label[train])
        if len(names) < 2:
            found[:, asked] = 0
            continue
        probe = LogisticRegressionCV(
            Cs=STRENGTHS,
            l1_ratios=(0,),
            cv=PredefinedSplit(folds[row[train]]),
            scoring="accuracy",
            max_iter=1000,
            use_legacy_attributes=False,
        )
        probe.fit(images[row[train]], label[train], sample_weight=share[train])
        scores = probe.decision_function(images[asked])
        if len(names) == 2:  # one number then, for the second against the first
            scores = np.stack([0 * scores, scores], axis=1)
        found[np.ix_(names, asked)] = log_softmax(scores, axis=1).T
    return found


def image_scores(images: np.ndarray, classes: Classes) -> np.ndarray:
    """Score each image by the mean of the *other* images that carry the class.

    images (N, D); returns (C, N) float64. In the pool of a query only the positive
    carries its label, so it is the only one that the mean has to do without. NaN, which
    counts against the positive, where no other image carries the class.
    """
    images = np.asarray(images, np.float64)
    carried = classes.carried.astype(np.float64)
    own = carried * (images**2).sum(axis=1)
    with np.errstate(invalid="ignore"):
        others = carried.sum(axis=1, keepdims=True) - carried
        return (gallery_scores(carried @ images, images) - own) / np.where(
            others > 0, others, np.nan
        )


def grounded_scores(
    texts: np.ndarray, images: np.ndarray, searched: np.ndarray
) -> np.ndarray:
    """Score each image by the mean of the ten *other* images that a text finds first.

    texts (T, D), images (N, D), searched (N,) bool: the images that may be found;
    returns (T, N) float64. No label is used.
    """
    images = np.asarray(images, np.float64)
    places = np.flatnonzero(searched)
    by_text = gallery_scores(texts, images[places])
    first = places[np.argsort(-by_text, axis=1, kind="stable")[:, : FETCHED + 1]]
    found = gallery_scores(images[first[:, :-1]].mean(axis=1), images)
    for text, (*fetched, next_one) in enumerate(first):
        for image in fetched:
            others = [other for other in (*fetched, next_one) if other != image]
            found[text, image] = images[others].mean(axis=0) @ images[image]
    return found


def naming(scores: np.ndarray, classes: Classes) -> dict[str, float]:
    """How often the probe's first choice is right, over the known images.

    scores (C + 1, N) as from `probe_scores`. accuracy; majority: what always naming
    the most frequent class would get; balanced: the mean over classes of the share of
    their images that are named rightly; even: 1 / classes, its chance; images.
    """
    told = classes.told[:, classes.known]
    named = scores[:, classes.known].argmax(axis=0)
    right = told[named, np.arange(told.shape[1])]
    present = told[told.any(axis=1)]
    return {
        "accuracy": float(right.mean()),
        "majority": float(present.mean(axis=1).max()),
        "balanced": float(np.mean([right[here].mean() for here in present])),
        "even": 1 / len(present),
        "images": int(told.shape[1]),
    }


@dataclass(frozen=True)
class Reached:
    """ranks: the tidy table, modes named ``<mode>-<way>``; the ordinary rows, of words,
    keep the mode's name. named: columns mode, facet and those of `naming`."""

    ranks: pd.DataFrame
    named: pd.DataFrame


def mode_of(mode: str, way: str) -> str:
    """How the tidy table names a way of an embedding."""
    return mode if way == "words" else f"{mode}-{way}"


def rank_ways(
    benchmark,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    modes: Mapping[str, Mapping[str, Sequence[str | None]]],
    seed: int,
    **columns: str,
) -> Reached:
    """Rank every query of a benchmark in all `WAYS`, in the same pools.

    The arguments are those of `ranking.rank_table`; a facet has one prompt in each
    mode. ``seed`` draws the folds, once for all facets and modes.
    """
    folds = folds_of(len(benchmark.images), seed)
    ranks, named = [], []
    for mode, prompts_of in modes.items():
        for facet, (prompt,) in prompts_of.items():
            pools = pools_of(benchmark, facet)
            _, first = np.unique(pools.text, return_index=True)
            texts, here = queries[pools.rows][first], images[prompt]
            classes = classes_of(benchmark, pools)
            searched = np.zeros(len(here), bool)
            searched[benchmark.indices(benchmark.carried[facet])] = True
            probe = probe_scores(here, classes, folds)
            scores = {
                "probe": probe[classes.of_text],
                "images": image_scores(here, classes)[classes.of_text],
                "grounded": grounded_scores(texts, here, searched),
                "words": gallery_scores(texts, here),
            }
            ranks += [
                pools.ranks(scores[way], mode_of(mode, way), prompt, **columns)
                for way in WAYS
            ]
            named.append({"mode": mode, "facet": facet, **naming(probe, classes)})
    return Reached(pd.concat(ranks, ignore_index=True), pd.DataFrame(named))
