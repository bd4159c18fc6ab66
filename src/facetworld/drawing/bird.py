"""The one animal on two legs."""

from facetworld.drawing.heads import EYE
from facetworld.drawing.palette import darker, paler


def bird(pen, rng) -> None:
    """A stout bird with a raised wing, beak to the right."""
    coat = rng.choice(("3f86d1", "e4572e", "38a3a5", "f0b429", "d1699a"))
    for x in (-2, 4):
        pen.line(((x, -8), (x + 1, 0)), 1.6, "c9782c")
        pen.line(((x - 1.6, -0.4), (x + 4, -0.4)), 1.4, "c9782c")
    dark = darker(coat, 0.28)
    pen.poly(((-12, -20), (-26, -20), (-24, -13), (-12, -12)), dark)
    pen.smooth(
        (
            (-15, -18),
            (-8, -27),
            (4, -29),
            (14, -24),
            (14, -15),
            (6, -7),
            (-6, -7),
            (-13, -12),
        ),
        coat,
    )
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
