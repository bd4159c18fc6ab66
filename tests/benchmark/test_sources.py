"""Readers of the official formats: what they find, and what they refuse."""

import json
from collections import Counter

import pytest
import small_sources as small

from cocofacet.benchmark import sources
from cocofacet.io import InputError


def test_instances_share_of_the_image_crowds_and_repeats_summed(tmp_path):
    path = small.instances(
        tmp_path / "i.json", {1: [(17, 200), (17, 300), (1, 10_000)], 2: []}
    )
    found = sources.read_instances(path)
    assert set(found) == {small.coco_name(1), small.coco_name(2)}
    # 500 of 100 x 100 pixels, exactly the 5 % that a positive needs.
    assert found[small.coco_name(1)] == {"cat": 0.05, "person": 1.0}
    assert found[small.coco_name(2)] == {}


def test_a_missing_area_is_computed_from_polygons_and_run_lengths(tmp_path):
    path = small.instances(tmp_path / "i.json", {1: [(17, 0), (18, 0)]})
    content = json.loads(path.read_text())
    polygon, runs = content["annotations"]
    del polygon["area"], runs["area"]
    # 20 x 10 pixels; and 100 pixels off, 30 on, the rest off.
    polygon["segmentation"] = [[10, 10, 30, 10, 30, 20, 10, 20]]
    runs["segmentation"] = {"size": [100, 100], "counts": [100, 30, 9870]}
    share = sources.read_instances(small.write(path, content))[small.coco_name(1)]
    assert share == {"cat": 0.02, "dog": 0.003}


@pytest.mark.parametrize("far", [1e12, "9", None])
def test_an_outline_far_outside_is_refused_and_not_followed(far, tmp_path):
    path = small.instances(tmp_path / "i.json", {1: [(17, 0)]})
    content = json.loads(path.read_text())
    content["annotations"][0].pop("area")
    content["annotations"][0]["segmentation"] = [[10, 10, far, 10, 30, 20]]
    with pytest.raises(InputError, match="area: is missing, and segmentation gives no"):
        sources.read_instances(small.write(path, content))


def test_images_of_another_split_keep_their_folder(tmp_path):
    path = small.captions(tmp_path / "c.json", {1: ["A dog."]})
    content = json.loads(path.read_text())
    content["images"][0]["coco_url"] = "http://images.cocodataset.org/train2017/1.jpg"
    found = sources.read_captions(small.write(path, content))
    assert found == {"train2017/000000000001.jpg": ["A dog."]}


def test_captions_stuff_and_answers(tmp_path):
    captions = small.captions(tmp_path / "c.json", {1: ["A dog.", "A cat."], 2: []})
    assert sources.read_captions(captions) == {
        small.coco_name(1): ["A dog.", "A cat."],
        small.coco_name(2): [],
    }
    stuff = small.stuff(tmp_path / "s.json", {1: [118, 118, 92]})
    assert sources.read_stuff(stuff) == {small.coco_name(1): {118, 92}}
    pairs = [("When?", "Now."), ("Where?", "Here.")]
    visual7w = small.visual7w(tmp_path / "v.json", {7: pairs, 8: []})
    assert sources.read_visual7w(visual7w) == {"v7w_7.jpg": pairs, "v7w_8.jpg": []}
    visdial = small.visdial(tmp_path / "d.json", {185565: pairs})
    assert sources.read_visdial(visdial) == {
        "VisualDialog_val2018_000000185565.jpg": pairs
    }


def test_visual7w_is_read_for_its_val_split_only(tmp_path):
    path = small.visual7w(tmp_path / "v.json", {7: [], 8: []})
    content = json.loads(path.read_text())
    content["images"][0]["split"] = "train"
    assert list(sources.read_visual7w(small.write(path, content))) == ["v7w_8.jpg"]


def test_locate_finds_the_official_names(tmp_path):
    with pytest.raises(InputError, match=r"annotations/instances_val2017\.json"):
        sources.locate(tmp_path)
    small.everything(tmp_path)
    assert sources.locate(tmp_path) == {
        name: tmp_path / official for name, official in sources.OFFICIAL.items()
    }


WRITERS = {
    "instances": lambda path: small.instances(path, {1: [(17, 200)]}),
    "captions": lambda path: small.captions(path, {1: ["A dog."]}),
    "stuff": lambda path: small.stuff(path, {1: [118]}),
    "visual7w": lambda path: small.visual7w(path, {7: [("When?", "Now.")]}),
    "visdial": lambda path: small.visdial(path, {7: [("when", "now")]}),
}


@pytest.mark.parametrize("name", WRITERS)
def test_missing_cut_short_and_foreign_files_are_refused(name, tmp_path):
    read, path = sources.READERS[name], tmp_path / "file.json"
    with pytest.raises(InputError, match=r"file.json: file: not found. Check"):
        read(path)
    whole = WRITERS[name](path).read_bytes()
    assert read(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"file.json: file: not JSON, or cut short"):
        read(path)
    path.write_bytes(b"\xff\xfe\x00junk")
    with pytest.raises(InputError, match=r"file.json: file: not JSON"):
        read(path)
    path.write_text("[]")
    with pytest.raises(InputError, match=r"file.json: top level: is not a JSON object"):
        read(path)
    path.write_text("{}")
    with pytest.raises(InputError, match=r"file.json: \w+: is missing. Use the offi"):
        read(path)
    with pytest.raises(InputError, match=r"file: Is a directory"):
        read(tmp_path)


def edited(name, path, *steps, value=None):
    """The file of a source with one value replaced (or, with None, taken away)."""
    content = json.loads(WRITERS[name](path).read_text())
    *way, last = steps
    place = content
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return small.write(path, content)


@pytest.mark.parametrize(
    ("name", "steps", "value", "message"),
    [
        ("instances", ("images", 0, "width"), None, "images[0].width: is not a number"),
        ("instances", ("images", 0, "width"), 0, "images[0].width/height: is not from"),
        # Whose area is no number above 0 any more.
        ("instances", ("images", 0, "width"), 1e-200, "is not from 1 to 100,000"),
        ("instances", ("images", 0, "height"), 1e6, "is not from 1 to 100,000"),
        ("instances", ("images", 0, "file_name"), "../a.jpg", "leaves the images"),
        (
            "captions",
            ("images", 0, "file_name"),
            "a\0.jpg",
            "file_name: 'a\\x00.jpg' ho",
        ),
        ("stuff", ("images", 0, "file_name"), "a\n.jpg", "holds a line break"),
        ("visual7w", ("images", 0, "filename"), "a\n.jpg", "].filename: 'a\\n.jpg' ho"),
        ("instances", ("images", 0, "id"), "1", "images[0].id: is not a whole number"),
        ("instances", ("images",), 3, "images: is not a list"),
        ("instances", ("annotations", 0), 3, "annotations[0]: is not an object"),
        ("instances", ("annotations", 0, "image_id"), 9, "9 is none of the images"),
        ("instances", ("annotations", 0, "category_id"), 99, "names no category: 99"),
        ("instances", ("annotations", 0, "area"), "big", "is not a number from 0 up"),
        ("instances", ("annotations", 0, "area"), -1, "is not a number from 0 up"),
        ("instances", ("annotations", 0, "area"), 10_202, "10202 is more than the ima"),
        ("instances", ("categories", 1, "id"), 1, "[1].id: 1 stands for a second cat"),
        ("instances", ("categories", 1, "name"), "person", "[1].name: 'person' is a s"),
        ("instances", ("annotations", 0, "area"), None, "and segmentation gives none"),
        ("captions", ("annotations", 0, "caption"), 5, "].caption: is not a text"),
        ("captions", ("annotations", 0, "image_id"), True, "image_id: is not a whole"),
        ("stuff", ("annotations", 0, "category_id"), None, "].category_id: is missing"),
        ("visual7w", ("images", 0, "split"), None, "images[0].split: is missing"),
        ("visual7w", ("images", 0, "qa_pairs", 0, "answer"), None, "].answer: is miss"),
        ("visual7w", ("images", 0, "qa_pairs", 0), "?", "qa_pairs[0]: is not an obj"),
        ("visdial", ("split",), "train", "split: is 'train', not 'val2018'"),
        ("visdial", ("data", "dialogs"), None, "data.dialogs: is missing"),
        (
            "visdial",
            ("data", "dialogs", 0, "dialog", 0, "answer"),
            7,
            "dialogs[0].dialog[0].answer: 7 is not in data.answers",
        ),
        ("visdial", ("data", "answers", 0), 3, "data.answers[0]: is not a text"),
    ],
)
def test_a_wrong_field_is_named(name, steps, value, message, tmp_path):
    path = edited(name, tmp_path / "file.json", *steps, value=value)
    with pytest.raises(InputError) as caught:
        sources.READERS[name](path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_two_images_of_one_number_are_refused(tmp_path):
    path = small.captions(tmp_path / "c.json", {1: [], 2: []})
    content = json.loads(path.read_text())
    content["images"][1]["id"] = 1
    with pytest.raises(InputError, match=r"images\[1\].id: 1 stands for a second"):
        sources.read_captions(small.write(path, content))


NAMES = [
    "./000000000001.jpg",
    "val2017\\000000000001.jpg",
    "http://images.cocodataset.org/val2017/000000000001.jpg",
    "somewhere/000000000001.jpg",
]


@pytest.mark.parametrize("written", NAMES)
@pytest.mark.parametrize("source", ["instances", "captions", "stuff"])
def test_however_a_name_is_written_the_picture_is_the_same(source, written, tmp_path):
    path = edited(source, tmp_path / "f.json", "images", 0, "file_name", value=written)
    remarks = Counter()
    assert list(sources.READERS[source](path, remarks)) == [small.coco_name(1)]
    assert not +remarks


def test_two_entries_with_one_file_name_are_one_picture(tmp_path):
    """The labels of both are the picture's; with two sizes, no share can be known."""
    path = small.instances(tmp_path / "i.json", {1: [(17, 200)], 2: [(18, 300)]})
    content = json.loads(path.read_text())
    content["images"][1]["file_name"] = "./" + content["images"][0]["file_name"]
    small.write(path, content)
    remarks = Counter()
    found = sources.read_instances(path, remarks)
    assert found == {small.coco_name(1): {"cat": 0.02, "dog": 0.03}}
    assert remarks == {sources.SHARED: 1}
    content["images"][1]["width"] = 50
    with pytest.raises(InputError, match=r"images\[1\].width/height: is another than"):
        sources.read_instances(small.write(path, content))
    path = small.captions(tmp_path / "c.json", {1: ["A cat."], 2: ["A dog."]})
    content = json.loads(path.read_text())
    content["images"][1]["file_name"] = content["images"][0]["file_name"]
    remarks = Counter()
    found = sources.read_captions(small.write(path, content), remarks)
    assert found == {small.coco_name(1): ["A cat.", "A dog."]}
    assert remarks == {sources.SHARED: 1}
    path = small.visual7w(tmp_path / "v.json", {7: [("a", "b")], 8: [("c", "d")]})
    content = json.loads(path.read_text())
    content["images"][1]["filename"] = "images/v7w_7.jpg"
    remarks = Counter()
    found = sources.read_visual7w(small.write(path, content), remarks)
    assert found == {"v7w_7.jpg": [("a", "b"), ("c", "d")]}
    assert remarks == {sources.SHARED: 1}


def test_an_annotation_given_twice_counts_once_and_two_of_one_id_are_refused(tmp_path):
    """Summed twice, 300 of 100 x 100 pixels would cross the 5 %."""
    path = small.instances(tmp_path / "i.json", {1: [(17, 300), (17, 100)]})
    content = json.loads(path.read_text())
    for number, annotation in enumerate(content["annotations"]):
        annotation["id"] = number
    content["annotations"].append(dict(content["annotations"][0]))
    remarks = Counter()
    found = sources.read_instances(small.write(path, content), remarks)
    assert found == {small.coco_name(1): {"cat": 0.04}}
    assert +remarks == {"annotations given twice, counted once": 1}
    content["annotations"][2]["area"] = 301
    with pytest.raises(InputError, match=r"\[2\].id: 0 stands for two annotations"):
        sources.read_instances(small.write(path, content))


@pytest.mark.parametrize(
    ("box", "leaves"),
    [
        ([0, 0, 100, 100], False),
        ([-0.6, 0, 100.9, 100.7], False),  # rounded
        ([50, 0, 60, 10], True),
        ([0, 95, 1, 10], True),
        ([-5, 0, 10, 10], True),
        ([90, 90, -20, 5], True),
        ([0, 0, 10], True),
        ("0 0 1 1", True),
        ([0, 0, None, 1], True),
    ],
)
def test_boxes_that_leave_the_picture_are_counted(box, leaves, tmp_path):
    path = edited("instances", tmp_path / "i.json", "annotations", 0, "bbox", value=box)
    remarks = Counter()
    assert sources.read_instances(path, remarks) == {small.coco_name(1): {"cat": 0.02}}
    assert +remarks == ({"boxes that leave the image": 1} if leaves else {})


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("instances", "annotations/instances_val2017_subset206.json"),
        ("instances", "annotations/instances_train2017_subset.json"),
        ("instances", "annotations/instances_val2017_boxes.json"),
        ("captions", "annotations/captions_val2017.json"),
        ("visual7w", "visual7w/dataset.json"),
        ("visdial", "visdial/visdial_1.0_val.json"),
    ],
)
def test_there_is_nothing_to_remark_on_the_real_files(name, file):
    remarks = Counter()
    sources.READERS[name](real(file), remarks)
    assert not +remarks


def real(name):
    path = small.DATA / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return path


def test_real_areas_agree_with_the_masks_of_pycocotools(tmp_path):
    """Without the areas, ours must equal the pixels of each decoded mask."""
    from pycocotools.coco import COCO

    path = real("annotations/instances_val2017_subset206.json")
    content = json.loads(path.read_text())
    for annotation in content["annotations"]:
        del annotation["area"]
    bare = sources.read_instances(small.write(tmp_path / "bare.json", content))
    official = COCO(str(path))
    for image in official.loadImgs(official.getImgIds()[:40]):
        pixels = {}
        for annotation in official.loadAnns(official.getAnnIds(image["id"])):
            category = official.loadCats(annotation["category_id"])[0]["name"]
            mask = official.annToMask(annotation)
            pixels[category] = pixels.get(category, 0) + int(mask.sum())
        share = bare[small.coco_name(image["id"])]
        size = image["width"] * image["height"]
        assert share == pytest.approx({c: n / size for c, n in pixels.items()})


def test_real_files_hold_what_a_plain_loop_finds():
    captions = json.loads(real("annotations/captions_val2017.json").read_text())
    found = sources.read_captions(real("annotations/captions_val2017.json"))
    assert len(found) == len(captions["images"])
    assert sum(map(len, found.values())) == len(captions["annotations"])
    visdial = json.loads(real("visdial/visdial_1.0_val.json").read_text())["data"]
    found = sources.read_visdial(real("visdial/visdial_1.0_val.json"))
    first = visdial["dialogs"][0]
    turn = first["dialog"][3]
    name = f"VisualDialog_val2018_{first['image_id']:012d}.jpg"
    assert len(found) == len({d["image_id"] for d in visdial["dialogs"]})
    assert found[name][3] == (
        visdial["questions"][turn["question"]],
        visdial["answers"][turn["answer"]],
    )


def test_the_box_file_without_segmentation_is_read():
    path = real("annotations/instances_val2017_boxes.json")
    content = json.loads(path.read_text())
    found = sources.read_instances(path)
    assert len(found) == len(content["images"])
    pairs = {(a["image_id"], a["category_id"]) for a in content["annotations"]}
    assert sum(len(picture) for picture in found.values()) == len(pairs)
