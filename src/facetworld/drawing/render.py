"""From a scene to its picture, and to the silhouettes of what it holds."""

from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image

from facetworld.drawing import indoors, outdoors, sky
from facetworld.drawing.animals import animal
from facetworld.drawing.objects import thing
from facetworld.drawing.palette import light
from facetworld.drawing.pen import SCALE, SIDE, Pen, Solid, ink
from facetworld.drawing.people import POSES, Look, looks, person
from facetworld.drawing.surfaces import TOP, surface
from facetworld.scene import Scene

STYLES = {"flat": Image.Image.reduce, "ink": ink}
GROUND = 85  # where animal and object stand
ROW = ((13, 102), (33, 99.5), (54, 102), (74, 99.5), (95, 102), (115, 99.5))
SLOTS = {  # where people stand; long ones in two rows, the front row first
    "lying": ((21, 102.5), (64, 102.5), (107, 102.5), (21, 92), (64, 91), (107, 92)),
    "crawling": ((17, 102), (59, 102.5), (101, 102), (38, 88.5), (80, 88.5), (113, 88)),
}


@dataclass(frozen=True)
class Spot:
    """A sprite's origin, its size and whether it is mirrored."""

    x: float
    y: float
    size: float
    flip: bool


@dataclass(frozen=True)
class Layout:
    """Where everything stands, in units of the 128-unit grid."""

    sun: float
    things: list[tuple[str, str, Spot]]  # kind of sprite (object or animal), label
    people: list[tuple[Spot, Look]]  # the farthest first


class Stream(Random):
    """Random numbers, and a record of what was decided by them."""

    chosen: dict

    def pick(self, name: str, options):
        """One of `options`, as `choice` draws it; recorded under `name`."""
        self.chosen[name] = found = self.choice(options)
        return found


def stream(scene, name: str, chosen: dict | None = None) -> Stream:
    """Random numbers for one part of the picture; other labels never change them.

    What they decide is recorded in `chosen`.
    """
    rng = Stream(f"{scene.jitter}:{name}")
    rng.chosen = {} if chosen is None else chosen
    return rng


def plan(scene, chosen: dict | None = None) -> Layout:
    """Where everything stands: a change of one label moves nothing else."""
    rng = stream(scene, "layout", chosen)
    sides = [rng.uniform(27, 31), rng.uniform(97, 101)]
    if rng.random() < 0.5:
        sides.reverse()
    rng.chosen["sun"] = sun = rng.uniform(57, 71)
    things = []
    labels = (scene.obj, scene.animal)
    for kind, name, x in zip(("object", "animal"), labels, sides, strict=True):
        y, size = GROUND + rng.uniform(-1, 1), rng.uniform(1.0, 1.08)
        spot = Spot(x, y, size, rng.random() < 0.5)
        if name:
            things.append((kind, name, _inside(kind, name, spot)))
            rng.chosen[f"{kind} side"] = "left" if x < SIDE / 2 else "right"
            rng.chosen[f"{kind} faces"] = _facing(spot)
    rng = stream(scene, "people", chosen)
    slots = SLOTS.get(scene.gesture, ROW)
    order = list(range(6))
    rng.shuffle(order)
    if scene.gesture in SLOTS and scene.people <= 3:
        order.sort(key=lambda i: i >= 3)
    clothes = looks(6, rng)
    moves = [
        (
            rng.uniform(-2, 2),
            rng.uniform(-0.6, 0.6),
            rng.uniform(0.94, 1.04),
            rng.random() < 0.5,
        )
        for _ in range(6)
    ]
    people = []
    for i in sorted(order[: scene.people], key=lambda i: slots[i][1]):
        (x, y), (dx, dy, size, flip) = slots[i], moves[i]
        spot = Spot(x + dx, y + dy, size, flip)
        people.append((_inside("person", scene.gesture, spot), clothes[i]))
    front = scene.people and POSES[scene.gesture].frontal
    rng.chosen["people"] = [
        {"x": spot.x, "faces": "front" if front else _facing(spot)} | asdict(look)
        for spot, look in sorted(people, key=lambda person: person[0].x)
    ]
    return Layout(sun, things, people)


def _facing(spot: Spot) -> str:
    return "left" if spot.flip else "right"  # sprites are drawn facing right


def _inside(kind, name, spot: Spot) -> Spot:
    """The spot, moved sideways so far that nothing is cut off by the frame."""
    left, right = (v * spot.size for v in _extent(kind, name))
    if spot.flip:
        left, right = -right, -left
    return replace(spot, x=min(max(spot.x, 1.5 - left), SIDE - 1.5 - right))


@lru_cache(maxsize=64)
def _extent(kind, name) -> tuple[float, float]:
    """How far a sprite reaches left and right of its origin, in units."""
    canvas = Image.new("L", (SIDE * SCALE, SIDE * SCALE))
    pen = Pen(canvas, Solid(255), SIDE / 2, 100)
    nowhere = Scene(*("",) * 3, 0, *(None,) * 4, 0)
    rng = Stream(0)  # the same for all: where a sprite stands hangs on it
    rng.chosen = {}
    SPRITES[kind](pen, name, rng, nowhere)
    left, _, right, _ = canvas.getbbox()
    return left / SCALE - SIDE / 2, right / SCALE - SIDE / 2


def render(scene, style: str = "flat", chosen: dict | None = None) -> Image.Image:
    """The picture of a scene: RGB, 128 x 128 pixels, the same for the same scene.

    What the drawing decides beside the scene's labels is recorded in `chosen`: colours
    as "rrggbb", sides as seen in the picture, people from left to right. Raises
    ValueError for an unknown style.
    """
    if style not in STYLES:
        raise ValueError(f"style: {style!r} is none of {', '.join(STYLES)}.")
    layout = plan(scene, chosen)
    image = Image.new("RGB", (SIDE * SCALE, SIDE * SCALE))
    air = sky.air(scene)
    inside = scene.indoors
    pen = Pen(image, light(scene.time, scene.weather, 0.62 if inside else 1.0))
    if inside:
        rng = stream(scene, "place", chosen)
        indoors.PLACES[scene.place](pen, scene, rng, layout.sun)
    else:
        _outdoors(pen, scene, layout, air, chosen)
    front = pen.lit(light(scene.time, scene.weather, 0.4 if inside else 0.5))
    _subjects(front, scene, layout, chosen)
    if not inside:
        sky.falling(pen, scene, stream(scene, "falling"), SIDE, TOP)
        if scene.weather == "misty":
            sky.mist(
                pen, scene, stream(scene, "veil"), SIDE, ((60, 84), (84, 108)), 0.3
            )
    surface(front, scene, stream(scene, "surface", chosen))
    return STYLES[style](image, SCALE)


def _outdoors(pen, scene, layout, air, chosen):
    sky.draw(pen, scene, stream(scene, "sky"), SIDE, 66, layout.sun)
    haze = 0.62 if scene.weather == "misty" else 0.2
    far = pen.lit(light(scene.time, scene.weather, 1.0, haze, air))
    if scene.weather == "misty":
        pen = pen.lit(light(scene.time, scene.weather, 1.0, 0.22, air))
    rng = stream(scene, "place", chosen)
    outdoors.PLACES[scene.place](far, pen, scene, rng, TOP)
    if scene.weather == "misty":
        rows = ((16, 40), (32, 62), (50, 84))
        sky.mist(pen, scene, stream(scene, "mist"), SIDE, rows, 0.8)


def _subjects(pen, scene, layout, chosen):
    """Object, animal and people, each on its shadow, the nearer ones later."""
    for kind, name, spot in layout.things:
        pen.veil(spot.x, spot.y - 0.6, 27, 4.6, "!1c2140", 0.5)
        _sprite(pen, scene, kind, name, spot, chosen)
    for spot, look in layout.people:
        half = POSES[scene.gesture].shadow
        pen.veil(spot.x, spot.y - 0.4, half * 1.3, 3, "!1c2140", 0.55)
        person(pen.at(spot.x, spot.y, spot.size, spot.flip), scene.gesture, look)


SPRITES = {
    "object": thing,
    "animal": lambda pen, name, rng, scene: animal(pen, name, rng),
    "person": lambda pen, name, rng, scene: person(pen, name, looks(1, rng)[0]),
}


def _sprite(pen, scene, kind, name, spot, chosen=None):
    pen = pen.at(spot.x, spot.y, spot.size, spot.flip)
    SPRITES[kind](pen, name, stream(scene, kind, chosen), scene)


def silhouettes(scene) -> list[tuple[str, np.ndarray]]:
    """(COCO category, visible mask) of every object, animal and person.

    Masks are bool (128, 128); a pixel belongs to the nearest thing at its middle.
    """
    layout = plan(scene)
    canvas = Image.new("L", (SIDE * SCALE, SIDE * SCALE))
    names = []

    def pen():
        return Pen(canvas, Solid(len(names)))

    for kind, name, spot in layout.things:
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
