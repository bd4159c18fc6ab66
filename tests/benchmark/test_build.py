"""The builder: pools drawn by the rules, the same wherever and however often."""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
import small_sources as small
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cocofacet.benchmark import build as benchmark
from cocofacet.benchmark import sources
from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import FACETS
from cocofacet.io import InputError

WHEN = "When was this photo taken?"


def times_of(answers, folder, **options):
    """The times facet of a Visual7W file: image number -> answers."""
    pairs = {n: [(WHEN, answer) for answer in found] for n, found in answers.items()}
    files = {"visual7w": small.visual7w(folder / "v.json", pairs)}
    return benchmark.build(files, facets=["times"], **options)


def test_a_pool_of_exactly_99_negatives_is_all_of_them(tmp_path):
    answers = {n: ["Night."] for n in range(99)} | {500: ["During the day."]}
    built = times_of(answers, tmp_path)
    (query,) = built.queries
    # 99 nights have one day as negative: dropped, and the manifest says so.
    assert (query.facet, query.label) == ("times", "daytime")
    assert query.id == "Visual7W_time_retrieval:0"
    assert query.candidates[0] == "v7w_500.jpg"
    assert sorted(query.candidates[1:]) == sorted(f"v7w_{n}.jpg" for n in range(99))
    report = built.manifest["facets"]["times"]
    assert report["queries"] == report["texts"] == 1
    assert report["queries_per_label"] == {"daytime": 1}
    assert report["dropped"]["fewer than 99 negatives"] == [
        "night (99 positive, 1 negatives)"
    ]
    assert "dusk" in report["dropped"]["label without a positive image"]


def test_98_negatives_are_not_enough(tmp_path):
    answers = {n: ["Night."] for n in range(98)} | {500: ["During the day."]}
    with pytest.raises(InputError, match="no label leaves 99 negatives"):
        times_of(answers, tmp_path)


def test_an_image_with_labels_that_exclude_each_other_is_dropped(tmp_path):
    answers = {n: ["Night."] for n in range(99)}
    answers |= {500: ["Day.", "Night."], 501: ["Day.", "Morning."]}
    built = times_of(answers, tmp_path)
    # Day and morning go together: two queries. Day and night do not: none, and the
    # image is no negative either.
    assert [(q.label, q.candidates[0]) for q in built.queries] == [
        ("daytime", "v7w_501.jpg"),
        ("morning", "v7w_501.jpg"),
    ]
    assert "v7w_500.jpg" not in built.images
    report = built.manifest["facets"]["times"]
    assert report["dropped"]["labels that exclude each other"] == ["v7w_500.jpg"]


def test_a_label_named_in_passing_keeps_an_image_out_of_its_pools(tmp_path):
    answers = {n: ["Night."] for n in range(99)}
    # Labelled evening, the first in the order, but its answer names the dusk too.
    answers |= {500: ["Dusk in the evening."], 501: ["Dusk."], 502: ["Day."]}
    built = times_of(answers, tmp_path)
    by_label = {query.label: query for query in built.queries}
    assert "v7w_500.jpg" not in by_label["dusk"].candidates


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_pools_keep_the_rules_and_do_not_depend_on_order(tmp_path_factory, chance):
    """A random small world, checked by plain loops over its answers."""
    folder = tmp_path_factory.mktemp("world")
    generator = random.Random(chance)
    words = ["Day", "Night", "Evening", "Afternoon", "Dusk", "Morning", "Sunrise"]
    label_of = dict(zip(words, ["daytime", *map(str.lower, words[1:])], strict=True))
    answers = {
        n: generator.choices(words, weights=[9, 9, 3, 2, 3, 2, 1], k=1 + (n % 9 == 0))
        for n in range(300)
    }
    built = times_of(answers, folder)
    allowed = small.allowed_labels(FACETS["times"])
    labels = {
        f"v7w_{n}.jpg": {label_of[answer] for answer in found}
        for n, found in answers.items()
    }
    contradictory = {
        name
        for name, here in labels.items()
        if any(b in allowed[a] for a in here for b in here)
    }
    for query in built.queries:
        positive, *negatives = query.candidates
        assert len(set(query.candidates)) == 100
        assert query.label in labels[positive]
        assert not contradictory.intersection(query.candidates)
        for negative in negatives:
            assert labels[negative] <= allowed[query.label]
    # Every label of every sound image, unless its pool is too small.
    expected = set()
    for name, here in labels.items():
        for label in here if name not in contradictory else ():
            sound = {n: found for n, found in labels.items() if n not in contradictory}
            if sum(found <= allowed[label] for found in sound.values()) >= 99:
                expected.add((name, label))
    assert {(q.candidates[0], q.label) for q in built.queries} == expected

    shuffled = list(answers.items())
    generator.shuffle(shuffled)
    assert times_of(dict(shuffled), folder).queries == built.queries
    other = times_of(answers, folder, seed=1)
    assert [q.id for q in other.queries] == [q.id for q in built.queries]
    assert other.queries != built.queries


def test_negatives_drawn_again_are_those_of_a_build_with_that_seed(tmp_path):
    files = sources.locate(small.everything(tmp_path))
    one, two = (benchmark.build(files, seed=seed) for seed in (0, 1))
    assert benchmark.resampled(one, 1) == two
    assert one.queries != two.queries
    assert benchmark.resampled(one, 0).queries == one.queries
    released = Benchmark(one.queries)
    with pytest.raises(InputError, match="benchmark: objects: the labels"):
        benchmark.resampled(released, 1)


def test_each_query_has_its_own_draw():
    items = [str(n) for n in range(1000)]
    one, two = (benchmark.draw(items, 99, (0, "stem", p, "dusk")) for p in "ab")
    assert one == benchmark.draw(items, 99, (0, "stem", "a", "dusk"))
    assert set(one) != set(two)
    assert len(set(one)) == 99


def test_queries_of_one_label_have_their_own_pools(tmp_path):
    """Also with another query beside them, and in another facet's company."""
    answers = {n: ["Night."] for n in range(300)} | {500: ["Day."], 501: ["Day."]}
    one, two = times_of(answers, tmp_path).of("times")[:2]
    assert (one.label, two.label) == ("daytime", "daytime")
    assert set(one.candidates[1:]) != set(two.candidates[1:])
    # The draw of 501 is the same when 500 asks for something else.
    (alone,) = times_of(answers | {500: ["Yesterday."]}, tmp_path).of("times")
    assert alone.candidates == two.candidates


def test_a_draw_is_a_shuffle_by_the_hash_of_its_key():
    """The same by hand: a change here would change every benchmark built so far."""
    digest = hashlib.sha256(b"7\nstem\na.jpg\ndusk").digest()
    generator = random.Random(int.from_bytes(digest, "big"))
    left = [str(n) for n in range(150)]
    for place in range(99):
        other = place + int(generator.random() * (150 - place))
        left[place], left[other] = left[other], left[place]
    items = [str(n) for n in range(150)]
    assert benchmark.draw(items, 99, (7, "stem", "a.jpg", "dusk")) == left[:99]


@given(st.integers(1, 30), st.data())
def test_a_draw_is_without_replacement(size, data):
    number = data.draw(st.integers(0, size))
    items = [str(n) for n in range(size)]
    drawn = benchmark.draw(items, number, (data.draw(st.integers()), "key"))
    assert len(drawn) == len(set(drawn)) == number
    assert set(drawn) <= set(items)


def test_draws_are_even():
    counts = dict.fromkeys("abcdef", 0)
    for seed in range(3000):
        for item in benchmark.draw("abcdef", 2, (seed,)):
            counts[item] += 1
    # 1000 expected, standard deviation 26.
    assert all(abs(count - 1000) < 130 for count in counts.values())


def test_all_eight_facets_from_official_names(tmp_path):
    built = benchmark.build(sources.locate(small.everything(tmp_path)))
    assert built.facets == tuple(FACETS)
    manifest = built.manifest
    assert manifest["skipped"] == {} and manifest["near_duplicates_checked"] is False
    assert set(manifest["sources"]) == set(sources.OFFICIAL)
    for name, source in manifest["sources"].items():
        assert source["file"] == sources.OFFICIAL[name].rsplit("/")[-1]
        assert re.fullmatch("[0-9a-f]{64}", source["sha256"])
    assert str(tmp_path) not in json.dumps(manifest)
    for name, report in manifest["facets"].items():
        queries = built.of(name)
        assert report["queries"] == len(queries)
        assert report["texts"] == len({query.text for query in queries})
        assert sum(report["queries_per_label"].values()) == len(queries)
    for query in built.queries:
        assert len(set(query.candidates)) == 100
        assert FACETS[query.facet].label_of(query.text) == query.label


def test_negatives_of_a_category_have_no_annotation_of_it(tmp_path):
    images = {n: [(18, 900)] for n in range(100, 220)}
    # Cats: one large, one too small to be looked for.
    images |= {1: [(17, 500)], 2: [(17, 499)], 3: []}
    files = {"instances": small.instances(tmp_path / "i.json", images)}
    built = benchmark.build(files, facets=["animals"])
    cats = [query for query in built.of("animals") if query.label == "cat"]
    assert [query.candidates[0] for query in cats] == [small.coco_name(1)]
    assert small.coco_name(2) not in cats[0].candidates
    report = built.manifest["facets"]["animals"]
    assert report["images_to_draw_from"] == 123


def weather_pictures(folder):
    """Sources and pictures: Visual7W image 1 is the photograph of val2017 image 1."""
    captions = {n: ["A sunny day."] for n in range(1, 110)}
    small.captions(folder / "c.json", captions | {200: ["Rain."]})
    pairs = [("What is the weather like?", "Snowy.")]
    small.visual7w(folder / "v.json", {1: pairs, 2: pairs})
    small.visdial(folder / "d.json", {5: [("how is the weather", "cloudy")]})
    images = folder / "images"
    (images / "val2017").mkdir(parents=True)
    generator = random.Random(0)

    def picture(name):
        cells = bytes(generator.randrange(256) for _ in range(64))
        big = Image.frombytes("L", (8, 8), cells).resize((96, 96), Image.BICUBIC)
        big.save(images / name)
        return big

    for number in [*range(2, 110), 200]:
        picture(small.coco_name(number))
    shared = picture("v7w_1.jpg")
    shared.resize((64, 64)).save(images / small.coco_name(1))
    picture("v7w_2.jpg")
    files = {"captions": "c.json", "visual7w": "v.json", "visdial": "d.json"}
    return {name: folder / file for name, file in files.items()}, images


def test_near_duplicates_across_sources_are_dropped_when_pictures_are_there(tmp_path):
    files, images = weather_pictures(tmp_path)
    without = benchmark.build(files, facets=["weathers"])
    assert without.manifest["near_duplicates_checked"] is False
    assert small.coco_name(1) in without.images
    built = benchmark.build(files, facets=["weathers"], images=images)
    assert built.manifest["near_duplicates_checked"] is True
    report = built.manifest["facets"]["weathers"]
    # Visual7W comes first and stays, but then it is sunny and snowy at once.
    dropped = report["dropped"]
    assert dropped["near-duplicate of a picture of another source"] == [
        small.coco_name(1)
    ]
    assert not {small.coco_name(1), "v7w_1.jpg"}.intersection(
        query.candidates[0] for query in built.queries
    )
    # The dialog's picture is not on disk.
    assert report["pictures_not_on_disk"] == 1
    assert not any("VisualDialog" in name for name in built.images)


def test_only_pictures_on_disk_are_used_also_when_they_lie_flat(tmp_path):
    images = {n: [(17, 900)] for n in range(1, 4)} | {n: [] for n in range(4, 200)}
    files = {"instances": small.instances(tmp_path / "i.json", images)}
    flat = tmp_path / "photos"
    flat.mkdir()
    for number in [1, *range(50, 150)]:
        (flat / f"{number:012d}.jpg").write_bytes(b"")
    built = benchmark.build(files, facets=["animals"], images=flat)
    assert [query.candidates[0] for query in built.queries] == [small.coco_name(1)]
    assert all(
        (flat / name.removeprefix("val2017/")).is_file() for name in built.images
    )
    assert built.manifest["facets"]["animals"]["pictures_not_on_disk"] == 199 - 101
    assert "animals: 98 images are not on disk" in benchmark.summary(built)


def test_missing_sources_name_the_facets_they_cost(tmp_path):
    files = sources.locate(small.everything(tmp_path))
    del files["stuff"], files["visdial"]
    with pytest.raises(InputError) as caught:
        benchmark.build(files)
    message = str(caught.value)
    assert "without stuff (annotations/stuff_val2017.json) no materials" in message
    assert "without visdial (visdial/visdial_1.0_val.json) no weathers" in message
    assert "--stuff, --visdial" in message and "--allow-missing" in message
    built = benchmark.build(files, allow_missing=True)
    assert built.manifest["skipped"] == {
        "weathers": "source not given: visdial",
        "materials": "source not given: stuff",
    }
    assert set(built.facets) == set(FACETS) - {"weathers", "materials"}


def test_a_facet_without_any_query_is_an_error_or_skipped(tmp_path):
    folder = small.everything(tmp_path)
    files = sources.locate(folder)
    small.stuff(files["stuff"], {n: [92] for n in range(1, 251)})
    with pytest.raises(InputError, match=r"stuff_val2017.json: materials: no annotati"):
        benchmark.build(files)
    built = benchmark.build(files, allow_missing=True)
    assert built.manifest["skipped"] == {"materials": "no annotation gives a label"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"facets": ["animals", "colours"]},
            "facets: unknown: colours. Choose from ob",
        ),
        ({"facets": []}, "facets: unknown: none given"),
        ({"images": "nowhere"}, "nowhere: images: no such folder"),
    ],
)
def test_bad_options_are_named(options, message, tmp_path):
    files = sources.locate(small.everything(tmp_path))
    with pytest.raises(InputError, match=re.escape(message)):
        benchmark.build(files, **options)


def test_no_facet_at_all_is_an_error_even_where_some_may_be_missing(tmp_path):
    files = sources.locate(small.everything(tmp_path))
    small.stuff(files["stuff"], {n: [92] for n in range(1, 251)})
    with pytest.raises(InputError, match=r"facets: none can be built: .*materials"):
        benchmark.build(files, facets=["materials"], allow_missing=True)


def test_an_unknown_source_is_named(tmp_path):
    with pytest.raises(InputError, match="sources: unknown: keypoints"):
        benchmark.build({"keypoints": tmp_path / "k.json"})


BUILD = """
import sys
from pathlib import Path
from cocofacet.benchmark import build, sources
build.build(sources.locate(Path(sys.argv[1]))).save(Path(sys.argv[2]))
"""


def test_bytes_do_not_depend_on_pythons_string_hashing(tmp_path):
    world = small.everything(tmp_path / "world")
    folders = []
    for hashing in ("0", "1", "random"):
        folder = tmp_path / f"built-{hashing}"
        environment = os.environ | {"PYTHONHASHSEED": hashing}
        command = [sys.executable, "-c", BUILD, str(world), str(folder)]
        subprocess.run(command, env=environment, check=True)
        folders.append({p.name: p.read_bytes() for p in folder.iterdir()})
    assert len(folders[0]) == 10
    assert folders[0] == folders[1] == folders[2]


def test_a_join_that_covers_less_is_said_in_the_output_and_in_the_manifest(tmp_path):
    """Whoever names the pictures differently in two files is told so."""
    files = sources.locate(small.everything(tmp_path))
    complete = benchmark.build(files, facets=["gestures"])
    assert "remarks" not in json.dumps(complete.manifest)
    assert "not checked for a person" not in benchmark.summary(complete)
    content = json.loads(files["captions"].read_text())
    for image in content["images"][:30]:
        image["file_name"] = f"mine_{image['id']}.jpg"
    content["annotations"].append(content["annotations"][0] | {"id": 1})
    content["annotations"].append(content["annotations"][-1])
    small.write(files["captions"], content)
    part = benchmark.build(files, facets=["gestures"])
    what = "images are not in instances, so not checked for a person"
    assert part.manifest["facets"]["gestures"]["remarks"] == {what: 30}
    twice = "annotations given twice, counted once"
    assert part.manifest["sources"]["captions"]["remarks"] == {twice: 1}
    said = benchmark.summary(part).splitlines()
    assert said[-2:] == [f"captions: 1 {twice}", f"gestures: 30 {what}"]


@pytest.mark.parametrize("folder", ["./", "images/", "http://host/val2017/"])
def test_the_check_for_a_person_holds_however_names_are_written(folder, tmp_path):
    files = sources.locate(small.everything(tmp_path))
    content = json.loads(files["instances"].read_text())
    content["annotations"] = [
        annotation
        for annotation in content["annotations"]
        if annotation["image_id"] > 9 or annotation["category_id"] != 1
    ]
    for image in content["images"]:
        image["file_name"] = folder + image["file_name"]
    small.write(files["instances"], content)
    report = benchmark.build(files, facets=["gestures"]).manifest["facets"]["gestures"]
    assert report["dropped"]["no person annotated"] == [
        small.coco_name(number) for number in range(1, 10)
    ]


def test_a_limited_number_of_pictures_whatever_the_seed(tmp_path):
    """The same pictures serve under every seed, and no picture outside them."""
    answers = {n: ["Night." if n % 2 else "During the day."] for n in range(300)}
    whole = times_of(answers, tmp_path)
    built = [times_of(answers, tmp_path, seed=n, most_images=220) for n in (0, 1)]
    assert built[0].images == built[1].images
    assert len(built[0].images) == 220
    assert set(built[0].images) < set(whole.images)
    assert built[0].queries != built[1].queries
    assert built[0].manifest["options"]["most_images"] == 220


def test_an_annotation_file_that_is_no_plain_file_is_refused(tmp_path):
    """A pipe can be read once, and its sha256 would be that of nothing."""
    files = sources.locate(small.everything(tmp_path / "world"))
    with pytest.raises(InputError, match=f"{os.devnull}: file: is no plain file"):
        benchmark.build(files | {"captions": Path(os.devnull)})
