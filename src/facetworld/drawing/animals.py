"""The ten animals of COCO: a table of quadrupeds, and a bird.

An animal faces right, feet at the origin, about 44 units long.
"""

from dataclasses import dataclass

from facetworld.drawing.animal_parts import EARS, EYE, FACES, MANES, MARKINGS, TAILS
from facetworld.drawing.palette import darker, paler


@dataclass(frozen=True)
class Body:
    """Sizes in units and colours; None takes the coat's colour."""

    trunk: tuple  # x, y, half length, half height
    neck: tuple  # (x, y) at the chest, (x, y) at the head, width
    head: tuple  # x, y, half length, half height
    muzzle: tuple  # x, y, half length, half height
    leg: tuple  # top y, width, x of hind, x of fore
    coats: tuple  # one of these colours
    skin: str | None = None  # face and legs
    nose: str | None = None  # the muzzle
    pale: float = 0.0  # how much paler than the coat the muzzle is
    hoof: str | None = None
    eye: str = EYE
    size: float = 1.0  # so that small ones, too, fill a twentieth of the picture


TRUNK = (  # outline of every trunk, in shares of its half length and half height
    *((-1, 0), (-0.8, -0.86), (-0.2, -1), (0.5, -0.96)),
    *((1, -0.2), (0.82, 0.72), (0, 1), (-0.8, 0.8)),
)
BODIES = {
    "cat": Body(
        (-3, -14, 13.5, 8.6),
        ((7, -16), (11, -22), 9),
        (13, -25, 8, 7),
        (17.6, -22.8, 3.6, 2.8),
        (-12, 4.6, -11, 6),
        ("e8943a", "7d7f8c", "f0c48a", "4a4453"),
        pale=0.55,
        size=1.18,
    ),
    "dog": Body(
        (-3, -16, 14.5, 8.4),
        ((8, -18), (12, -25), 8.6),
        (14, -27, 7.6, 6.6),
        (20.4, -25, 5, 3.6),
        (-13, 4.8, -12, 7),
        ("c98a4b", "8c5a3c", "e3c08f", "d9d4cc"),
        pale=0.35,
        size=1.14,
    ),
    "horse": Body(
        (-4, -21, 16, 8.8),
        ((8, -24), (15, -36), 9),
        (18, -37, 7, 5),
        (23, -34.6, 4.6, 3.8),
        (-18, 4.6, -15, 8),
        ("8a4f2d", "5b3a2e", "b9763f", "a8a3a6"),
        hoof="3a2f33",
    ),
    "sheep": Body(
        (-2, -19, 16, 11),
        ((10, -21), (14, -24), 8),
        (17, -24, 6.4, 5.4),
        (20, -21.6, 3.4, 3.2),
        (-10, 4.2, -10, 8),
        ("f7f2e6", "fffaf0"),
        skin="4a3f48",
        hoof="2e2730",
        eye="fffaf0",
    ),
    "cow": Body(
        (-4, -20, 17.5, 10.4),
        ((10, -23), (15, -29), 10),
        (18, -29, 7.4, 6.2),
        (22.4, -26, 4.4, 4.2),
        (-13, 5.2, -16, 8.6),
        ("fbf6ee",),
        nose="eeb9ad",
        hoof="4a4048",
    ),
    "elephant": Body(
        (-5, -24, 18, 13.2),
        ((10, -28), (13, -30), 14),
        (15, -30, 9.6, 9.4),
        (20, -25, 4, 4),
        (-16, 8, -16, 7),
        ("8f9bad", "a3a0b3", "7f8fa3"),
    ),
    "bear": Body(
        (-4, -19, 17.5, 12.2),
        ((8, -22), (13, -26), 14),
        (15, -27, 9, 8),
        (21.4, -24, 4.8, 4),
        (-12, 8, -14.6, 7),
        ("7a4b2c", "5c3a28", "8f5f38"),
        pale=0.4,
    ),
    "zebra": Body(
        (-4, -21, 16, 8.8),
        ((8, -24), (14.4, -34), 9),
        (17, -35, 7, 5),
        (22, -32.8, 4.4, 3.7),
        (-18, 4.4, -15, 8),
        ("fbfaf6",),
        nose="4a4550",
        hoof="33303a",
    ),
    "giraffe": Body(
        (-6, -23.5, 14, 8),
        ((4, -26), (14, -50), 7),
        (17, -51, 6.4, 4.6),
        (21.6, -49.4, 4, 3.2),
        (-22, 4, -15.6, 3.6),
        ("f3c35c", "efb64c"),
        pale=0.35,
        hoof="6b4a30",
    ),
}


def animal(pen, name: str, rng) -> None:
    """Draw one of ANIMALS at the pen's origin; `rng` chooses its coat."""
    if name == "bird":
        return _bird(pen, rng)
    body = BODIES[name]
    pen = pen.at(0, 0, body.size)
    coat = rng.pick("coat", body.coats)
    skin = body.skin or coat
    TAILS[name](pen, coat)
    _legs(pen, body, darker(skin, 0.28), 4.2)
    MANES.get(name, _nothing)(pen, coat)
    chest, head, width = body.neck
    pen.line((chest, head), width, coat)
    x, y, rx, ry = body.trunk
    pen.smooth([(x + rx * a, y + ry * b) for a, b in TRUNK], coat)
    _legs(pen, body, skin, 0)
    MARKINGS.get(name, _nothing)(pen, coat)
    EARS[name](pen, coat, far=True)
    pen.oval(*body.head, skin)
    pen.oval(*body.muzzle, body.nose or (paler(coat, body.pale) if body.pale else skin))
    EARS[name](pen, coat, far=False)
    x, y, rx, ry = body.head
    pen.oval(x + rx * 0.32, y - ry * 0.18, 1.15, 1.3, body.eye)
    FACES.get(name, _nothing)(pen, coat)


def _nothing(pen, coat):
    pass


def _legs(pen, body, tone, shift):
    top, width, hind, fore = body.leg
    for x in (hind + shift, fore + shift):
        pen.line(((x, top), (x, -width / 2)), width, tone)
        pen.box(x - width / 2, -width / 2, x + width / 2, 0, body.hoof or tone, r=0.6)


def _bird(pen, rng) -> None:
    """A stout bird with a raised wing, beak to the right."""
    coat = rng.pick("coat", ("3f86d1", "e4572e", "38a3a5", "f0b429", "d1699a"))
    for x in (-2, 4):
        pen.line(((x, -8), (x + 1, 0)), 1.6, "c9782c")
        pen.line(((x - 1.6, -0.4), (x + 4, -0.4)), 1.4, "c9782c")
    dark = darker(coat, 0.28)
    pen.poly(((-12, -20), (-26, -20), (-24, -13), (-12, -12)), dark)
    pen.smooth(
        (
            (-15, -18), (-8, -27), (4, -29), (14, -24), (14, -15), (6, -7), (-6, -7),
            (-13, -12),
        ),
        coat,
    )  # fmt: skip
    pen.smooth(((13, -20), (13, -11), (6, -7), (-3, -7.4), (4, -13)), paler(coat, 0.62))
    pen.oval(12, -28, 8, 7.6, coat)
    pen.poly(((18.6, -30.4), (27.4, -26.6), (18.8, -24)), "f2a03d")
    pen.poly(((18.8, -27), (27.4, -26.6), (18.8, -24)), "d9842a")
    pen.oval(14.6, -29.4, 2.1, 2.1, "ffffff")
    pen.oval(15.1, -29.3, 1.2, 1.3, EYE)
    pen.smooth(
        ((3, -20), (-1, -30), (-8, -40), (-17, -42), (-19, -34), (-15, -24), (-7, -16)),
        dark,
    )
    for a, b in (
        ((-1, -20), (-12, -38)),
        ((-4, -19), (-15.6, -33)),
        ((-6, -18), (-14.6, -26)),
    ):
        pen.line((a, b), 1.2, paler(coat, 0.25))
