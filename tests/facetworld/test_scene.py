from collections import Counter
from itertools import combinations

import pytest

from facetworld.scene import (
    ANIMALS,
    GESTURES,
    MAX_PEOPLE,
    OBJECTS,
    PLACES,
    SPLITS,
    TIMES,
    WEATHERS,
    Scene,
    sample,
)

FACETS = ("place", "time", "weather", "people", "gesture", "animal", "obj", "material")


@pytest.fixture(scope="module")
def scenes():
    return sample(6000, 0, "train")


def test_the_same_seed_draws_the_same_scenes_and_more_keep_the_first():
    assert sample(30, 3, "eval") == sample(50, 3, "eval")[:30]
    assert sample(30, 3, "eval") != sample(30, 4, "eval")


def test_no_two_splits_share_a_scene():
    drawn = {split: sample(3000, 0, split) for split in SPLITS}
    for one, other in combinations(SPLITS, 2):
        assert not set(drawn[one]) & set(drawn[other])
        jitters = {scene.jitter for scene in drawn[one]}
        assert not jitters & {scene.jitter for scene in drawn[other]}


def test_people_have_a_gesture_exactly_when_there_are_people(scenes):
    assert all((scene.gesture is None) == (scene.people == 0) for scene in scenes)


def test_labels_are_drawn_as_often_as_said(scenes):
    n = len(scenes)
    expected = {
        "place": {place: 1 / 8 for place in PLACES},
        "time": {time: 1 / 4 for time in TIMES},
        "weather": {weather: 1 / 6 for weather in WEATHERS},
        "people": {count: 1 / 7 for count in range(MAX_PEOPLE + 1)},
        "gesture": {gesture: 6 / 7 / 7 for gesture in GESTURES},
        "animal": {None: 0.25} | {animal: 0.075 for animal in ANIMALS},
        "obj": {None: 0.15} | {obj: 0.85 / 14 for obj in OBJECTS},
    }
    for facet, shares in expected.items():
        counts = Counter(getattr(scene, facet) for scene in scenes)
        for label, share in shares.items():
            assert counts[label] / n == pytest.approx(share, abs=0.025), label


def test_facets_are_independent_except_the_gesture_of_nobody(scenes):
    """Knowing one facet moves no label of another by more than chance does."""
    for one, other in combinations(FACETS, 2):
        if {one, other} == {"people", "gesture"}:
            continue
        pairs = Counter((getattr(s, one), getattr(s, other)) for s in scenes)
        ones = Counter(getattr(s, one) for s in scenes)
        others = Counter(getattr(s, other) for s in scenes)
        for (a, b), count in pairs.items():
            expected = ones[a] * others[b] / len(scenes)
            assert abs(count - expected) < 6 * expected**0.5, (a, b)


def test_a_clear_day_is_sunny_and_a_clear_night_is_clear():
    def word(time, weather):
        scene = Scene("park", time, weather, 0, None, None, None, None, 0)
        return scene.weather_word

    assert [word(time, "clear") for time in TIMES] == [
        "sunny",
        "clear",
        "clear",
        "sunny",
    ]
    assert word("daytime", "misty") == "misty"


@pytest.mark.parametrize("wrong", [(1, 0, "test"), (-1, 0, "eval"), (1, -1, "eval")])
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ValueError):
        sample(*wrong)
