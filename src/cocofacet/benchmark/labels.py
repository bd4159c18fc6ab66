"""From annotations to labels: one rule a source of labels.

Each rule takes what ``sources`` read, by source name, and returns a ``Labelled``. The
first label that a text names makes a query; all that it names count as carried, so that
no image becomes a negative for a label that one of its annotations names.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cocofacet.benchmark import locations as scenes
from cocofacet.benchmark.keywords import (
    GESTURE_WORDS,
    TIME_WORDS,
    WEATHER_WORDS,
    count_of,
    named,
    weathers_of_caption,
    words_in,
)

Sources = Mapping[str, Mapping]

LEAST_SHARE = 0.05  # of the image's area, for a category to be looked for (paper)


@dataclass
class Labelled:
    """What the annotations say about each image, for one facet.

    Attributes:
        positives: (image, label) pairs: each becomes a query.
        labels: every image that may stand in a pool, with all labels that any
            annotation gives it.
        dropped: reason -> the images or labels left out for it.
        notes: further counts for the manifest.
        origin: image -> source, where several sources may show the same picture.
    """

    positives: set[tuple[str, str]] = field(default_factory=set)
    labels: dict[str, set[str]] = field(default_factory=dict)
    dropped: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    notes: dict[str, int] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)

    def drop(self, images: Collection[str], reason: str) -> None:
        """Leave images out, as positives and as negatives."""
        images = set(images)
        self.positives = {pair for pair in self.positives if pair[0] not in images}
        for image in images:
            self.labels.pop(image, None)
            self.origin.pop(image, None)
        if images:
            self.dropped[reason] |= images

    def by_image(self) -> dict[str, tuple[str, ...]]:
        """What each image carries, in an order that does not depend on the sources."""
        return {
            image: tuple(sorted(self.labels[image])) for image in sorted(self.labels)
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


def category_labels(sources: Sources, names: Collection[str]) -> Labelled:
    """Objects, animals: an image is looked for by a category that covers 5 % of it."""
    found = Labelled()
    wanted = set(names)
    small = 0
    for image, picture in sources["instances"].items():
        found.labels[image] = wanted.intersection(picture.share)
        for category in found.labels[image]:
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
    covered = {image for image in found.labels if image in pictures}
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
        _label(found, image, map(weathers_of_caption, captions), "captions")
    return found


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
            found.labels.setdefault(image, set()).update(labels)
            if origin:
                found.origin.setdefault(image, origin)
