"""Five vehicles: bicycle, car, airplane, bus, boat."""

from facetworld.drawing.palette import darker, mix, paler

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
    pen.box(20.6, -14.6, 24, -11, "!ffeaa0" if lamps_on(scene) else "fff3c4", r=1)
    pen.box(-24, -14.6, -21.6, -11, "d1495b", r=1)
    for x in (-13.6, 13.6):
        pen.oval(x, -5.4, 6, 6, DARK)
        pen.oval(x, -5.4, 2.8, 2.8, "c8cfda")


def airplane(pen, paint, scene):
    pen.poly(((-24, -33), (-17, -33), (-11, -21), (-22, -20)), paint)
    pen.poly(((2, -20), (-8, -36), (-2, -36), (12, -20)), "b9c4d3")
    pen.smooth(
        (
            (-25, -21),
            (-14, -25),
            (8, -26),
            (20, -24),
            (26, -19),
            (21, -14.6),
            (4, -13),
            (-12, -14),
        ),
        "f4f6f9",
    )
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
    pane = "!ffe6a6" if lamps_on(scene) else GLASS
    for x in (-22, -12.4, -2.8):
        pen.box(x, -25, x + 7.6, -15.6, pane, r=1)
    pen.box(7, -25, 13.4, -6, mix(GLASS, "6f7f99", 0.35))
    pen.box(9.8, -25, 10.5, -6, darker(paint, 0.2))
    pen.box(16, -25, 24, -14, pane, r=1)
    pen.box(-25, -12.6, 5, -10, "fff6e0")
    pen.box(21.6, -10.4, 25, -7.4, "!fff0b0" if lamps_on(scene) else "fff3c4", r=1)
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


def lamps_on(scene) -> bool:
    """Whether it is dark enough for lights."""
    return scene.time in ("night", "dusk")
