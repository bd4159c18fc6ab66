"""Groups of locations: which answers to "Where is this scene?" may be one place.

The authors grouped about 150 answers by hand, answer by answer, into overlapping
groups. The table here is ours; it goes by whole words, so it covers any answer.
"""

import re
from functools import cache

# An answer that starts with one of these stands in the query as it is; before any other
# stands "of" (the authors' rule).
PREPOSITIONS = ("at", "in", "on", "by", "near", "outside", "inside")

# Groups overlap on purpose: a harbour is both sea and water. A broad word ("outdoors",
# "city", "building") is in every group that it may describe, so that an image described
# only broadly is no negative for a narrower query.
GROUPS: dict[str, str] = {
    "beach and sea": """beach beaches beachside shore shoreline seashore ocean sea
        coast coastline boardwalk marina harbor harbour pier dunes dune surf oahu
        island bay sand""",
    "water": """water waters river rivers lake lakes pond stream creek waterfall
        fountain harbor harbour marina dock pier ocean sea shore shoreline waterhole
        pool canal bay boat beach coast boardwalk swamp""",
    "sports": """baseball tennis soccer football basketball volleyball cricket rugby
        golf court field stadium arena gym game match race racetrack rink rodeo
        ballpark skatepark skate skateboard polo horse track tournament sports""",
    "snow and ski": """ski skiing skis slope slopes snow snowy lodge snowboard
        snowboarding resort""",
    "mountains": """mountain mountains mountian mountainside hill hills hillside
        hilltop cliff valley canyon peak slope slopes ski volcano""",
    "forest and country": """forest woods wood jungle wild wilderness nature rural
        countryside country grass grassland grasslands grassy savanna savannah meadow
        prairie plain plains field fields pasture desert bush safari trail plants
        plant trees tree park garden overgrown swamp camp campsite camping mountain
        mountains hillside""",
    "farm": """farm barn stable stables ranch pasture field fields rodeo corral
        countryside rural country vineyard orchard""",
    "zoo and animals": """zoo zoos safari preserve enclosure exhibit waterhole
        savanna savannah wild wildlife aquarium cage""",
    "parks and gardens": """park parks garden gardens yard backyard patio lawn
        playground picnic grass field fountain plaza square courtyard terrace
        deck""",
    "street and road": """street streets road roads roadside roadway sidewalk
        sidewalks intersection crosswalk corner curb highway freeway avenue alley
        broadway downtown driveway lane traffic pavement bridge stop crossing
        route""",
    "city": """city cities town downtown urban village street streets sidewalk
        sidewalks intersection broadway square plaza skyline tower building buildings
        london tokyo toronto england uk poland tucson arizona york paris avenue
        alley""",
    "railway": """railway railways railroad rail rails train trains tracks track
        station subway metro depot platform""",
    "airport and sky": """airport airports airstrip strip runway tarmac airfield
        hangar sky air airplane plane aircraft airshow airplanes""",
    "parking and vehicles": """parking car cars garage bus autobus van truck backseat
        vehicle driveway motorcycle station traffic taxi""",
    "kitchen and dining": """kitchen kitchens kitchenette restaurant diner dining
        dinner lunch breakfast cafe cafeteria table counter food oven refrigerator
        eating bakery sandwich meal buffet pizzeria bar coffee picnic""",
    "bathroom": """bathroom bathrooms restroom restrooms toilet toilets washroom
        shower lavatory sink bathtub""",
    "home": """home homes house houses apartment kitchen kitchens bedroom bedrooms
        bathroom bathrooms room rooms livingroom parlor couch bed sofa television tv
        refrigerator dorm hallway stairs basement sink living dining garage porch
        fireplace""",
    "bedroom": "bedroom bedrooms bed beds hotel dorm motel crib",
    "living room": """living livingroom parlor lounge den couch sofa television tv
        wii fireplace""",
    "shops and markets": """store stores shop shops market markets mall bakery
        bookstore supermarket grocery stall vendor stand deli cafe restaurant coffee
        court food barbershop salon""",
    "office and school": """office offices desk desks workplace work workspace
        cubicle computer computers classroom school university college library
        museum laboratory lab conference""",
    "institutions": """church museum hospital hotel army base military theater
        theatre library courthouse station school university jail temple
        cathedral""",
    "events": """party parties carnival fair parade concert performance show wedding
        ceremony festival conference shower event birthday circus race convention
        exhibition stage celebration game match rally""",
    "indoors": """indoor indoors indoores inside kitchen kitchens kitchenette
        bathroom bathrooms restroom bedroom bedrooms room rooms apartment hotel
        restaurant cafe cafeteria office museum library classroom store bookstore
        bakery gym lodge bar""",
    "building works": """construction site workshop factory warehouse remodeled
        building buildings""",
}

_INDOOR_ONLY = {
    *("kitchen and dining", "bathroom", "home", "bedroom", "living room"),
    *("office and school", "institutions", "indoors"),
}
_INDOOR_TOO = {"shops and markets", "events", "sports"}
# Words so broad that they may describe any group of their kind.
BROAD: dict[str, frozenset[str]] = dict.fromkeys(
    ("outdoor", "outdoors", "soutdoor", "outside"), frozenset(GROUPS) - _INDOOR_ONLY
) | dict.fromkeys(
    ("indoor", "indoors", "indoores"), frozenset(_INDOOR_ONLY | _INDOOR_TOO)
)

_BY_WORD: dict[str, frozenset[str]] = {
    word: frozenset(name for name, words in GROUPS.items() if word in words.split())
    | BROAD.get(word, frozenset())
    for word in {*" ".join(GROUPS.values()).split(), *BROAD}
}


def normalise(answer: str) -> str:
    """An answer as a label: lower case, single spaces, no closing punctuation."""
    return " ".join(answer.lower().split()).rstrip(" .,;:!?")


@cache
def groups_of(answer: str) -> frozenset[str]:
    """The location groups that an answer's words belong to; empty if none."""
    words = re.findall(r"[a-z]+", answer.lower())
    return frozenset().union(*(_BY_WORD.get(word, frozenset()) for word in words))


def share_no_group(answer: str, other: str) -> bool:
    """Whether two answers are certainly of different places: no group has both.

    False where either is in no group: it could be anywhere.
    """
    mine, theirs = groups_of(answer), groups_of(other)
    return bool(mine and theirs) and not mine & theirs


def phrase(answer: str) -> str:
    """The answer as it stands after "the scene" in a query."""
    first = answer.split(" ", 1)[0]
    return answer if first in PREPOSITIONS else f"of {answer}"


def answer_of(words: str) -> str:
    """The inverse of ``phrase``.

    Raises:
        ValueError: neither "of" nor one of the prepositions comes first.
    """
    first, _, rest = words.partition(" ")
    if first in PREPOSITIONS:
        return words
    if first == "of" and rest and rest.split(" ", 1)[0] not in PREPOSITIONS:
        return rest
    raise ValueError(f"not a scene as queries word it: {words!r}")
