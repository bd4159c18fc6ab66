"""Is an attribute in an embedding, and what reaches it?

Ways to score the images of a gallery for a label. They differ in where the query comes
from, and nothing of the embeddings is changed:

    probe     a linear classifier trained on other images: is the attribute there?
    half      the same, trained on half as many: would more images find more?
    images    the mean of the other images that carry the label
    grounded  the mean of the ten other images that the text finds first
    words     the text, which is ordinary retrieval

The first three are told labels; the last two are not. The probe stands for a ceiling,
as its vectors are fitted to tell the labels apart, but only as far as its images go: if
it gains on its half, more of them would find more. *An image is scored only by what was
learnt without it*, so that none meets itself in its query: the probe is cross-fitted,
and from a mean each image is left out in turn.

Images that no query may meet can teach as well. In a rendered world the held-out
pictures do, and every picture of the gallery: its truth is known (`truth`).

"grounded" is ours, in the spirit of "Seeing Is Not Addressing" (2609.37230) and not its
method: it is pseudo-relevance feedback, known from text retrieval since Rocchio.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import PredefinedSplit

from cocofacet.evaluation import truth
from cocofacet.evaluation.ranking import Pools, gallery_scores, pools_of
from cocofacet.evaluation.statistics import mean_of_shares

WAYS = ("probe", "half", "images", "grounded", "words")
FOLDS = 5
STRENGTHS = (3.0, 30.0, 300.0)  # inverse regularisation, chosen by inner folds
# To the optimum itself: stopped on the way, rounding alone would change ranks.
SOLVED = {"solver": "newton-cg", "tol": 1e-7, "max_iter": 1000}
FETCHED = 10  # images that a text fetches to be asked with


@dataclass(frozen=True)
class Classes:
    """What a facet's images are told apart by.

    Labels with the same eligible negatives are one class: no pool sets one against the
    other ("stone" and "brick", or all wordings of one place).

    Attributes:
        of_text: for each text of the pools its class: (T,) int64.
        told: the classes of each image, the last row for those that carry none:
            (C + 1, M) bool, first the gallery's N images, then any that only teach. An
            image may carry several; a column without any is one of which nothing is
            claimed.
    """

    of_text: np.ndarray
    told: np.ndarray

    @property
    def carried(self) -> np.ndarray:
        """Which images carry a label of the class: (C, M) bool."""
        return self.told[:-1]

    @property
    def known(self) -> np.ndarray:
        return self.told.any(axis=0)


def classes_of(benchmark, pools: Pools) -> Classes:
    """The classes of one facet's pools, from the labels that the images carry.

    An image that carries none is one of those if it may be a negative for all; else
    nothing is claimed of it. Raises ValueError where the labels are not known, as for
    the released files.
    """
    if not all(len(here) for here in pools.eligible):
        raise ValueError("the labels that images carry are not known: build the pools")
    keys = [tuple(here) for here in pools.eligible]
    position = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    of_text = np.array([position[key] for key in keys], dtype=np.int64)
    told = np.zeros((len(position) + 1, len(benchmark.images)), bool)
    label_of = {query.text: (query.facet, query.label) for query in pools.queries}
    for text, place in zip(pools.texts, of_text, strict=True):
        carrying = benchmark.with_label(*label_of[text])
        told[place, benchmark.indices(carrying)] = True
    eligible = np.zeros_like(told[:-1])
    for key, place in position.items():
        eligible[place, list(key)] = True
    told[-1] = eligible.all(axis=0) & ~told.any(axis=0)
    return Classes(of_text, told)


def folds_of(images: int, seed: int) -> np.ndarray:
    """The fold of each image, drawn once for a gallery: (N,) int64, balanced."""
    return np.random.default_rng(seed).permutation(images) % FOLDS


def probe_scores(images: np.ndarray, classes: Classes, folds: np.ndarray) -> np.ndarray:
    """Log probability of each class, by probes that did not see the image.

    images (M, D), folds (M,); returns (2, C + 1, M) float64: of the probe and of its
    half; the last class is "none of the classes". One multinomial logistic regression
    a fold, trained on the known images of the other four folds, the half on those of
    two. The regularisation is chosen by accuracy, two of the four against the other
    two. An image with several classes is trained on as one with a share of each. A
    class that the other folds lack scores -inf; where they hold a single one, all are
    equal.
    """
    images = np.asarray(images, np.float64)
    row, label = np.nonzero(classes.told.T)  # an image with two classes is there twice
    taught = images[row], label, 1 / classes.told.sum(axis=0)[row]
    found = np.full((2, *classes.told.shape), -np.inf)
    for fold in range(FOLDS):
        asked = folds == fold
        after = (folds[row] - fold) % FOLDS  # how many folds further on
        whole = LogisticRegressionCV(
            Cs=STRENGTHS,
            l1_ratios=(0,),
            cv=PredefinedSplit(after[after > 0] > 2),
            scoring="accuracy",
            use_legacy_attributes=False,
            **SOLVED,
        )
        _teach(whole, after > 0, taught, images[asked], found[0], asked)
        half = LogisticRegression(C=getattr(whole, "C_", 1.0), **SOLVED)
        _teach(half, after % 2 == 1, taught, images[asked], found[1], asked)
    return found


def _teach(regression, train, taught, images, scores, asked) -> None:
    """Fit to some rows of ``taught`` and write the scores of the images asked about."""
    rows, label, share = (part[train] for part in taught)
    names = np.unique(label)
    if len(names) < 2:
        scores[:, asked] = 0
        return
    regression.fit(rows, label, sample_weight=share)
    logits = regression.decision_function(images)
    if len(names) == 2:  # one number then, for the second against the first
        logits = np.stack([0 * logits, logits], axis=1)
    scores[np.ix_(names, asked)] = log_softmax(logits, axis=1).T


def image_scores(images: np.ndarray, classes: Classes) -> np.ndarray:
    """Score each image by the mean of the *other* images that carry the class.

    images (M, D); returns (C, M) float64. In the pool of a query only the positive
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

    texts (T, D), images (N, D), searched (S,) positions of the images that may be
    found; returns (T, N) float64. No label is used.
    """
    images = np.asarray(images, np.float64)
    by_text = gallery_scores(texts, images[searched])
    first = searched[np.argsort(-by_text, axis=1, kind="stable")[:, : FETCHED + 1]]
    found = gallery_scores(images[first[:, :-1]].mean(axis=1), images)
    for text, (*fetched, next_one) in enumerate(first):
        for image in fetched:
            others = [other for other in (*fetched, next_one) if other != image]
            found[text, image] = images[others].mean(axis=0) @ images[image]
    return found


def naming(scores: np.ndarray, classes: Classes) -> dict[str, float]:
    """How often the probe's first choice is right, over the known images.

    scores (C + 1, M) as from `probe_scores`. accuracy; majority: what always naming
    the most frequent class would get; balanced: the mean over classes of the share of
    their images that are named rightly, with its 95 % interval over images (normal,
    each class apart) as low and high; even: 1 / classes, its chance; images.
    """
    told = classes.told[:, classes.known]
    named = scores[:, classes.known].argmax(axis=0)
    right = told[named, np.arange(told.shape[1])]
    present = told[told.any(axis=1)]
    shares = np.array([right[here].mean() for here in present])
    balanced, low, high = mean_of_shares(shares, present.sum(axis=1))
    return {
        "accuracy": float(right.mean()),
        "majority": float(present.mean(axis=1).max()),
        "balanced": balanced,
        "low": low,
        "high": high,
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


def measure(workspace, retriever, modes: Mapping[str, Mapping]) -> Reached:
    """`rank_ways` of a retriever in a workspace; the world's truth teaches if there
    is one. modes maps mode -> facet -> its prompt in a tuple."""
    scenes = truth.read_scenes(workspace.annotations)
    names = list(workspace.benchmark.images)
    images = workspace.embedded(retriever, modes)
    if scenes:
        held_out = workspace.anchor_gallery(retriever, tuple(images))
        names += workspace.anchors
        images = {
            prompt: np.concatenate([rows, more])
            for (prompt, rows), more in zip(images.items(), held_out, strict=True)
        }
    return rank_ways(
        workspace.benchmark,
        workspace.queries(retriever),
        images,
        modes,
        workspace.seed,
        [scenes.get(name) for name in names],
        **workspace.identity(retriever),
    )


def rank_ways(
    benchmark,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    modes: Mapping[str, Mapping[str, Sequence[str | None]]],
    seed: int,
    scenes: Sequence[truth.Scene | None] | None = None,
    **columns: str,
) -> Reached:
    """Rank every query of a benchmark in all `WAYS`, in the same pools.

    The arguments are those of `ranking.rank_table`; a facet has one prompt in each
    mode. images may hold more rows than the gallery, (M, D): these teach and are not
    searched, if scenes (M) says what is in them. ``seed`` draws the folds, once for
    all facets and modes.
    """
    gallery = len(benchmark.images)
    scenes = [None] * gallery if scenes is None else scenes
    folds = folds_of(len(scenes), seed)
    ranks, named = [], []
    for mode, prompts_of in modes.items():
        for facet, (prompt,) in prompts_of.items():
            pools = pools_of(benchmark, facet)
            _, first = np.unique(pools.text, return_index=True)
            texts, here = queries[pools.rows][first], images[prompt]
            classes = classes_of(benchmark, pools)
            more = np.zeros((len(classes.told), len(scenes) - gallery), bool)
            told = truth.extend_labels(np.hstack([classes.told, more]), scenes)
            classes = Classes(classes.of_text, told)
            searched = benchmark.indices(benchmark.labels[facet])
            probe, half = probe_scores(here, classes, folds)
            scores = {
                "probe": probe[classes.of_text],
                "half": half[classes.of_text],
                "images": image_scores(here, classes)[classes.of_text],
                "grounded": grounded_scores(texts, here[:gallery], searched),
                "words": gallery_scores(texts, here[:gallery]),
            }
            ranks += [
                pools.ranks(scores[way], mode_of(mode, way), prompt, **columns)
                for way in WAYS
            ]
            named.append({"mode": mode, "facet": facet, **naming(probe, classes)})
    return Reached(pd.concat(ranks, ignore_index=True), pd.DataFrame(named))
