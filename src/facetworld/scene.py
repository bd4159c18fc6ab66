"""What a rendered scene holds: one label per facet, and a seed for all the rest."""

from dataclasses import asdict, dataclass

import numpy as np

OUTDOORS = ("beach", "street", "park", "forest", "mountain")
INDOORS = ("kitchen", "bathroom", "bedroom")  # a large window shows the sky
PLACES = OUTDOORS + INDOORS
TIMES = ("daytime", "night", "dusk", "sunrise")
WEATHERS = ("clear", "cloudy", "rainy", "snowy", "misty", "stormy")
MAX_PEOPLE = 6
GESTURES = (
    "standing", "sitting", "jumping", "lying", "bending", "kneeling", "crawling",
)  # fmt: skip
ANIMALS = (  # the ten animal categories of COCO, in COCO's order
    "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra",
    "giraffe",
)  # fmt: skip
OBJECTS = (  # categories of COCO, in COCO's order
    "bicycle", "car", "airplane", "bus", "boat", "bench", "umbrella", "suitcase",
    "sports ball", "kite", "chair", "potted plant", "tv", "clock",
)  # fmt: skip
MATERIALS = ("wood", "stone", "metal", "paper", "brick")
SPLITS = ("train", "tune", "anchors", "eval")

P_NO_ANIMAL = 0.25
P_NO_OBJECT = 0.15
P_NO_MATERIAL = 0.15


@dataclass(frozen=True)
class Scene:
    """The truth about one picture.

    `gesture` is shared by all people and None exactly when `people` is 0;
    `animal`, `obj` and `material` are None where the scene has none. `jitter`
    decides layout, sizes and colours; the drawing style is not part of a scene.
    """

    place: str
    time: str
    weather: str
    people: int
    gesture: str | None
    animal: str | None
    obj: str | None
    material: str | None
    jitter: int

    @property
    def indoors(self) -> bool:
        return self.place in INDOORS

    @property
    def dark(self) -> bool:
        """Whether it is dark enough for lamps."""
        return self.time in ("night", "dusk")

    @property
    def weather_word(self) -> str:
        """What people call it: a clear day is sunny, a clear night is clear."""
        by_day = self.time in ("daytime", "sunrise")
        return "sunny" if self.weather == "clear" and by_day else self.weather

    def as_dict(self) -> dict:
        return asdict(self)


def sample(n: int, seed: int, split: str) -> list[Scene]:
    """Draw `n` scenes, every facet independent of the others.

    The stream is seeded by (split, seed), so that splits never meet, and the
    first scenes do not change when more are asked for. Raises ValueError for
    an unknown split or a negative number.
    """
    if split not in SPLITS:
        raise ValueError(f"split: {split!r} is none of {', '.join(SPLITS)}.")
    if n < 0 or seed < 0:
        raise ValueError(f"n and seed must not be negative, not {n} and {seed}.")
    entropy = (int.from_bytes(split.encode(), "big"), seed)
    rng = np.random.default_rng(np.random.SeedSequence(entropy))
    return [_draw(rng) for _ in range(n)]


def _draw(rng: np.random.Generator) -> Scene:
    def one(labels):
        return labels[int(rng.integers(len(labels)))]

    def maybe(labels, p_none):
        label = one(labels)
        return None if rng.random() < p_none else label

    people, gesture = int(rng.integers(MAX_PEOPLE + 1)), one(GESTURES)
    return Scene(
        place=one(PLACES),
        time=one(TIMES),
        weather=one(WEATHERS),
        people=people,
        gesture=gesture if people else None,
        animal=maybe(ANIMALS, P_NO_ANIMAL),
        obj=maybe(OBJECTS, P_NO_OBJECT),
        material=maybe(MATERIALS, P_NO_MATERIAL),
        jitter=int(rng.integers(2**48)),
    )
