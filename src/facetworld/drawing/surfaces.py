"""The low wall across the front: wood, stone, metal, paper or brick."""

from facetworld.drawing.palette import mix

TOP = 105  # the wall fills the picture from here down


def surface(pen, scene, rng) -> None:
    """Draw the scene's material, if it has one, below TOP."""
    if scene.material is None:
        return
    pen.band(TOP - 6, TOP + 4, 128, "20243f", 0.28)
    SURFACES[scene.material](pen, rng)
    if scene.weather == "snowy" and not scene.indoors:
        pen.box(0, TOP - 1.6, 128, TOP + 1.4, "f7fbff")
        for _ in range(9):
            x, r = rng.uniform(0, 128), rng.uniform(4, 9)
            pen.oval(x, TOP + 0.8, r, rng.uniform(1.6, 2.8), "f7fbff")


def wood(pen, rng):
    tone = rng.pick("front", ("b5773f", "a9683a", "c48a52"))
    pen.box(0, TOP, 128, 128, mix(tone, "3a2418", 0.45))
    pen.box(0, TOP, 128, TOP + 3, mix(tone, "fff0d8", 0.35))
    rows = ((TOP + 3.6, TOP + 11.2), (TOP + 11.9, TOP + 19.4), (TOP + 20.1, 129))
    for row, (y0, y1) in enumerate(rows):
        x = -rng.uniform(4, 34)
        while x < 128:
            w = rng.uniform(38, 56)
            plank = mix(tone, rng.choice(("fff0d8", "5a3520")), rng.uniform(0.04, 0.16))
            pen.box(x + 0.5, y0, x + w - 0.5, y1, plank)
            grain = mix(plank, "4a2a18", 0.3)
            for g in (1.9, 3.8, 5.7):
                a, b = x + rng.uniform(3, 9), x + w - rng.uniform(4, 14)
                pen.line(
                    (
                        (a, y0 + g),
                        ((a + b) / 2, y0 + g + rng.uniform(-0.5, 0.5)),
                        (b, y0 + g),
                    ),
                    0.6,
                    grain,
                )
            if row != 2 and rng.random() < 0.6:
                k = x + w * rng.uniform(0.3, 0.7)
                pen.oval(k, y0 + 3.8, 2.6, 1.7, grain)
                pen.oval(k, y0 + 3.8, 1.3, 0.8, mix(plank, "3a2010", 0.55))
            for nail in (x + 2.4, x + w - 2.4):
                pen.oval(nail, (y0 + y1) / 2, 0.8, 0.8, "3b2a28")
            x += w


def stone(pen, rng):
    tone = rng.pick("front", ("9a9a98", "8f97a0", "a39a90"))
    pen.box(0, TOP + 1, 128, 128, mix(tone, "23263a", 0.55))
    for row, y in enumerate((TOP + 3.2, TOP + 10.6, TOP + 18, TOP + 25.2)):
        x = -6 + (row % 2) * 5 + rng.uniform(-2, 2)
        while x < 134:
            rx = rng.uniform(5, 7.8)
            cobble = mix(
                tone,
                rng.choice(("ffffff", "5a5f70", "c9b08c")),
                rng.uniform(0.06, 0.26),
            )
            jig = [rng.uniform(0.82, 1.0) for _ in range(6)]
            ring = (
                (-1, 0.1), (-0.6, -0.95), (0.5, -1), (1, -0.1), (0.6, 0.95), (-0.5, 1),
            )  # fmt: skip
            cx = x + rx
            pen.smooth(
                [
                    (cx + a * rx * j, y + b * 3.7 * j)
                    for (a, b), j in zip(ring, jig, strict=True)
                ],
                cobble,
            )
            pen.smooth(
                [(cx + a * rx * 0.6 - 0.6, y - 1 + b * 1.6) for a, b in ring],
                mix(cobble, "ffffff", 0.2),
            )
            x += 2 * rx + 0.7


def metal(pen, rng):
    tone = rng.pick("front", ("9fb0c0", "a9b4bd", "8fa6ba"))
    pen.box(0, TOP, 128, 128, tone)
    bands = ((0, 3, 0.75), (5, 9, 0.22), (11.5, 13, 0.5), (13, 16, 0.12))
    for y0, y1, shine in bands:
        pen.box(0, TOP + y0, 128, TOP + y1, mix(tone, "ffffff", shine))
    pen.box(0, TOP + 19, 128, 128, mix(tone, "3a4660", 0.3))
    pen.box(0, TOP + 3, 128, TOP + 3.8, mix(tone, "26304a", 0.6))
    start = -rng.uniform(0, 30)
    for i in range(6):
        x = start + i * 32
        pen.poly(
            ((x + 8, TOP + 4), (x + 14, TOP + 4), (x + 6, 128), (x, 128)),
            mix(tone, "ffffff", 0.6),
        )
        pen.poly(
            ((x + 17, TOP + 4), (x + 18.6, TOP + 4), (x + 10.6, 128), (x + 9, 128)),
            mix(tone, "ffffff", 0.5),
        )
        pen.box(x + 24, TOP + 3.8, x + 25, 128, mix(tone, "26304a", 0.65))
        for rx in (x + 21.4, x + 27.6):
            for y in (TOP + 7, TOP + 13.4, TOP + 19.8):
                pen.oval(rx, y + 0.4, 1.5, 1.5, mix(tone, "26304a", 0.6))
                pen.oval(rx - 0.2, y, 1.2, 1.2, mix(tone, "ffffff", 0.75))


def paper(pen, rng):
    pen.box(0, TOP, 128, 128, "d8cbb0")
    x = -rng.uniform(2, 14)
    turn = 0
    while x < 126:
        w, top = rng.uniform(21, 28), TOP + rng.uniform(-2.6, 1.4)
        tilt = rng.uniform(-1.6, 1.6)
        sheet = ("fdfaf0", "fff3b8", "f4f1e6", "dcecf7")[(turn + rng.randint(0, 1)) % 4]
        torn = [
            (x + w * t, top + tilt * t + rng.uniform(-0.9, 0.9))
            for t in (0, 0.14, 0.28, 0.42, 0.56, 0.7, 0.84, 1)
        ]
        pen.poly(
            [(px + 1.1, py + 1.1) for px, py in torn]
            + [(x + w + 1.1, 129), (x + 1.1, 129)],
            "8f836d",
        )
        pen.poly([*torn, (x + w, 129), (x, 129)], sheet)
        ink = "6f7486"
        y = top + 4.4 + abs(tilt)
        pen.box(x + 2.6, y, x + w * 0.62, y + 1.8, "3a3f55")
        if turn % 2:
            pen.box(
                x + w * 0.58, y + 3.4, x + w - 2.4, y + 10.4, mix(sheet, "6a7f9c", 0.5)
            )
        for i in range(1, 7):
            end = w * (0.53 if turn % 2 and i < 5 else 0.88)
            pen.box(x + 2.6, y + 1.6 + i * 2.3, x + end, y + 2.3 + i * 2.3, ink)
        pen.oval(
            x + w / 2, top + 2.2, 1.7, 1.7, ("d1495b", "3a7bd5", "3f9b5c")[turn % 3]
        )
        pen.oval(x + w / 2 - 0.5, top + 1.7, 0.6, 0.6, "ffffff")
        x += w + rng.uniform(-1.6, 1.2)
        turn += 1


def brick(pen, rng):
    tone = rng.pick("front", ("b9523b", "a8452f", "c4654a"))
    pen.box(0, TOP, 128, 128, "dccbb8")
    shift = rng.uniform(0, 14)
    for row in range(5):
        y0 = TOP + 0.4 + row * 5.1
        x = -shift - (row % 2) * 7
        while x < 128:
            one = mix(tone, rng.choice(("ffb48a", "5a1f1a")), rng.uniform(0.02, 0.22))
            pen.box(x, y0, x + 12.9, y0 + 4.1, one, r=0.5)
            pen.box(x + 0.4, y0, x + 12.5, y0 + 0.8, mix(one, "ffffff", 0.22))
            x += 14


SURFACES = {f.__name__: f for f in (wood, stone, metal, paper, brick)}
