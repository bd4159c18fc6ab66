"""The builder on real annotations, against counts made again by plain loops."""

import json
import re
from collections import Counter

import pytest
import small_sources as small

from cocofacet.benchmark import build as benchmark
from cocofacet.benchmark.dataset import load
from cocofacet.benchmark.facets import FACETS

FILES = {
    "instances": small.DATA / "annotations/instances_val2017_subset206.json",
    "captions": small.DATA / "annotations/captions_val2017.json",
    "visual7w": small.DATA / "visual7w/dataset.json",
    "visdial": small.DATA / "visdial/visdial_1.0_val.json",
}
missing = [str(path) for path in FILES.values() if not path.is_file()]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"not there: {missing}")


@pytest.fixture(scope="module")
def built():
    return benchmark.build(FILES, allow_missing=True)


@pytest.fixture(scope="module")
def raw():
    return {name: json.loads(path.read_text()) for name, path in FILES.items()}


def counted(built, facet):
    """(image, label) -> number of queries, from the built benchmark."""
    return Counter((query.candidates[0], query.label) for query in built.of(facet))


def once(pairs):
    return Counter(set(pairs))


def has(text, *words):
    return any(re.search(rf"\b{word}\b", text, re.IGNORECASE) for word in words)


def test_six_facets_are_built_and_two_skipped(built):
    assert set(built.facets) == set(FACETS) - {"people", "materials"}
    assert set(built.manifest["skipped"]) == {"people", "materials"}


def test_every_pool_has_100_distinct_images(built):
    for query in built.queries:
        assert len(set(query.candidates)) == 100
        assert FACETS[query.facet].wording(query.label) == query.text


def areas(raw):
    """(image name, category) -> summed area, and image name -> its size."""
    names = {c["id"]: c["name"] for c in raw["instances"]["categories"]}
    files = {i["id"]: f"val2017/{i['file_name']}" for i in raw["instances"]["images"]}
    summed = Counter()
    for a in raw["instances"]["annotations"]:
        summed[files[a["image_id"]], names[a["category_id"]]] += a["area"]
    sizes = {
        files[i["id"]]: i["width"] * i["height"] for i in raw["instances"]["images"]
    }
    return summed, sizes


@pytest.mark.parametrize("facet", ["objects", "animals"])
def test_categories_by_a_plain_recount(facet, built, raw):
    summed, sizes = areas(raw)
    positives = [
        (image, category)
        for (image, category), area in summed.items()
        if category in FACETS[facet].labels and area >= 0.05 * sizes[image]
    ]
    assert counted(built, facet) == once(positives)
    for query in built.of(facet):
        assert not any((image, query.label) in summed for image in query.candidates[1:])


GESTURES = [
    ("stand", ("stand", "stands", "standing")),
    ("sit", ("sit", "sits", "sitting")),
    ("jump", ("jump", "jumps", "jumping")),
    ("lie", ("lie", "lies", "lying")),
    ("bend", ("bend", "bends", "bending")),
    ("kneel", ("kneel", "kneels", "kneeling")),
    ("squat", ("squat", "squats", "squating", "squatting")),
    ("crawl", ("crawl", "crawls", "crawling")),
]


def test_gestures_by_a_plain_recount(built, raw):
    summed, sizes = areas(raw)
    pairs = []
    for annotation in raw["captions"]["annotations"]:
        image = f"val2017/{annotation['image_id']:012d}.jpg"
        if image in sizes and (image, "person") not in summed:
            continue
        for label, forms in GESTURES:
            if has(annotation["caption"], *forms):
                pairs.append((image, label))
                break
    assert counted(built, "gestures") == once(pairs)
    labels = {}
    for image, label in pairs:
        labels.setdefault(image, set()).add(label)
    for query in built.of("gestures"):
        for negative in query.candidates[1:]:
            assert query.label not in labels[negative]
            if query.label in ("kneel", "squat"):
                assert not labels[negative] & {"kneel", "squat"}


TIMES = [
    ("daytime", ("days?", "daytime", "daylight", "midday", "day-time", "mid-day")),
    ("night", ("nights?", "nighttime", "night-time", "midnight", "tonight", "dark")),
    ("evening", ("evenings?",)),
    ("afternoon", ("afternoons?",)),
    ("dusk", ("dusk",)),
    ("morning", ("mornings?",)),
    ("sunrise", ("sunrise",)),
]


def test_times_by_a_plain_recount(built, raw):
    labels = {}
    for image in raw["visual7w"]["images"]:
        for pair in image["qa_pairs"]:
            question = pair["question"]
            taken = "When" in question and "taken" in question
            if not (taken or re.search(r"When (is|was) it\b", question)):
                continue
            for label, forms in TIMES:
                if has(pair["answer"], *forms):
                    labels.setdefault(image["filename"], set()).add(label)
                    break
    allowed = small.allowed_labels(FACETS["times"])
    sound = {
        image: here
        for image, here in labels.items()
        if not any(b in allowed[a] for a in here for b in here)
    }
    pairs = [(image, label) for image, here in sound.items() for label in here]
    assert counted(built, "times") == once(pairs)
    assert len(sound) < len(labels), "some images contradict themselves"
    for query in built.of("times"):
        for negative in query.candidates[1:]:
            assert sound[negative] <= allowed[query.label]


WEATHERS = [
    ("sunny", ("sunny", "sunshine")),
    ("clear", ("clear",)),
    ("cloudy", ("cloudy",)),
    ("overcast", ("overcast",)),
    ("misty", ("misty", "misting")),
    ("rainy", ("rain", "rainy", "raining")),
    ("drizzly", ("drizzly", "drizzling")),
    ("snowy", ("snow", "snowy", "snowing")),
    ("stormy", ("stormy", "storming")),
    ("warm", ("warm",)),
    ("cold", ("cold",)),
    ("chilly", ("chilly",)),
]


def first_weather(text, caption=False):
    speaks = not caption or has(text, "day", "sky", "skies", "weather")
    for label, forms in WEATHERS:
        if label in ("clear", "warm", "cold", "chilly") and not speaks:
            continue
        if has(text, *forms):
            return label
    return None


def test_weathers_by_a_plain_recount(built, raw):
    labels = {}

    def add(image, label):
        if label:
            labels.setdefault(image, set()).add(label)

    for image in raw["visual7w"]["images"]:
        for pair in image["qa_pairs"]:
            if has(pair["question"], "weather") or has(pair["answer"], "cloudy"):
                add(image["filename"], first_weather(pair["answer"]))
    data = raw["visdial"]["data"]
    for dialog in data["dialogs"]:
        for turn in dialog["dialog"]:
            if has(data["questions"][turn["question"]], "weather"):
                image = f"VisualDialog_val2018_{dialog['image_id']:012d}.jpg"
                add(image, first_weather(data["answers"][turn["answer"]]))
    for annotation in raw["captions"]["annotations"]:
        image = f"val2017/{annotation['image_id']:012d}.jpg"
        add(image, first_weather(annotation["caption"], caption=True))
    allowed = small.allowed_labels(FACETS["weathers"])
    sound = {
        image: here
        for image, here in labels.items()
        if not any(b in allowed[a] for a in here for b in here)
    }
    small_pools = {
        label
        for label in allowed
        if sum(here <= allowed[label] for here in sound.values()) < 99
    }
    pairs = [
        (image, label)
        for image, here in sound.items()
        for label in here
        if label not in small_pools
    ]
    assert counted(built, "weathers") == once(pairs)
    for query in built.of("weathers"):
        for negative in query.candidates[1:]:
            assert sound[negative] <= allowed[query.label]


def test_scenes_by_a_plain_recount(built, raw):
    answers = [
        (image["filename"], pair["answer"].lower().strip(" ."))
        for image in raw["visual7w"]["images"]
        for pair in image["qa_pairs"]
        if "Where" in pair["question"] and "scene" in pair["question"]
    ]
    report = built.manifest["facets"]["scenes"]
    assert report["notes"]["answers read"] == len(answers)
    dropped = report["dropped"]
    unknown = set(dropped["answer in no location group"])
    few = {line.rsplit(" (", 1)[0] for line in dropped["fewer than 99 negatives"]}
    pairs = [pair for pair in answers if pair[1] not in unknown | few]
    assert counted(built, "scenes") == once(pairs)
    assert len(unknown) < 0.05 * len(answers), "the location groups cover the answers"


def test_built_twice_the_folders_are_equal(built, tmp_path):
    built.save(tmp_path / "a")
    benchmark.build(FILES, allow_missing=True).save(tmp_path / "b")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(names) == 8
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (
            tmp_path / "b" / name
        ).read_bytes()
    assert load(tmp_path / "a").queries == built.queries
    assert load(tmp_path / "a").labels == built.labels


def test_labels_decide_who_is_eligible(built):
    """Every pool lies within the eligible, every label is counted once more."""
    for facet in built.facets:
        drawn, positives = {}, {}
        for query in built.of(facet):
            drawn.setdefault(query.label, set()).update(query.candidates[1:])
            positives.setdefault(query.label, set()).add(query.candidates[0])
        for label, negatives in drawn.items():
            eligible = set(built.eligible(facet, label))
            with_label = set(built.with_label(facet, label))
            assert negatives <= eligible
            assert positives[label] <= with_label
            assert not eligible & with_label
    report = built.manifest["facets"]
    assert {facet: len(found) for facet, found in built.labels.items()} == {
        facet: report[facet]["images_to_draw_from"] for facet in built.facets
    }
    # A category that covers less than 5 % makes no query, but is a label.
    assert sum(map(len, built.labels["objects"].values())) > len(built.of("objects"))


def test_the_box_file_serves_too(built):
    boxes = small.DATA / "annotations/instances_val2017_boxes.json"
    if not boxes.is_file():
        pytest.skip(f"{boxes} is not there")
    whole = benchmark.build({"instances": boxes}, facets=["objects", "animals"])
    assert whole.facets == ("objects", "animals")
    # Box areas are never smaller than mask areas, but for the corners' truncation,
    # so nearly all positives of the masks must come again.
    for facet in whole.facets:
        masks, found = counted(built, facet), counted(whole, facet)
        assert len(masks & found) >= 0.98 * len(masks)


def test_only_the_photographs_at_hand():
    photos = small.DATA / "photos"
    if not photos.is_dir():
        pytest.skip(f"{photos} is not there")
    files = {name: FILES[name] for name in ("captions", "visual7w", "visdial")}
    built = benchmark.build(files, facets=["gestures"], images=photos)
    assert built.queries
    for name in built.images:
        assert (photos / name.removeprefix("val2017/")).is_file()
