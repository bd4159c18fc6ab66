"""What the drawing decides beside the labels: recorded, and drawn as recorded."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recorded_scenes import recorded

from facetworld.drawing import sky
from facetworld.drawing.palette import light
from facetworld.drawing.render import render, silhouettes
from facetworld.scene import Scene, sample

HASHES = Path(__file__).with_name("drawn.sha256")
BASE = Scene("park", "daytime", "clear", 1, "sitting", "horse", "car", "metal", 7)
JITTERS = range(12)


def test_every_picture_is_the_same_as_ever():
    """By their pixels: recording takes no random number. Among them are those where
    a sprite is drawn with random lines close to the frame."""
    for line in HASHES.read_text().splitlines():
        expected, name = line.split()
        split, number = name.split("/")
        scene = sample(int(number) + 1, 0, split)[-1]
        for chosen in (None, {}):
            drawn = render(scene, chosen=chosen).tobytes()
            assert hashlib.sha256(drawn).hexdigest() == expected, name


FRONT, ROOM, FAR = 0.5, 0.62, 1.0  # how strongly the light is felt there
COLOURS = {  # what is recorded -> the scene, the colour in the record, the light
    "paint": ({}, lambda r: r["paint"], FRONT),
    "coat": ({}, lambda r: r["coat"], FRONT),
    "bird": ({"animal": "bird"}, lambda r: r["coat"], FRONT),
    "shirt": ({}, lambda r: r["people"][0]["shirt"], FRONT),
    "trousers": ({}, lambda r: r["people"][0]["trousers"], FRONT),
    "hair": ({}, lambda r: r["people"][0]["hair"], FRONT),
    "metal": ({}, lambda r: r["front"], FRONT),
    "kitchen": ({"place": "kitchen"}, lambda r: r["wall"], ROOM),
    "cupboards": ({"place": "kitchen"}, lambda r: r["cupboards"], ROOM),
    "tiles": ({"place": "bathroom"}, lambda r: r["tiles"], ROOM),
    "wallpaper": ({"place": "bedroom"}, lambda r: r["wallpaper"], ROOM),
    "quilt": ({"place": "bedroom"}, lambda r: r["quilt"], ROOM),
    "first house": ({"place": "street"}, lambda r: r["houses"][0], FAR),
    "last house": ({"place": "street"}, lambda r: r["houses"][-1], FAR),
}


@pytest.mark.parametrize("name", COLOURS)
def test_a_recorded_colour_is_in_the_picture_and_varies(name):
    labels, colour_of, strength = COLOURS[name]
    found = set()
    for jitter in JITTERS:
        scene = replace(BASE, **labels, jitter=jitter)
        haze = (0.2, sky.air(scene)) if strength == FAR else ()
        colour = colour_of(recorded(scene))
        seen = light(scene.time, scene.weather, strength, *haze)[colour]
        pixels = np.asarray(render(scene))
        if name.endswith("house"):  # the pixels of that house alone
            pixels = pixels[:, :13] if name == "first house" else pixels[:, 114:]
        assert (pixels == seen).all(-1).sum() >= 8, (jitter, colour)
        found.add(colour)
    assert len(found) > 1


def middle(mask: np.ndarray) -> float:
    return np.nonzero(mask)[1].mean()


@pytest.mark.parametrize("kind, name", [("object", "car"), ("animal", "horse")])
def test_a_thing_stands_on_the_side_that_is_recorded_and_faces_as_recorded(kind, name):
    for jitter in JITTERS:
        scene = replace(BASE, jitter=jitter, people=0, gesture=None)
        mask = dict(silhouettes(scene))[name]
        chosen = recorded(scene)
        assert chosen[f"{kind} side"] == ("left" if middle(mask) < 64 else "right")
        if kind == "animal":  # a horse's head is its highest part
            head = middle(mask[: np.nonzero(mask)[0].min() + 8])
            faces = "left" if head < middle(mask) else "right"
            assert chosen["animal faces"] == faces


def test_people_are_recorded_from_left_to_right():
    for jitter in JITTERS:
        scene = replace(BASE, people=3, gesture="sitting", jitter=jitter)
        masks = [mask for name, mask in silhouettes(scene) if name == "person"]
        expected = sorted(middle(mask) for mask in masks)
        people = recorded(scene)["people"]
        assert np.allclose([p["x"] for p in people], expected, atol=6)
        assert {p["faces"] for p in people} <= {"left", "right"}
    people = recorded(replace(scene, gesture="standing"))["people"]
    assert {p["faces"] for p in people} == {"front"}


def test_an_island_lies_on_the_recorded_side():
    for jitter in JITTERS:
        scene = replace(BASE, place="beach", obj=None, animal=None, jitter=jitter)
        scene = replace(scene, people=0, gesture=None)
        seen = light("daytime", "clear", 1.0, 0.2, sky.air(scene))["6f9f7a"]
        island = middle((np.asarray(render(scene)) == seen).all(-1))
        assert recorded(scene)["island"] == ("left" if island < 64 else "right")


def test_the_sun_is_where_it_is_recorded():
    for jitter in JITTERS:
        scene = replace(BASE, place="beach", jitter=jitter)
        disc = (np.asarray(render(scene))[:24] == (0xFF, 0xD8, 0x4A)).all(-1)
        assert middle(disc) == pytest.approx(recorded(scene)["sun"], abs=1)


def test_what_is_not_there_is_not_recorded():
    ball = recorded(replace(BASE, obj="sports ball"))
    assert "paint" not in ball and ball["object side"]
    empty = replace(BASE, people=0, gesture=None, animal=None, obj=None, material=None)
    assert recorded(replace(empty, place="forest")).keys() == {"people", "sun"}
