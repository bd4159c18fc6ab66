"""From a scene to its picture, and to the silhouettes of what it holds."""

from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image

from . import indoors, outdoors, sky
from .animals import animal
from .objects import thing
from .palette import light
from .pen import SCALE, SIDE, Pen, Solid
from .people import POSES, Look, looks, person
from .surfaces import TOP, surface

STYLES = ("flat",)
GROUND = 86  # where animal and object stand
WIDE = ("lying", "crawling")  # three abreast, in two rows
SLOTS = {
    False: [(12, 102), (33, 99.5), (54, 102), (75, 99.5), (96, 102), (117, 99.5)],
    True: [(21, 102.5), (64, 102.5), (107, 102.5), (21, 92), (64, 91), (107, 92)],
}


@dataclass(frozen=True)
class Spot:
    x: float
    y: float
    size: float
    flip: bool


@dataclass(frozen=True)
class Layout:
    """Where everything stands, in units of the 128-unit grid."""

    sun: float
    obj: Spot
    animal: Spot
    people: tuple[tuple[Spot, Look], ...]


def stream(scene, name: str) -> Random:
    """Chance for one part of the picture: another part's label never shifts it."""
    return Random(f"{scene.jitter}:{name}")


def plan(scene) -> Layout:
    rng = stream(scene, "layout")
    left, right = rng.uniform(26, 31), rng.uniform(97, 102)
    if rng.random() < 0.5:
        left, right = right, left
    sun = rng.uniform(57, 71)
    spots = [
        Spot(x, GROUND + rng.uniform(-1, 1), rng.uniform(1.0, 1.08), rng.random() < 0.5)
        for x in (left, right)
    ]
    rng = stream(scene, "people")
    wide = scene.gesture in WIDE
    order = list(range(6))
    rng.shuffle(order)
    if wide and scene.people <= 3:
        order = [i for i in order if i < 3] + [i for i in order if i >= 3]
    clothes = looks(6, rng)
    moves = [(rng.uniform(-2, 2), rng.uniform(-0.6, 0.6), rng.uniform(0.94, 1.04),
              rng.random() < 0.5) for _ in range(6)]
    people = []
    for i in sorted(order[: scene.people], key=lambda i: SLOTS[wide][i][1]):
        (x, y), (dx, dy, size, flip) = SLOTS[wide][i], moves[i]
        people.append((Spot(x + dx, y + dy, size, flip), clothes[i]))
    return Layout(sun, spots[0], spots[1], tuple(people))


def render(scene, style: str = "flat") -> Image.Image:
    """The picture of a scene: RGB, 128 x 128 pixels, the same for the same scene.

    Raises ValueError for an unknown style.
    """
    if style not in STYLES:
        raise ValueError(f"style: {style!r} is none of {', '.join(STYLES)}.")
    layout = plan(scene)
    image = Image.new("RGB", (SIDE * SCALE, SIDE * SCALE))
    air = sky.air(scene)
    indoors_ = scene.indoors
    pen = Pen(image, light(scene.time, scene.weather, 0.62 if indoors_ else 1.0))
    if indoors_:
        indoors.PLACES[scene.place](pen, scene, stream(scene, "place"), layout.sun)
    else:
        _outdoors(pen, scene, layout, air)
    front = pen.lit(light(scene.time, scene.weather, 0.55 if indoors_ else 0.72))
    _subjects(front, scene, layout)
    if not indoors_:
        sky.falling(pen, scene, stream(scene, "falling"), SIDE, TOP)
        if scene.weather == "misty":
            sky.mist(pen, scene, stream(scene, "veil"), SIDE, ((60, 84), (84, 108)), 0.3)
    surface(front, scene, stream(scene, "surface"))
    return image.reduce(SCALE)


def _outdoors(pen, scene, layout, air):
    sky.draw(pen, scene, stream(scene, "sky"), SIDE, 66, layout.sun)
    haze = 0.62 if scene.weather == "misty" else 0.2
    far = pen.lit(light(scene.time, scene.weather, 1.0, haze, air))
    if scene.weather == "misty":
        pen = pen.lit(light(scene.time, scene.weather, 1.0, 0.22, air))
    outdoors.PLACES[scene.place](far, pen, scene, stream(scene, "place"), TOP)
    if scene.weather == "misty":
        rows = ((16, 40), (32, 62), (50, 84))
        sky.mist(pen, scene, stream(scene, "mist"), SIDE, rows, 0.8)


def _subjects(pen, scene, layout):
    """Object, animal and people, each on its shadow, the nearer ones later."""
    for name, spot, sprite in (
        (scene.obj, layout.obj, "object"),
        (scene.animal, layout.animal, "animal"),
    ):
        if name:
            pen.veil(spot.x, spot.y - 0.6, 27, 4.6, "!1c2140", 0.5)
            _sprite(pen, scene, sprite, name, spot)
    for spot, look in layout.people:
        half = POSES[scene.gesture].shadow
        pen.veil(spot.x, spot.y - 0.4, half * 1.3, 3, "!1c2140", 0.55)
        person(pen.at(spot.x, spot.y, spot.size, spot.flip), scene.gesture, look)


def _sprite(pen, scene, kind, name, spot):
    pen = pen.at(spot.x, spot.y, spot.size, spot.flip)
    if kind == "object":
        thing(pen, name, stream(scene, "object"), scene)
    else:
        animal(pen, name, stream(scene, "animal"))


def silhouettes(scene) -> list[tuple[str, np.ndarray]]:
    """(COCO category, visible mask) of every object, animal and person.

    Masks are bool (128, 128); a pixel belongs to the nearest thing at its middle.
    """
    layout = plan(scene)
    canvas = Image.new("L", (SIDE * SCALE, SIDE * SCALE))
    names = []

    def pen():
        return Pen(canvas, Solid(len(names)))

    for name, spot, kind in (
        (scene.obj, layout.obj, "object"),
        (scene.animal, layout.animal, "animal"),
    ):
        if name:
            names.append(name)
            _sprite(pen(), scene, kind, name, spot)
    for spot, look in layout.people:
        names.append("person")
        person(pen().at(spot.x, spot.y, spot.size, spot.flip), scene.gesture, look)
    if scene.material:
        Pen(canvas, Solid(0)).box(0, TOP, SIDE, SIDE, "000000")
    middle = SCALE // 2
    ids = np.asarray(canvas)[middle::SCALE, middle::SCALE]
    return [(name, ids == i + 1) for i, name in enumerate(names)]
