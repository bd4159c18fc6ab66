"""The three rooms, each with a large window onto the sky."""

from PIL import Image

from facetworld.drawing import sky
from facetworld.drawing.palette import light, mix
from facetworld.drawing.pen import SCALE, Pen

WINDOW = (36, 7, 92, 51)  # left, top, right, bottom
FLOOR = 78


def window(pen: Pen, scene, rng, sun: float, frame: str):
    """The sky, its weather and a strip of land behind glass."""
    left, top, right, bottom = WINDOW
    w, h = right - left, bottom - top
    glass = Image.new("RGB", (w * SCALE, h * SCALE))
    outside = Pen(glass, light(scene.time, scene.weather))
    x = w / 2 + (sun - 64) * 0.4
    sky.draw(outside, scene, rng, w, h, x)
    hill = mix("86b078", "f2f6fb", 0.85 if scene.weather == "snowy" else 0)
    far = outside.lit(light(scene.time, scene.weather, 1.0, 0.3, sky.air(scene)))
    far.oval(6, h + 9, 34, 15, hill)
    far.oval(w - 4, h + 9, 30, 14, mix(hill, "3c6b50", 0.15))
    if scene.weather == "misty":
        sky.mist(outside, scene, rng, w, ((h - 26, h - 8), (h - 14, h + 6)), 0.95)
    sky.falling(outside, scene, rng, w, h)
    pen.box(left - 3.4, top - 3.4, right + 3.4, bottom + 3.4, mix(frame, "2b2f4a", 0.2))
    pen.box(left - 2.8, top - 2.8, right + 2.8, bottom + 2.8, frame)
    pen.image.paste(glass, (round(left * SCALE), round(top * SCALE)))
    middle = (left + right) / 2
    pen.box(middle - 0.8, top, middle + 0.8, bottom, frame)
    pen.box(left - 5, bottom + 1.4, right + 5, bottom + 4.4, frame)
    pen.box(left - 5, bottom + 4.4, right + 5, bottom + 5.2, mix(frame, "2b2f4a", 0.3))
    if scene.weather == "snowy":
        for x, r in ((left + 6, 7), (middle, 9), (right - 8, 8)):
            pen.fan(x, bottom + 0.4, r * 0.62, 180, 360, "f7fbff")
        pen.box(left, bottom - 1.6, right, bottom + 0.4, "f7fbff")


def _shell(pen, wall, floor, skirting):
    pen.box(0, 0, 128, FLOOR, wall)
    pen.box(0, FLOOR, 128, 128, floor)
    pen.box(0, FLOOR - 2.6, 128, FLOOR, skirting)


def _lamp_glow(pen, scene, x, y, r):
    if scene.dark:
        pen.veil(x, y, r, r, "!ffcf7d", 0.6)


def kitchen(pen: Pen, scene, rng, sun: float):
    wall = rng.pick("wall", ("f3dfb4", "f6e3c4", "e9e2c2"))
    front = rng.pick("cupboards", ("5f9c8f", "6d94b0", "d98f63"))
    _shell(pen, wall, "c9a277", "e9d9b5")
    for x in range(-8, 140, 16):
        pen.line(
            ((64 + (x - 64) * 0.8, FLOOR), (64 + (x - 64) * 2.2, 128)), 0.6, "b48c62"
        )
    window(pen, scene, rng, sun, "fbf5e6")
    for left in (0, 100):  # wall cupboards
        pen.box(left, 0, left + 28, 27, front)
        pen.box(left, 27, left + 28, 28.6, mix(front, "1f2a44", 0.35))
        pen.box(left + 13.6, 0, left + 14.2, 27, mix(front, "1f2a44", 0.3))
        for x in (left + 11.4, left + 16.4):
            pen.oval(x, 21, 1, 1, "f7e7b8")
    for x, tone in ((3, "d1495b"), (11, "edae49"), (19, "30638e")):  # hanging cups
        pen.box(x + 1, 33, x + 6, 38.5, tone, r=1)
    pen.box(0, 31, 26, 32, "8a6a4a")
    pen.box(0, 58, 128, FLOOR - 1, front)  # worktop and lower cupboards
    pen.box(-1, 55.4, 129, 59, "f0ebe2")
    for x in range(0, 128, 21):
        pen.box(x + 1.4, 61, x + 19.6, FLOOR - 3, mix(front, "ffffff", 0.14), r=1)
        pen.box(x + 8, 63, x + 13, 64.2, "f7e7b8")
    pen.box(51, 60, 77, FLOOR - 1, "4a5168", r=1)  # oven
    pen.box(54, 65.6, 74, 75, "262b40", r=1.2)
    pen.box(55.4, 67, 72.6, 73.6, "!ffb35c" if scene.dark else "7b849c", r=0.8)
    for x in (54.6, 58.2, 69.8, 73.4):
        pen.oval(x, 62.8, 1.1, 1.1, "f0ebe2")
    pen.smooth(((40, 55.4), (40.6, 49), (45, 47), (49.4, 49), (50, 55.4)), "d9503f")
    pen.line(((50, 52), (53, 49)), 1.6, "d9503f")  # kettle
    pen.oval(45, 46, 1.2, 1.2, "343a52")
    pen.line(((64, 55), (64, 49), (69, 49), (69, 51)), 1.4, "aeb8c4")  # tap
    pen.box(101, 38, 124, 40, "3c4258")  # hood
    pen.poly(((106, 28.6), (119, 28.6), (124, 38), (101, 38)), "b9c1cc")
    for x in (13, 113):  # lights under the cupboards
        _lamp_glow(pen, scene, x, 42, 26)


def bathroom(pen: Pen, scene, rng, sun: float):
    tile = rng.pick("tiles", ("a9dbe0", "b5e0d3", "b9d4ee"))
    _shell(pen, tile, "e8eef2", "7fb6c4")
    joint = mix(tile, "ffffff", 0.5)
    for i in range(1, 13):
        pen.box(i * 10 - 1, 0, i * 10 - 0.3, FLOOR - 3, joint)
    for j in range(1, 8):
        pen.box(0, j * 10 - 1, 128, j * 10 - 0.3, joint)
    for i in range(-2, 15):  # chequered floor
        for j, (y0, y1) in enumerate(((78, 84), (84, 92), (92, 102), (102, 114))):
            if (i + j) % 2:
                a, b = 8 + 0.06 * (y0 - 78) * 4, 8 + 0.06 * (y1 - 78) * 4
                pen.poly(
                    (
                        (64 + (i - 6.5) * a, y0),
                        (64 + (i - 5.5) * a, y0),
                        (64 + (i - 5.5) * b, y1),
                        (64 + (i - 6.5) * b, y1),
                    ),
                    "9cb9cc",
                )
    window(pen, scene, rng, sun, "ffffff")
    pen.oval(15, 20, 11, 14, "f3cf85")  # mirror
    pen.oval(15, 20, 9.4, 12.4, "dff1f6")
    pen.line(((10, 23), (17, 13)), 1.4, "ffffff")
    pen.line(((121, 4), (121, 30)), 1.2, "9aa7b5")  # shower
    pen.line(((121, 5), (110, 5), (110, 9)), 1.4, "9aa7b5")
    pen.poly(((105, 12), (115, 12), (112.5, 8.6), (107.5, 8.6)), "9aa7b5")
    for x in (106, 108.7, 111.3, 114):
        pen.line(((x, 14), (x, 18)), 0.7, "eefaff")
        pen.line(((x, 20), (x, 24)), 0.7, "eefaff")
    pen.box(33, 60, 95, 63.4, "ffffff", r=1.6)  # bath tub
    pen.smooth(
        ((35, 62), (64, 62.5), (93, 62), (90, 74), (80, 79), (48, 79), (38, 74)),
        "f6f9fb",
    )
    pen.smooth(((48, 79), (80, 79), (90, 74), (91, 69), (80, 75), (48, 75)), "d5e2ea")
    for x, y, r in ((46, 59, 3), (52, 58, 3.6), (59, 59.4, 2.6), (80, 59, 3)):
        pen.oval(x, y, r, r, "fdfeff")
    pen.line(((88, 60), (88, 55), (83, 55), (83, 57)), 1.4, "9aa7b5")
    pen.box(8, 1.6, 22, 4.4, "!fff0c0" if scene.dark else "fffaf0", r=1)
    _lamp_glow(pen, scene, 15, 5, 26)


def bedroom(pen: Pen, scene, rng, sun: float):
    wall = rng.pick("wallpaper", ("c9b6e0", "e9bfc4", "b9c6e6"))
    quilt = rng.pick("quilt", ("5f7fc0", "c95d7b", "4f9a8c"))
    _shell(pen, wall, "b98a63", "f4ecdf")
    for x in range(-4, 14):
        pen.box(x * 10, 0, x * 10 + 3, FLOOR - 3, mix(wall, "ffffff", 0.16))
    window(pen, scene, rng, sun, "fffaf0")
    curtain = mix(quilt, "ffffff", 0.25)
    for sign in (-1, 1):
        x = 64 + sign * 33
        pen.poly(
            (
                (x - 6, 2),
                (x + 6, 2),
                (x + 5 + sign, 30),
                (x + 6.6 + sign, 55),
                (x - 6.6 + sign, 55),
                (x - 5 + sign, 30),
            ),
            curtain,
        )
        for dx in (-3, 0.6, 4):
            pen.line(
                ((x + dx, 3), (x + dx * 0.8 + sign, 30), (x + dx + sign, 54)),
                0.8,
                mix(curtain, "2b2f4a", 0.2),
            )
        pen.box(x - 5.4 + sign, 29, x + 5.4 + sign, 31.4, "f7e7b8", r=0.8)
    pen.box(22, 0.6, 106, 2.6, "8a6a4a", r=1)
    for left in (4, 112):  # picture, wall lamp
        if left == 4:
            pen.box(3, 10, 19, 24, "8a5f3f")
            pen.box(4.6, 11.6, 17.4, 22.4, "fdf3dc")
            pen.fan(11, 22.4, 5, 180, 360, "e98a5b")
        else:
            _lamp_glow(pen, scene, 116, 22, 40)
            pen.poly(
                ((112, 15), (120, 15), (123, 24), (109, 24)),
                "!ffe1a0" if scene.dark else "f6dfae",
            )
            pen.line(((116, 24), (116, 28)), 1.2, "8a6a4a")
    pen.box(28, 52.5, 100, 80, "8a5f3f", r=3)  # bed: head board, pillows, quilt
    pen.box(31, 56, 97, 80, "a5744e", r=2)
    pen.box(34, 58, 62, 67, "fffaf0", r=3)
    pen.box(66, 58, 94, 67, "fffaf0", r=3)
    pen.box(29, 64.5, 99, 84, quilt, r=2.5)
    pen.box(29, 64.5, 99, 68.4, mix(quilt, "ffffff", 0.55), r=1.8)
    for x in range(36, 99, 9):
        pen.oval(x, 75, 1.5, 1.5, mix(quilt, "ffffff", 0.4))
    pen.box(29, 84, 32, 88, "6f4a32")
    pen.box(96, 84, 99, 88, "6f4a32")


PLACES = {f.__name__: f for f in (kitchen, bathroom, bedroom)}
