"""The questions that training asks, facet by facet.

The evaluation's own questions must not be among them, nor among those for tuning; a
test compares.
"""

# Fifteen and more ways to ask each thing: with one or two, a model learns the string
# and not the question.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "objects": (
        "What object is shown in the picture?", "Which object can you see here?",
        "What things are there in this photo?", "Name the object in the image.",
        "What kind of object does the picture contain?", "Which item is in the scene?",
        "What is the main object?", "Which things are visible in the photo?",
        "What objects can be found in this picture?",
        "Tell me which object is present.", "Identify the object in this photo.",
        "What items appear in the image?", "Is there an object, and which one?",
        "Which objects does the photo show?", "What object has been photographed?",
        "List the objects in this image.",
        "What vehicle, furniture or other object is there?",
        "Which thing stands in this scene?",
    ),
    "animals": (
        "What animal is shown in the picture?", "Which animal can you see here?",
        "What creature is there in this photo?", "Name the animal in the image.",
        "What kind of animal does the picture contain?",
        "Which animal is in the scene?", "Which species of animal is it?",
        "Which animals are visible in the photo?",
        "What animals can be found in this picture?",
        "Tell me which animal is present.", "Identify the animal in this photo.",
        "What animals appear in the image?", "Is there an animal, and which one?",
        "Which animals does the photo show?", "What animal has been photographed?",
        "List the animals in this image.", "What pet, bird or wild beast is there?",
        "Which animal stands in this scene?",
    ),
    "gestures": (
        "What are the people doing?", "Which pose do the people have?",
        "What is the posture of the people in this photo?",
        "How are the persons posing in the picture?", "What gesture can be seen here?",
        "Which gesture do the persons make?", "In what position are the people?",
        "What action do the people perform in the photo?",
        "Name the gesture of the people.",
        "Describe the pose of the people in the image.",
        "What is everybody doing in this picture?", "What is someone doing here?",
        "What body posture is shown?",
        "Are the people standing, sitting or something else?",
        "Tell me what the persons are doing.",
        "What movement or pose do the humans show?",
        "How do the people hold their bodies?",
        "Which activity is the person busy with?",
    ),
    "scenes": (
        "Where was this photo taken?", "What place is shown in the picture?",
        "What kind of place is this?", "Which location can you see here?",
        "Where is this?", "Name the place in the image.",
        "What is the setting of the picture?",
        "In which environment was the photo taken?",
        "What scenery does the photo show?", "Which type of scene is it?",
        "Is it indoors or outdoors, and where?", "Tell me the location of the scene.",
        "Where are we in this photo?", "What surroundings are visible?",
        "What room or landscape is this?", "Identify the location of this picture.",
        "What is the background of the image?",
        "At what kind of spot was the picture made?",
    ),
    "times": (
        "When was this photo taken?", "Is it day or night?",
        "At what time was the picture made?", "What part of the day is it?",
        "Which time of day can you see here?", "What is the time of day?",
        "Name the time of day in the image.",
        "What hour of the day does the light suggest?",
        "Does the photo show day, night, dusk or sunrise?",
        "When does this scene take place?", "How late is it in the picture?",
        "Tell me the time of day.", "Is the sun up, rising or gone?",
        "At which moment of the day is this?",
        "What does the light say about the time?",
        "Identify the time of day of this photo.",
        "During what part of the day was it taken?",
        "What daytime or nighttime is shown?",
    ),
    "people": (
        "How many persons can you see?", "How many people are there?",
        "What is the number of people in the picture?",
        "Count the people in the photo.", "How many humans appear here?",
        "What number of persons does the image show?",
        "How many people does the photo show?", "How large is the group of people?",
        "Is anybody there, and how many?", "How many individuals are visible?",
        "Tell me the number of people.", "How many men and women are in the scene?",
        "Give the count of persons.", "How many people were photographed?",
        "How many figures are in this picture?", "What is the count of people here?",
        "How big is the crowd?", "How many people can be counted?",
    ),
    "weathers": (
        "How is the weather?", "What weather does the picture show?",
        "Is it sunny, rainy or snowy?", "What kind of weather is it?",
        "Which weather can you see here?", "What are the weather conditions?",
        "Name the weather in the photo.", "What does the sky look like?",
        "How does the sky look in this photo?", "Is there rain, snow, mist or sun?",
        "What weather was there when the photo was taken?",
        "Describe the weather in the picture.", "Tell me about the weather.",
        "What is the weather outside?", "Was it a good or a bad day outdoors?",
        "Identify the weather of this scene.", "Under what weather was it taken?",
        "What sort of day is it?",
    ),
    "materials": (
        "What is the wall made of?", "Which material can you see here?",
        "What material is shown in the picture?", "Of which material is the surface?",
        "What is the surface made of?", "Name the material in the photo.",
        "What kind of material does the picture contain?",
        "What stuff are the things made from?", "Which material was used?",
        "Is it wood, stone, metal, paper or brick?",
        "Tell me the material of the surface.",
        "What is the thing in front built from?",
        "Identify the material in this image.", "What does the surface consist of?",
        "Which building material is visible?", "From what material is the front wall?",
        "What substance is the low wall?", "What texture or material is it?",
    ),
}  # fmt: skip

# Fourteen more forms of each, for the successor `tiny-qwen2vl-worded` alone: whole
# sentences, requests, statements and bare words, as people may type them. Written after
# the evaluation's ten (`cocofacet.benchmark.questions`) by the same hand; a test keeps
# the two apart down to their first three words.
MORE_QUESTIONS: dict[str, tuple[str, ...]] = {
    "objects": (
        "which object",
        "objects in this picture",
        "name of the object",
        "all things that can be seen",
        "Can you tell which objects are in it?",
        "I wonder what object this is.",
        "Say what thing is in the photo.",
        "Give me the objects of this image.",
        "Tell me about the things in the photo.",
        "The picture has some object: which one?",
        "I am looking for the objects in this scene.",
        "Could you list the things that you notice?",
        "Here is a photo. What objects has it?",
        "Point out the objects.",
    ),
    "animals": (
        "which animal",
        "animals in this picture",
        "name of the animal",
        "all animals that can be seen",
        "Can you tell which animals are in it?",
        "I wonder what animal this is.",
        "Say what animal is in the photo.",
        "Give me the animals of this image.",
        "Tell me about the animals in the photo.",
        "The picture has some animal: which one?",
        "I am looking for the animals in this scene.",
        "Could you list the creatures that you notice?",
        "Here is a photo. What animals has it?",
        "Point out the animals.",
    ),
    "gestures": (
        "which gesture",
        "gestures in this picture",
        "pose of the people",
        "all that people are doing",
        "Can you tell what the people are doing in it?",
        "I wonder what pose this is.",
        "Say what the person is doing in the photo.",
        "Give me the gesture of the people in this image.",
        "Tell me about the posture of the people in the photo.",
        "The people in the picture do something: what?",
        "I am looking for the gesture in this scene.",
        "Could you say how the people hold themselves?",
        "Here is a photo. What are the people in it doing?",
        "Point out the pose.",
    ),
    "scenes": (
        "which place",
        "location of this picture",
        "name of the place",
        "where it was taken",
        "Can you tell where it is?",
        "I wonder what place this is.",
        "Say where the photo was taken.",
        "Give me the place of this image.",
        "Tell me about the location in the photo.",
        "The picture was taken somewhere: where?",
        "I am looking for the place of this scene.",
        "Could you say where one is here?",
        "Here is a photo. Where was it taken?",
        "Point out the location.",
    ),
    "times": (
        "which time of day",
        "hour of this picture",
        "day or night",
        "when it was taken",
        "Can you tell what time of day it is?",
        "I wonder at what time of day this is.",
        "Say when the photo was taken.",
        "Give me the time of day of this image.",
        "Tell me about the hour in the photo.",
        "The picture was taken some time of the day: when?",
        "I am looking for the time of day of this scene.",
        "Could you say how early or late it is here?",
        "Here is a photo. When was it taken?",
        "Point out the time of day.",
    ),
    "people": (
        "how many",
        "people in this picture",
        "count of the people",
        "how many can be seen",
        "Can you tell how many people are in it?",
        "I wonder how many people these are.",
        "Say how many persons are in the photo.",
        "Give me the number of people of this image.",
        "Tell me about the number of persons in the photo.",
        "The picture has some people: how many?",
        "I am looking for the number of people in this scene.",
        "Could you count the persons that you notice?",
        "Here is a photo. How many people has it?",
        "Point out how many people.",
    ),
    "weathers": (
        "which weather",
        "weather in this picture",
        "state of the sky",
        "how the weather was",
        "Can you tell what the weather is in it?",
        "I wonder what weather this is.",
        "Say what the weather is in the photo.",
        "Give me the weather of this image.",
        "Tell me about the sky in the photo.",
        "The picture has some weather: which?",
        "I am looking for the weather in this scene.",
        "Could you say if it rains, snows or shines?",
        "Here is a photo. What is its weather?",
        "Point out the weather.",
    ),
    "materials": (
        "which material",
        "materials in this picture",
        "name of the material",
        "what it is made of",
        "Can you tell what material is in it?",
        "I wonder what material this is.",
        "Say what the wall is made of in the photo.",
        "Give me the material of this image.",
        "Tell me about the material in the photo.",
        "The picture has some material: which one?",
        "I am looking for the materials in this scene.",
        "Could you say what things consist of here?",
        "Here is a photo. What are its things made of?",
        "Point out the material.",
    ),
}

# The contrast adds questions put together from parts. The endings are shared by all
# facets, so that the noun alone tells what is asked: with whole sentences only, a
# question in new words was often taken for another facet's.
_OPENINGS = ("What {}", "Which {}", "Say which {}")
_ENDINGS = (
    "is there", "is shown", "is shown here", "is visible", "is to be seen in the photo",
    "can be seen here", "can you see in the picture", "do you notice",
    "do you find in the image", "does the picture show", "does this photo have",
    "appears in the image", "is in this scene", "is pictured", "was photographed",
)  # fmt: skip
_COUNT_ENDINGS = (
    "are there in the photo", "are shown", "are shown here", "are visible",
    "are to be seen in the image", "can be seen here", "can you see in the picture",
    "do you notice", "do you find in the image", "does the picture show",
    "does this photo have", "appear in the image", "are in this scene", "are pictured",
    "were photographed",
)  # fmt: skip
_NOUNS = {
    "objects": ("object", "thing", "item", "sort of object", "kind of thing"),
    "animals": ("animal", "creature", "sort of animal", "kind of animal"),
    "gestures": (
        "gesture", "pose", "posture", "action of the people", "gesture of people",
    ),
    "scenes": ("place", "location", "scene", "type of place", "kind of location"),
    "times": ("time of day", "part of the day", "time of the day", "hour of the day"),
    "people": ("number of people", "count of people", "number of persons"),
    "weathers": ("weather", "sort of weather", "kind of weather", "weather state"),
    "materials": (
        "material", "kind of material", "sort of material", "building material",
    ),
}  # fmt: skip
_COUNTED = ("people", "persons", "humans", "individuals", "men and women")
_DOING = (
    "is someone doing here", "are they doing in the picture",
    "is the man or woman doing", "do the people do in the photo",
    "is everyone doing", "are those people busy with",
)  # fmt: skip


def composed(facet: str) -> tuple[str, ...]:
    """Every question about a facet that can be put together, a few hundred.

    >>> composed("animals")[0]
    'What animal is there?'
    """
    made = [
        f"{opening.format(noun)} {ending}"
        for noun in _NOUNS[facet]
        for opening in _OPENINGS
        for ending in _ENDINGS
    ]
    # Repeated, so that the usual way to ask for these two comes up often enough.
    if facet == "people":
        made += [f"How many {n} {e}" for n in _COUNTED for e in _COUNT_ENDINGS] * 3
    if facet == "gestures":
        made += [f"What {verb}" for verb in _DOING] * 20
    return tuple(f"{text}?" for text in made)


# One question a facet that training never sees and the evaluation does not use either:
# only for following a training on the tune scenes.
TUNE_QUESTIONS: dict[str, str] = {
    "objects": "What object do we see in this image?",
    "animals": "What animal do we see in this image?",
    "gestures": "What pose do we see in this image?",
    "scenes": "What place do we see in this image?",
    "times": "What time of day do we see in this image?",
    "people": "How many people do we see in this image?",
    "weathers": "What weather do we see in this image?",
    "materials": "What material do we see in this image?",
}

# Questions with a distractor, for the answers phase only: "What material is visible
# near the animals?" asks for the material and mentions the animals. A model trained on
# the other questions alone answered whichever noun it knew. That was seen on tune
# scenes under the evaluation's questions, which therefore shaped this list.
_KINDS = ("", "type of ", "sort of ", "kind of ")
_SHORT_NOUNS = {
    "objects": ("object", "thing", "item"),
    "animals": ("animal", "creature"),
    "gestures": ("gesture", "pose", "posture", "action"),
    "scenes": ("place", "location", "scene", "setting"),
    "times": ("time of day", "part of the day", "hour of the day"),
    "people": (),
    "weathers": ("weather", "sky"),
    "materials": ("material", "building material"),
}
_VERBS = (
    "is there", "is shown", "is depicted", "is visible", "is present", "is pictured",
    "can be seen", "do you see", "do you notice", "appears",
)  # fmt: skip
# What may follow, by the facet that is mentioned.
_MENTIONS = {
    "objects": ("near the objects", "beside the object", "among the things"),
    "animals": ("near the animals", "beside the animal", "behind the creature"),
    "gestures": ("during this gesture", "around this pose"),
    "scenes": ("at this place", "at this location", "in this scene"),
    "times": ("at this time of day", "during this part of the day"),
    "people": ("beside the people", "among the persons", "near someone"),
    "weathers": ("in this weather", "under this sky"),
    "materials": ("by the wall", "near the material", "on this surface"),
    None: ("here", "in the picture", "in the photo"),
}
# "How many people are shown during this gesture?" would mention its own facet.
_TOO_NEAR = {frozenset(("people", "gestures"))}
_HUMANS = ("people", "persons", "humans", "individuals")
_MADE = ("wall", "walls", "surface", "surfaces", "thing", "things", "item", "items")
# The usual ways to ask for these three, repeated so that they come up often enough.
_STARTS = {
    "people": [
        f"How many {noun} {verb.replace('is ', 'are ').replace('appears', 'appear')}"
        for noun in _HUMANS
        for verb in _VERBS
    ],
    "gestures": ["What are they doing", "What is someone doing", "What do people do"]
    * 40,
    "materials": [
        f"{start} {'are' if thing.endswith('s') else 'is'} the {thing} made of"
        for start in ("What", "What material", "Which material")
        for thing in _MADE
    ]
    * 5,
}


def with_distractor(facet: str) -> tuple[str, ...]:
    """Some thousands of questions about a facet; most also mention another facet.

    >>> with_distractor("animals")[0]
    'What animal is there near the objects?'
    """
    beside = [
        words
        for other, phrases in _MENTIONS.items()
        if other != facet and frozenset((facet, other)) not in _TOO_NEAR
        for words in phrases
    ]
    starts = [
        f"{opening} {kind}{noun} {verb}"
        for opening in ("What", "Which")
        for kind in _KINDS
        for noun in _SHORT_NOUNS[facet]
        for verb in _VERBS
    ]
    starts += _STARTS.get(facet, ())
    return tuple(f"{start} {words}?" for start in starts for words in beside)
