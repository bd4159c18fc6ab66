"""Trees and street lamps of the outdoor places."""

from facetworld.drawing.palette import mix

SNOW = "f2f6fb"


def _tree_cap(scene, colour):
    return mix(colour, SNOW, 0.55) if scene.weather == "snowy" else colour


def palm(pen, scene):
    pen.line(((0, 0), (-1, -14), (2, -28), (6, -38)), 3.2, "9a6b42")
    for y in (-6, -13, -20, -27):
        pen.line(
            ((-1.4 + (y < -18) * 2, y), (1.4 + (y < -18) * 2, y - 1)), 0.7, "7d5333"
        )
    for x, y in ((-13, 3), (-10, -7), (2, -11), (14, -8), (18, 2), (12, 8)):
        tone = _tree_cap(scene, "3f9b5c" if x % 2 else "2f8450")
        pen.smooth(
            (
                (6, -39),
                (6 + x * 0.5, -42 + y * 0.5),
                (6 + x, -37 + y),
                (6 + x * 0.5, -38 + y * 0.6),
            ),
            tone,
        )
    pen.oval(5, -36, 2, 2, "7a4a2e")
    pen.oval(8, -36.4, 1.8, 1.8, "8a5836")


def lamp(pen, scene):
    pen.box(-0.8, -40, 0.8, 0, "39415a")
    pen.box(-2.2, -2.5, 2.2, 0, "39415a")
    pen.line(((0, -39), (6, -40)), 1.2, "39415a")
    if scene.time in ("night", "dusk"):
        pen.veil(6, -36, 17, 17, "!ffd27a", 0.75)
        pen.poly(((3, -39), (9, -39), (8, -36), (4, -36)), "!fff0b8")
    else:
        pen.poly(((3, -39), (9, -39), (8, -36), (4, -36)), "efe6c8")


def round_tree(pen, scene):
    pen.box(-1.8, -16, 1.8, 2, "7d5a40")
    for x, y, r, tone in (
        (0, -27, 12, "4f9457"),
        (-6, -21, 8, "58a05f"),
        (6.5, -21, 8, "458a50"),
        (-2, -30, 7.5, "6ab06a"),
    ):
        pen.oval(x, y, r, r, tone)
    if scene.weather == "snowy":
        pen.oval(-1, -33.5, 8.5, 4.6, SNOW)
        pen.oval(-7, -25.5, 5, 2.6, SNOW)
        pen.oval(7, -25, 5, 2.6, SNOW)


def pine(pen, scene, tone):
    pen.box(-1.6, -8, 1.6, 0, "6b4a38")
    for top, base, half in ((-40, -25, 7.5), (-32, -15, 10), (-22, -5, 12.5)):
        pen.poly(((0, top), (half, base), (-half, base)), tone)
        pen.poly(((0, top), (0, base), (-half, base)), mix(tone, "ffffff", 0.1))
        if scene.weather == "snowy":
            pen.poly(
                (
                    (0, top),
                    (half * 0.5, (top + base) / 2),
                    (0, (top + base) / 2 - 2),
                    (-half * 0.5, (top + base) / 2),
                ),
                SNOW,
            )
