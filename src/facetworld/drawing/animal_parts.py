"""What is drawn on an animal's body: ears, faces, tails, manes and markings."""

from facetworld.drawing.palette import darker, paler

EYE = "241c2c"


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


EARS = {
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


FACES = {
    "cat": _cat_face,
    "dog": _dog_face,
    "cow": _cow_face,
    "elephant": _trunk,
    "bear": _nose(25, -25.4, 2),
    "horse": _nose(25.6, -35, 0.9),
    "zebra": _nose(24.6, -33.4, 0.9),
    "giraffe": _nose(24.2, -50, 0.8),
}


# Tails, behind everything.
def _cat_tail(pen, coat):
    pen.line(((-15, -14), (-20, -20), (-20, -28), (-16.6, -33)), 4, coat)


def _dog_tail(pen, coat):
    pen.line(((-15, -20), (-20, -25), (-21, -31)), 3.8, coat)


def _horse_tail(pen, coat):
    pen.smooth(
        ((-18, -26), (-22, -25), (-25, -15), (-23, -7), (-20, -10), (-19, -20)),
        darker(coat, 0.4),
    )


def _bear_tail(pen, coat):
    pen.oval(-21, -22, 3, 3, coat)


def _sheep_tail(pen, coat):
    pen.oval(-18, -19, 3.6, 4.4, coat)


def _elephant_tail(pen, coat):
    pen.line(((-21, -28), (-25, -20), (-24, -14)), 2, darker(coat, 0.15))
    pen.oval(-24, -13, 1.6, 2.2, darker(coat, 0.4))


def _tufted(x, y):
    def tail(pen, coat):
        end = x - 4.4, y + 13
        pen.line(((x, y), (x - 3.6, y + 5), end), 1.8, coat)
        pen.oval(end[0], end[1] + 1, 2, 3.4, "33303a")

    return tail


TAILS = {
    "cat": _cat_tail,
    "dog": _dog_tail,
    "horse": _horse_tail,
    "bear": _bear_tail,
    "sheep": _sheep_tail,
    "elephant": _elephant_tail,
    "cow": _tufted(-20, -26),
    "zebra": _tufted(-20, -26),
    "giraffe": _tufted(-19, -27),
}


# Manes, behind the trunk.
def _horse_mane(pen, coat):
    dark = darker(coat, 0.5)
    pen.smooth(
        ((17, -44), (11, -43), (5, -36), (0, -27), (3, -24), (9, -30), (14, -37)), dark
    )


def _zebra_mane(pen, coat):
    for i, (x, y) in enumerate(((4, -32), (7, -36), (10, -40), (13.4, -42))):
        pen.line(((x + 3, y + 4), (x - 0.6, y - 0.4)), 3, ("2f2d38", "fbfaf6")[i % 2])


MANES = {"horse": _horse_mane, "zebra": _zebra_mane}


# Markings: stripes, patches, wool.
def _stripes(pen, coat):
    ink = "2f2d38"
    for x, bend in (
        (-17, -2), (-12.6, -1.4), (-8, -0.6), (-3.6, 0), (0.8, 0.8), (5.2, 1.6),
    ):  # fmt: skip
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
        (-16, -25, 3), (-10.4, -28, 3), (-9, -20.6, 3.2), (-3.4, -25.6, 3.2),
        (2.4, -21.6, 2.8), (-15, -18.6, 2.2), (-2.4, -18.8, 2.1), (5, -28.4, 2.5),
        (7.6, -33.6, 2.3), (8.6, -39, 2), (12, -42.4, 1.9), (12.2, -48, 1.6),
    ):  # fmt: skip
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
        (-16, -24), (-10, -28.6), (-2, -30), (6, -28.6), (12, -24), (13, -17), (8, -11),
        (0, -9), (-8, -9), (-15, -12), (-18, -18),
    ):  # fmt: skip
        pen.oval(x, y, 5.2, 5, coat)
    for x, y in ((-11, -21), (-3, -18), (5, -22), (-7, -13.6), (4, -13.6)):
        pen.fan(x, y, 3.4, 20, 160, shade)
        pen.fan(x, y - 0.9, 3.4, 20, 160, coat)


def _tabby(pen, coat):
    for x in (-9, -4.6, -0.2):
        pen.line(((x, -22), (x - 0.8, -17)), 1.7, darker(coat, 0.28))


MARKINGS = {
    "zebra": _stripes,
    "giraffe": _patches,
    "cow": _spots,
    "sheep": _wool,
    "cat": _tabby,
}
