"""The eight facets of COCO-Facet, as data; their names are written here only."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain

from cocofacet.benchmark import labels as rules
from cocofacet.benchmark import locations


@dataclass(frozen=True)
class Facet:
    """One kind of attribute that queries ask for.

    Attributes:
        name: short name, e.g. ``"times"``.
        stem: stem of the official file, e.g. ``"Visual7W_time_retrieval"``.
        template: query wording with one ``{}`` for the label's phrase.
        question: the GPT-written question that prompts an image embedding.
        human_question: the human-written one.
        sources: annotation sources without which the facet cannot be built.
        helpers: further sources that its rule reads where they are given.
        rule: from what was read of the sources to labelled images.
        labels: the closed list of labels, or None where any text may be one.
        allowed_as_negative: from (label, other) to whether an image labelled
            ``other`` may be a negative for ``label``.
        exclusive: whether an image whose labels exclude each other is dropped.
        phrase: from a label to its words in the template; the label itself by default.
        unphrase: the inverse of ``phrase``, needed where labels are open; ValueError
            for words that stand for none.
        world_field: the field of a rendered scene that decides its labels; "" where
            the rendered world does not draw it.
    """

    name: str
    stem: str
    template: str
    question: str
    human_question: str
    sources: tuple[str, ...]
    labels: tuple[str, ...] | None
    allowed_as_negative: Callable[[str, str], bool]
    rule: Callable[[rules.Sources], rules.Labelled]
    helpers: tuple[str, ...] = ()
    exclusive: bool = False
    phrase: Callable[[str], str] | None = None
    unphrase: Callable[[str], str] | None = None
    world_field: str = ""

    def wording(self, label: str) -> str:
        """The query text for a label, exactly as in the released files.

        Raises:
            ValueError: the label is not one of the facet's.
        """
        if self.labels is not None and label not in self.labels:
            raise ValueError(f"{self.name} has no label {label!r}")
        return self.template.format((self.phrase or str)(label))

    def label_of(self, text: str) -> str:
        """The label that a query text asks for, the inverse of ``wording``.

        White space at the end does not count: some released texts end with a line
        feed, some do not.

        Raises:
            ValueError: the text is not in this facet's wording.
        """
        before, after = self.template.rstrip().split("{}")
        match = re.fullmatch(
            f"{re.escape(before)}(.+){re.escape(after)}", text.rstrip(), re.DOTALL
        )
        if match is None:
            raise ValueError(f"not in the wording of {self.name}: {text!r}")
        if self.unphrase:
            return self.unphrase(match[1])
        for label in self.labels:
            if (self.phrase or str)(label) == match[1]:
                return label
        raise ValueError(f"{self.name} has no label for {match[1]!r}")

    def excluding(self, labels: Collection[str]) -> bool:
        """Whether two of these labels exclude each other, in either direction."""
        return any(self.allowed_as_negative(a, b) for a in labels for b in labels)

    def may_be_negative(self, label: str, others: Collection[str]) -> bool:
        """Whether an image with the labels ``others`` may be a negative for ``label``:
        each of them has to be allowed."""
        return all(self.allowed_as_negative(label, other) for other in others)

    def may_be_negatives(
        self, label: str, images: Mapping[str, Collection[str]]
    ) -> list[str]:
        """The images (image -> its labels) that may be negatives for ``label``, in
        their order: what each other label allows is asked once."""
        named = set(chain.from_iterable(images.values()))
        barred = {name for name in named if not self.may_be_negative(label, (name,))}
        return [image for image, here in images.items() if barred.isdisjoint(here)]


def _any_other(labels: tuple[str, ...], near: Collection[str] = ()) -> dict[str, set]:
    """Every other label may be a negative's, except among those that are ``near``."""
    return {
        label: {*labels} - {label} - {*(near if label in near else ())}
        for label in labels
    }


def _listed(rules: Mapping[str, str]) -> dict[str, set[str]]:
    """Read ``{"a, b": "c, d"}``: negatives for a and for b may be labelled c and d."""
    return {
        label: set(allowed.split(", "))
        for labels, allowed in rules.items()
        for label in labels.split(", ")
    }


def _closed(allowed: Mapping[str, set[str]], **rest) -> Facet:
    """A facet with a closed list of labels, each with those its negatives may have."""
    return Facet(
        labels=tuple(allowed),
        allowed_as_negative=lambda label, other: other in allowed[label],
        **rest,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(" ".join(name.split()) for name in text.split(","))


# Labels, wordings and questions are the authors' own, with their spellings ("squating",
# "a overcast day"). Which labels a negative may have follows the paper and the released
# notebooks.

# COCO's 80 categories, in COCO's order, but for the animals; "person" is no label.
_OBJECT_LABELS = _names(
    """bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light,
    fire hydrant, stop sign, parking meter, bench, backpack, umbrella, handbag, tie,
    suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat,
    baseball glove, skateboard, surfboard, tennis racket, bottle, wine glass, cup,
    fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot,
    hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table,
    toilet, tv, laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster,
    sink, refrigerator, book, clock, vase, scissors, teddy bear, hair drier,
    toothbrush"""
)
OBJECTS = _closed(
    _any_other(_OBJECT_LABELS),
    name="objects",
    stem="COCO_object_retrieval",
    template="Find me an image that contains any {}.\n",
    question="Which objects are present in this image?",
    human_question="What objects are in the image?",
    sources=("instances",),
    rule=partial(rules.category_labels, names=_OBJECT_LABELS),
    world_field="obj",
)
_ANIMAL_LABELS = _names(
    "bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe"
)
ANIMALS = _closed(
    _any_other(_ANIMAL_LABELS),
    name="animals",
    stem="COCO_animal_retrieval",
    template="Find me an image that contains any {}.\n",
    question="Which animals can be seen in this image?",
    human_question="What animals are in this image?",
    sources=("instances",),
    rule=partial(rules.category_labels, names=_ANIMAL_LABELS),
    world_field="animal",
)
# In the order of their rules: the first gesture that a caption names labels it.
_GESTURE_PHRASES = {
    "stand": "standing",
    "sit": "sitting",
    "jump": "jumping",
    "lie": "lying",
    "bend": "bending",
    "kneel": "kneeling",
    "squat": "squating",
    "crawl": "crawling",
}
GESTURES = _closed(
    _any_other(tuple(_GESTURE_PHRASES), near=("kneel", "squat")),
    name="gestures",
    stem="COCO_gesture_retrieval",
    template="Find me an everyday image that contains someone {}.",
    phrase=_GESTURE_PHRASES.__getitem__,
    question="What gesture are the people making in this image?",
    human_question="What is the person doing in the image?",
    sources=("captions",),
    helpers=("instances",),
    rule=rules.gesture_labels,
    world_field="gesture",
)
SCENES = Facet(
    labels=None,
    allowed_as_negative=locations.share_no_group,
    name="scenes",
    stem="Visual7W_scene_retrieval",
    template="Find me an everyday image that shows the scene {}.\n",
    phrase=locations.phrase,
    unphrase=locations.answer_of,
    question="What type of location is depicted in this image?",
    human_question="What scene is in the image?",
    sources=("visual7w",),
    rule=rules.scene_labels,
    world_field="place",
)
TIMES = _closed(
    _listed(
        {
            "daytime": "night, evening, dusk",
            "night": "daytime, evening, afternoon, dusk, morning, sunrise",
            "evening": "daytime, night, afternoon, morning, sunrise",
            "afternoon": "night, evening, dusk",
            "dusk": "daytime, night, afternoon, morning, sunrise",
            "morning": "night, evening, dusk",
            "sunrise": "night, evening, dusk",
        }
    ),
    name="times",
    stem="Visual7W_time_retrieval",
    template="Find me an everyday image that is taken during the {}.\n",
    question="What time of day is depicted in this image?",
    human_question="When is the image taken?",
    sources=("visual7w",),
    rule=rules.time_labels,
    world_field="time",
    exclusive=True,
)
PEOPLE = _closed(
    _listed(
        {
            "0": "3, 4, 5, 6, 7, 8, 9, 10, over 10",
            "1": "4, 5, 6, 7, 8, 9, 10, over 10",
            "2": "5, 6, 7, 8, 9, 10, over 10",
            "3": "0, 6, 7, 8, 9, 10, over 10",
            "4": "0, 1, 7, 8, 9, 10, over 10",
            "5": "0, 1, 2, 8, 9, 10, over 10",
            "6": "0, 1, 2, 3, 9, 10, over 10",
            "7": "0, 1, 2, 3, 4, 10, over 10",
            "8": "0, 1, 2, 3, 4, 5, over 10",
            "9": "0, 1, 2, 3, 4, 5, 6",
            "10": "0, 1, 2, 3, 4, 5, 6, 7",
            "over 10": "0, 1, 2, 3, 4, 5, 6, 7, 8",
        }
    ),
    name="people",
    stem="Visual7W_people_num_retrieval",
    template="Find me an everyday image {} in the picture.",
    phrase=lambda n: "showing one person" if n == "1" else f"with {n} people",
    question="How many people are present in this image?",
    human_question="How many people are in the image?",
    sources=("visual7w",),
    rule=rules.people_labels,
    world_field="people",
    exclusive=True,
)
WEATHERS = _closed(
    _listed(
        {
            "sunny, clear": "cloudy, misty, overcast, rainy, drizzly, snowy, "
            "stormy, cold, chilly",
            "cloudy, overcast, misty": "sunny, clear, snowy",
            "rainy, drizzly": "sunny, clear, warm, snowy",
            "snowy": "sunny, clear, rainy, drizzly, stormy, warm",
            "stormy": "sunny, clear, warm, snowy",
            "warm": "rainy, stormy, snowy, cold, chilly, overcast, misty",
            "cold, chilly": "sunny, clear, warm",
        }
    ),
    name="weathers",
    stem="mix_weather_retrieval",
    template="Find me an everyday image that is taken in a {} day.\n",
    question="What is the weather like in this image?",
    human_question="What is the weather in the image?",
    sources=("visual7w", "visdial", "captions"),
    rule=rules.weather_labels,
    world_field="weather",
    exclusive=True,
)
MATERIALS = _closed(
    _any_other(_names("wood, stone, metal, paper, brick"), near=("stone", "brick")),
    name="materials",
    stem="COCOStuff_material_retrieval",
    template="Find me an everyday image showing some object or surface made of {}.",
    question="What material are the objects in this image made of?",
    human_question="What are the objects made of in the image?",
    sources=("stuff",),
    rule=rules.material_labels,
    world_field="material",
)

_ALL = (OBJECTS, ANIMALS, GESTURES, SCENES, TIMES, PEOPLE, WEATHERS, MATERIALS)
FACETS: dict[str, Facet] = {facet.name: facet for facet in _ALL}
# What a short caption names first: its main subject and the place.
CAPTIONED = (OBJECTS.name, ANIMALS.name, SCENES.name)
