"""The words that training teaches: answers and queries, facet by facet.

Everything here is for training only. None of the evaluation's questions, queries or
query templates occurs among them (a test compares normalised strings and templates),
so that what is measured is understanding of a wording never trained on.

The label words themselves are shared, because a text encoder trained from scratch
knows no word that it has not seen.
"""

from collections.abc import Iterator

import numpy as np

from facetworld import scene as world
from facetworld.scene import Scene
from training.questions import MORE_QUESTIONS, QUESTIONS, composed

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six")

PLACE_PHRASES = {
    "beach": ("at the beach", "on a beach", "on the beach", "by the sea"),
    "street": ("on a city street", "on the street", "in the city", "in the street"),
    "park": ("in a park", "in the park", "at the park", "on the grass of a park"),
    "forest": ("in a forest", "in the forest", "in the woods", "among the trees"),
    "mountain": ("in the mountains", "on a mountain", "by the mountains"),
    "kitchen": ("in a kitchen", "in the kitchen", "inside a kitchen"),
    "bathroom": ("in a bathroom", "in the bathroom", "inside a bathroom"),
    "bedroom": ("in a bedroom", "in the bedroom", "inside a bedroom"),
}
TIME_WORDS = {
    "daytime": ("daytime", "day time", "day"),
    "night": ("night", "nighttime", "night time"),
    "dusk": ("dusk", "nightfall"),
    "sunrise": ("sunrise", "dawn"),
}
WEATHER_WORDS = {
    "sunny": ("sunny",),
    "clear": ("clear",),
    "cloudy": ("cloudy",),
    "rainy": ("rainy",),
    "snowy": ("snowy",),
    "misty": ("misty", "foggy"),
    "stormy": ("stormy",),
}
MATERIAL_WORDS = {m: (m,) for m in ("wood", "stone", "metal", "paper", "brick")}
GESTURE_WORDS = {
    "standing": ("standing", "standing up", "standing upright"),
    "sitting": ("sitting", "sitting down", "seated"),
    "jumping": ("jumping", "jumping up", "leaping"),
    "lying": ("lying", "lying down", "lying on the ground"),
    "bending": ("bending", "bending over", "bending down"),
    "kneeling": ("kneeling", "kneeling down", "on their knees"),
    "crawling": ("crawling", "crawling along", "on all fours"),
}

FACETS = tuple(QUESTIONS)
_COMPOSED = {facet: composed(facet) for facet in FACETS}

# The control `tiny-qwen2vl-unasked` never gets a question about these two, and the
# generative warm-up that all models share does not ask them either. Fixed before any
# training: one facet that colours the whole picture, one that fills a part of it.
HELD_OUT = ("times", "materials")

# Wordings with {} for the label word. The first is the bare word.
_A_THING = (
    "{}", "a {}", "there is a {}", "a photo of a {}", "a picture of a {}",
    "an image showing a {}", "a {} in the picture", "a photo that shows a {}",
    "the picture contains a {}", "a picture that contains any {}", "some {}",
    "one can see a {}", "a scene with a {}", "an image of any {}", "it is a {}",
    "show me a {}", "find a photo with a {}", "i want to see a {}",
    "search for a {}", "look for images of a {}", "an everyday picture of a {}",
)  # fmt: skip
ANSWERS: dict[str, tuple[str, ...]] = {
    "objects": (*_A_THING, "the object is a {}", "an object: {}"),
    "animals": (*_A_THING, "the animal is a {}", "an animal: {}"),
    "gestures": (
        "{}", "people {}", "a person {}", "someone {}", "someone is {}",
        "the people are {}", "a photo of people {}", "a picture of someone {}",
        "they are {}", "somebody {}", "a man or a woman {}", "everybody is {}",
        "an image with a person {}", "show me people {}", "find someone {}",
        "a picture that contains people {}", "the gesture is {}",
        "an everyday photo of someone {}", "look for a person {}",
        "a scene where people are {}",
    ),
    "scenes": (
        "{}", "a photo taken {}", "a picture {}", "it is {}", "a scene {}",
        "this is {}", "we are {}", "an image {}", "somewhere {}", "the scene is {}",
        "a photo that shows a scene {}", "show me a place {}", "the place is {}",
        "find a picture {}", "an everyday scene {}", "the picture was made {}",
        "a view {}", "look for a photo {}",
    ),
    "times": (
        "{}", "at {}", "it is {}", "a photo taken at {}", "during {}",
        "a {} picture", "a {} scene", "the time is {}", "taken during {}",
        "a picture from the {}", "the time of day is {}", "in the {}",
        "show me a {} photo", "find an image taken at {}", "an everyday {} scene",
        "a view at {}", "it was taken in the {}", "look for a {} photo",
    ),
    "people": (
        "{}", "there are {}", "a photo of {}", "a picture with {}", "{} here",
        "an image with {} in it", "{} in the photo", "one can see {}",
        "a picture showing {}", "the picture shows {}", "a scene with {}",
        "find a photo with {}", "show me {}", "{} are visible", "a group: {}",
        "an everyday photo of {}", "exactly {} in the image", "look for {}",
        "there {} in this picture",
    ),
    "weathers": (
        "{}", "it is {}", "a {} day", "{} weather", "a {} sky", "the weather is {}",
        "a photo of a {} day", "the day is {}", "a picture taken on a {} day",
        "a {} scene", "taken in {} weather", "show me a {} day", "it was {}",
        "find a photo of {} weather", "an everyday scene on a {} day",
        "outside it is {}", "look for a {} day", "the sky is {}",
    ),
    "materials": (
        "{}", "made of {}", "it is {}", "a {} wall", "a {} surface", "of {}",
        "a surface of {}", "the wall is made of {}", "some {}", "a thing made of {}",
        "a photo with something made of {}", "the material is {}",
        "a picture of a {} surface", "show me {}", "built from {}",
        "find a photo of something made of {}", "an everyday object made of {}",
        "an image with a {} surface", "look for {}", "objects made of {}",
    ),
}  # fmt: skip

# One wording a facet that training never sees and the evaluation does not use either:
# only for following a training on the tune scenes.
TUNE_WORDINGS: dict[str, str] = {
    "objects": "Please give me a photograph with some {} in it.",
    "animals": "Please give me a photograph with some {} in it.",
    "gestures": "Please give me a photograph of anyone {} there.",
    "scenes": "Please give me a photograph made {}.",
    "times": "Please give me a photograph shot at {}.",
    "people": "Please give me a photograph having {} on it.",
    "weathers": "Please give me a photograph of one {} day.",
    "materials": "Please give me a photograph with things of {}.",
}


def people_phrases(count: int) -> tuple[str, ...]:
    """What a number of people is called: digits and words, several nouns."""
    number, noun = NUMBERS[count], "person" if count == 1 else "people"
    phrases = (f"{count} {noun}", f"{number} {noun}", f"{number} {noun}")
    if count == 0:
        return (*phrases, "no people", "nobody", "no person")
    if count == 1:
        return (*phrases, "one person", "a single person", "1 human")
    return (*phrases, f"{count} persons", f"{number} humans", f"{count} people")


def plain(words: str) -> tuple[str, ...]:
    return (words,)


# How a label becomes words, per facet.
LABEL_WORDS = {
    "objects": plain,
    "animals": plain,
    "gestures": GESTURE_WORDS.__getitem__,
    "scenes": PLACE_PHRASES.__getitem__,
    "times": TIME_WORDS.__getitem__,
    "people": lambda count: people_phrases(int(count)),
    "weathers": WEATHER_WORDS.__getitem__,
    "materials": MATERIAL_WORDS.__getitem__,
}


def labels_of(scene: Scene) -> dict[str, str | None]:
    """The label of a scene in every facet, as text; None where it has none."""
    return {
        "objects": scene.obj,
        "animals": scene.animal,
        "gestures": scene.gesture,
        "scenes": scene.place,
        "times": scene.time,
        "people": str(scene.people),
        "weathers": scene.weather_word,
        "materials": scene.material,
    }


def pick(rng: np.random.Generator, options):
    """One of `options`, all equally likely."""
    return options[int(rng.integers(len(options)))]


def with_article(text: str) -> str:
    """Turn "a airplane" into "an airplane"."""
    words = text.split(" ")
    for i, word in enumerate(words[:-1]):
        if word == "a" and words[i + 1][:1] in "aeiou":
            words[i] = "an"
    return " ".join(words)


def finish(text: str, rng: np.random.Generator) -> str:
    """Vary what carries no meaning: first letter, full stop, final line feed.

    A text's embedding is read at its last token, so the last token must not matter.
    """
    if rng.random() < 0.5:
        text = text[:1].upper() + text[1:]
    return text + pick(rng, ("", "", ".", ".\n"))


def answer(facet: str, label: str, rng: np.random.Generator) -> str:
    """A short text that says `label`, in one of the facet's wordings."""
    words = pick(rng, LABEL_WORDS[facet](label))
    return with_article(pick(rng, ANSWERS[facet]).format(words))


def question(facet: str, rng: np.random.Generator) -> str:
    """One way to ask for the facet, of those written by hand."""
    return pick(rng, QUESTIONS[facet])


def varied_question(facet: str, rng: np.random.Generator) -> str:
    """Half the time one written by hand, else one put together."""
    return question(facet, rng) if rng.random() < 0.5 else pick(rng, _COMPOSED[facet])


def worded_question(facet: str, rng: np.random.Generator) -> str:
    """A third of the time one of `MORE_QUESTIONS`, else `varied_question`."""
    if rng.random() < 1 / 3:
        return pick(rng, MORE_QUESTIONS[facet])
    return varied_question(facet, rng)


def all_labels() -> dict[str, tuple[str, ...]]:
    """Every label that a scene can carry, by facet."""
    return {
        "objects": world.OBJECTS,
        "animals": world.ANIMALS,
        "gestures": world.GESTURES,
        "scenes": world.PLACES,
        "times": world.TIMES,
        "people": tuple(str(n) for n in range(world.MAX_PEOPLE + 1)),
        "weathers": tuple(WEATHER_WORDS),
        "materials": world.MATERIALS,
    }


def all_answers(facet: str) -> Iterator[str]:
    """Every answer text that training can show, before `finish`."""
    for label in all_labels()[facet]:
        for words in LABEL_WORDS[facet](label):
            for wording in ANSWERS[facet]:
                yield with_article(wording.format(words))
