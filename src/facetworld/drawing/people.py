"""People in seven gestures: a table of joints, and one way to dress them.

A person faces right, feet at the origin, about 30 units tall when standing.
"""

from dataclasses import dataclass

from facetworld.drawing.palette import HAIRS, SHIRTS, SKINS, TROUSERS, darker

STOOL = "a8703f"


@dataclass(frozen=True)
class Pose:
    """Joints as (x, y); y is negative upwards. Each limb is a bent line."""

    head: tuple
    torso: tuple  # neck, hip
    legs: tuple  # far, near
    arms: tuple  # far, near
    frontal: bool = False
    stool: bool = False
    shadow: float = 7.0  # half width


POSES = {
    "standing": Pose(
        head=(0, -25.6),
        torso=((0, -18.6), (0, -11)),
        legs=(((-2.1, -9), (-2.3, -0.8)), ((2.1, -9), (2.3, -0.8))),
        arms=(((-4, -19), (-6.4, -10.6)), ((4, -19), (6.4, -10.6))),
        frontal=True,
    ),
    "sitting": Pose(
        head=(-2, -24.6),
        torso=((-2.4, -17.6), (-2.6, -10.6)),
        legs=(
            ((-2, -9), (6.6, -9.6), (7.4, -1)),
            ((-2, -8.4), (4.4, -8.6), (4.6, -0.8)),
        ),
        arms=(((-1, -17), (5.6, -11.4)), ((-2.6, -17), (0.6, -11), (4.6, -10.6))),
        stool=True,
        shadow=9,
    ),
    "jumping": Pose(
        head=(0, -33),
        torso=((0, -26), (0, -18.6)),
        legs=(
            ((-2, -17), (-6.4, -13), (-8.6, -7.6)),
            ((2, -17), (6.4, -13), (8.6, -7.6)),
        ),
        arms=(
            ((-3.6, -26.4), (-7, -31), (-8, -37)),
            ((3.6, -26.4), (7, -31), (8, -37)),
        ),
        frontal=True,
        shadow=8,
    ),
    "lying": Pose(
        head=(-13, -4.4),
        torso=((-6, -3.8), (2, -3.8)),
        legs=(((3, -4.8), (14.4, -5)), ((3, -2.6), (14.4, -2.2))),
        arms=(((-6, -5.4), (1.5, -6.4)), ((-6, -3), (2, -1.8))),
        shadow=17,
    ),
    "bending": Pose(
        head=(9.6, -8.6),
        torso=((4.4, -14.6), (-2.4, -17.4)),
        legs=(
            ((-2, -16), (-0.2, -8), (0.2, -0.8)),
            ((-3.8, -16), (-4, -8), (-4.2, -0.8)),
        ),
        arms=(((4.8, -13.6), (7.8, -1.4)), ((3.4, -13.8), (5, -1.2))),
        shadow=9,
    ),
    "kneeling": Pose(
        head=(0, -23.4),
        torso=((-0.4, -16.4), (-1, -9.6)),
        legs=(
            ((0, -8.6), (6.4, -8.2), (6.6, -0.8)),
            ((-1.4, -8.4), (-2.4, -1.8), (-9.4, -1.2)),
        ),
        arms=(((0.6, -16), (6.6, -10)), ((-1, -15.8), (0.4, -10.6), (6, -9.8))),
        shadow=10,
    ),
    "crawling": Pose(
        head=(11, -13.4),
        torso=((5, -11.4), (-5, -11)),
        legs=(
            ((-5, -10), (-3, -1.8), (-10, -1.2)),
            ((-6.4, -10), (-7, -1.8), (-14, -1.2)),
        ),
        arms=(((6.6, -11), (8.6, -1.2)), ((4.6, -11), (4.4, -1.2))),
        shadow=14,
    ),
}


@dataclass(frozen=True)
class Look:
    """The colours and the hair of one person."""

    shirt: str
    trousers: str
    skin: str
    hair: str
    cut: str  # short, long, bun


def looks(n: int, rng) -> list[Look]:
    """Clothes for `n` people, no shirt twice."""
    return [
        Look(
            shirt,
            rng.choice(TROUSERS),
            rng.choice(SKINS),
            rng.choice(HAIRS),
            rng.choice(("short", "long", "bun")),
        )
        for shirt in rng.sample(SHIRTS, n)
    ]


def person(pen, gesture: str, look: Look) -> None:
    """Draw somebody at the pen's origin, from the far arm to the head."""
    pose = POSES[gesture]
    hx, hy = pose.torso[1]
    if pose.stool:
        pen.box(-7.4, -6.6, 2.6, -4.6, STOOL, r=0.8)
        for x in (-6.2, 1.2):
            pen.line(((x, -4.6), (x * 1.05, -0.6)), 1.5, darker(STOOL))
    elif gesture == "lying":
        pen.box(-18, -2, 18.4, 0.6, darker(look.shirt, 0.45), r=1.2)
    _limb(pen, pose.arms[0], 2.5, darker(look.shirt, 0.2), look.skin)
    for leg, tone in zip(
        pose.legs, (darker(look.trousers, 0.3), look.trousers), strict=True
    ):
        pen.line(leg, 3.7, tone)
        (ax, ay), (bx, by) = leg[-2:]
        if abs(bx - ax) > abs(by - ay):  # a foot at the end of a flat leg
            pen.oval(bx + 0.4, by - 0.6, 1.5, 2.2, "3a2f3f")
        else:
            pen.oval(bx + (0 if pose.frontal else 0.9), by, 2.5, 1.5, "3a2f3f")
    if look.cut == "long":
        _hair_behind(pen, pose, look)
    pen.line(pose.torso, 8.4, look.shirt)
    if pose.frontal:  # shoulders and the hem of the shirt
        pen.box(hx - 4.2, hy - 2, hx + 4.2, hy + 2.6, look.shirt, r=0.8)
        pen.box(hx - 4.2, hy + 2, hx + 4.2, hy + 3.4, look.trousers, r=0.6)
    _limb(pen, pose.arms[1], 2.7, darker(look.shirt, 0.08), look.skin)
    if pose.frontal:
        _limb(pen, pose.arms[0], 2.7, darker(look.shirt, 0.08), look.skin)
    _head(pen, pose, look)


def _limb(pen, joints, width, sleeve, skin):
    pen.line(joints, width, sleeve)
    x, y = joints[-1]
    pen.oval(x, y, 1.7, 1.7, skin)


def _hair_behind(pen, pose, look):
    x, y = pose.head
    if pose.frontal:
        pen.box(x - 4.9, y - 2, x + 4.9, y + 5.4, look.hair, r=2.4)
    else:
        (nx, ny), _ = pose.torso
        pen.line(((x - 2, y - 1), ((x + nx) / 2 - 3, (y + ny) / 2)), 4, look.hair)


def _head(pen, pose, look):
    x, y = pose.head
    if pose.frontal:
        pen.oval(x, y, 4.9, 5.1, look.hair)
        pen.oval(x, y + 1.1, 4.1, 4.1, look.skin)
        for dx in (-1.6, 1.6):
            pen.oval(x + dx, y + 0.8, 0.6, 0.7, "33263a")
        mouth = darker(look.skin, 0.4)
        pen.line(((x - 1, y + 3), (x, y + 3.4), (x + 1, y + 3)), 0.6, mouth)
        if look.cut == "bun":
            pen.oval(x, y - 5.2, 2.3, 2.1, look.hair)
        return
    pen.oval(x, y, 4.8, 4.8, look.hair)
    pen.oval(x + 1.5, y + 0.9, 3.8, 3.9, look.skin)
    pen.oval(x + 3.4, y + 0.3, 0.6, 0.7, "33263a")
    if look.cut == "bun":
        pen.oval(x - 4.4, y - 2.6, 2.3, 2.3, look.hair)
