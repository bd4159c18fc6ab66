"""What is there and what reaches it: known answers, plain loops, and that no image is
scored by what learnt from it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit_rows import unit

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import Query
from cocofacet.evaluation import probes
from cocofacet.evaluation.discriminant import STRENGTHS
from cocofacet.evaluation.metrics import averages
from cocofacet.evaluation.ranking import pools_of, rank_table

IMAGES, DIM = 360, 12
MODES = {"general": {"animals": (None,)}}


def name(number):
    return f"val2017/{number:012d}.jpg"


def world(labels, facet="animals", queries=10):
    """Images with the labels given, and a few queries for each label."""
    labels_of = {name(n): tuple(here) for n, here in enumerate(labels)}
    may_be = FACETS[facet].may_be_negative
    asked = []
    for label in sorted({label for here in labels for label in here}):
        negatives = [i for i, here in labels_of.items() if may_be(label, here)][:99]
        positives = [i for i, here in labels_of.items() if label in here][:queries]
        asked += [
            Query(
                f"{FACETS[facet].stem}:{label}{positive}",
                facet,
                label,
                FACETS[facet].wording(label),
                (positive, *negatives),
            )
            for positive in positives
        ]
    return Benchmark(tuple(asked), {}, {facet: labels_of})


@pytest.fixture(scope="module")
def animals():
    """A third cats, a third dogs, a third neither."""
    return world([("cat",), ("dog",), ()] * (IMAGES // 3))


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).normal(size=(IMAGES, DIM))


def labelled(noise, strength):
    """Cats lie along the first dimension and dogs along the second, as far out as the
    strength says, among noise in all the others."""
    rows = noise.copy()
    rows[:, :2] = strength * np.eye(3)[np.arange(len(rows)) % 3][:, :2]
    return unit(rows)


def recalls(benchmark, images, texts):
    queries = unit(np.array([texts[query.label] for query in benchmark.queries]))
    found = probes.rank_ways(benchmark, queries, {None: images}, MODES, seed=0)
    by_mode = averages(found.ranks, 5)["animals"].droplevel([0, 1, 2, 3])
    return {way: by_mode[probes.mode_of("general", way)] for way in probes.WAYS}, found


def test_what_is_there_but_orthogonal_to_the_text_is_there_and_not_reached(
    animals, noise
):
    away = {"cat": np.eye(DIM)[5], "dog": np.eye(DIM)[6]}
    got, found = recalls(animals, labelled(noise, 3), away)
    assert got["probe"] == 1
    assert got["images"] > 0.9, "the mean of other cats leaves noise behind"
    assert got["words"] < 0.2 and got["grounded"] < 0.2
    named = found.named.iloc[0]
    assert named.accuracy == named.balanced == 1
    assert named.majority == named.even == pytest.approx(1 / 3)
    assert named.weakest > STRENGTHS[-1] and named.at_edge == 0


def test_what_the_text_points_at_is_reached(animals, noise):
    towards = {"cat": np.eye(DIM)[0], "dog": np.eye(DIM)[1]}
    got, _ = recalls(animals, labelled(noise, 3), towards)
    assert got["words"] == got["probe"] == 1
    assert got["grounded"] > 0.9


def test_what_is_absent_is_lost(animals, noise):
    towards = {"cat": np.eye(DIM)[0], "dog": np.eye(DIM)[1]}
    got, found = recalls(animals, unit(noise), towards)
    assert max(got.values()) < 0.3, "chance is 0.05, with twenty queries"
    assert found.named.low[0] < found.named.even[0] < found.named.high[0]


def test_words_are_ordinary_retrieval(animals, noise):
    images = unit(noise).astype(np.float32)
    texts = {"cat": images[0], "dog": images[1]}
    _, found = recalls(animals, images, texts)
    words = found.ranks[found.ranks["mode"] == "general"]
    queries = unit(np.array([texts[query.label] for query in animals.queries]))
    ordinary = rank_table(animals, queries, {None: images}, MODES)
    assert words.reset_index(drop=True).equals(ordinary)


def test_no_image_is_scored_by_a_probe_that_saw_it(animals, noise):
    """Whatever the labels of a fold are, its own scores do not change; others' do."""
    images, pools = labelled(noise, 0.5), pools_of(animals, "animals")
    classes, folds = probes.classes_of(animals, pools), probes.folds_of(IMAGES, 0)
    before, _ = probes.probe_scores(images, classes, folds)
    turned = classes.labels.copy()
    turned[:2, folds == 0] = turned[1::-1, folds == 0]
    other = probes.Classes(classes.of_text, turned)
    after, _ = probes.probe_scores(images, other, folds)
    assert np.array_equal(before[:, folds == 0], after[:, folds == 0])
    assert (before[:, folds != 0] != after[:, folds != 0]).all()
    # Nor does its picture: an image moved changes nobody else in its fold.
    moved = images.copy()
    first = np.flatnonzero(folds == 0)[0]
    moved[first] = np.eye(DIM)[3]
    again, _ = probes.probe_scores(moved, classes, folds)
    rest = (folds == 0) & (np.arange(IMAGES) != first)
    assert before[:, rest] == pytest.approx(again[:, rest], abs=1e-9)


def test_folds_are_balanced_and_seeded():
    folds = probes.folds_of(103, 4)
    assert set(np.bincount(folds)) == {20, 21}
    assert np.array_equal(folds, probes.folds_of(103, 4))
    assert not np.array_equal(folds, probes.folds_of(103, 5))


def classes_from(positive, labelled=None):
    positive = np.asarray(positive, bool)
    none = np.zeros(positive.shape[1]) if labelled is None else labelled
    labels = np.vstack([positive, np.array(none, bool) & ~positive.any(axis=0)])
    return probes.Classes(np.arange(len(positive)), labels)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(1, 3))
def test_the_mean_of_other_images_against_a_plain_loop(seed, images, classes):
    rng = np.random.default_rng(seed)
    rows = unit(rng.normal(size=(images, 4)))
    positive = rng.random((classes, images)) < 0.5
    found = probes.image_scores(rows, classes_from(positive))
    for c in range(classes):
        for i in range(images):
            others = [rows[j] for j in range(images) if positive[c, j] and j != i]
            if others:
                expected = np.mean(others, axis=0) @ rows[i]
                assert found[c, i] == pytest.approx(expected, abs=1e-12)
            else:
                assert np.isnan(found[c, i])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(12, 30))
def test_grounded_queries_against_a_plain_loop(seed, images):
    rng = np.random.default_rng(seed)
    rows, texts = unit(rng.normal(size=(images, 4))), unit(rng.normal(size=(2, 4)))
    searched = np.flatnonzero(rng.random(images) < 0.97)
    found = probes.grounded_scores(texts, rows, searched)
    for t, text in enumerate(texts):
        order = sorted(searched, key=lambda i: -(rows[i] @ text))
        for i in range(images):
            first = [j for j in order if j != i][:10]
            if len(order) > 10:
                expected = rows[first].mean(axis=0) @ rows[i]
                assert found[t, i] == pytest.approx(expected, abs=1e-12)


def test_labels_that_no_pool_tells_apart_are_one_class():
    """Stone and brick are never set against each other; wood is against both."""
    labels = [("stone",), ("brick",), ("wood",)] * 100
    benchmark = world(labels, "materials", queries=1)
    pools = pools_of(benchmark, "materials")
    classes = probes.classes_of(benchmark, pools)
    of = dict(zip((q.label for q in benchmark.queries), classes.of_text, strict=True))
    assert of["stone"] == of["brick"] != of["wood"]
    assert classes.positive[of["stone"]].tolist() == [True, True, False] * 100
    assert classes.labelled.all()
    assert not classes.labels[-1].any()


def test_an_image_of_which_nothing_is_claimed_trains_nothing():
    """Squatting is near to kneeling: not asked for here, it is no negative of it."""
    labels = [("kneel",), ("sit",)] * 110 + [("squat",)]
    benchmark = world(labels, "gestures", queries=1)
    kept = [query for query in benchmark.queries if query.label != "squat"]
    benchmark = Benchmark(tuple(kept), {}, benchmark.labels)
    classes = probes.classes_of(benchmark, pools_of(benchmark, "gestures"))
    assert classes.labelled.tolist() == [True] * 220 + [False]
    assert classes.labels.sum() == 220


def test_labels_that_are_not_known_are_refused(animals):
    released = Benchmark(animals.queries)
    with pytest.raises(ValueError, match="build the pools"):
        probes.classes_of(released, pools_of(released, "animals"))


def test_an_image_with_two_labels_counts_for_both(noise):
    both = world([("cat", "dog"), ("cat",), ()] * (IMAGES // 3))
    rows = noise.copy()
    rows[:, :2] = 4 * np.array([[1, 1], [1, 0], [0, 0]])[np.arange(IMAGES) % 3]
    classes = probes.classes_of(both, pools_of(both, "animals"))
    folds = probes.folds_of(IMAGES, 0)
    scores = np.exp(probes.probe_scores(unit(rows), classes, folds)[0])
    cat, dog, none = scores[:, ::3]
    assert (np.minimum(cat, dog) > none).all(), "both are before what is not there"
    assert dog.mean() > cat.mean() > 0.05, "there are cats without dogs"
    assert scores.sum(axis=0) == pytest.approx(np.ones(IMAGES))


def test_classes_that_the_other_folds_lack_score_last():
    rows = unit(np.random.default_rng(0).normal(size=(60, 3)))
    positive = np.zeros((2, 60), bool)
    positive[0, :30] = positive[1, 59] = True
    folds = probes.folds_of(60, 0)
    none = classes_from(positive, np.ones(60))
    scores, _ = probes.probe_scores(rows, none, folds)
    assert (np.isneginf(scores[1]) == (folds == folds[59])).all()
    single, strengths = probes.probe_scores(rows, classes_from(np.ones((1, 60))), folds)
    assert (single == 0).all() and not len(strengths), "there is nothing to learn"


def test_naming_by_hand():
    """Two cats, a dog, one without and one unknown: the dog is called a cat."""
    classes = classes_from([[1, 1, 0, 0, 0], [0, 0, 1, 0, 0]], [1, 1, 1, 1, 0])
    scores = np.log([[8, 8, 8, 1, 8], [1, 1, 1, 1, 1], [1, 1, 1, 8, 1]])
    assert probes.naming(scores, classes) == {
        "accuracy": 3 / 4,
        "majority": 2 / 4,
        "balanced": pytest.approx((1 + 0 + 1) / 3),
        "low": pytest.approx(2 / 3),
        "high": pytest.approx(2 / 3),
        "even": 1 / 3,
        "images": 4,
    }


def test_chance_where_images_have_two_classes():
    """To say "cat" always is right of all cats and of half the dogs."""
    classes = classes_from([[1, 1, 1, 0], [0, 0, 1, 1]])
    found = probes.naming(np.log([[9.0] * 4, [1] * 4, [1] * 4]), classes)
    assert found["balanced"] == found["even"] == 3 / 4


def test_more_images_find_what_few_do_not(animals):
    """The curve rises where a label is faintly there and stays at chance where not."""
    classes = probes.classes_of(animals, pools_of(animals, "animals"))
    folds = probes.folds_of(IMAGES, 0)
    noise = np.random.default_rng(0).normal(size=(IMAGES, 60))
    faint = noise.copy()
    faint[:, :2] += 1.5 * np.eye(3)[np.arange(IMAGES) % 3][:, :2]
    for rows, rises in ((faint, True), (noise, False)):
        curve = probes.learning_curve(rows, classes, folds, seed=0)
        assert curve.trained.tolist() == [50, 100, 200]
        assert set(curve.even) == {1 / 3} and set(curve.images) == {IMAGES}
        few, *_, many = curve.itertuples()
        assert (many.low > few.balanced) == rises
        assert (many.low > 1 / 3) == rises


def test_a_curve_ends_with_what_all_images_teach(animals, noise):
    queries = np.ones((20, DIM))
    images = {None: labelled(noise, 0.5)}
    found = probes.rank_ways(animals, queries, images, MODES, 0, curves=True)
    assert found.curve.trained.tolist() == [50, 100, 200, 288]
    assert found.curve.balanced.iloc[-1] == found.named.balanced[0]
    assert set(found.curve["mode"]) == {"general"}


def test_held_out_pictures_are_trained_on_and_not_searched(animals, noise):
    """Among so much noise a probe trained on the gallery is worse than one trained on
    as many held-out pictures too. These change no rank of the text."""
    rows = np.random.default_rng(1).normal(size=(2 * IMAGES, DIM + 60))
    rows[:, :2] += 2 * np.eye(3)[np.arange(2 * IMAGES) % 3][:, :2]
    rows = unit(rows)
    animal = [{"animal": ("cat", "dog", "")[n % 3]} for n in range(2 * IMAGES)]
    queries = np.eye(DIM + 60)[[int(q.label == "dog") for q in animals.queries]]

    before, after = (
        probes.rank_ways(animals, queries, {None: images}, MODES, 0, scenes=scenes)
        for images, scenes in ((rows[:IMAGES], None), (rows, animal))
    )
    assert after.named.low[0] > before.named.balanced[0]
    assert after.named.images[0] == 2 * before.named.images[0]
    for way in ("general", "general-grounded"):
        ranks = (each.ranks[each.ranks["mode"] == way] for each in (before, after))
        assert next(ranks).equals(next(ranks))


def test_the_interval_of_naming_is_over_images():
    """Half of a hundred cats are named rightly and all dogs: the standard error of the
    mean over classes is that of the cats, by two."""
    classes = classes_from(np.arange(200) < [[100], [0]], np.ones(200))
    classes.labels[1], classes.labels[2] = classes.labels[2], False
    scores = np.zeros((3, 200))
    scores[1, 50:] = 1
    found = probes.naming(scores, classes)
    assert found["balanced"] == 0.75
    assert found["high"] - found["balanced"] == pytest.approx(1.96 * 0.05 / 2)
    assert found["balanced"] - found["low"] == pytest.approx(1.96 * 0.05 / 2)


def test_rounding_changes_no_score_that_counts(animals):
    """In closed form, so that ranks do not differ from run to run."""
    rng = np.random.default_rng(3)
    images = labelled(rng.normal(size=(IMAGES, 120)), 0.1)
    shaken = images * (1 + 1e-13 * rng.normal(size=images.shape))
    classes = probes.classes_of(animals, pools_of(animals, "animals"))
    folds = probes.folds_of(IMAGES, 0)
    (a, _), (b, _) = (probes.probe_scores(x, classes, folds) for x in (images, shaken))
    assert np.abs(a - b).max() < 1e-6
