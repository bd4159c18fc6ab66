"""The five outdoor places, from the horizon to the ground, with their trees and lamps.

Each place draws far scenery (with a `far` pen, which sees it through air) and the
ground (with a `near` pen). The middle stays low, so that a sun on the horizon shows;
both sides stay free of anything that could pass for one of the scene's objects.
"""

from facetworld.drawing.palette import mix
from facetworld.drawing.pen import Pen

GRASS, SAND, SNOW = "7fb65a", "f0d6a0", "f2f6fb"


def ground_colour(scene, colour, share=0.85):
    return mix(colour, SNOW, share) if scene.weather == "snowy" else colour


def beach(far: Pen, near: Pen, scene, rng, front: int):
    sea = "2f9fc0"
    side = {"left": -1, "right": 1}[rng.pick("island", ("left", "right"))]
    island = 64 + side * 42
    far.smooth(
        (
            (island - 26, 52),
            (island - 12, 44),
            (island + 2, 39),
            (island + 16, 46),
            (island + 28, 52),
        ),
        "6f9f7a",
    )
    near.box(0, 50, 128, 72, sea)
    near.box(0, 50, 128, 54, "57b7cf")
    for y, step in ((56, 23), (61, 29), (66, 35)):
        start = rng.uniform(-step, 0)
        for i in range(8):
            x = start + i * step
            near.line(((x, y), (x + step * 0.42, y)), 0.9, "9fdcea")
    sand = ground_colour(scene, SAND)
    near.smooth(
        ((-20, 72), (20, 69.5), (64, 72), (105, 69), (148, 72), (150, 140), (-20, 140)),
        "f7fbfa",
    )
    near.smooth(
        (
            (-20, 74.5), (20, 72), (64, 74.5), (105, 71.5), (148, 74), (150, 140),
            (-20, 140),
        ),
        sand,
    )  # fmt: skip
    for _ in range(9):
        x, y = rng.uniform(4, 124), rng.uniform(80, front)
        near.oval(x, y, 1.6, 0.7, ground_colour(scene, "dfbf85", 0.6))
    palm(near.at(64 - side * 57, 76, 1.0, side < 0), scene)


def street(far: Pen, near: Pen, scene, rng, front: int):
    walls = ["e0876a", "f0c987", "8fb3c9", "c98fa0", "b9a7d0", "dcb58c", "a8c3a0"]
    rng.shuffle(walls)
    rng.chosen["houses"] = walls[:3] + walls[4:]  # between them lies the open street
    edges = (-2, 14, 31, 47, 81, 97, 113, 130)
    tops = (17, 24, 33, 99, 33, 24, 17)
    for i, (left, right, top) in enumerate(
        zip(edges[:-1], edges[1:], tops, strict=True)
    ):
        if top < 99:
            _house(far, scene, rng, left, top + rng.uniform(-4, 4), right, walls[i])
    far.oval(64, 66, 32, 12, ground_colour(scene, "86b08a", 0.6))
    near.box(0, 62, 128, 128, ground_colour(scene, "c9c3bb"))
    near.box(0, 62, 128, 63.5, ground_colour(scene, "a8a29c", 0.6))
    near.box(0, 74, 128, 128, ground_colour(scene, "6b707c", 0.62))
    near.box(0, 74, 128, 75.6, ground_colour(scene, "e2ddd3"))
    start = rng.uniform(-24, 0)
    for i in range(7):
        x = start + i * 24
        near.poly(((x + 2, 93), (x + 14, 93), (x + 12, 95.4), (x, 95.4)), "f4e9c8")
    for x in (53, 75):
        lamp(near.at(x, 74, 0.82, x < 64), scene)


def _house(pen, scene, rng, left, top, right, wall):
    pen.box(left, top, right, 64, wall)
    pen.box(
        left,
        top,
        right,
        top + 2,
        SNOW if scene.weather == "snowy" else mix(wall, "4a3040", 0.35),
    )
    pane = mix(wall, "2b3a5c", 0.6)
    columns = 3 if right - left > 15.5 else 2
    gap = (right - left) / columns
    y = top + 5
    while y < 58:
        for c in range(columns):
            x = left + gap * (c + 0.5)
            lit = scene.dark and rng.random() < 0.6
            pen.box(x - 1.5, y, x + 1.5, y + 4, "!ffd777" if lit else pane)
        y += 8


def park(far: Pen, near: Pen, scene, rng, front: int):
    for x, y, rx, ry, tone in (
        (18, 62, 56, 19, "9cc9a0"),
        (116, 63, 52, 21, "8dbf95"),
        (64, 67, 70, 14, "a9d3a0"),
    ):
        far.oval(x, y, rx, ry, ground_colour(scene, tone, 0.6))
    grass = ground_colour(scene, GRASS)
    near.oval(64, 104, 128, 46, grass)
    near.box(0, 76, 128, 128, grass)
    path = ground_colour(scene, "ead9b0", 0.5)
    rng.chosen["bend"] = bend = rng.uniform(-6, 6)
    near.smooth(
        (
            (60, 58.5),
            (66, 58.5),
            (62 + bend, 68),
            (74 + bend, 84),
            (92, 112),
            (88, 140),
            (30, 140),
            (34, 112),
            (52 + bend, 84),
            (55 + bend, 68),
        ),
        path,
    )
    for x, size in ((7, 1.0), (25, 0.66), (103, 0.66), (121, 1.05)):
        round_tree(near.at(x + rng.uniform(-2, 2), 66, size), scene)
    lamp(near.at(44, 70, 0.62), scene)
    for _ in range(16):
        x, y = rng.uniform(2, 126), rng.uniform(72, front - 1)
        if abs(x - 62) > 20:
            near.oval(x, y, 1.1, 1.1, rng.choice(("f7a8b8", "fff3b0", "f6f1fa")))


def forest(far: Pen, near: Pen, scene, rng, front: int):
    for i in range(15):
        x = -4 + i * 9.6 + rng.uniform(-2, 2)
        height = 10 + abs(x - 64) * 0.42 + rng.uniform(-2, 2)
        pine(far.at(x, 62, height / 40), scene, "7aa58c")
    far.box(0, 55, 128, 64, "7aa58c")
    near.box(0, 60, 128, 128, ground_colour(scene, "5c8a50"))
    for x, size, tone in (
        (30, 0.98, "3f7f5a"), (98, 1.0, "3f7f5a"), (17, 1.2, "34704f"),
        (112, 1.24, "34704f"), (2, 1.5, "2b6147"), (126, 1.46, "2b6147"),
    ):  # fmt: skip
        pine(near.at(x + rng.uniform(-2, 2), 68 + size * 3, size), scene, tone)
    near.smooth(
        ((-20, 71), (20, 68), (64, 71), (108, 68), (150, 71), (150, 140), (-20, 140)),
        ground_colour(scene, "6d9a55"),
    )
    for _ in range(12):
        x, y = rng.uniform(2, 126), rng.uniform(75, front - 1)
        tone = ground_colour(scene, "4b7a45", 0.4)
        near.line(((x, y), (x - 1.4, y - 2.6)), 0.8, tone)
        near.line(((x, y), (x + 1.4, y - 2.8)), 0.8, tone)
    for _ in range(3):
        x, y = rng.uniform(8, 120), rng.uniform(74, front - 2)
        near.box(x - 0.7, y - 2.6, x + 0.7, y, "f3e6d0")
        near.fan(x, y - 2.2, 2.3, 180, 360, "d9503f")


def mountain(far: Pen, near: Pen, scene, rng, front: int):
    for x, top, half, tone in (
        (64, 50, 44, "a9b4cf"),
        (22, 14, 40, "8693b8"),
        (108, 18, 38, "7b89b0"),
    ):
        x, top = x + rng.uniform(-3, 3), top + rng.uniform(-3, 3)
        low = 68
        far.poly(((x, top), (x + half, low), (x - half, low)), tone)
        far.poly(
            (
                (x, top),
                (x + half, low),
                (x + half * 0.25, low),
                (x + 3, top + 16),
                (x - 2, top + 9),
            ),
            mix(tone, "3b4470", 0.28),
        )
        s = (low - top) / 50
        cap = 0.62 if scene.weather == "snowy" else 0.34
        y, side = top + (low - top) * cap, half * cap
        far.poly(
            (
                (x, top),
                (x + side, y),
                (x + side * 0.5, y - 4 * s),
                (x + side * 0.15, y + 2 * s),
                (x - side * 0.3, y - 4 * s),
                (x - side * 0.6, y + 1.5 * s),
                (x - side, y),
            ),
            "fbfdff",
        )
    near.smooth(
        (
            (-20, 62), (10, 58), (40, 63), (64, 65), (90, 62), (118, 57), (150, 63),
            (150, 140), (-20, 140),
        ),
        ground_colour(scene, "93b072"),
    )  # fmt: skip
    near.smooth(
        ((-20, 72), (30, 74), (64, 70), (100, 73), (150, 70), (150, 140), (-20, 140)),
        ground_colour(scene, "86a566"),
    )
    for x, size in (
        (3, 0.55), (11, 0.42), (119, 0.45), (126, 0.6), (52, 0.26), (77, 0.3),
    ):  # fmt: skip
        pine(near.at(x, 66, size), scene, "4d7f63")
    for _ in range(7):
        x, y = rng.uniform(4, 124), rng.uniform(76, front - 1)
        s = rng.uniform(0.7, 1.3)
        near.smooth(
            (
                (x - 3 * s, y),
                (x - 1.6 * s, y - 2.4 * s),
                (x + s, y - 2.8 * s),
                (x + 3 * s, y),
            ),
            "9aa0aa",
        )


PLACES = {f.__name__: f for f in (beach, street, park, forest, mountain)}


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
    if scene.dark:
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
