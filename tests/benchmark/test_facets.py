"""The facets' data against the paper's tables and the authors' own query texts."""

import json
import re

import pytest
import small_sources as small
from hypothesis import given
from hypothesis import strategies as st

from cocofacet.benchmark import locations
from cocofacet.benchmark.facets import FACETS

NAMES = (
    *("objects", "animals", "gestures", "scenes"),
    *("times", "people", "weathers", "materials"),
)
SCENE_WORDS = ("of", "in", "at", "a", "the", "sea", "indoors", "x")


def test_eight_facets_in_the_papers_order():
    assert tuple(FACETS) == NAMES
    assert all(facet.name == name for name, facet in FACETS.items())
    assert len({facet.stem for facet in FACETS.values()}) == 8


def official(facet):
    path = small.DATA / "official_queries.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return [row["text"] for row in json.loads(path.read_text())[facet]]


@pytest.mark.parametrize("name", NAMES)
def test_every_official_query_text_comes_back_from_its_label(name):
    facet, texts = FACETS[name], official(name)
    labels = [facet.label_of(text) for text in texts]
    assert [facet.wording(label) for label in labels] == texts
    assert len(set(labels)) == len(texts)
    if facet.labels is not None:
        assert set(labels) == set(facet.labels)


def test_official_queries_hold_263_texts():
    assert sum(len(official(name)) for name in NAMES) == 263


def test_wordings_keep_the_authors_spellings():
    def wording(facet, label):
        return FACETS[facet].wording(label)

    assert wording("objects", "hot dog") == (
        "Find me an image that contains any hot dog.\n"
    )
    assert wording("gestures", "squat") == (
        "Find me an everyday image that contains someone squating."
    )
    assert wording("weathers", "overcast") == (
        "Find me an everyday image that is taken in a overcast day.\n"
    )
    assert wording("people", "0") == (
        "Find me an everyday image with 0 people in the picture."
    )
    assert wording("people", "1") == (
        "Find me an everyday image showing one person in the picture."
    )
    assert wording("people", "over 10") == (
        "Find me an everyday image with over 10 people in the picture."
    )
    assert wording("scenes", "a beach").endswith("the scene of a beach.\n")
    assert wording("scenes", "in a car").endswith("the scene in a car.\n")
    # "in" is a preposition, "indoores" only starts like one.
    assert wording("scenes", "indoores").endswith("the scene of indoores.\n")


def test_the_line_feed_at_a_texts_end_is_not_needed_to_read_the_label():
    text = "Find me an everyday image that is taken during the dusk."
    assert FACETS["times"].label_of(text) == "dusk"
    assert FACETS["times"].label_of(f"{text}\n") == "dusk"


@pytest.mark.parametrize(
    ("facet", "text"),
    [
        ("times", "Find me an everyday image that is taken during the noon.\n"),
        ("times", "Find me an everyday image that is taken in a sunny day.\n"),
        ("people", "Find me an everyday image with 1 people in the picture."),
        ("gestures", "Find me an everyday image that contains someone squatting."),
        ("scenes", "Find me an everyday image that shows the scene a beach.\n"),
        ("scenes", "Find me an everyday image that shows the scene of in a car.\n"),
    ],
)
def test_a_text_that_is_not_in_the_wording_is_refused(facet, text):
    with pytest.raises(ValueError, match=facet if facet != "scenes" else "scene"):
        FACETS[facet].label_of(text)


def test_an_unknown_label_has_no_wording():
    with pytest.raises(ValueError, match="times has no label 'noon'"):
        FACETS["times"].wording("noon")


@given(st.lists(st.sampled_from(SCENE_WORDS), min_size=1))
def test_any_scene_comes_back_from_its_wording(words):
    label = " ".join(words)
    facet = FACETS["scenes"]
    assert facet.label_of(facet.wording(label)) == label


# The paper's exclusion tables, written out once more.
TIMES = {
    "daytime": {"night", "evening", "dusk"},
    "morning": {"night", "evening", "dusk"},
    "sunrise": {"night", "evening", "dusk"},
    "afternoon": {"night", "evening", "dusk"},
    "night": {"daytime", "morning", "sunrise", "afternoon", "dusk", "evening"},
    "evening": {"daytime", "morning", "sunrise", "afternoon", "night"},
    "dusk": {"daytime", "morning", "sunrise", "afternoon", "night"},
}
FINE = {"cloudy", "misty", "overcast", "rainy", "drizzly", "snowy", "stormy"}
WEATHERS = {
    "sunny": FINE | {"cold", "chilly"},
    "clear": FINE | {"cold", "chilly"},
    "misty": {"sunny", "clear", "snowy"},
    "overcast": {"sunny", "clear", "snowy"},
    "cloudy": {"sunny", "clear", "snowy"},
    "rainy": {"sunny", "clear", "warm", "snowy"},
    "drizzly": {"sunny", "clear", "warm", "snowy"},
    "stormy": {"sunny", "clear", "warm", "snowy"},
    "snowy": {"sunny", "clear", "rainy", "drizzly", "stormy", "warm"},
    "warm": {"rainy", "stormy", "snowy", "cold", "chilly", "overcast", "misty"},
    "cold": {"sunny", "clear", "warm"},
    "chilly": {"sunny", "clear", "warm"},
}
PEOPLE = """0 vs 3+; 1 vs 4+; 2 vs 5+; 3 vs 0, 6+; 4 vs 0–1, 7+; 5 vs 0–2, 8+;
    6 vs 0–3, 9+; 7 vs 0–4, 10+; 8 vs 0–5, over 10; 9 vs 0–6; 10 vs 0–7;
    over 10 vs 0–8"""


def people_table() -> dict[str, set[str]]:
    """Read the paper's own notation; 11 stands for "over 10"."""
    table = {}
    for rule in " ".join(PEOPLE.split()).replace("over 10", "11").split("; "):
        label, far = rule.split(" vs ")
        numbers = set()
        for part in far.split(", "):
            ends = re.findall(r"\d+", part)
            last = 11 if part.endswith("+") else int(ends[-1])
            numbers |= set(range(int(ends[0]), last + 1))
        table[label] = numbers
    return {
        "over 10" if label == "11" else label: {
            "over 10" if number == 11 else str(number) for number in numbers
        }
        for label, numbers in table.items()
    }


def others(labels, *near):
    return {
        a: {b for b in labels if b != a and (a, b) not in near and (b, a) not in near}
        for a in labels
    }


TABLES = {
    "objects": others(FACETS["objects"].labels),
    "animals": others(FACETS["animals"].labels),
    "gestures": others(FACETS["gestures"].labels, ("kneel", "squat")),
    "times": TIMES,
    "people": people_table(),
    "weathers": WEATHERS,
    "materials": others(
        ("wood", "stone", "metal", "paper", "brick"), ("stone", "brick")
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_exclusion_table_label_by_label(name):
    facet = FACETS[name]
    assert set(facet.labels) == set(TABLES[name])
    for label, allowed in small.allowed_labels(facet).items():
        assert allowed == TABLES[name][label], label


@pytest.mark.parametrize("name", TABLES)
def test_no_label_is_a_negative_for_itself(name):
    facet = FACETS[name]
    assert not any(facet.allowed_as_negative(label, label) for label in facet.labels)


def test_one_near_label_keeps_an_image_out_of_a_pool():
    people = FACETS["people"]
    assert people.may_be_negative("2", {"7", "9"})
    assert not people.may_be_negative("2", {"7", "3"})
    # No annotation of any category: fit as a negative for each of them.
    assert FACETS["animals"].may_be_negative("cat", set())


def test_labels_exclude_each_other_in_either_direction():
    weathers = FACETS["weathers"]
    # A cloudy query may have snowy negatives, not the reverse: still excluding.
    assert weathers.allowed_as_negative("cloudy", "snowy")
    assert not weathers.allowed_as_negative("snowy", "cloudy")
    assert weathers.excluding({"snowy", "cloudy"})
    assert not weathers.excluding({"snowy", "cold"})
    assert not weathers.excluding({"snowy"})


QUESTIONS = {
    "objects": (
        "Which objects are present in this image?",
        "What objects are in the image?",
    ),
    "animals": (
        "Which animals can be seen in this image?",
        "What animals are in this image?",
    ),
    "gestures": (
        "What gesture are the people making in this image?",
        "What is the person doing in the image?",
    ),
    "scenes": (
        "What type of location is depicted in this image?",
        "What scene is in the image?",
    ),
    "times": (
        "What time of day is depicted in this image?",
        "When is the image taken?",
    ),
    "people": (
        "How many people are present in this image?",
        "How many people are in the image?",
    ),
    "weathers": (
        "What is the weather like in this image?",
        "What is the weather in the image?",
    ),
    "materials": (
        "What material are the objects in this image made of?",
        "What are the objects made of in the image?",
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_questions_are_the_authors(name):
    facet = FACETS[name]
    assert (facet.question, facet.human_question) == QUESTIONS[name]


def test_the_authors_answers_are_nearly_all_in_a_group():
    facet = FACETS["scenes"]
    labels = [facet.label_of(text) for text in official("scenes")]
    covered = [label for label in labels if locations.groups_of(label)]
    assert len(covered) >= 0.98 * len(labels)
