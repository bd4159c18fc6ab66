"""Colours, and the light that falls on them.

A colour is written "rrggbb". Before it is drawn, a `Light` grades it for the time
and weather; a colour written "!rrggbb" shines by itself and is left alone.
"""

from functools import lru_cache

RGB = tuple[int, int, int]

SHIRTS = (
    *("ef5d4b", "f4b740", "2f8f83", "3f78c9", "f08fae", "8a5fb0", "f7f1e3"),
    *("54b06a", "e07a2f", "24476b"),
)
TROUSERS = ("2f3a5c", "5a4a3f", "4a5568", "6b3f52", "3d5a4c", "c9b48c")
SKINS = ("ffd9b8", "f1bd92", "d99a6c", "a86b42", "7a4a2e")
HAIRS = ("2b2430", "5a3825", "8c4f2b", "d9a441", "b9b4ae", "a23b2a")
PAINTS = (  # painted things: cars, kites, sails
    *("e4572e", "f3a712", "2a9d8f", "3a7bd5", "d1495b", "7b5ea7", "4cae4f"),
)

# What each time and weather does to a colour: multiply, then add.
TIME_LIGHT = {
    "daytime": ((1.0, 1.0, 1.0), (0, 0, 0)),
    "sunrise": ((0.98, 0.86, 0.82), (22, 12, 14)),
    "dusk": ((0.76, 0.60, 0.72), (24, 8, 32)),
    "night": ((0.42, 0.47, 0.64), (8, 15, 40)),
}
# How much colour and how much brightness each weather leaves.
WEATHER_LIGHT = {
    "clear": (1.06, 1.0),
    "cloudy": (0.80, 0.95),
    "rainy": (0.70, 0.86),
    "snowy": (0.84, 1.0),
    "misty": (0.66, 1.02),
    "stormy": (0.60, 0.74),
}


def rgb(colour: str | RGB) -> RGB:
    if isinstance(colour, tuple):
        return colour
    number = int(colour.lstrip("!"), 16)
    return number >> 16, number >> 8 & 255, number & 255


def mix(a: str | RGB, b: str | RGB, share: float) -> RGB:
    """`a` with `share` of `b` in it."""
    return tuple(
        round(p + (q - p) * share) for p, q in zip(rgb(a), rgb(b), strict=True)
    )


def darker(colour: str | RGB, share: float = 0.25) -> RGB:
    return mix(colour, "1b1f3b", share)


def paler(colour: str | RGB, share: float = 0.3) -> RGB:
    return mix(colour, "ffffff", share)


def shining(colour: str | RGB) -> str:
    """The colour as one that no light grades."""
    return "!{:02x}{:02x}{:02x}".format(*rgb(colour))


class Light(dict):
    """colour -> RGB as seen at a time, in a weather; remembers what it graded.

    `strength` is how far the light is felt (less indoors, less on the subjects in
    front), `haze` how much of the colour `air` lies between the eye and the thing.
    """

    def __init__(self, time, weather, strength=1.0, haze=0.0, air=(0, 0, 0)):
        super().__init__()
        gain, lift = TIME_LIGHT[time]
        self.keep, bright = WEATHER_LIGHT[weather]
        self.gain = tuple(1 + (g * bright - 1) * strength for g in gain)
        self.lift = tuple(v * strength for v in lift)
        self.haze, self.air = haze, air

    def __missing__(self, colour):
        seen = rgb(colour)
        if not (isinstance(colour, str) and colour[0] == "!"):
            grey = 0.3 * seen[0] + 0.59 * seen[1] + 0.11 * seen[2]
            seen = (grey + (v - grey) * self.keep for v in seen)
            seen = (
                v * g + a for v, g, a in zip(seen, self.gain, self.lift, strict=True)
            )
            seen = mix(tuple(min(255, max(0, v)) for v in seen), self.air, self.haze)
        self[colour] = seen = tuple(round(v) for v in seen)
        return seen


@lru_cache(maxsize=512)
def light(time, weather, strength=1.0, haze=0.0, air=(0, 0, 0)) -> Light:
    return Light(time, weather, strength, haze, air)
