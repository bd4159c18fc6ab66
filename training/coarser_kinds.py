"""Kinds of question that are coarser than one facet, as data.

Each: a field of the scene, labels with the values of the field that they cover, what
is asked, and how an answer says the label.
"""

from facetworld import scene as world
from training.kind_labels import VEHICLES

COARSER: dict[str, tuple[str, dict[str, tuple], tuple[str, ...], tuple[str, ...]]] = {
    "indoors": (
        "place", {"inside": world.INDOORS, "outside": world.OUTDOORS},
        ("whether one is inside or outside", "if there is a roof"),
        ("the scene is {}", "a view from {}", "everybody is {}"),
    ),
    "surroundings": (
        "place",
        {"nature": ("beach", "forest", "mountain", "park"), "a town": ("street",),
         "a home": world.INDOORS},
        ("whether it is nature, a town or a home", "the sort of surroundings"),
        ("around is {}", "surroundings: {}", "it looks like {}"),
    ),
    "floor": (
        "place",
        {"sand": ("beach",), "asphalt": ("street",), "tiling": ("bathroom",),
         "grass": ("park", "forest", "mountain"), "boards": ("kitchen", "bedroom")},
        ("what one walks on", "what covers the ground"),
        ("the ground is {}", "{} on the ground", "one walks on {}"),
    ),
    "trees": (
        "place",
        {"a palm": ("beach",), "round trees": ("park",),
         "pines": ("forest", "mountain"), "no trees": ("street", *world.INDOORS)},
        ("which trees grow there", "the sort of trees"),
        ("{} grow there", "a view with {}", "trees: {}"),
    ),
    "brightness": (
        "time", {"bright": ("daytime", "sunrise"), "dark": ("night", "dusk")},
        ("whether it is bright or dark", "the brightness"),
        ("the picture is {}", "a {} picture", "the light is {}"),
    ),
    "falling": (
        "weather",
        {"drops": ("rainy", "stormy"), "flakes": ("snowy",),
         "nothing": ("clear", "cloudy", "misty")},
        ("what falls from above", "what comes down"),
        ("{} come down", "falling: {}", "{} from above"),
    ),
    "lightning": (
        "weather",
        {"a flash": ("stormy",),
         "no flash": ("clear", "cloudy", "rainy", "snowy", "misty")},
        ("whether a flash is seen", "if there are flashes"),
        ("{} is seen", "there is {}", "one sees {}"),
    ),
    "front": (
        "material", {"something": world.MATERIALS, "nothing": (None,)},
        ("whether anything blocks the front", "what closes the front"),
        ("{} closes the front", "in the way: {}", "at the front {}"),
    ),
    "grown": (
        "material",
        {"grown": ("wood", "paper"), "mineral": ("stone", "brick"), "cast": ("metal",)},
        ("whether the front is grown or mineral", "the origin of the front"),
        ("the front is {}", "a {} front", "in front it is {}"),
    ),
    "company": (
        "people",
        {"empty": (0,), "alone": (1,), "a pair": (2,), "a group": (3, 4, 5, 6)},
        ("whether it is a pair or a group", "the company"),
        ("the company is {}", "company: {}", "one sees {} there"),
    ),
    "parity": (
        "people", {"odd": (1, 3, 5), "even": (2, 4, 6)},
        ("whether the people can pair up", "if the company is odd or even"),
        ("the company is {} in number", "an {} company", "in pairs: {}"),
    ),
    "height": (
        "gesture",
        {"high": ("standing", "jumping"), "low": ("lying", "crawling"),
         "half high": ("sitting", "bending", "kneeling")},
        ("how high the heads are", "the height of the heads"),
        ("heads are {}", "{} heads", "the heads come {}"),
    ),
    "seen from": (
        "gesture",
        {"the front": ("standing", "jumping"),
         "the side": ("sitting", "lying", "bending", "kneeling", "crawling")},
        ("from where the people are seen", "the side from which people are drawn"),
        ("people seen from {}", "a view from {}", "seen from {}"),
    ),
    "animal group": (
        "animal",
        {"pet": ("cat", "dog"), "farm beast": ("horse", "sheep", "cow"),
         "wild beast": ("elephant", "bear", "zebra", "giraffe"), "flier": ("bird",)},
        ("the group of the animal", "whether the animal is wild or a pet"),
        ("the animal is a {}", "a {} among animals", "an animal: a {}"),
    ),
    "legs": (
        "animal", {"two": ("bird",), "four": world.ANIMALS[1:]},
        ("the number of legs of the animal", "how many legs the animal has"),
        ("the animal has {} legs", "an animal on {} legs", "animal legs: {}"),
    ),
    "pattern": (
        "animal",
        {"stripes": ("zebra", "cat"), "spots": ("giraffe", "cow"),
         "no marks": ("bird", "dog", "horse", "sheep", "elephant", "bear")},
        ("the marks on the animal", "the pattern of the fur"),
        ("the animal has {}", "an animal with {}", "fur with {}"),
    ),
    "hooves": (
        "animal",
        {"hooves": ("horse", "sheep", "cow", "zebra", "giraffe"),
         "paws": ("cat", "dog", "bear"), "claws": ("bird",), "soles": ("elephant",)},
        ("the feet of the animal", "what the animal walks on"),
        ("the animal has {} for feet", "an animal that walks on {}", "feet with {}"),
    ),
    "neck": (
        "animal",
        {"long": ("giraffe", "horse", "zebra"),
         "short": ("bird", "cat", "dog", "sheep", "cow", "elephant", "bear")},
        ("the neck of the animal", "how long the neck is"),
        ("the neck is {}", "an animal with a {} neck", "neck: {}"),
    ),
    "object group": (
        "obj",
        {"vehicle": VEHICLES, "piece of furniture": ("bench", "chair"),
         "piece of luggage": ("umbrella", "suitcase"), "toy": ("sports ball", "kite"),
         "household good": ("tv", "clock", "potted plant")},
        ("the group of the object", "what sort of use the object has"),
        ("the object is a {}", "a {} among objects", "an object: a {}"),
    ),
    "wheels": (
        "obj",
        {"wheels": ("bicycle", "car", "bus", "airplane", "suitcase"),
         "no wheels": ("boat", "bench", "umbrella", "sports ball", "kite", "chair",
                       "potted plant", "tv", "clock")},
        ("whether the object rolls", "if there are wheels on the object"),
        ("the object has {}", "an object with {}", "a thing that has {}"),
    ),
    "moves in": (
        "obj",
        {"the air": ("airplane", "kite"), "water": ("boat",),
         "the road": ("bicycle", "car", "bus"),
         "no way": ("bench", "umbrella", "suitcase", "chair", "potted plant", "tv",
                    "clock", "sports ball")},
        ("where the object travels", "what the object moves through"),
        ("the object travels in {}", "made for {}", "it moves through {}"),
    ),
    "seats": (
        "obj",
        {"a seat": ("bicycle", "car", "airplane", "bus", "boat", "bench", "chair"),
         "no seat": ("umbrella", "suitcase", "sports ball", "kite", "potted plant",
                     "tv", "clock")},
        ("whether one can sit on the object", "if the object offers seats"),
        ("the object offers {}", "an object with {}", "{} on the object"),
    ),
    "round": (
        "obj",
        {"round": ("sports ball", "clock", "umbrella"),
         "boxy": ("bus", "suitcase", "tv", "chair", "bench"),
         "long": ("car", "airplane", "boat", "bicycle"),
         "pointed": ("kite", "potted plant")},
        ("the shape of the object", "what form the object has"),
        ("the object is {}", "a {} object", "its shape is {}"),
    ),
}  # fmt: skip
