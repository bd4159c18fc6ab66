"""The ten animals of COCO: a table of quadrupeds, their signatures, and a bird.

An animal faces right, feet at the origin, about 44 units long.
"""

from dataclasses import dataclass

from .palette import darker, paler

EYE = "241c2c"


@dataclass(frozen=True)
class Body:
    """Sizes in units; `neck` runs from the chest to the head."""

    trunk: tuple  # x, y, half length, half height
    neck: tuple  # (x, y) at the chest, (x, y) at the head, width
    head: tuple  # x, y, half length, half height
    muzzle: tuple  # x, y, half length, half height
    leg: tuple  # top y, width, x of hind, x of fore
    coats: tuple  # one of these colours
    belly: float = 0.0  # how much darker the far legs are, in addition


BODIES = {
    "cat": Body(
        (-3, -14, 13.5, 8.6),
        ((7, -16), (11, -22), 9),
        (13, -25, 8, 7),
        (17.6, -22.8, 3.6, 2.8),
        (-12, 4.6, -11, 6),
        ("e8943a", "7d7f8c", "f0c48a", "4a4453"),
    ),
    "dog": Body(
        (-3, -16, 14.5, 8.4),
        ((8, -18), (12, -25), 8.6),
        (14, -27, 7.6, 6.6),
        (20.4, -25, 5, 3.6),
        (-13, 4.8, -12, 7),
        ("c98a4b", "8c5a3c", "e3c08f", "d9d4cc"),
    ),
    "horse": Body(
        (-4, -21, 16, 8.8),
        ((8, -24), (15, -36), 9),
        (18, -37, 7, 5),
        (23, -34.6, 4.6, 3.8),
        (-18, 4.6, -15, 8),
        ("8a4f2d", "5b3a2e", "b9763f", "a8a3a6"),
    ),
    "sheep": Body(
        (-2, -19, 16, 11),
        ((10, -21), (14, -24), 8),
        (17, -24, 6.4, 5.4),
        (20, -21.6, 3.4, 3.2),
        (-10, 4.2, -10, 8),
        ("f7f2e6", "fffaf0"),
    ),
    "cow": Body(
        (-4, -20, 17.5, 10.4),
        ((10, -23), (15, -29), 10),
        (18, -29, 7.4, 6.2),
        (22.4, -26, 4.4, 4.2),
        (-13, 5.2, -16, 8.6),
        ("fbf6ee",),
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
    ),
    "zebra": Body(
        (-4, -21, 16, 8.8),
        ((8, -24), (14.4, -34), 9),
        (17, -35, 7, 5),
        (22, -32.8, 4.4, 3.7),
        (-18, 4.4, -15, 8),
        ("fbfaf6",),
    ),
    "giraffe": Body(
        (-6, -23.5, 14, 8),
        ((4, -26), (14, -50), 7),
        (17, -51, 6.4, 4.6),
        (21.6, -49.4, 4, 3.2),
        (-22, 4, -15.6, 3.6),
        ("f3c35c", "efb64c"),
    ),
}


LARGER = {"cat": 1.18, "dog": 1.14}  # small ones still fill a twentieth


def animal(pen, name: str, rng) -> None:
    if name == "bird":
        return bird(pen, rng)
    pen = pen.at(0, 0, LARGER.get(name, 1.0))
    body = BODIES[name]
    coat = rng.choice(body.coats)
    legs = "4a3f48" if name == "sheep" else coat
    _tail(pen, name, coat)
    _legs(pen, name, body, darker(legs, 0.28), 4.2)
    (cx, cy), (hx, hy), width = body.neck
    x, y, rx, ry = body.trunk
    _BEHIND.get(name, _nothing)(pen, coat)
    pen.line(((cx, cy), (hx, hy)), width, coat)
    pen.smooth(
        (
            (x - rx, y),
            (x - rx * 0.8, y - ry * 0.86),
            (x - rx * 0.2, y - ry),
            (x + rx * 0.5, y - ry * 0.96),
            (x + rx, y - ry * 0.2),
            (x + rx * 0.82, y + ry * 0.72),
            (x, y + ry),
            (x - rx * 0.8, y + ry * 0.8),
        ),
        coat,
    )
    _legs(pen, name, body, legs, 0)
    _COATS.get(name, _nothing)(pen, coat)
    hx, hy, hrx, hry = body.head
    mx, my, mrx, mry = body.muzzle
    _EARS[name](pen, coat, far=True)
    face = "4a3f48" if name == "sheep" else coat
    pen.oval(hx, hy, hrx, hry, face)
    tone = {
        "cow": "eeb9ad",
        "cat": paler(coat, 0.55),
        "dog": paler(coat, 0.35),
        "bear": paler(coat, 0.4),
        "giraffe": paler(coat, 0.35),
        "zebra": "4a4550",
    }.get(name, face)
    pen.oval(mx, my, mrx, mry, tone)
    _EARS[name](pen, coat, far=False)
    pen.oval(
        hx + hrx * 0.32,
        hy - hry * 0.18,
        1.15,
        1.3,
        "fffaf0" if name == "sheep" else EYE,
    )
    _FACES.get(name, _nothing)(pen, coat)


def _nothing(pen, coat):
    pass


def _legs(pen, name, body, tone, shift):
    top, width, hind, fore = body.leg
    hoof = {
        "cow": "4a4048",
        "horse": "3a2f33",
        "zebra": "33303a",
        "giraffe": "6b4a30",
        "sheep": "2e2730",
    }.get(name)
    for x in (hind + shift, fore + shift):
        pen.line(((x, top), (x, -width / 2)), width, tone)
        pen.box(x - width / 2, -width / 2, x + width / 2, 0, hoof or tone, r=0.6)


def _tail(pen, name, coat):
    dark = darker(coat, 0.4)
    if name == "cat":
        pen.line(((-15, -14), (-20, -20), (-20, -28), (-16.6, -33)), 4, coat)
    elif name == "dog":
        pen.line(((-15, -20), (-20, -25), (-21, -31)), 3.8, coat)
    elif name == "horse":
        pen.smooth(
            ((-18, -26), (-22, -25), (-25, -15), (-23, -7), (-20, -10), (-19, -20)),
            dark,
        )
    elif name == "bear":
        pen.oval(-21, -22, 3, 3, coat)
    elif name == "sheep":
        pen.oval(-18, -19, 3.6, 4.4, coat)
    elif name == "elephant":
        pen.line(((-21, -28), (-25, -20), (-24, -14)), 2, darker(coat, 0.15))
        pen.oval(-24, -13, 1.6, 2.2, dark)
    else:
        start = {"giraffe": (-19, -27)}.get(name, (-20, -26))
        end = start[0] - 4.4, start[1] + 13
        pen.line((start, (start[0] - 3.6, start[1] + 5), end), 1.8, coat)
        pen.oval(end[0], end[1] + 1, 2, 3.4, "33303a")


# Behind the trunk: manes and fleece.
def _horse_mane(pen, coat):
    dark = darker(coat, 0.5)
    pen.smooth(
        ((17, -44), (11, -43), (5, -36), (0, -27), (3, -24), (9, -30), (14, -37)), dark
    )


def _zebra_mane(pen, coat):
    for i, (x, y) in enumerate(((4, -32), (7, -36), (10, -40), (13.4, -42))):
        pen.line(((x + 3, y + 4), (x - 0.6, y - 0.4)), 3, ("2f2d38", "fbfaf6")[i % 2])


_BEHIND = {"horse": _horse_mane, "zebra": _zebra_mane}


# On the coat: stripes, patches, wool.
def _stripes(pen, coat):
    ink = "2f2d38"
    for x, bend in (
        (-17, -2),
        (-12.6, -1.4),
        (-8, -0.6),
        (-3.6, 0),
        (0.8, 0.8),
        (5.2, 1.6),
    ):
        half = 8 * (1 - ((x + 4) / 17) ** 2) ** 0.5
        pen.line(((x + bend, -21 - half), (x - bend * 0.4, -21 + half * 0.7)), 2, ink)
    for t in (0.3, 0.6, 0.9):
        x, y = 8 + 6.4 * t, -24 - 10 * t
        pen.line(((x - 4, y - 2.4), (x + 3.4, y + 1.6)), 1.8, ink)
    for x in (-15, 8):
        for y in (-13, -8.6):
            pen.line(((x - 1.6, y), (x + 1.6, y)), 1.5, ink)


def _patches(pen, coat):
    brown = "b8702e"
    for x, y, r in (
        (-16, -25, 3),
        (-10.4, -28, 3),
        (-9, -20.6, 3.2),
        (-3.4, -25.6, 3.2),
        (2.4, -21.6, 2.8),
        (-15, -18.6, 2.2),
        (-2.4, -18.8, 2.1),
        (5, -28.4, 2.5),
        (7.6, -33.6, 2.3),
        (8.6, -39, 2),
        (12, -42.4, 1.9),
        (12.2, -48, 1.6),
    ):
        pen.poly(
            (
                (x - r, y - r * 0.3),
                (x - r * 0.2, y - r),
                (x + r, y - r * 0.5),
                (x + r * 0.8, y + r * 0.7),
                (x - r * 0.5, y + r * 0.9),
            ),
            brown,
        )


def _spots(pen, coat):
    ink = "3b3440"
    pen.smooth(
        ((-21, -23), (-17, -30), (-10, -29), (-9, -22), (-14, -17), (-20, -18)), ink
    )
    pen.smooth(((-5, -30), (3, -30), (4, -23), (-2, -21), (-6, -25)), ink)
    pen.smooth(((-6, -15), (0, -16.4), (3, -12), (-3, -10.6)), ink)
    pen.smooth(((8, -26), (12, -27), (11, -19), (8, -17)), ink)
    pen.oval(-9, -10.4, 3, 2.2, "eeb9ad")


def _wool(pen, coat):
    shade = darker(coat, 0.1)
    for x, y in (
        (-16, -24),
        (-10, -28.6),
        (-2, -30),
        (6, -28.6),
        (12, -24),
        (13, -17),
        (8, -11),
        (0, -9),
        (-8, -9),
        (-15, -12),
        (-18, -18),
    ):
        pen.oval(x, y, 5.2, 5, coat)
    for x, y in ((-11, -21), (-3, -18), (5, -22), (-7, -13.6), (4, -13.6)):
        pen.fan(x, y, 3.4, 20, 160, shade)
        pen.fan(x, y - 0.9, 3.4, 20, 160, coat)


def _tabby(pen, coat):
    for x in (-9, -4.6, -0.2):
        pen.line(((x, -22), (x - 0.8, -17)), 1.7, darker(coat, 0.28))


_COATS = {
    "zebra": _stripes,
    "giraffe": _patches,
    "cow": _spots,
    "sheep": _wool,
    "cat": _tabby,
}


# Ears and horns; the far ear is drawn before the head.
def _pointed(x, y, half, height):
    def ears(pen, coat, far):
        dx = -5.4 if far else 4
        tone = darker(coat, 0.2) if far else coat
        pen.poly(
            (
                (x + dx - half, y),
                (x + dx + half, y),
                (x + dx + (0.6 if far else 1), y - height),
            ),
            tone,
        )
        if not far:
            pen.poly(
                (
                    (x + dx - half * 0.4, y),
                    (x + dx + half * 0.6, y),
                    (x + dx + 0.9, y - height * 0.7),
                ),
                "e8a6a0",
            )

    return ears


def _round(pen, coat, far):
    x, tone = (9.4, darker(coat, 0.2)) if far else (17, coat)
    pen.oval(x, -34, 3.8, 3.8, tone)
    if not far:
        pen.oval(x, -33.8, 2, 2, paler(coat, 0.3))


def _floppy(pen, coat, far):
    if not far:
        pen.smooth(
            ((9.6, -32), (13, -32), (13, -25), (11, -19.6), (7.8, -21), (7.6, -27)),
            darker(coat, 0.38),
        )


def _sideways(x, y, length):
    def ears(pen, coat, far):
        if not far:
            pen.smooth(
                ((x, y), (x - length, y - 2.4), (x - length * 0.8, y + 1.8)),
                darker(coat, 0.3),
            )

    return ears


def _sheep_ears(pen, coat, far):
    if far:
        return
    for dx, dy, r in ((-3.4, -5, 3.6), (0.6, -6.2, 3.4), (-6, -1.6, 3.6)):
        pen.oval(17 + dx, -24 + dy, r, r, coat)
    pen.smooth(((12.6, -24), (8, -24.4), (8.6, -20.6), (12, -21.6)), "3a3138")


def _cow_ears(pen, coat, far):
    if far:
        pen.smooth(
            ((13, -34), (9.6, -39), (12, -43), (12.4, -38.6), (16, -35)), "e6d5b0"
        )
        pen.smooth(
            ((19.6, -34), (23.4, -38), (22, -43), (25.6, -38.6), (22.6, -33)), "e6d5b0"
        )
        pen.smooth(((12, -32.6), (6.4, -33.6), (8, -29.4), (12, -29.6)), "3b3440")


def _elephant_ears(pen, coat, far):
    if not far:
        tone = darker(coat, 0.16)
        pen.smooth(
            ((12, -38), (3, -39), (-1, -30), (3, -20), (10, -21), (13.4, -29)), tone
        )


def _giraffe_ears(pen, coat, far):
    if far:
        for x in (14, 17.4):
            pen.line(((x, -54), (x - 0.4, -59)), 1.6, "8a5a30")
            pen.oval(x - 0.4, -59.4, 1.5, 1.5, "6b4424")
    else:
        pen.smooth(
            ((12.6, -53), (7.6, -55.4), (9, -51), (12, -50.6)), darker(coat, 0.2)
        )


_EARS = {
    "cat": _pointed(13, -29.6, 3.2, 7.6),
    "dog": _floppy,
    "horse": _pointed(15, -40.4, 2, 5.6),
    "zebra": _pointed(14.4, -38.6, 2, 5.4),
    "sheep": _sheep_ears,
    "cow": _cow_ears,
    "elephant": _elephant_ears,
    "bear": _round,
    "giraffe": _giraffe_ears,
}


# Faces: nose, trunk, collar.
def _nose(x, y, r=1.7):
    def face(pen, coat):
        pen.oval(x, y, r, r * 0.8, EYE)

    return face


def _dog_face(pen, coat):
    pen.oval(24.4, -26.6, 1.9, 1.6, EYE)
    pen.line(((8.4, -20.4), (14.6, -19)), 2, "d1495b")


def _cat_face(pen, coat):
    pen.poly(((18.8, -24.2), (21.4, -24.2), (20.2, -22.4)), "d97b80")
    for dy in (-0.8, 1.2):
        pen.line(((17, -21.6 + dy), (11.6, -21.4 + dy * 2)), 0.5, "fffaf0")


def _cow_face(pen, coat):
    pen.oval(24, -26.6, 0.8, 1, "9c5f5c")
    pen.oval(21, -26, 0.8, 1, "9c5f5c")


def _trunk(pen, coat):
    pen.line(((21, -29), (25.6, -24), (26, -15), (24.6, -8), (28, -5.4)), 5, coat)
    for y in (-21, -17.4, -13.8):
        pen.line(((24.4, y), (27.4, y)), 0.6, darker(coat, 0.25))
    pen.smooth(
        ((19.4, -24), (22, -20.4), (27.4, -18.4), (22.6, -21.8), (21.6, -25)), "fffaf0"
    )


_FACES = {
    "cat": _cat_face,
    "dog": _dog_face,
    "cow": _cow_face,
    "elephant": _trunk,
    "bear": _nose(25, -25.4, 2),
    "horse": _nose(25.6, -35, 0.9),
    "zebra": _nose(24.6, -33.4, 0.9),
    "giraffe": _nose(24.2, -50, 0.8),
}


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
