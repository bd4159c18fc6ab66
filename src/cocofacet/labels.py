"""From annotations to labels: one rule a source of labels.

Each rule takes what ``sources`` read, by source name, and returns a ``Labelled``. Words
are whole words and case is ignored, except in Visual7W's question patterns. The first
word *in the order of the tables* labels a text; every word in it counts as carried, so
that no image becomes a negative for a label that one of its annotations names.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cocofacet import scenes

Sources = Mapping[str, Mapping]

LEAST_SHARE = 0.05  # of the image's area, for a category to be looked for (paper)


@dataclass
class Labelled:
    """What the annotations say about each image, for one facet.

    Attributes:
        positives: (image, label) pairs: each becomes a query.
        carried: every image that may stand in a pool, with all labels that any
            annotation gives it.
        dropped: reason -> the images or labels left out for it.
        notes: further counts for the manifest.
        origin: image -> source, where several sources may show the same picture.
    """

    positives: set[tuple[str, str]] = field(default_factory=set)
    carried: dict[str, set[str]] = field(default_factory=dict)
    dropped: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    notes: dict[str, int] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)

    def drop(self, images: Collection[str], reason: str) -> None:
        """Leave images out, as positives and as negatives."""
        images = set(images)
        self.positives = {pair for pair in self.positives if pair[0] not in images}
        for image in images:
            self.carried.pop(image, None)
            self.origin.pop(image, None)
        if images:
            self.dropped[reason] |= images


Words = Mapping[str, Sequence[str]]

GESTURE_WORDS: Words = {
    "stand": ("stand", "stands", "standing"),
    "sit": ("sit", "sits", "sitting"),
    "jump": ("jump", "jumps", "jumping"),
    "lie": ("lie", "lies", "lying"),
    "bend": ("bend", "bends", "bending"),
    "kneel": ("kneel", "kneels", "kneeling"),
    "squat": ("squat", "squats", "squating", "squatting"),
    "crawl": ("crawl", "crawls", "crawling"),
}
TIME_WORDS: Words = {
    # "day-time" and "mid-day" hold the word day, "night-time" the word night.
    "daytime": ("day", "days", "daytime", "daylight", "midday"),
    "night": ("night", "nights", "nighttime", "midnight", "tonight", "dark"),
    "evening": ("evening", "evenings"),
    "afternoon": ("afternoon", "afternoons"),
    "dusk": ("dusk",),
    "morning": ("morning", "mornings"),
    "sunrise": ("sunrise",),
}
WEATHER_WORDS: Words = {
    "sunny": ("sunny", "sunshine"),
    "clear": ("clear",),
    "cloudy": ("cloudy",),
    "overcast": ("overcast",),
    "misty": ("misty", "misting"),
    "rainy": ("rain", "rainy", "raining"),
    "drizzly": ("drizzly", "drizzling"),
    "snowy": ("snow", "snowy", "snowing"),
    "stormy": ("stormy", "storming"),
    "warm": ("warm",),
    "cold": ("cold",),
    "chilly": ("chilly",),
}
# "A clear glass", "warm bread": in a caption these four need a word about the day.
NEEDS_THE_DAY = ("clear", "warm", "cold", "chilly")
OF_THE_DAY = ("day", "sky", "skies", "weather")
NUMBER_WORDS: Words = {
    "0": ("zero", "none", "no", "nobody"),
    "1": ("one",),
    "2": ("two", "couple"),
    "3": ("three",),
    "4": ("four",),
    "5": ("five",),
    "6": ("six",),
    "7": ("seven",),
    "8": ("eight",),
    "9": ("nine",),
    "10": ("ten",),
    "over 10": (
        *("eleven", "twelve", "dozen", "dozens", "thirteen", "fourteen", "fifteen"),
        *("sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty"),
        *("fifty", "hundred", "hundreds", "thousands"),
    ),
}
MORE = {"over", "more", "than", "above"}
# What may stand around the number: "There are two people in the picture."
AROUND_A_NUMBER = {
    *("people", "persons", "person", "there", "is", "are", "a", "in", "the", "this"),
    *("picture", "photo", "image"),
}
# COCO-Stuff's category ids (paper).
MATERIAL_IDS: Mapping[str, tuple[int, ...]] = {
    "wood": (118, 177, 182),
    "stone": (116, 162, 175),
    "metal": (132,),
    "paper": (139,),
    "brick": (171,),
}

SCENE_QUESTION = re.compile(r"^(?=.*Where)(?=.*scene)", re.DOTALL)
TIME_QUESTION = re.compile(r"When.*taken|When is it\b|When was it\b", re.DOTALL)
PEOPLE_QUESTION = re.compile(r"[Hh]ow many (people|persons|person)\b")
WEATHER_QUESTION = re.compile(r"\bweather\b", re.IGNORECASE)


def words_in(text: str) -> set[str]:
    """The words of a text, lower case; "snow-covered" holds the word snow."""
    return set(re.findall(r"\w+", text.lower()))


def named(text: str, table: Words) -> list[str]:
    """The labels that a text's words name, in the table's order."""
    words = words_in(text)
    return [label for label, forms in table.items() if words.intersection(forms)]


def category_labels(sources: Sources, names: Collection[str]) -> Labelled:
    """Objects, animals: an image is looked for by a category that covers 5 % of it."""
    found = Labelled()
    wanted = set(names)
    small = 0
    for image, picture in sources["instances"].items():
        found.carried[image] = wanted.intersection(picture.share)
        for category in found.carried[image]:
            if picture.share[category] >= LEAST_SHARE:
                found.positives.add((image, category))
            else:
                small += 1
    found.notes["image and category pairs under 5 % of the image"] = small
    return found


def gesture_labels(sources: Sources) -> Labelled:
    """Gestures: the first gesture that a caption names labels its image.

    Where the instances file covers the image it must show a person ("*someone*
    standing"): captions say of dogs, too, that they sit.
    """
    found = Labelled()
    pictures = sources.get("instances", {})
    for image, captions in sources["captions"].items():
        _label(found, image, (named(caption, GESTURE_WORDS) for caption in captions))
    covered = {image for image in found.carried if image in pictures}
    found.notes["images checked for a person"] = len(covered)
    found.drop(
        {image for image in covered if "person" not in pictures[image].share},
        "no person annotated",
    )
    return found


def scene_labels(sources: Sources) -> Labelled:
    """Scenes: the answer itself is the label; it must belong to a location group."""
    found = Labelled()
    asked = grouped = 0
    for image, _, answer in _asked(sources["visual7w"], SCENE_QUESTION):
        asked += 1
        label = scenes.normalise(answer)
        if not scenes.groups_of(label):
            found.dropped["answer in no location group"].add(label)
            continue
        grouped += 1
        _label(found, image, [[label]])
    found.notes["answers read"] = asked
    found.notes["answers in a location group"] = grouped
    return found


def time_labels(sources: Sources) -> Labelled:
    """Times: the first time of day that an answer names."""
    found = Labelled()
    asked = silent = 0
    for image, _, answer in _asked(sources["visual7w"], TIME_QUESTION):
        asked += 1
        labels = named(answer, TIME_WORDS)
        silent += not labels
        _label(found, image, [labels])
    found.notes["answers read"] = asked
    found.notes["answers that name no time of day"] = silent
    return found


def people_labels(sources: Sources) -> Labelled:
    """People: answers normalised to 0-10 and "over 10"."""
    found = Labelled()
    asked = 0
    for image, _, answer in _asked(sources["visual7w"], PEOPLE_QUESTION):
        asked += 1
        count = count_of(answer)
        if count is None:
            found.dropped["answer is no number"].add(answer)
        else:
            _label(found, image, [[count]])
    found.notes["answers read"] = asked
    return found


def count_of(answer: str) -> str | None:
    """An answer as "0" to "10" or "over 10"; None if it is not just one number.

    "Two men and a woman" is None: the first number is not the count.

    >>> count_of("Two people."), count_of("More than 10."), count_of("A lot.")
    ('2', 'over 10', None)
    """
    words = words_in(re.sub(r"\bno[ -]one\b", "nobody", answer.lower()))
    more = bool(words & MORE)
    words -= MORE | AROUND_A_NUMBER
    if len(words) != 1:
        return None
    word = words.pop()
    if word.isdecimal():
        label = str(int(word)) if int(word) <= 10 else "over 10"
    else:
        label = next((n for n, forms in NUMBER_WORDS.items() if word in forms), None)
    if not more:
        return label
    return "over 10" if label in ("10", "over 10") else None


def weather_labels(sources: Sources) -> Labelled:
    """Weathers: answers to questions about the weather, and captions.

    In Visual7W an answer with "cloudy" counts whatever the question (paper).
    """
    found = Labelled()
    for source in ("visual7w", "visdial"):
        read = 0
        for image, pairs in sources[source].items():
            for question, answer in pairs:
                cloudy = source == "visual7w" and "cloudy" in words_in(answer)
                if cloudy or WEATHER_QUESTION.search(question):
                    read += 1
                    _label(found, image, [named(answer, WEATHER_WORDS)], source)
        found.notes[f"answers read in {source}"] = read
    for image, captions in sources["captions"].items():
        _label(found, image, map(_weathers_of_caption, captions), "captions")
    return found


def _weathers_of_caption(caption: str) -> list[str]:
    found = named(caption, WEATHER_WORDS)
    if words_in(caption).intersection(OF_THE_DAY):
        return found
    return [label for label in found if label not in NEEDS_THE_DAY]


def material_labels(sources: Sources) -> Labelled:
    """Materials: COCO-Stuff's categories; images with two materials are dropped."""
    found = Labelled()
    for image, numbers in sources["stuff"].items():
        here = [m for m, ids in MATERIAL_IDS.items() if numbers.intersection(ids)]
        if len(here) == 1:
            _label(found, image, [here])
        elif here:
            found.dropped["two materials"].add(image)
    return found


def _asked(
    answers: Mapping[str, list[tuple[str, str]]], pattern: re.Pattern
) -> Iterator[tuple[str, str, str]]:
    """(image, question, answer) of every question that the pattern finds."""
    for image, pairs in answers.items():
        for question, answer in pairs:
            if pattern.search(question):
                yield image, question, answer


def _label(
    found: Labelled, image: str, texts: Iterable[list[str]], origin: str = ""
) -> None:
    """Add the labels that an image's texts name: the first of each is looked for."""
    for labels in texts:
        if labels:
            found.positives.add((image, labels[0]))
            found.carried.setdefault(image, set()).update(labels)
            if origin:
                found.origin.setdefault(image, origin)
