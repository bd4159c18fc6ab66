"""The probe: against scikit-learn, answers that are known, and nothing seen ahead."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from cocofacet.evaluation import discriminant
from cocofacet.evaluation.discriminant import (
    STRENGTHS,
    Discriminant,
    Examples,
    chosen,
    cross_fitted,
)


def drawn(counts, dim, apart, seed=0):
    """Pictures (M, dim) of classes with so many each, whose means lie ``apart``, with
    more spread in some directions than in others; labels (C,), multi-hot (C, M)."""
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    mixed = rng.normal(size=(dim, dim)) * np.geomspace(1, 0.05, dim)
    means = apart * rng.normal(size=(len(counts), dim))
    images = means[label] + rng.normal(size=(len(label), dim)) @ mixed.T
    return images, label, label == np.arange(len(counts))[:, None]


def folds(images):
    return np.arange(len(images)) % 5


def balanced(scores, labels):
    """The mean over classes of the share that is named rightly."""
    right = labels[scores.argmax(axis=0), np.arange(labels.shape[1])]
    return np.mean([right[here].mean() for here in labels])


@pytest.mark.parametrize(("counts", "dim"), [((60, 25, 9), 12), ((9, 5, 4), 40)])
@pytest.mark.parametrize("strength", STRENGTHS[:5])
def test_the_same_as_that_of_scikit_learn(counts, dim, strength):
    """With more pictures than dimensions, and with fewer."""
    images, label, labels = drawn(counts, dim, 0.3)
    ours = Discriminant.fitted(images, Examples.of(labels))
    asked = np.random.default_rng(1).normal(size=(30, dim))
    (logits,) = ours.scores(asked, [strength])
    theirs = LinearDiscriminantAnalysis(
        solver="lsqr", shrinkage=strength, priors=np.full(3, 1 / 3)
    ).fit(images, label)
    got, expected = (
        scores - scores.mean(axis=1, keepdims=True)
        for scores in (logits, theirs.decision_function(asked))
    )
    assert got == pytest.approx(expected, rel=1e-6, abs=1e-6 * np.abs(expected).max())


def test_what_holds_the_label_exactly_is_named_without_fault():
    """Even where nothing but the label is in the features, so that no class spreads."""
    _, _, labels = drawn((60, 25, 15), 4, 1)
    for images in (np.eye(3)[labels.argmax(axis=0)], labels.T @ np.eye(3, 8)):
        scores, _ = cross_fitted(images, labels, folds(images))
        assert balanced(scores, labels) == 1


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_named_no_better_than_by_chance(seed):
    """A quarter, whatever the counts; the standard error is about 0.023."""
    images, _, labels = drawn((400, 200, 100, 60), 30, 0, seed)
    scores, _ = cross_fitted(images, labels, folds(images))
    assert balanced(scores, labels) == pytest.approx(1 / 4, abs=0.07)


def test_a_frequent_class_does_not_hide_a_rare_one():
    """Nine in ten are of one class, which is a little apart from the other: to name it
    always is right nine times in ten, and tells nothing."""
    images, _, labels = drawn((1800, 200), 6, 0, seed=3)
    images[:, 0] = np.random.default_rng(4).normal(size=2000) + 2 * labels[1]
    scores, _ = cross_fitted(images, labels, folds(images))
    assert balanced(scores, labels) == pytest.approx(0.84, abs=0.04)  # by normal tails


def test_the_strength_is_that_which_names_best():
    """Where the label lies along a direction of little spread, shrinking hides it;
    where all spread is alike and pictures are few, shrinking helps."""
    rng = np.random.default_rng(0)
    label = np.arange(200) % 2
    labels = np.stack([label == 0, label == 1])
    narrow = rng.normal(size=(200, 20)) * np.r_[0.01, np.full(19, 10.0)]
    narrow[:, 0] += 0.1 * label
    alike = rng.normal(size=(200, 120))
    alike[:, 0] += 2 * label
    every = np.ones(200, bool)
    assert chosen(narrow, labels, folds(narrow), every) <= 1e-4
    assert chosen(alike, labels, folds(alike), every) >= 0.1
    scores, _ = cross_fitted(narrow, labels, folds(narrow))
    assert balanced(scores, labels) == 1


def test_the_choice_is_by_balanced_accuracy():
    """As scikit-learn makes it; accuracy would choose otherwise."""
    otherwise = 0
    for seed in range(2, 4):
        images, label, labels = drawn((150, 12, 8), 12, 0.05, seed)
        fold, by = folds(images), {"balanced": [], "accuracy": []}
        for strength in STRENGTHS:
            model = LinearDiscriminantAnalysis(
                solver="lsqr", shrinkage=strength, priors=np.full(3, 1 / 3)
            )
            named = cross_val_predict(model, images, label, cv=PredefinedSplit(fold))
            by["balanced"].append(balanced_accuracy_score(label, named))
            by["accuracy"].append(accuracy_score(label, named))
        best, other = (STRENGTHS[int(np.argmax(scores))] for scores in by.values())
        assert chosen(images, labels, fold, np.ones(170, bool)) == best
        otherwise += best != other
    assert otherwise


def test_what_is_scored_had_no_part_in_the_choice(monkeypatch):
    """Neither the pictures of the fold nor their labels reach the choice of strength,
    and inside it no picture is judged by what it taught."""
    images, _, labels = drawn((80, 60, 40), 10, 0.3)
    fold = folds(images)
    _, before = cross_fitted(images, labels, fold)
    for scored in range(5):
        other, turned = images.copy(), labels.copy()
        other[fold == scored] = 50
        turned[:, fold == scored] = turned[::-1, fold == scored]
        _, after = cross_fitted(other, turned, fold)
        assert after[scored] == before[scored]
    taught, judged = [], []
    fitted, scores = Discriminant.fitted, Discriminant.scores

    def fit(here, examples):
        taught.append({tuple(row) for row in images[examples.row]})
        return fitted(here, examples)

    def score(self, here, strengths):
        judged.append({tuple(row) for row in here})
        return scores(self, here, strengths)

    monkeypatch.setattr(discriminant.Discriminant, "fitted", fit)
    monkeypatch.setattr(discriminant.Discriminant, "scores", score)
    cross_fitted(images, labels, fold)
    assert len(taught) == len(judged) == 5 * (4 + 1)
    assert all(not one & other for one, other in zip(taught, judged, strict=True))


def test_a_picture_with_two_labels_teaches_half_of_each():
    labels = np.array([[True, True, False], [True, False, True]])
    examples = Examples.of(labels)
    assert examples.weight.tolist() == [0.5, 0.5, 1, 1]
    model = Discriminant.fitted(np.array([[0.0], [3.0], [6.0]]), examples)
    assert model.means.tolist() == [[2.0], [4.0]]  # a third of 0, two of 3; and of 6


@pytest.mark.parametrize("pictures", [20, 60])
def test_fewer_pictures_teach_and_all_are_scored(pictures, monkeypatch):
    """As many as asked for, none of the fold that is scored, a smaller draw inside a
    larger one."""
    images, _, labels = drawn((80, 60, 40), 10, 0.3)
    labels[:, :10] = False  # of these nothing is known
    fold, seen = folds(images), []

    def choose(images, labels, folds, train):
        seen.append(train)
        return 0.1

    monkeypatch.setattr(discriminant, "chosen", choose)
    scores, _ = cross_fitted(images, labels, fold, pictures)
    assert np.isfinite(scores).all()
    assert [train.sum() for train in seen] == [pictures] * 5
    assert all(not train[fold == n].any() for n, train in enumerate(seen))
    assert not any(train[:10].any() for train in seen)
    more = len(seen)
    cross_fitted(images, labels, fold, pictures + 30)
    pairs = zip(seen[:more], seen[more:], strict=True)
    assert all((large >= small).all() for small, large in pairs)
