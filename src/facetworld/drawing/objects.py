"""Things of fourteen of COCO's categories, the vehicles first.

A thing stands on the origin, about 44 units wide or 40 high.
"""

from itertools import pairwise

from facetworld.drawing.palette import PAINTS, darker, mix, paler

DARK = "343a52"
GLASS = "cfe8f3"


def bicycle(pen, paint, scene):
    for x in (-13.4, 13.4):
        pen.ring(x, -11.6, 11.6, 2.4, DARK)
        for dx, dy in ((0, 9), (9, 0), (6.4, 6.4), (6.4, -6.4)):
            pen.line(((x - dx, -11.6 - dy), (x + dx, -11.6 + dy)), 0.5, "aab2c0")
        pen.oval(x, -11.6, 1.8, 1.8, "8a93a5")
    hub, seat, crank, fork = (-13.4, -11.6), (-5.6, -25), (-1.6, -11), (9, -26)
    for a, b in (
        (hub, seat),
        (hub, crank),
        (seat, crank),
        (seat, fork),
        (crank, fork),
        (fork, (13.4, -11.6)),
    ):
        pen.line((a, b), 2.4, paint)
    pen.line((seat, (-6.6, -29)), 1.8, DARK)
    pen.line(((-10.6, -30), (-2.6, -30)), 3, DARK)
    pen.line((fork, (8, -31.6), (12.6, -33), (14.4, -30.6)), 2.2, DARK)
    pen.oval(crank[0], crank[1], 3, 3, "8a93a5")
    if pen.solid:
        pen.poly((hub, seat, fork, (13.4, -11.6)), paint)


def car(pen, paint, scene):
    pen.smooth(
        ((-17, -14), (-12, -25), (-2, -27.4), (8, -25), (15, -15), (0, -10)), paint
    )
    pen.box(-24, -17, 24, -5, paint, r=4)
    pen.poly(((-12.6, -16), (-9.4, -23), (-2.2, -24.6), (-2.2, -16)), GLASS)
    pen.poly(((0, -16), (0, -24.6), (6.4, -22.8), (11.4, -16)), GLASS)
    pen.box(-24, -9, 24, -5, darker(paint, 0.25), r=2)
    pen.box(-4.6, -14, -1, -13, darker(paint, 0.35))
    pen.box(20.6, -14.6, 24, -11, "!ffeaa0" if scene.dark else "fff3c4", r=1)
    pen.box(-24, -14.6, -21.6, -11, "d1495b", r=1)
    for x in (-13.6, 13.6):
        pen.oval(x, -5.4, 6, 6, DARK)
        pen.oval(x, -5.4, 2.8, 2.8, "c8cfda")


def airplane(pen, paint, scene):
    pen.poly(((-24, -33), (-17, -33), (-11, -21), (-22, -20)), paint)
    pen.poly(((2, -20), (-8, -36), (-2, -36), (12, -20)), "b9c4d3")
    pen.smooth(
        (
            (-25, -21), (-14, -25), (8, -26), (20, -24), (26, -19), (21, -14.6),
            (4, -13), (-12, -14),
        ),
        "f4f6f9",
    )  # fmt: skip
    pen.smooth(
        ((-23, -19), (0, -19), (25, -18), (21, -14.6), (4, -13), (-12, -14)), paint
    )
    for x in range(-12, 13, 5):
        pen.oval(x, -21.6, 1.5, 1.6, "4a6a8f")
    pen.poly(((17, -23.6), (22.6, -22), (24, -20.4), (17, -20.4)), "4a6a8f")
    pen.poly(((4, -17), (-10, -3), (-3, -3), (14, -16)), "cdd6e2")
    pen.line(((-1, -8), (6, -8)), 4, "8c98ab")
    pen.poly(((-19, -19), (-27, -14), (-22, -14), (-13, -18)), "cdd6e2")
    for x in (-6, 16):
        pen.line(((x, -14), (x, -2)), 1.4, "8c98ab")
        pen.oval(x, -1.8, 2, 2, DARK)


def bus(pen, paint, scene):
    pen.box(-25, -31, 25, -4, paint, r=3.4)
    pen.box(-25, -31, 25, -27.6, paler(paint, 0.45), r=2)
    pane = "!ffe6a6" if scene.dark else GLASS
    for x in (-22, -12.4, -2.8):
        pen.box(x, -25, x + 7.6, -15.6, pane, r=1)
    pen.box(7, -25, 13.4, -6, mix(GLASS, "6f7f99", 0.35))
    pen.box(9.8, -25, 10.5, -6, darker(paint, 0.2))
    pen.box(16, -25, 24, -14, pane, r=1)
    pen.box(-25, -12.6, 5, -10, "fff6e0")
    pen.box(21.6, -10.4, 25, -7.4, "!fff0b0" if scene.dark else "fff3c4", r=1)
    for x in (-14, 14):
        pen.oval(x, -4.8, 5.2, 5.2, DARK)
        pen.oval(x, -4.8, 2.2, 2.2, "c8cfda")


def boat(pen, paint, scene):
    pen.line(((0, -10), (0, -44)), 1.6, "7a5638")
    pen.smooth(
        ((1.6, -43), (10, -30), (20, -13.6), (10, -12.6), (1.6, -12.6)), "fdf8ec"
    )
    pen.poly(((3, -27), (13, -24), (16.6, -18), (3, -18)), paint)
    pen.smooth(
        ((-1.6, -40), (-9, -28), (-16, -14), (-8, -13), (-1.6, -13)), paler(paint, 0.45)
    )
    pen.poly(((0, -44), (0, -48), (-7, -45.6)), "d1495b")
    pen.poly(((-24, -11), (24, -11), (18, 0), (-17, 0)), paint)
    pen.poly(((-24, -11), (24, -11), (22.6, -8), (-22.4, -8)), "fffaf0")
    for x in (-9, 0, 9):
        pen.oval(x, -4.4, 1.5, 1.5, "fffaf0")


def bench(pen, paint, scene):
    wood = mix(paint, "b98250", 0.55)
    if pen.solid:
        pen.box(-23, -28, 23, -9, wood)
    for x in (-19, 19):
        pen.box(x - 1.6, -28, x + 1.6, 0, DARK)
        pen.line(((x, -16), (x + (3 if x > 0 else -3), -16)), 2, DARK)
    for y in (-28, -22.4):
        pen.box(-23, y, 23, y + 4.4, wood, r=0.8)
    pen.box(-24, -13.4, 24, -8.6, paler(wood, 0.15), r=0.8)
    pen.box(-24, -9.6, 24, -8, darker(wood, 0.3), r=0.6)
    for x in (-22, 22):
        pen.line(((x, -17.6), (x, -9)), 2, DARK)


def umbrella(pen, paint, scene):
    pen.line(((0, -40), (0, -4), (1.6, -1), (4.6, -1), (5.8, -4)), 1.9, "6b4a38")
    pale = paler(paint, 0.6)
    top, base = -42, -20
    edge = (-24, -12, 0, 12, 24)
    for i, (a, b) in enumerate(pairwise(edge)):
        tone = paint if i % 2 else pale
        pen.smooth(
            (
                (0, top),
                ((a * 0.72 + b * 0.05), top + 6.4),
                (a, base),
                ((a + b) / 2, base - 2.4),
                (b, base),
                (b * 0.72 + a * 0.05, top + 6.4),
            ),
            tone,
        )
    pen.line(((0, top), (0, top - 2.6)), 1.5, "6b4a38")


def suitcase(pen, paint, scene):
    pen.box(-7, -35, 7, -26, DARK, r=2.4)
    if not pen.solid:
        pen.box(-4.6, -32.6, 4.6, -26, paler(paint, 0.1))
    pen.box(-19, -29, 19, -2, paint, r=3.4)
    pen.box(-19, -17, 19, -14.6, darker(paint, 0.3))
    for x in (-12, 9):
        pen.box(x, -29, x + 3.4, -2, "c99a62")
        pen.box(x - 0.4, -17.4, x + 3.8, -13.6, "f4d58a", r=0.6)
    pen.poly(((-4, -11), (3, -12.4), (4, -7), (-3, -5.6)), "fff3d6")
    for x in (-14, 14):
        pen.oval(x, -1.4, 2, 2, DARK)


def sports_ball(pen, paint, scene):
    pen.oval(0, -18.4, 18.4, 18.4, darker("f7f7f5", 0.22))
    pen.oval(-0.8, -19.2, 17.2, 17.2, "fbfbf9")
    ink = "2f3448"

    def patch(x, y, r):
        pen.poly(
            [
                (x + r * a, y + r * b)
                for a, b in (
                    (0, -1), (0.95, -0.31), (0.59, 0.81), (-0.59, 0.81), (-0.95, -0.31),
                )
            ],
            ink,
        )  # fmt: skip

    patch(0, -19, 6.4)
    for dx, dy in ((0, -13.4), (12.8, -4.6), (8, 11), (-8, 11), (-12.8, -4.6)):
        pen.line(((dx * 0.42, -19 + dy * 0.42), (dx * 0.86, -19 + dy * 0.86)), 1, ink)
    for x, y in ((0, -33.6), (13.8, -23.6), (8.6, -7.6), (-8.6, -7.6), (-13.8, -23.6)):
        patch(x, y, 3.6)


def kite(pen, paint, scene):
    other = PAINTS[(PAINTS.index(paint) + 3) % len(PAINTS)]
    pen.line(((0, -10), (3, -6), (-3, -2.4), (1, 1)), 1, "fffaf0")
    for x, y in ((3, -6), (-3, -2.2)):
        pen.poly(((x - 4.4, y - 2), (x, y), (x - 4.4, y + 2)), other)
        pen.poly(((x + 4.4, y - 2), (x, y), (x + 4.4, y + 2)), other)
    top, left, right, low = (0, -52), (-18, -35), (18, -35), (0, -8)
    mid = (0, -35)
    for corner, tone in (
        ((top, left), paint),
        ((top, right), paler(paint, 0.5)),
        ((low, left), other),
        ((low, right), paint),
    ):
        pen.poly((corner[0], corner[1], mid), tone)
    pen.line((top, low), 0.8, "fffaf0")
    pen.line((left, right), 0.8, "fffaf0")


def chair(pen, paint, scene):
    wood = "9c6a40"
    for x in (-11.4, 11.4):
        pen.box(x - 1.7, -42, x + 1.7, 0, wood, r=1)
    pen.box(-12.4, -41, 12.4, -22, paint, r=3)
    pen.box(-9.6, -38.4, 9.6, -24.6, paler(paint, 0.28), r=2)
    for x in (-14.6, 14.6):
        pen.box(x - 1.8, -16, x + 1.8, 0.6, darker(wood, 0.2), r=1)
    pen.box(-16, -19.4, 16, -11.6, paint, r=2.6)
    pen.box(-16, -14, 16, -11.4, darker(paint, 0.3), r=1.4)


def potted_plant(pen, paint, scene):
    for x, tip, tone in (
        (-8, (-21, -30), "4f9d5c"), (8, (21, -31), "438a52"),
        (-5, (-13, -43), "62b06a"), (5, (12, -44), "57a562"), (0, (0, -49), "6fbf74"),
    ):  # fmt: skip
        dx, dy = (tip[0] - x) * 0.5, (tip[1] + 15) * 0.5
        nx, ny = -dy * 0.42, dx * 0.42
        pen.smooth(
            (
                (x * 0.2, -15),
                (x * 0.2 + dx + nx, -15 + dy + ny),
                tip,
                (tip[0] * 0.98, tip[1] + 1),
                (x * 0.2 + dx - nx, -15 + dy - ny),
            ),
            tone,
        )
        pen.line(
            ((x * 0.2, -16), (tip[0] * 0.8, -15 + (tip[1] + 15) * 0.8)),
            0.7,
            paler(tone, 0.35),
        )
    pot = mix(paint, "c96f45", 0.6)
    pen.poly(((-11, -14), (11, -14), (8, 0), (-8, 0)), pot)
    pen.box(-12.6, -18, 12.6, -13, paler(pot, 0.18), r=1)


def tv(pen, paint, scene):
    for x in (-1, 1):
        pen.line(((x, -34), (x * 11, -44)), 1.3, DARK)
        pen.oval(x * 11, -44.4, 1.4, 1.4, DARK)
    for x in (-14, 14):
        pen.line(((x, -6), (x * 1.15, 0)), 2.2, DARK)
    pen.box(-23, -36, 23, -5, mix(paint, "8a5a3c", 0.6), r=3)
    pen.box(-20, -33, 11, -8, "20263c", r=3)
    if not pen.solid:
        pen.box(-18.4, -31.4, 9.4, -9.6, "!8fd3e8", r=2)
        pen.box(-18.4, -16, 9.4, -9.6, "!7cc576", r=1)
        pen.oval(2, -26, 3.2, 3.2, "!fff0a8")
        pen.poly(((-18, -16), (-10, -25), (-2, -16)), "!5f7fb0")
    for y in (-28, -20):
        pen.oval(17, y, 3, 3, "f4e3c0")
        pen.line(((17, y), (18.4, y - 1.6)), 0.8, DARK)
    for y in (-13.4, -11, -8.6):
        pen.line(((14.4, y), (19.6, y)), 0.8, DARK)


def clock(pen, paint, scene):
    pen.poly(((-9, 0), (9, 0), (5, -4), (-5, -4)), DARK)
    pen.box(-2.2, -13, 2.2, -3, DARK)
    x, y = 0, -29
    pen.oval(x, y, 17.6, 17.6, darker(paint, 0.3))
    pen.oval(x, y, 16.2, 16.2, paint)
    pen.oval(x, y, 13.2, 13.2, "!fff6d8" if scene.dark else "fffaf0")
    for dx, dy in ((0, -1), (1, 0), (0, 1), (-1, 0)):
        pen.line(
            ((x + dx * 9.6, y + dy * 9.6), (x + dx * 11.8, y + dy * 11.8)), 1.7, DARK
        )
    for dx, dy in (
        (0.5, -0.87), (0.87, -0.5), (0.87, 0.5), (0.5, 0.87), (-0.5, 0.87),
        (-0.87, 0.5), (-0.87, -0.5), (-0.5, -0.87),
    ):  # fmt: skip
        pen.oval(x + dx * 11, y + dy * 11, 0.7, 0.7, DARK)
    pen.line(((x, y), (x - 5.6, y - 4.2)), 2.1, DARK)
    pen.line(((x, y), (x + 2.4, y - 9.6)), 1.5, DARK)
    pen.oval(x, y, 1.7, 1.7, "d1495b")


OBJECTS = {
    f.__name__.replace("_", " "): f
    for f in (
        bicycle,
        car,
        airplane,
        bus,
        boat,
        bench,
        umbrella,
        suitcase,
        sports_ball,
        kite,
        chair,
        potted_plant,
        tv,
        clock,
    )
}


LARGER = {"airplane": 1.1, "car": 1.12, "umbrella": 1.06, "kite": 1.06, "bench": 1.04}


def thing(pen, name: str, rng, scene) -> None:
    """Draw one of the scene's objects at the pen's origin; `rng` chooses its paint."""
    pen = pen.at(0, 0, LARGER.get(name, 1.0))
    paint = rng.choice(PAINTS)
    if name != "sports ball":  # always black and white
        rng.chosen["paint"] = paint
    OBJECTS[name](pen, paint, scene)
