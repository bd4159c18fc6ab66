"""Kinds of question beside the eight facets: labels from the truth, and words.

For the study of how many kinds of question a model has to learn before it answers those
it never learned (`studies/kinds.py`). The label of a kind comes from what the drawing
decided (`facetworld.drawing.render`) or from the scene. A kind applies to the pictures
that give it a label. `kinds.csv` says how many they are, what a probe finds, and which
kinds are dropped because it does not tell them apart. Wordings are for training alone,
as everywhere in this folder.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facetworld import scene as world
from facetworld.scene import Scene
from training import kind_labels as labels
from training.coarser_kinds import COARSER
from training.kind_labels import Label
from training.language import pick, with_article

TABLE = Path(__file__).with_suffix(".csv")


@dataclass(frozen=True)
class Kind:
    """One kind of question.

    label: of a picture, from its scene and what was drawn; None where it cannot be
    asked. subjects: what is asked; a clause where it does not begin with "the". said:
    how an answer says the label.
    """

    label: Label
    subjects: tuple[str, ...]
    said: tuple[str, ...]


NOUN_FORMS = (
    "What is {}?", "Tell me {}.", "Name {}.", "Say what {} is.", "Give me {}.",
    "Describe {}.", "What can you say about {}?", "I am looking for {}.",
    "I want to know {}.", "Look at {}.", "Identify {} in this picture.",
    "Please state {}.", "What about {}?", "Can you see {} in the photo?",
)  # fmt: skip
CLAUSE_FORMS = (
    "Tell me {}.", "Say {}.", "Can you see {}?", "I want to know {}.", "Find out {}.",
    "I wonder {}.", "Do you know {}?", "Could you say {}?", "Look and say {}.",
    "From the photo, {}?", "Please state {}.", "In this picture, {}?",
)  # fmt: skip


def _coloured(noun: str, of: Label) -> Kind:
    return Kind(
        of,
        (f"the colour of the {noun}", f"which colour the {noun} has"),
        (f"a {{}} {noun}", f"the {noun} is {{}}", f"the colour of the {noun} is {{}}"),
    )


def _worn(who: str, i: int | None) -> dict[str, Kind]:
    """The look of the person i from the left."""
    hair = Kind(
        labels.person("cut", i),
        (f"the haircut of the {who}", f"how the {who} wears the hair"),
        (f"the {who} has {{}} hair", f"a {who} with {{}} hair",
         f"the hair of the {who} is {{}}"),
    )  # fmt: skip
    return {
        f"shirt of the {who}": _coloured(
            f"shirt of the {who}", labels.person("shirt", i)
        ),
        f"trousers of the {who}": _coloured(
            f"trousers of the {who}", labels.person("trousers", i)
        ),
        f"hair of the {who}": _coloured(f"hair of the {who}", labels.person("hair", i)),
        f"cut of the {who}": hair,
    }


def _number(what: str, label: Label) -> Kind:
    return Kind(
        label,
        (f"the number of {what}", f"how many {what} there are"),
        (f"{what}: {{}}", f"the number of {what} is {{}}", f"there are {{}} {what}"),
    )


def _wears(what: str, field: str, value: str) -> Kind:
    return Kind(
        labels.anyone(field, value),
        (f"whether anybody has {what}", f"if there is someone with {what}"),
        (f"{{}} has {what}", f"{{}} here has {what}", f"with {what}: {{}}"),
    )


def _sided(what: str, label: Label) -> Kind:
    return Kind(
        label,
        (f"the side of the {what}", f"on which side the {what} is"),
        (f"the {what} is on the {{}}", f"a {what} to the {{}}", f"{{}} is the {what}"),
    )


def _headed(what: str, label: Label) -> Kind:
    return Kind(
        label,
        (f"the heading of the {what}", f"whether the {what} looks into the picture"),
        (f"the {what} looks {{}} the picture", f"a {what} headed {{}} the frame",
         f"{{}} the picture looks the {what}"),
    )  # fmt: skip


def _placed(who: str, label: Label) -> Kind:
    return Kind(
        label,
        (f"the place of the {who}", f"where in the frame the {who} is"),
        (f"the {who} is {{}}", f"a {who} {{}}", f"{{}} of the picture is the {who}"),
    )


# Groups of things that stand on one side, by what they are called.
SIDED = {
    "vehicle": labels.VEHICLES,
    "seat": ("bench", "chair"),
    "luggage": ("umbrella", "suitcase"),
    "toy": ("sports ball", "kite"),
    "household thing": ("tv", "clock", "potted plant"),
    "pet": ("cat", "dog"),
    "farm animal": ("horse", "sheep", "cow"),
    "wild animal": ("elephant", "bear", "zebra", "giraffe"),
    "bird": ("bird",),
}
PAINTED = {
    **{name: name for name in world.OBJECTS if name != "sports ball"},
    "potted plant": "flower pot",
    "tv": "television",
}
COATED = ("bird", "cat", "dog", "horse", "sheep", "elephant", "bear", "giraffe")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")

KINDS: dict[str, Kind] = {
    **{
        f"colour of {noun}": _coloured(noun, labels.colour("paint", "obj", name))
        for name, noun in PAINTED.items()
    },
    **{
        f"coat of {name}": _coloured(name, labels.colour("coat", "animal", name))
        for name in COATED
    },
    **{
        f"colour of {what}": _coloured(
            what, labels.colour("paint", "obj", *SIDED[what])
        )
        for what in ("vehicle", "seat", "luggage")
    },
    **{
        f"colour on the {side}": _coloured(
            f"thing on the {side}", labels.colour_on(side)
        )
        for side in ("left", "right")
    },
    **{f"side of {what}": _sided(what, labels.side_of(SIDED[what])) for what in SIDED},
    "side of lightning": _sided("lightning", labels.bolt),
    "side of sun or moon": _sided("sun or moon", labels.light_place),
    "heading of animal": _headed("animal", labels.heading("animal", world.ANIMALS)),
    "heading of vehicle": _headed(
        "vehicle", labels.heading("object", labels.VEHICLES)
    ),
    "place of the leftmost person": _placed("leftmost person", labels.third_of(0)),
    "place of the rightmost person": _placed("rightmost person", labels.third_of(-1)),
    "place of the lone person": _placed("lone person", labels.lone_place),
    "apart": Kind(
        labels.apart,
        ("the distance between the two people", "how far apart the two people are"),
        ("the two people are {}", "two people, {}", "the distance of the two is {}"),
    ),
    "more people at": Kind(
        labels.more_people_at,
        ("the thing with more people", "whether more people are by animal or object"),
        ("more people by the {}", "most people are by the {}", "people by the {}"),
    ),
    "beside the animal": _number("people beside the animal", labels.beside_animal),
    "beside the object": _number("people beside the object", labels.beside_object),
    **{
        noun: _coloured(noun, labels.colour(field))
        for noun, field in {
            "cupboards": "cupboards", "kitchen wall": "wall", "tiles": "tiles",
            "wallpaper": "wallpaper", "quilt": "quilt",
        }.items()
    },
    **{
        f"shade of {material}": _coloured(
            f"{material} in front", labels.colour("front", "material", material)
        )
        for material in ("wood", "stone", "metal", "brick")
    },
    **{
        f"{nth} house": _coloured(f"{nth} house from the left", labels.house(i))
        for i, nth in enumerate(ORDINALS)
    },
    **_worn("lone person", None),
    "skin of the lone person": _coloured(
        "lone person's skin", labels.person("skin")
    ),
    **_worn("leftmost person", 0),
    **_worn("rightmost person", -1),
    "person faces": Kind(
        labels.lone_faces,
        ("the side that the person faces", "which way the person looks"),
        ("the person looks to the {}", "a person turned {}", "the person faces {}"),
    ),
    "object side": Kind(
        labels.recorded("object side"),
        ("the side of the object", "on which side the thing stands"),
        ("the object is on the {}", "a thing to the {}", "the object stands {}"),
    ),
    "animal side": Kind(
        labels.recorded("animal side"),
        ("the side of the animal", "on which side the animal stands"),
        ("the animal is on the {}", "an animal to the {}", "the animal stands {}"),
    ),
    "animal faces": Kind(
        labels.recorded("animal faces"),
        ("the side that the animal faces", "which way the animal looks"),
        ("the animal looks to the {}", "an animal turned {}", "the animal faces {}"),
    ),
    "vehicle faces": Kind(
        labels.vehicle_faces,
        ("the side that the vehicle faces", "which way the vehicle goes"),
        ("the vehicle goes to the {}", "a vehicle turned {}", "the vehicle faces {}"),
    ),
    "turned": Kind(
        labels.turned,
        ("how animal and vehicle are turned", "the directions of beast and vehicle"),
        ("animal and vehicle look {}", "they are turned {}", "both look {}"),
    ),
    "nearer": Kind(
        labels.nearer,
        ("what the person is nearer to", "the thing beside the person"),
        ("the person is nearer to the {}", "a person near the {}", "near the {}"),
    ),
    "beside": Kind(
        labels.beside,
        ("the side of the animal the person is on", "where the animal has the person"),
        ("the person is {} of the animal", "somebody {} of the animal",
         "{} of the animal is a person"),
    ),
    "island": Kind(
        labels.recorded("island"),
        ("the side of the island", "on which side the island lies"),
        ("the island lies on the {}", "an island to the {}", "an island {}"),
    ),
    "path": Kind(
        labels.bend,
        ("the way the path bends", "to which side the path turns"),
        ("the path bends to the {}", "a path that turns {}", "the path goes {}"),
    ),
    "long hair": _number("long haired people", labels.count("cut", "long")),
    "buns": _number("people with a bun", labels.count("cut", "bun")),
    "people facing left": _number("people facing left", labels.count("faces", "left")),
    "people on the left": _number("people in the left half", labels.half("left")),
    "people on the right": _number("people in the right half", labels.half("right")),
    "fuller half": Kind(
        labels.fuller,
        ("the side with more people", "where most people are"),
        ("more people: {}", "the {} has more people", "most people are {}"),
    ),
    **{
        f"anyone in {name}": _wears(f"a {name} shirt", "shirt", name)
        for name in ("red", "yellow", "blue", "white", "green", "pink")
    },
    "anyone blond": _wears("blond hair", "hair", "blond"),
    "anyone grey": _wears("grey hair", "hair", "grey"),
    "thing on the left": Kind(
        labels.what_is("left"),
        ("the sort of thing on the left", "what the left side holds"),
        ("on the left: {}", "the left side holds {}", "{} stands at left"),
    ),
    "thing on the right": Kind(
        labels.what_is("right"),
        ("the sort of thing on the right", "what the right side holds"),
        ("on the right: {}", "the right side holds {}", "{} stands at right"),
    ),
    "things": Kind(
        labels.things,
        ("whether object and animal are there", "which of object and animal there is"),
        ("object or animal: {}", "of object and animal {}", "{} of object and animal"),
    ),
    "lamps": Kind(
        labels.lamps,
        ("whether lamps are on", "the state of the lamps"),
        ("the lamps are {}", "lamps: {}", "the lights are {}"),
    ),
    "sky light": Kind(
        labels.sky,
        ("the light in the sky", "what shines in the sky"),
        ("{} in the sky", "the sky has {}", "above is {}"),
    ),
}  # fmt: skip

KINDS |= {
    name: Kind(labels.coarser(field, groups), subjects, said)
    for name, (field, groups, subjects, said) in COARSER.items()
}


def labels_of(scene: Scene, drawn: dict) -> dict[str, str]:
    """The label of a picture in every kind that applies to it."""
    found = {name: kind.label(scene, drawn) for name, kind in KINDS.items()}
    return {name: label for name, label in found.items() if label is not None}


def table() -> dict[str, dict[str, str]]:
    """What `studies/probe_kinds.py` found of each kind: column -> value, as text."""
    with TABLE.open(newline="") as file:
        return {row["kind"]: row for row in csv.DictReader(file)}


def order(seed: int) -> list[str]:
    """The kinds that can be told apart, in the order in which arms take them.

    One that applies to every picture leads; from there on kinds tied to a facet and
    kinds independent of the facets take turns, each drawn by the seed.
    """
    rng = np.random.default_rng(seed)
    kept = [row for row in table().values() if not row["dropped"]]
    tied, free = (
        [row["kind"] for row in kept if row["independent"] == value]
        for value in ("False", "True")
    )
    rng.shuffle(tied)
    rng.shuffle(free)
    every = {row["kind"] for row in kept if float(row["applies"]) == 1}
    first = next(name for name in tied if name in every)
    tied = [first, *(name for name in tied if name != first)]
    turns = [name for pair in zip(tied, free, strict=False) for name in pair]
    return turns + [name for name in (*tied, *free) if name not in turns]


def forms(subject: str) -> tuple[str, ...]:
    return NOUN_FORMS if subject.startswith("the ") else CLAUSE_FORMS


def questions(name: str) -> tuple[str, ...]:
    """Every way to ask for a kind: at least two dozen."""
    return tuple(form.format(s) for s in KINDS[name].subjects for form in forms(s))


def question(name: str, rng: np.random.Generator) -> str:
    subject = pick(rng, KINDS[name].subjects)
    return pick(rng, forms(subject)).format(subject)


def answers(name: str, label: str) -> list[str]:
    """Every answer that says the label of a kind."""
    return [with_article(said.format(label)) for said in KINDS[name].said]


def answer(name: str, label: str, rng: np.random.Generator) -> str:
    """A short text that says the label of a kind."""
    return with_article(pick(rng, KINDS[name].said).format(label))
