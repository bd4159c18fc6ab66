"""Ears, horns, noses and trunks."""

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
