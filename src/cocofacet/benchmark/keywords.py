"""The words that name a label: whole words, upper or lower case alike.

A text may name several labels; they come in the order of the table.
"""

import math
import re
from collections.abc import Mapping, Sequence

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
# In a caption these four may mean other things ("a clear glass", "warm bread"). They
# count only beside a word about the day.
AMBIGUOUS = ("clear", "warm", "cold", "chilly")
DAY_WORDS = ("day", "sky", "skies", "weather")
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
MORE_WORDS = {"over", "more", "than", "above"}
# Words that may stand beside the number: "There are two people in the picture."
FILLER_WORDS = {
    *("people", "persons", "person", "there", "is", "are", "a", "in", "the", "this"),
    *("picture", "photo", "image"),
}


def words_in(text: str) -> set[str]:
    """The words of a text, lower case; "snow-covered" holds the word snow."""
    return set(re.findall(r"\w+", text.lower()))


def named(text: str, table: Words) -> list[str]:
    """The labels that a text's words name, in the table's order."""
    words = words_in(text)
    return [label for label, forms in table.items() if words.intersection(forms)]


def count_of(answer: str) -> str | None:
    """The number an answer gives, as "0" to "10" or "over 10"; None if it is not one.

    "Two men and a woman" is None: the first number is not the count.

    >>> count_of("Two people."), count_of("More than 10."), count_of("A lot.")
    ('2', 'over 10', None)
    """
    words = words_in(re.sub(r"\bno[ -]one\b", "nobody", answer.lower()))
    more = bool(words & MORE_WORDS)
    words -= MORE_WORDS | FILLER_WORDS
    if len(words) != 1:
        return None
    word = words.pop()
    if word.isdecimal():
        # Python makes no number of thousands of digits.
        number = int(word) if len(word) < 100 else math.inf
        label = str(number) if number <= 10 else "over 10"
    else:
        label = next((n for n, forms in NUMBER_WORDS.items() if word in forms), None)
    if not more:
        return label
    return "over 10" if label in ("10", "over 10") else None


def weathers_of_caption(caption: str) -> list[str]:
    """The weathers that a caption names; ambiguous words need a word about the day."""
    found = named(caption, WEATHER_WORDS)
    if words_in(caption).intersection(DAY_WORDS):
        return found
    return [label for label in found if label not in AMBIGUOUS]
