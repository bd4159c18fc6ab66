"""The words that training teaches: questions, answers and queries, facet by facet.

Everything here is for training only. None of the evaluation's questions, queries or
query templates occurs among them (a test compares normalised strings and templates),
so that what is measured is understanding of a wording never trained on.

The label words themselves are shared, because a text encoder trained from scratch
knows no word that it has not seen.
"""

from collections.abc import Iterator

import numpy as np

from facetworld.scene import Scene

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six")

PLACE_WORDS = {
    "beach": ("beach", "sandy beach", "seaside", "shore"),
    "street": ("city street", "street", "city", "road in a town"),
    "park": ("park", "green park", "city park", "grassy park"),
    "forest": ("forest", "woods", "pine forest"),
    "mountain": ("mountains", "mountain", "snowy peaks", "hills"),
    "kitchen": ("kitchen", "home kitchen"),
    "bathroom": ("bathroom", "tiled bathroom"),
    "bedroom": ("bedroom", "bed room"),
}
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

# Fifteen and more ways to ask each thing: with one or two, a model learns the string
# and not the question. The evaluation's own questions must not be among them.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "objects": (
        "What object is shown in the picture?",
        "Which object can you see here?",
        "What things are there in this photo?",
        "Name the object in the image.",
        "What kind of object does the picture contain?",
        "Which item is in the scene?",
        "What is the main object?",
        "Which things are visible in the photo?",
        "What objects can be found in this picture?",
        "Tell me which object is present.",
        "Identify the object in this photo.",
        "What items appear in the image?",
        "Is there an object, and which one?",
        "Which objects does the photo show?",
        "What object has been photographed?",
        "List the objects in this image.",
        "What vehicle, furniture or other object is there?",
        "Which thing stands in this scene?",
    ),
    "animals": (
        "What animal is shown in the picture?",
        "Which animal can you see here?",
        "What creature is there in this photo?",
        "Name the animal in the image.",
        "What kind of animal does the picture contain?",
        "Which animal is in the scene?",
        "Which species of animal is it?",
        "Which animals are visible in the photo?",
        "What animals can be found in this picture?",
        "Tell me which animal is present.",
        "Identify the animal in this photo.",
        "What animals appear in the image?",
        "Is there an animal, and which one?",
        "Which animals does the photo show?",
        "What animal has been photographed?",
        "List the animals in this image.",
        "What pet, bird or wild beast is there?",
        "Which animal stands in this scene?",
    ),
    "gestures": (
        "What are the people doing?",
        "Which pose do the people have?",
        "What is the posture of the people in this photo?",
        "How are the persons posing in the picture?",
        "What gesture can be seen here?",
        "Which gesture do the persons make?",
        "In what position are the people?",
        "What action do the people perform in the photo?",
        "Name the gesture of the people.",
        "Describe the pose of the people in the image.",
        "What is everybody doing in this picture?",
        "What is someone doing here?",
        "What body posture is shown?",
        "Are the people standing, sitting or something else?",
        "Tell me what the persons are doing.",
        "What movement or pose do the humans show?",
        "How do the people hold their bodies?",
        "Which activity is the person busy with?",
    ),
    "scenes": (
        "Where was this photo taken?",
        "What place is shown in the picture?",
        "What kind of place is this?",
        "Which location can you see here?",
        "Where is this?",
        "Name the place in the image.",
        "What is the setting of the picture?",
        "In which environment was the photo taken?",
        "What scenery does the photo show?",
        "Which type of scene is it?",
        "Is it indoors or outdoors, and where?",
        "Tell me the location of the scene.",
        "Where are we in this photo?",
        "What surroundings are visible?",
        "What room or landscape is this?",
        "Identify the location of this picture.",
        "What is the background of the image?",
        "At what kind of spot was the picture made?",
    ),
    "times": (
        "When was this photo taken?",
        "Is it day or night?",
        "At what time was the picture made?",
        "What part of the day is it?",
        "Which time of day can you see here?",
        "What is the time of day?",
        "Name the time of day in the image.",
        "What hour of the day does the light suggest?",
        "Does the photo show day, night, dusk or sunrise?",
        "When does this scene take place?",
        "How late is it in the picture?",
        "Tell me the time of day.",
        "Is the sun up, rising or gone?",
        "At which moment of the day is this?",
        "What does the light say about the time?",
        "Identify the time of day of this photo.",
        "During what part of the day was it taken?",
        "What daytime or nighttime is shown?",
    ),
    "people": (
        "How many persons can you see?",
        "How many people are there?",
        "What is the number of people in the picture?",
        "Count the people in the photo.",
        "How many humans appear here?",
        "What number of persons does the image show?",
        "How many people does the photo show?",
        "How large is the group of people?",
        "Is anybody there, and how many?",
        "How many individuals are visible?",
        "Tell me the number of people.",
        "How many men and women are in the scene?",
        "Give the count of persons.",
        "How many people were photographed?",
        "How many figures are in this picture?",
        "What is the count of people here?",
        "How big is the crowd?",
        "How many people can be counted?",
    ),
    "weathers": (
        "How is the weather?",
        "What weather does the picture show?",
        "Is it sunny, rainy or snowy?",
        "What kind of weather is it?",
        "Which weather can you see here?",
        "What are the weather conditions?",
        "Name the weather in the photo.",
        "What does the sky look like?",
        "How does the sky look in this photo?",
        "Is there rain, snow, mist or sun?",
        "What weather was there when the photo was taken?",
        "Describe the weather in the picture.",
        "Tell me about the weather.",
        "What is the weather outside?",
        "Was it a good or a bad day outdoors?",
        "Identify the weather of this scene.",
        "Under what weather was it taken?",
        "What sort of day is it?",
    ),
    "materials": (
        "What is the wall made of?",
        "Which material can you see here?",
        "What material is shown in the picture?",
        "Of which material is the surface?",
        "What is the surface made of?",
        "Name the material in the photo.",
        "What kind of material does the picture contain?",
        "What stuff are the things made from?",
        "Which material was used?",
        "Is it wood, stone, metal, paper or brick?",
        "Tell me the material of the surface.",
        "What is the thing in front built from?",
        "Identify the material in this image.",
        "What does the surface consist of?",
        "Which building material is visible?",
        "From what material is the front wall?",
        "What substance is the low wall?",
        "What texture or material is it?",
    ),
}
FACETS = tuple(QUESTIONS)

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

# One question and one wording a facet that training never sees and the evaluation
# does not use either: only for following a training on the tune scenes.
TUNE_QUESTIONS: dict[str, str] = {
    "objects": "Say what object you notice in the picture.",
    "animals": "Say what animal you notice in the picture.",
    "gestures": "Say how the people in the picture are posing.",
    "scenes": "Say in what place the picture is set.",
    "times": "Say at what time of day the picture is set.",
    "people": "Say how many people you count in the picture.",
    "weathers": "Say what weather the picture has.",
    "materials": "Say what material the picture has.",
}
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
    """One way to ask for the facet."""
    return pick(rng, QUESTIONS[facet])


def all_labels() -> dict[str, tuple[str, ...]]:
    """Every label that a scene can carry, by facet."""
    from facetworld import scene

    return {
        "objects": scene.OBJECTS,
        "animals": scene.ANIMALS,
        "gestures": scene.GESTURES,
        "scenes": scene.PLACES,
        "times": scene.TIMES,
        "people": tuple(str(n) for n in range(scene.MAX_PEOPLE + 1)),
        "weathers": tuple(WEATHER_WORDS),
        "materials": scene.MATERIALS,
    }


def all_answers(facet: str) -> Iterator[str]:
    """Every answer text that training can show, before `finish`."""
    for label in all_labels()[facet]:
        for words in LABEL_WORDS[facet](label):
            for wording in ANSWERS[facet]:
                yield with_article(wording.format(words))
