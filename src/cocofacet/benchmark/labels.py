"""From annotations to labels: one rule for each facet.

The first label that a text names makes a query; all that it names are labels of the
image, which is then no negative for any of them.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cocofacet.benchmark import locations
from cocofacet.benchmark.keywords import (
    GESTURE_WORDS,
    TIME_WORDS,
    WEATHER_WORDS,
    count_of,
    named,
    weathers_of_caption,
    words_in,
)

Sources = Mapping[str, Mapping]  # source -> what its reader in ``sources`` returned

LEAST_SHARE = 0.05  # of the image's area; smaller categories make no query (paper)


@dataclass
class Labelled:
    """What the annotations say about each image, for one facet.

    Attributes:
        positives: (image, label) pairs; each becomes a query.
        labels: every image that may stand in a pool, with all labels that any
            annotation gives it.
        dropped: reason -> the images or labels left out for it.
        notes: further counts for the manifest.
        remarks: counts of what a join of two files should have covered and does not.
        origin: image -> source, where two sources may hold the same photograph.
    """

    positives: set[tuple[str, str]] = field(default_factory=set)
    labels: dict[str, set[str]] = field(default_factory=dict)
    dropped: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    notes: Counter[str] = field(default_factory=Counter)
    remarks: Counter[str] = field(default_factory=Counter)
    origin: dict[str, str] = field(default_factory=dict)

    def drop(self, images: Collection[str], reason: str = "") -> None:
        """Leave images out, as positives and as negatives; listed if for a reason."""
        images = set(images)
        self.positives = {pair for pair in self.positives if pair[0] not in images}
        for image in images:
            self.labels.pop(image, None)
            self.origin.pop(image, None)
        if images and reason:
            self.dropped[reason] |= images

    def by_image(self) -> dict[str, tuple[str, ...]]:
        """image -> its labels; both sorted, so not in the order of the sources."""
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
# From the first "When" on, and not from each anew, which would take hours.
TIME_QUESTION = re.compile(r"^(?>.*?When).*taken|When is it\b|When was it\b", re.DOTALL)
PEOPLE_QUESTION = re.compile(r"[Hh]ow many (people|persons|person)\b")
WEATHER_QUESTION = re.compile(r"\bweather\b", re.IGNORECASE)


def category_labels(sources: Sources, names: Collection[str]) -> Labelled:
    """Objects, animals: the annotated categories; those from 5 % make queries."""
    found = Labelled()
    wanted = set(names)
    small = "image and category pairs under 5 % of the image"
    for image, shares in sources["instances"].items():
        found.labels[image] = wanted.intersection(shares)
        for category in found.labels[image]:
            found.notes[small] += shares[category] < LEAST_SHARE
            if shares[category] >= LEAST_SHARE:
                found.positives.add((image, category))
    return found


def gesture_labels(sources: Sources) -> Labelled:
    """Gestures: those that captions name, the first of each caption makes a query.

    An image in the instances file must show a person: dogs sit, too.
    """
    found = Labelled()
    annotated = sources.get("instances", {})
    for image, captions in sources["captions"].items():
        _label(found, image, (named(caption, GESTURE_WORDS) for caption in captions))
    covered = {image for image in found.labels if image in annotated}
    found.notes["images checked for a person"] = len(covered)
    if "instances" in sources:
        what = "images are not in instances, so not checked for a person"
        found.remarks[what] = len(found.labels) - len(covered)
    found.drop(
        {image for image in covered if "person" not in annotated[image]},
        "no person annotated",
    )
    return found


def scene_labels(sources: Sources) -> Labelled:
    """Scenes: the answer itself is the label, if it is in a group of locations."""
    found = Labelled()
    for image, answer in _answers(found, sources, SCENE_QUESTION):
        label = locations.normalise(answer)
        if locations.groups_of(label):
            found.notes["answers in a location group"] += 1
            _label(found, image, [[label]])
        else:
            found.dropped["answer in no location group"].add(label)
    return found


def time_labels(sources: Sources) -> Labelled:
    """Times: those that an answer names, the first makes a query."""
    found = Labelled()
    for image, answer in _answers(found, sources, TIME_QUESTION):
        labels = named(answer, TIME_WORDS)
        found.notes["answers that name no time of day"] += not labels
        _label(found, image, [labels])
    return found


def people_labels(sources: Sources) -> Labelled:
    """People: answers that give a number, as "0" to "10" or "over 10"."""
    found = Labelled()
    for image, answer in _answers(found, sources, PEOPLE_QUESTION):
        count = count_of(answer)
        if count is None:
            found.dropped["answer is no number"].add(answer)
        else:
            _label(found, image, [[count]])
    return found


def weather_labels(sources: Sources) -> Labelled:
    """Weathers: those named in captions and in answers to questions about the weather.

    In Visual7W an answer with "cloudy" counts, whatever the question (paper).
    """
    found = Labelled()
    for source in ("visual7w", "visdial"):
        read = f"answers read in {source}"
        found.notes[read] = 0
        for image, pairs in sources[source].items():
            for question, answer in pairs:
                cloudy = source == "visual7w" and "cloudy" in words_in(answer)
                if cloudy or WEATHER_QUESTION.search(question):
                    found.notes[read] += 1
                    _label(found, image, [named(answer, WEATHER_WORDS)], source)
    for image, captions in sources["captions"].items():
        _label(found, image, map(weathers_of_caption, captions), "captions")
    return found


def material_labels(sources: Sources) -> Labelled:
    """Materials: by COCO-Stuff's categories; images of two materials are dropped."""
    found = Labelled()
    for image, numbers in sources["stuff"].items():
        here = [m for m, ids in MATERIAL_IDS.items() if numbers.intersection(ids)]
        if len(here) == 1:
            _label(found, image, [here])
        elif here:
            found.dropped["two materials"].add(image)
    return found


def _answers(
    found: Labelled, sources: Sources, pattern: re.Pattern
) -> Iterator[tuple[str, str]]:
    """(image, answer) of each of Visual7W's questions with the pattern, counted."""
    for image, pairs in sources["visual7w"].items():
        for question, answer in pairs:
            if pattern.search(question):
                found.notes["answers read"] += 1
                yield image, answer


def _label(
    found: Labelled, image: str, texts: Iterable[list[str]], origin: str = ""
) -> None:
    """Add the labels that each of an image's texts names; the first makes a query."""
    for labels in texts:
        if labels:
            found.positives.add((image, labels[0]))
            found.labels.setdefault(image, set()).update(labels)
            if origin:
                found.origin.setdefault(image, origin)
