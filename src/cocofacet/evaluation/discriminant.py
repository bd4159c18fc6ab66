"""The probe: linear discriminant analysis, shrunk, in closed form.

A picture belongs to the class whose mean is nearest, in distances measured by the
spread inside the classes. That spread S is drawn towards a sphere of the same size,
(1 - s) S + s mean(S) I (Friedman, JASA 84, 1989), and the strength s is chosen by
balanced accuracy. Classes weigh the same however many pictures they have, and so does
the criterion: a frequent class can't carry it. Features are not standardised, as
embeddings are unit vectors on one scale. One decomposition serves all strengths.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

# From nearest class mean, which is as far as shrinking goes, to almost none.
STRENGTHS = tuple(10.0**-power for power in range(9))


@dataclass(frozen=True)
class Examples:
    """Pictures to learn from: one with several labels is there once for each."""

    row: np.ndarray  # (E,) int64: which picture
    label: np.ndarray  # (E,) int64
    weight: np.ndarray  # (E,) the label's share of its picture

    @classmethod
    def of(cls, labels: np.ndarray) -> "Examples":
        """Of labels (C, M) bool, multi-hot; a picture without any teaches nothing."""
        row, label = np.nonzero(labels.T)
        return cls(row, label, 1 / labels.sum(axis=0)[row])

    def where(self, pictures: np.ndarray) -> "Examples":
        """Of some pictures only: (M,) bool."""
        here = pictures[self.row]
        return Examples(self.row[here], self.label[here], self.weight[here])


@dataclass(frozen=True)
class Discriminant:
    """Classes that were learnt, for every strength."""

    present: np.ndarray  # (P,) the classes that had an example
    means: np.ndarray  # (P, D)
    spread: np.ndarray  # (R,) the variances inside classes along ``axes``
    axes: np.ndarray  # (D, R) orthonormal; there is no spread beside them

    @classmethod
    def fitted(cls, images: np.ndarray, examples: Examples) -> "Discriminant":
        """Learn from images (M, D). Each class counts for as much as another."""
        total = np.bincount(examples.label, examples.weight)
        present, place = np.unique(examples.label, return_inverse=True)
        vectors, share = images[examples.row], examples.weight / total[examples.label]
        means = np.zeros((len(present), images.shape[1]))
        np.add.at(means, place, vectors * share[:, None])
        away = (vectors - means[place]) * np.sqrt(share / len(present))[:, None]
        if len(away) < images.shape[1]:
            _, lengths, axes = np.linalg.svd(away, full_matrices=False)
            return cls(present, means, lengths**2, axes.T)
        spread, axes = np.linalg.eigh(away.T @ away)
        return cls(present, means, spread.clip(0), axes)

    def scores(self, images: np.ndarray, strengths: Sequence[float]) -> np.ndarray:
        """Logits (S, m, P) of images (m, D) under each strength; of equal priors."""
        strength = np.array(strengths)[:, None]
        # No spread at all leaves the nearest mean, at any scale.
        sphere = strength * (self.spread.sum() / images.shape[1] or 1.0)  # (S, 1)
        along = 1 / ((1 - strength) * self.spread + sphere) - 1 / sphere  # (S, R)
        # The inverse is that of the sphere, corrected along the axes.
        inside = (self.means @ self.axes)[None] * along[:, None]  # (S, P, R)
        weights = self.means[None] / sphere[..., None] + inside @ self.axes.T
        half = np.einsum("pd,spd->sp", self.means, weights) / 2
        return images @ weights.transpose(0, 2, 1) - half[:, None]


def chosen(
    images: np.ndarray, labels: np.ndarray, folds: np.ndarray, pictures: np.ndarray
) -> float:
    """The strength that names the given ``pictures`` (M,) bool best, each fold of them
    by what the other folds teach; by balanced accuracy, the stronger of two as good."""
    examples = Examples.of(labels).where(pictures)
    right = np.zeros((len(STRENGTHS), len(labels)))
    for fold in np.unique(folds[pictures]):
        inside = folds == fold
        train, test = examples.where(~inside), examples.where(inside)
        if not len(train.row):
            continue
        model = Discriminant.fitted(images, train)
        logits = model.scores(images[test.row], STRENGTHS)
        named = model.present[logits.argmax(axis=-1)]  # (S, m)
        for place, names in enumerate(named):
            hits = labels[names, test.row]
            right[place] += np.bincount(test.label, hits, len(labels))
    count = np.bincount(examples.label, minlength=len(labels))
    shares = right[:, count > 0] / count[count > 0]
    return STRENGTHS[int(shares.mean(axis=1).argmax())]


def cross_fitted(
    images: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    pictures: int | None = None,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Log probability of each class, learnt from the other folds.

    images (M, D), labels (C, M) bool, folds (M,). Returns (C, M) float64, and for each
    fold the strength chosen, inside the other folds, so that no picture that is scored
    had a part in it. A class that the other folds lack scores -inf; where they hold a
    single one, all are equal. ``pictures``: learn from so many labelled ones of each
    training set, drawn with the seed; a smaller draw is part of a larger one.
    """
    images = np.asarray(images, np.float64)
    found, strengths = np.full(labels.shape, -np.inf), []
    for fold in np.unique(folds):
        test = folds == fold
        train = ~test & labels.any(axis=0)
        if pictures is not None:
            order = np.random.default_rng((seed, int(fold))).permutation(len(images))
            kept = order[train[order]][:pictures]
            train = np.isin(np.arange(len(images)), kept)
        examples = Examples.of(labels).where(train)
        if len(np.unique(examples.label)) < 2:
            found[:, test] = 0
            continue
        strengths.append(chosen(images, labels, folds, train))
        model = Discriminant.fitted(images, examples)
        (logits,) = model.scores(images[test], strengths[-1:])
        found[np.ix_(model.present, test)] = log_softmax(logits, axis=1).T
    return found, np.array(strengths)
