from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageChops

from facetworld.drawing.render import STYLES, render, silhouettes
from facetworld.scene import (
    ANIMALS,
    GESTURES,
    MATERIALS,
    OBJECTS,
    PLACES,
    TIMES,
    WEATHERS,
    Scene,
    sample,
)

BASE = Scene("park", "daytime", "clear", 3, "standing", "horse", "bench", "wood", 7)
LABELS = {
    "place": PLACES,
    "time": TIMES,
    "weather": WEATHERS,
    "people": range(1, 7),
    "gesture": GESTURES,
    "animal": (*ANIMALS, None),
    "obj": (*OBJECTS, None),
    "material": (*MATERIALS, None),
}
TWENTIETH = 0.05 * 128 * 128


def pixels_changed(one: Scene, other: Scene, style: str = "flat") -> int:
    difference = ImageChops.difference(render(one, style), render(other, style))
    return int((np.asarray(difference).max(-1) > 8).sum())


@pytest.mark.parametrize("style", STYLES)
def test_a_scene_always_gives_the_same_picture(style):
    for scene in sample(6, 0, "tune"):
        first = render(scene, style)
        assert first.mode == "RGB" and first.size == (128, 128)
        assert first.tobytes() == render(scene, style).tobytes()


@pytest.mark.parametrize("facet", LABELS)
def test_a_change_of_one_facet_is_seen(facet):
    """At least a hundred pixels (a person is about 300) differ between any labels."""
    scenes = [replace(BASE, **{facet: label}) for label in LABELS[facet]]
    for i, one in enumerate(scenes):
        for other in scenes[:i]:
            assert pixels_changed(one, other) >= 100


@pytest.mark.parametrize("facet", ["time", "weather"])
def test_time_and_weather_are_seen_through_a_window(facet):
    scenes = [replace(BASE, place="bedroom", **{facet: x}) for x in LABELS[facet]]
    for i, one in enumerate(scenes):
        for other in scenes[:i]:
            assert pixels_changed(one, other) >= 100


def test_another_material_leaves_all_but_the_front_as_it_was():
    above = (0, 0, 128, 95)
    wood = render(BASE).crop(above)
    brick = render(replace(BASE, material="brick")).crop(above)
    assert wood.tobytes() == brick.tobytes()


def test_styles_show_the_same_scene_differently():
    for scene in sample(4, 1, "tune"):
        flat, ink = (np.asarray(render(scene, s), float) for s in ("flat", "ink"))
        assert np.abs(flat - ink).mean() > 10
        # The same things in the same places: coarse brightness goes together.
        coarse = [
            x.mean(-1).reshape(16, 8, 16, 8).mean((1, 3)).ravel() for x in (flat, ink)
        ]
        assert np.corrcoef(coarse)[0, 1] > 0.8


def test_an_unknown_style_is_refused():
    with pytest.raises(ValueError, match="oil"):
        render(BASE, "oil")


@pytest.mark.parametrize("name", ANIMALS + OBJECTS)
def test_animals_and_objects_fill_a_twentieth_of_the_picture(name):
    facet = "animal" if name in ANIMALS else "obj"
    alone = replace(BASE, people=0, gesture=None, animal=None, obj=None, material=None)
    for jitter in range(20):
        scene = replace(alone, **{facet: name}, jitter=jitter)
        [(category, mask)] = silhouettes(scene)
        assert category == name
        assert mask.shape == (128, 128) and mask.dtype == bool
        assert mask.sum() >= TWENTIETH


def test_hardly_anything_is_hidden_by_people():
    areas = [
        mask.sum()
        for scene in sample(300, 0, "tune")
        for name, mask in silhouettes(scene)
        if name != "person"
    ]
    assert np.mean(np.array(areas) >= TWENTIETH) > 0.95


def test_every_person_is_there_and_can_be_seen():
    for scene in sample(300, 0, "tune"):
        people = [mask.sum() for name, mask in silhouettes(scene) if name == "person"]
        assert len(people) == scene.people
        assert all(area >= 150 for area in people)


def test_a_silhouette_covers_what_its_thing_changes():
    """Without the animal, the picture differs inside its mask and hardly elsewhere."""
    alone = replace(BASE, people=0, gesture=None, obj=None, material=None)
    [(_, mask)] = silhouettes(alone)
    difference = ImageChops.difference(
        render(alone), render(replace(alone, animal=None))
    )
    changed = np.asarray(difference).max(-1) > 24
    assert (changed & mask).sum() > 0.9 * mask.sum()
    near = np.zeros_like(mask)  # the mask, its smoothed edge and its shadow
    rows, columns = np.nonzero(mask)
    near[rows.min() - 2 : rows.max() + 7, columns.min() - 8 : columns.max() + 9] = True
    assert not (changed & ~near).any()
