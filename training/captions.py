"""Training captions that imitate COCO's, and dense ones that leave nothing out.

COCO's annotators describe what a picture is about and rarely name the hour, the
weather or what things are made of. How rarely was counted on all 25,014 captions of
the official captions_val2017.json; repeat it with

    python -m training.captions captions_val2017.json [--out SHARES.csv]

A COCO-like caption here always names a main subject and the place. Each other facet is
named at its counted rate, where the scene has such a label. Other rates can be given,
to see how a model changes when captions name a facet more often.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np

from facetworld.scene import Scene
from training.language import (
    GESTURE_WORDS,
    LABEL_WORDS,
    NUMBERS,
    PLACE_PHRASES,
    TIME_WORDS,
    WEATHER_WORDS,
    labels_of,
    pick,
    with_article,
)

_PERSON = (
    r"\b(people|persons?|m[ae]n|wom[ae]n|boys?|girls?|kids?|child|children|players?|"
    r"guys?|lady|ladies|adults?|riders?|skiers?|surfers?|snowboarders?)\b"
)
# What counts as naming a facet, each a list of patterns that must all be found.
PATTERNS = {
    "times": [
        r"\b(daytime|daylight|night(time)?|midnight|dusk|sunrise|sunset|dawn|evening|"
        r"morning|afternoon|noon|dark)\b"
    ],
    "weathers": [
        r"\b(sunny|sunshine|clear (day|sky|skies)|cloudy|overcast|rain(y|ing)?|"
        r"snow(y|ing)|mist(y)?|fog(gy)?|storm(y)?|drizzl\w+)\b"
    ],
    "materials": [r"\b(wood(en)?|stones?|metal(lic)?|paper|bricks?|cobblestone)\b"],
    "people": [r"\b(one|two|three|four|five|six|seven|eight|nine|ten|\d+)\b", _PERSON],
    "gestures": [
        r"\b(stand(s|ing)?|sit(s|ting)?|jump(s|ing)?|lie|lies|lying|bend(s|ing)?|"
        r"kneel(s|ing)?|squat(s|ting)?|crawl(s|ing)?)\b"
    ],
}
# Share of val2017 captions in which `count_rates` finds each facet.
RATES = {
    "times": 0.010,
    "weathers": 0.016,
    "materials": 0.033,
    "people": 0.049,
    "gestures": 0.217,
}


def count_rates(captions: list[str]) -> dict[str, float]:
    """The share of captions that name each facet of PATTERNS, case ignored.

    >>> count_rates(["Two men standing", "a cat"])["people"]
    0.5
    """
    texts = [caption.lower() for caption in captions]
    return {
        facet: sum(all(re.search(p, t) for p in patterns) for t in texts) / len(texts)
        for facet, patterns in PATTERNS.items()
    }


_CARRIERS = (
    "a photo of {}", "a picture of {}", "an image of {}", "this is {}", "there is {}",
    "a view of {}", "{} in this picture", "a photo that contains {}", "{}, a photo",
    "an everyday picture of {}", "find a photo of {}", "show me {}", "any photo of {}",
    "a scene with {}", "an image that has {}",
)  # fmt: skip


def coco_like(
    scene: Scene, rng: np.random.Generator, rates: dict[str, float] = RATES
) -> tuple[str, dict]:
    """A caption as COCO's annotators write them, and the labels that it names.

    The labels, by facet, tell a loss which other pictures the caption is true of.
    `rates` holds a share for every facet of RATES. No caption counts nobody ("0
    people"), and one that names the people has room for one other thing.
    """
    labels = labels_of(scene)
    say = {facet for facet, rate in rates.items() if rng.random() < rate}
    things = [f for f in ("objects", "animals") if labels[f]]
    named = {"scenes": scene.place}
    people = bool(scene.people) and (
        bool(say & {"people", "gestures"}) or not things or rng.random() < 0.4
    )
    parts = []
    for facet in [f for f in things if rng.random() < 0.7] or things[:1]:
        if len(parts) + people < 2:  # two things are what a short caption has room for
            parts.append(f"a {labels[facet]}")
            named[facet] = labels[facet]
    if people:
        parts.insert(int(rng.integers(len(parts) + 1)), _people(scene, say, named, rng))
    text = " and ".join(parts) if parts else pick(rng, ("nobody", "an empty place"))
    if "materials" in say and scene.material:
        named["materials"] = scene.material
        text += f" behind a {scene.material} wall"
    text += f" {pick(rng, PLACE_PHRASES[scene.place])}"
    if "weathers" in say:
        named["weathers"] = scene.weather_word
        text += f" on a {pick(rng, WEATHER_WORDS[scene.weather_word])} day"
    if "times" in say:
        named["times"] = scene.time
        text += f" at {pick(rng, TIME_WORDS[scene.time])}"
    if rng.random() < 0.3:
        text = pick(rng, _CARRIERS).format(text)
    return with_article(text), named


def _people(scene: Scene, say: set, named: dict, rng: np.random.Generator) -> str:
    one = scene.people == 1
    if "people" in say:
        named["people"] = str(scene.people)
        phrase = f"{NUMBERS[scene.people]} {'person' if one else 'people'}"
    elif one:
        phrase = pick(rng, ("a person", "a man", "a woman", "someone"))
    else:
        phrase = pick(rng, ("people", "some people", "a group of people"))
    if "gestures" in say:
        named["gestures"] = scene.gesture
        phrase += f" {pick(rng, GESTURE_WORDS[scene.gesture])}"
    return phrase


def dense(scene: Scene, rng: np.random.Generator) -> str:
    """The bare words for everything in a scene, in random order: for the warm-up."""
    labels = {f: label for f, label in labels_of(scene).items() if label is not None}
    order = rng.permutation(list(labels))
    return ", ".join(pick(rng, LABEL_WORDS[f](labels[f])) for f in order)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.captions",
        description="Count how often the official captions name each facet.",
    )
    parser.add_argument("file", type=Path, help="captions_val2017.json")
    parser.add_argument("--out", type=Path, help="CSV file for the shares")
    given = parser.parse_args()
    captions = json.loads(given.file.read_text())["annotations"]
    shares = count_rates([c["caption"] for c in captions])
    for facet, share in shares.items():
        print(f"{facet:10} {100 * share:5.2f} % of {len(captions)} captions")
    if given.out:
        rows = [f"{facet},{share}\n" for facet, share in shares.items()]
        given.out.write_text("facet,share\n" + "".join(rows))


if __name__ == "__main__":
    main()
