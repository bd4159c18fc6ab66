"""The sky of a time and a weather: light, sun, moon, stars, clouds, what falls."""

from facetworld.drawing.palette import light, mix, rgb, shining
from facetworld.drawing.pen import Pen, gradient

SKY = {  # top, middle, horizon on a clear day
    "daytime": ("4aa3df", "8ccdf0", "daf2f8"),
    "sunrise": ("8fb8e6", "f8bfc8", "ffe9a8"),
    "dusk": ("33265f", "9c4880", "fb9a58"),
    "night": ("0b1238", "1b2a63", "3d5194"),
}
GREY = {  # what cloud cover turns it to
    "daytime": "aab6c2",
    "sunrise": "d3b9bf",
    "dusk": "705169",
    "night": "252e4d",
}
STORM = {
    "daytime": "46515f",
    "sunrise": "7d626e",
    "dusk": "43304f",
    "night": "121730",
}
COVER = {  # how grey the sky is at its top, middle and horizon
    "clear": (0, 0, 0),
    "cloudy": (0.45, 0.3, 0.1),
    "rainy": (0.85, 0.7, 0.35),
    "snowy": (0.7, 0.55, 0.25),
    "misty": (0.6, 0.6, 0.5),
    "stormy": (0.95, 0.85, 0.4),
}
CLOUD = {  # colour by day, how many
    "clear": ("ffffff", 0),
    "cloudy": ("f3f5f8", 5),
    "rainy": ("8b97a7", 5),
    "snowy": ("cdd6e0", 4),
    "misty": ("dfe5e8", 0),
    "stormy": ("39414f", 7),
}
AIR = {  # the colour of distance and of mist
    "daytime": "dfeaf0",
    "sunrise": "f6d9d0",
    "dusk": "b98598",
    "night": "5a6797",
}


def air(scene) -> tuple[int, int, int]:
    """The colour far things fade to."""
    if scene.weather == "stormy":
        return mix(AIR[scene.time], STORM[scene.time], 0.6)
    if scene.weather == "rainy":
        return mix(AIR[scene.time], GREY[scene.time], 0.6)
    return rgb(AIR[scene.time])


def colours(scene):
    target = (STORM if scene.weather == "stormy" else GREY)[scene.time]
    return [
        mix(colour, target, share)
        for colour, share in zip(SKY[scene.time], COVER[scene.weather], strict=True)
    ]


def draw(pen: Pen, scene, rng, w: float, h: float, sun: float) -> None:
    """Fill the `w` x `h` units at the pen's origin; `sun` is the sun's place in x."""
    corner = round(pen.x), round(pen.y)
    pen.image.paste(gradient(colours(scene), w, h), corner)
    k = min(1.0, h / 56)  # a window shows a smaller sky
    _LAMPS[scene.time](pen, scene, rng, w, h, sun, k)
    _clouds(pen, scene, rng, w, sun, k)
    if scene.weather == "stormy":
        bolt(pen.at(sun + (18 if sun < w / 2 else -18) * k, 17 * k, k))


def _day(pen, scene, rng, w, h, sun, k):
    y = 13 * k
    if scene.weather in ("clear", "cloudy", "snowy"):
        pen.veil(sun, y, 30 * k, 30 * k, "!fff6c8", 0.8)
        pen.oval(sun, y, 8 * k, 8 * k, "!fff0a0")
        pen.oval(sun, y, 6.8 * k, 6.8 * k, "!ffd84a")
    if scene.weather == "misty":
        pen.veil(sun, y, 24 * k, 24 * k, "!ffffff", 0.8)
        pen.oval(sun, y, 7 * k, 7 * k, "!fdfbe9")


def _sunrise(pen, scene, rng, w, h, sun, k):
    y = h - (17 if w > 100 else 7 * k)  # outdoors the land begins higher
    dim = scene.weather in ("rainy", "stormy", "misty")
    pen.veil(sun, y, 52 * k, 36 * k, "!fff0b0", 0.55 if dim else 0.9)
    ray = shining(mix("ffeeb0", colours(scene)[1], 0.35))
    for dx, dy in (
        (-34, -9), (-28, -20), (-17, -29), (0, -33), (17, -29), (28, -20), (34, -9),
    ):  # fmt: skip
        side = 2.3 * k
        length = (dx * dx + dy * dy) ** 0.5
        nx, ny = -dy / length * side, dx / length * side
        a, b = 0.42 * k, k
        pen.poly(
            (
                (sun + dx * a, y + dy * a),
                (sun + dx * b + nx, y + dy * b + ny),
                (sun + dx * b - nx, y + dy * b - ny),
            ),
            ray,
        )
    pen.oval(sun, y, 12 * k, 12 * k, "!fff3b8")
    pen.oval(sun, y, 10 * k, 10 * k, "!ffc35a" if not dim else "!ffd9a0")


def _dusk(pen, scene, rng, w, h, sun, k):
    dim = scene.weather in ("rainy", "stormy", "misty")
    pen.veil(sun, h, 62 * k, 22 * k, "!ff7a3d" if not dim else "!d97a5e", 0.75)
    pen.line(((0, h * 0.72), (w * 0.3, h * 0.72)), 1.1 * k, "!f2a07a")
    pen.line(((w * 0.55, h * 0.62), (w * 0.97, h * 0.62)), 1.1 * k, "!d9738a")
    for _ in range(4):
        x, y = rng.uniform(3, w - 3), rng.uniform(2, h * 0.3)
        pen.oval(x, y, 0.6, 0.6, "!ffe9d0")


def _night(pen, scene, rng, w, h, sun, k):
    stars = {"clear": 26, "cloudy": 9, "misty": 6, "snowy": 6}.get(scene.weather, 0)
    for _ in range(round(stars * max(0.6, k * w / 128))):
        x, y, r = rng.uniform(1, w), rng.uniform(1, h * 0.75), rng.choice((0.5, 0.8))
        pen.oval(x, y, r, r, "!fff8dc")
    x, y = sun, 14 * k
    pen.veil(x, y, 24 * k, 24 * k, "!b9c8ff", 0.6)
    pen.at(x, y, k).smooth(
        (
            (1, -9), (-5, -7), (-8.6, 0), (-6, 6.6), (1, 9), (7, 6), (1.6, 5), (-2, 0),
            (-1.6, -5),
        ),
        "!fdf3cf",
    )  # fmt: skip


_LAMPS = {"daytime": _day, "sunrise": _sunrise, "dusk": _dusk, "night": _night}


def _clouds(pen, scene, rng, w, sun, k):
    colour, number = CLOUD[scene.weather]
    number = round(number * (1 if w > 100 else 0.7))
    pen = pen.lit(light(scene.time, "clear", 0.8))
    phase = rng.random()
    for i in range(number):
        x = ((i + phase) / number * 1.1 % 1) * w
        if scene.time == "night" and abs(x - sun) < 22 * k:  # leave the moon whole
            x = sun + (22 * k if x > sun else -22 * k)
        y = (8 + 13 * (i % 2) + rng.uniform(-3, 3)) * k
        cloud(pen.at(x, y, k * rng.uniform(0.85, 1.2)), colour)


def cloud(pen, colour):
    under = mix(colour, "5a6a86", 0.22)
    for dy, tone in ((0, under), (-1.8, colour)):
        pen.box(-15, dy, 15, 6 + dy, tone, r=3)
        pen.oval(-7, -1 + dy, 6.6, 6, tone)
        pen.oval(2.4, -4 + dy, 8.4, 8, tone)
        pen.oval(10, 1 + dy, 5, 4.4, tone)


def bolt(pen):
    pen.veil(0, 8, 22, 26, "!fff3b0", 0.7)
    pen.poly(
        ((2, -8), (-6, 9), (-0.5, 9), (-4, 24), (8, 4), (2, 4), (7, -8)), "!ffe45c"
    )


def falling(pen: Pen, scene, rng, w: float, h: float) -> None:
    """Rain or snow between the eye and the scene, on `w` x `h` units."""
    area = w * h / 128 / 104
    if scene.weather in ("rainy", "stormy"):
        heavy = scene.weather == "stormy"
        slant, length, number = (-5, 10, 72) if heavy else (-1.4, 7.5, 66)
        colour = {"night": "!a3b8ea", "dusk": "!dfc4e6"}.get(scene.time, "!e8f3fc")
        for _ in range(max(12, round(number * area))):
            x = rng.uniform(0, w + 3)  # thinner below, where people are
            y = (h - length + 4) * rng.random() ** 1.5 - 4
            s = rng.uniform(0.7, 1.1)
            pen.line(((x, y), (x + slant * s, y + length * s)), 0.9, colour)
    elif scene.weather == "snowy":
        colour = {"night": "!d5def7", "dusk": "!f3dfec"}.get(scene.time, "!ffffff")
        for _ in range(max(16, round(64 * area))):
            x, y = rng.uniform(0, w), rng.uniform(0, h)
            r = rng.choice((0.8, 1.1, 1.5))
            pen.oval(x, y, r, r, colour)


def mist(pen: Pen, scene, rng, w: float, rows, share: float) -> None:
    """Pale bands across the picture at the heights `rows` (top, bottom)."""
    colour = shining(mix(AIR[scene.time], "ffffff", 0.25))
    for top, bottom in rows:
        shift = rng.uniform(-2, 2)
        pen.band(top + shift, bottom + shift, w, colour, share)
