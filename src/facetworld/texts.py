"""Captions, questions and dialogs about a scene, for the evaluation pictures only.

Training has texts of its own. Every text is true, but as in the official files not
every picture is asked everything.
"""

from random import Random

from facetworld.scene import ANIMALS, Scene

NUMBERS = ("none", "one", "two", "three", "four", "five", "six")
WHERE = {
    "beach": ("at the beach", "on a beach", "by the sea"),
    "street": ("on a city street", "on the street", "in the city"),
    "park": ("in a park", "in the park", "at the park"),
    "forest": ("in a forest", "in the forest", "in the woods"),
    "mountain": ("in the mountains", "on a mountain", "by the mountains"),
    "kitchen": ("in a kitchen", "in the kitchen", "inside a kitchen"),
    "bathroom": ("in a bathroom", "in the bathroom", "inside a bathroom"),
    "bedroom": ("in a bedroom", "in the bedroom", "inside a bedroom"),
}
WHEN = {
    "daytime": ("during the daytime", "during the day", "daytime", "in the daytime"),
    "night": ("at night", "during the night", "nighttime", "at nighttime"),
    "dusk": ("at dusk", "during dusk", "dusk", "right at dusk"),
    "sunrise": ("at sunrise", "during sunrise", "sunrise", "right at sunrise"),
}
WEATHER = {
    "sunny": ("sunny", "it is sunny", "sunny and bright"),
    "clear": ("clear", "it is clear", "clear and calm"),
    "cloudy": ("cloudy", "it is cloudy", "cloudy and grey"),
    "rainy": ("rainy", "it is raining", "rainy and wet"),
    "snowy": ("snowy", "it is snowing", "snowy and white"),
    "misty": ("misty", "it is misty", "misty and pale"),
    "stormy": ("stormy", "it is stormy", "stormy with lightning"),
}
# In captions a weather word counts only together with a day or a sky.
SKIES = {
    "sunny": ("on a sunny day", "in bright sunshine", "on a fine sunny day"),
    "clear": ("under a clear sky", "with clear skies above", "under clear skies"),
    "cloudy": ("on a cloudy day", "under a cloudy sky", "with cloudy skies above"),
    "rainy": ("on a rainy day", "in the rain", "while it is raining"),
    "snowy": ("on a snowy day", "in the snow", "while it is snowing"),
    "misty": ("on a misty day", "in misty air", "under a misty sky"),
    "stormy": ("on a stormy day", "under a stormy sky", "in stormy weather"),
}
MADE_OF = {
    "wood": ("a wooden wall", "a wall of wood"),
    "stone": ("a stone wall", "a wall of stone"),
    "metal": ("a metal wall", "a wall of metal"),
    "paper": ("a wall covered in paper", "sheets of paper"),
    "brick": ("a brick wall", "a wall of bricks"),
}

Q_WHEN = (
    "When was this picture taken?",
    "When was the image taken?",
    "When was this scene taken?",
    "When is it?",
)
Q_WHERE = (
    "Where is this scene?",
    "Where does this scene take place?",
    "Where was the scene pictured?",
)
Q_PEOPLE = (
    "How many people are in the picture?",
    "How many people can be seen?",
    "How many persons are in this image?",
)
Q_WEATHER = (
    "What is the weather like?",
    "What was the weather like?",
    "What kind of weather is shown?",
)
# Share of the Visual7W pictures that are asked each question. All are asked about
# people: counts must differ by much, so this facet has the fewest negatives.
ASKED = {"time": 0.7, "scene": 0.7, "people": 1.0, "weather": 0.45, "animal": 0.4}
CAPTIONED_WEATHER = 0.4  # share of the val2017 pictures whose captions name the weather


def a(noun: str) -> str:
    """The noun with its article.

    >>> a("elephant")
    'an elephant'
    """
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def persons(n: int) -> str:
    return f"{NUMBERS[n]} {'person' if n == 1 else 'people'}" if n else "nobody"


def captions(scene: Scene, rng: Random) -> list[str]:
    """Five captions; together they name every facet, the weather in some pictures."""
    where = WHERE[scene.place]
    things = " and ".join(a(x) for x in (scene.animal, scene.obj) if x)
    who = persons(scene.people)
    group = "nothing much happens"
    if scene.people:
        group = f"{who} can be found {scene.gesture}"
    if scene.people == 1:
        alone = f"someone {scene.gesture}"
    elif scene.people:
        alone = f"a group of people, all of them {scene.gesture},"
    else:
        alone = "nobody at all"
    front = f"{rng.choice(MADE_OF[scene.material])} in front" if scene.material else ""
    sky = rng.choice(SKIES[scene.weather_word])
    if scene.indoors:
        sky = f"with a window onto the world outside {sky}"
    if rng.random() >= CAPTIONED_WEATHER:
        sky = "from some distance"
    texts = [
        f"{group} {rng.choice(where)}",
        f"one notices {things or 'a quiet view'} {rng.choice(where)}",
        f"{things or who} seen {sky}",
        f"{alone} {rng.choice(where)} with {things or 'nothing else'}",
        f"{who} {rng.choice(where)} {rng.choice(WHEN[scene.time][:2])}"
        + (f", {front}" if front else ""),
    ]
    return [sentence(text) for text in texts]


def questions(scene: Scene, rng: Random) -> list[tuple[str, str, str, list[str]]]:
    """Visual7W pairs: (type, question, answer, three wrong answers)."""

    def answer(texts: tuple[str, ...]) -> str:
        return sentence(rng.choice(texts))

    def others(table: dict, label: str) -> list[str]:
        # A sunny sky is clear, too: neither is a wrong answer for the other.
        wrong = [
            key for key in table if key != label and {key, label} != {"sunny", "clear"}
        ]
        return [answer(table[key]) for key in rng.sample(wrong, 3)]

    counts = {str(n): _counted(n) for n in range(7)}
    rows = {
        "time": ("when", Q_WHEN, WHEN, scene.time),
        "scene": ("where", Q_WHERE, WHERE, scene.place),
        "people": ("how", Q_PEOPLE, counts, str(scene.people)),
        "weather": ("what", Q_WEATHER, WEATHER, scene.weather_word),
    }
    if scene.animal:
        kinds = {name: (a(name), f"it is {a(name)}") for name in ANIMALS}
        asked = ("What animal is there?", "What animal is shown?")
        rows["animal"] = ("what", asked, kinds, scene.animal)
    pairs = []
    for key, (kind, asked, table, label) in rows.items():
        if rng.random() < ASKED[key]:
            question = rng.choice(asked)
            pairs.append((kind, question, answer(table[label]), others(table, label)))
    return pairs


def _counted(n: int) -> tuple[str, ...]:
    word = NUMBERS[n]
    if n == 0:
        return ("none", "0", "zero")
    return (word, str(n), persons(n))


def dialog(scene: Scene, rng: Random) -> list[tuple[str, str]]:
    """Ten turns (question without its mark, answer), one of them on the weather."""
    yes_no = ("no", "yes")
    weather = scene.weather_word
    first = [
        ("is it in color", "yes"),
        ("is this a photo", "no, it is a drawing"),
        ("how many people do you see", NUMBERS[scene.people]),
        ("is there an animal", yes_no[scene.animal is not None]),
        ("what time of day is it", rng.choice(WHEN[scene.time])),
        ("where is it", rng.choice(WHERE[scene.place])),
        ("is it indoors", yes_no[scene.indoors]),
    ]
    more = [
        ("is it a close up", "no"),
        ("do you see a wall in front", yes_no[scene.material is not None]),
    ]
    if scene.people:
        more.append(("what are they doing", f"they are {scene.gesture}"))
    if scene.animal:
        more.append(("what animal is it", a(scene.animal)))
    if scene.obj:
        more.append(("what else is there", a(scene.obj)))
    if scene.material:
        more.append(("what is in front", rng.choice(MADE_OF[scene.material])))
    about_weather = (
        ("what is the weather like", f"it looks {weather}"),
        ("how does the weather look", weather),
        ("can you tell the weather", f"yes, it is {weather}"),
    )
    turns = first + rng.sample(more, 2)
    turns.insert(rng.randint(2, 9), rng.choice(about_weather))
    return turns
