"""The labels of the kinds in `training.kinds`, from a scene and what was drawn.

Each is a function of the scene and of what `facetworld.drawing.render` recorded; it
gives None for a picture of which the kind cannot be asked.
"""

from collections.abc import Callable

from facetworld.scene import Scene

Label = Callable[[Scene, dict], str | None]
SIDE = 128  # of the picture, in the units in which people stand
COUNTS = ("none", "one", "two", "three", "four", "five", "six")

# What a drawn colour is called.
NAMES = {
    # paint
    "e4572e": "red", "f3a712": "yellow", "2a9d8f": "teal", "3a7bd5": "blue",
    "d1495b": "pink", "7b5ea7": "purple", "4cae4f": "green",
    # shirts
    "ef5d4b": "red", "f4b740": "yellow", "2f8f83": "teal", "3f78c9": "blue",
    "f08fae": "pink", "8a5fb0": "purple", "f7f1e3": "white", "54b06a": "green",
    "e07a2f": "orange", "24476b": "navy",
    # trousers
    "2f3a5c": "navy", "5a4a3f": "brown", "4a5568": "grey", "6b3f52": "violet",
    "3d5a4c": "green", "c9b48c": "beige",
    # skin, hair
    "ffd9b8": "pale", "f1bd92": "light", "d99a6c": "tan", "a86b42": "brown",
    "7a4a2e": "dark", "2b2430": "black", "5a3825": "brown", "8c4f2b": "chestnut",
    "d9a441": "blond", "b9b4ae": "grey", "a23b2a": "red",
    # coats
    "e8943a": "orange", "7d7f8c": "grey", "f0c48a": "cream", "4a4453": "black",
    "c98a4b": "tan", "8c5a3c": "brown", "e3c08f": "cream", "d9d4cc": "white",
    "8a4f2d": "red brown", "5b3a2e": "dark brown", "b9763f": "light brown",
    "a8a3a6": "grey", "f7f2e6": "cream", "fffaf0": "white", "8f9bad": "blue grey",
    "a3a0b3": "purple grey", "7f8fa3": "dark grey", "7a4b2c": "brown",
    "5c3a28": "dark brown", "8f5f38": "light brown", "f3c35c": "yellow",
    "efb64c": "orange", "3f86d1": "blue", "38a3a5": "teal", "f0b429": "yellow",
    "d1699a": "pink",
    # rooms
    "f3dfb4": "yellow", "f6e3c4": "peach", "e9e2c2": "olive", "5f9c8f": "teal",
    "6d94b0": "blue", "d98f63": "orange", "a9dbe0": "turquoise", "b5e0d3": "green",
    "b9d4ee": "blue", "c9b6e0": "purple", "e9bfc4": "pink", "b9c6e6": "blue",
    "5f7fc0": "blue", "c95d7b": "pink", "4f9a8c": "green",
    # houses
    "e0876a": "red", "f0c987": "yellow", "8fb3c9": "blue", "c98fa0": "pink",
    "b9a7d0": "purple", "dcb58c": "brown", "a8c3a0": "green",
    # the wall in front
    "b5773f": "brown", "a9683a": "dark brown", "c48a52": "light brown",
    "9a9a98": "grey", "8f97a0": "blue grey", "a39a90": "brown grey",
    "9fb0c0": "light blue", "a9b4bd": "grey", "8fa6ba": "dark blue",
    "b9523b": "red", "a8452f": "dark red", "c4654a": "light red",
}  # fmt: skip


def colour(field: str, of: str = "", *names: str) -> Label:
    """The colour recorded under `field`, where the scene's `of` is one of `names`."""

    def label(scene, drawn):
        here = not of or getattr(scene, of) in names
        return NAMES[drawn[field]] if here and field in drawn else None

    return label


def house(i: int) -> Label:
    return lambda scene, d: NAMES[d["houses"][i]] if "houses" in d else None


def person(field: str, i: int | None = None) -> Label:
    """What is recorded of the person i from the left of several, or of a lone one."""

    def label(scene, drawn):
        people = drawn["people"]
        if (len(people) == 1) != (i is None) or not people:
            return None
        value = people[i or 0][field]
        return NAMES.get(value, value)

    return label


def recorded(field: str) -> Label:
    return lambda scene, drawn: drawn.get(field)


def coarser(field: str, groups: dict[str, tuple]) -> Label:
    """The label whose values hold the scene's; a coarser facet."""
    of = {value: label for label, values in groups.items() for value in values}
    return lambda scene, drawn: of.get(getattr(scene, field))


def _third(x: float) -> str:
    return ("on the left", "in the middle", "on the right")[min(2, int(3 * x / SIDE))]


def lone_place(scene, drawn):
    return _third(drawn["people"][0]["x"]) if scene.people == 1 else None


def lone_faces(scene, drawn):
    """Of a lone person who is seen from the side."""
    faces = drawn["people"][0]["faces"] if scene.people == 1 else "front"
    return None if faces == "front" else faces


def vehicle_faces(scene, drawn):
    return drawn["object faces"] if scene.obj in VEHICLES else None


def turned(scene, drawn):
    """How an animal and a vehicle look at each other."""
    if scene.obj not in VEHICLES or not scene.animal:
        return None
    animal, vehicle = drawn["animal faces"], drawn["object faces"]
    if animal == vehicle:
        return "the same way"
    towards = animal != drawn["animal side"]
    return "towards each other" if towards else "away from each other"


def nearer(scene, drawn):
    """Which of the two things a lone person is nearer to."""
    if scene.people != 1 or not (scene.obj and scene.animal):
        return None
    side = "left" if drawn["people"][0]["x"] < SIDE / 2 else "right"
    return "object" if drawn["object side"] == side else "animal"


def beside(scene, drawn):
    """Which side of the animal a lone person is on."""
    if scene.people != 1 or not scene.animal:
        return None
    x, animal = drawn["people"][0]["x"], drawn["animal side"]
    return "left" if x < (29 if animal == "left" else 99) else "right"


def side_of(names: tuple[str, ...]) -> Label:
    """The side of the thing, where it is one of these."""

    def label(scene, drawn):
        if scene.obj in names:
            return drawn["object side"]
        return drawn["animal side"] if scene.animal in names else None

    return label


def heading(kind: str, names: tuple[str, ...]) -> Label:
    """Whether a thing, if it is one of these, looks into the picture or out of it."""

    def label(scene, drawn):
        if (scene.obj if kind == "object" else scene.animal) not in names:
            return None
        out = drawn[f"{kind} faces"] == drawn[f"{kind} side"]
        return "out of" if out else "into"

    return label


def colour_on(side: str) -> Label:
    """The colour of the object or the animal on this side."""

    def label(scene, drawn):
        for kind, colour in (("object side", "paint"), ("animal side", "coat")):
            if drawn.get(kind) == side and colour in drawn:
                return NAMES.get(drawn[colour])
        return None

    return label


def third_of(i: int) -> Label:
    """Where the person i from the left of several stands."""

    def label(scene, drawn):
        return _third(drawn["people"][i]["x"]) if scene.people > 1 else None

    return label


def apart(scene, drawn):
    """How far two people stand from each other."""
    if scene.people != 2:
        return None
    one, other = (person["x"] for person in drawn["people"])
    return "close" if other - one < 30 else "apart" if other - one < 50 else "far"


def more_people_at(scene, drawn):
    """Whether more people are in the animal's half or in the object's."""
    if not (scene.people and scene.obj and scene.animal):
        return None
    fuller_half = fuller(scene, drawn)
    if fuller_half == "both":
        return "both"
    return "object" if fuller_half == drawn["object side"] else "animal"


def beside_animal(scene, drawn):
    """How many people are in the animal's half."""
    if not scene.animal:
        return None
    return half(drawn["animal side"])(scene, drawn)


def beside_object(scene, drawn):
    return half(drawn["object side"])(scene, drawn) if scene.obj else None


def bolt(scene, drawn):
    """The side of the lightning: it strikes across from the sun."""
    if scene.weather != "stormy":
        return None
    return "right" if drawn["sun"] < SIDE / 2 else "left"


def light_place(scene, drawn):
    """Where a sun or a moon that is seen stands."""
    if sky(scene, drawn) == "no light":
        return None
    return "left" if drawn["sun"] < SIDE / 2 else "right"


def bend(scene, drawn):
    return ("left" if drawn["bend"] < 0 else "right") if "bend" in drawn else None


def count(field: str, value: str) -> Label:
    """How many of at least two people are so."""

    def label(scene, drawn):
        people = drawn["people"]
        if len(people) < 2 or (people[0]["faces"] == "front" and field == "faces"):
            return None
        found = sum(NAMES.get(p[field], p[field]) == value for p in people)
        return COUNTS[found]

    return label


def anyone(field: str, value: str) -> Label:
    """Whether anybody among at least two people is so."""

    def label(scene, drawn):
        found = [NAMES.get(p[field], p[field]) == value for p in drawn["people"]]
        return ("somebody" if any(found) else "nobody") if len(found) > 1 else None

    return label


def half(side: str) -> Label:
    """How many of the people stand in this half."""

    def label(scene, drawn):
        if not scene.people:
            return None
        found = sum((p["x"] < SIDE / 2) == (side == "left") for p in drawn["people"])
        return COUNTS[found]

    return label


def fuller(scene, drawn):
    left = sum(p["x"] < SIDE / 2 for p in drawn["people"])
    right = scene.people - left
    if not scene.people:
        return None
    return "left" if left > right else "right" if right > left else "both"


def what_is(side: str) -> Label:
    """The group of the thing on this side, or nothing."""

    def label(scene, drawn):
        if drawn.get("object side") == side:
            return object_group(scene, drawn)
        if drawn.get("animal side") == side:
            return animal_group(scene, drawn)
        return "nothing"

    return label


def things(scene, drawn):
    if scene.obj and scene.animal:
        return "both"
    return "object" if scene.obj else "animal" if scene.animal else "neither"


def lamps(scene, drawn):
    """Of places that have a lamp."""
    if scene.place in ("beach", "forest", "mountain"):
        return None
    return "on" if scene.dark else "off"


def sky(scene, drawn):
    if scene.time == "night":
        return "the moon"
    hidden = scene.time == "daytime" and scene.weather in ("rainy", "stormy")
    return "no light" if hidden or scene.time == "dusk" else "the sun"


VEHICLES = ("bicycle", "car", "airplane", "bus", "boat")
animal_group = coarser("animal", {
    "pet": ("cat", "dog"), "farm animal": ("horse", "sheep", "cow"),
    "wild animal": ("elephant", "bear", "zebra", "giraffe"), "bird": ("bird",),
})  # fmt: skip
object_group = coarser("obj", {
    "vehicle": VEHICLES, "furniture": ("bench", "chair"),
    "luggage": ("umbrella", "suitcase"), "toy": ("sports ball", "kite"),
    "household thing": ("tv", "clock", "potted plant"),
})  # fmt: skip
