import json
import re

import numpy as np
import pytest
from evaluation_texts import plain
from PIL import Image
from pycocotools.coco import COCO

from facetworld import texts, write
from facetworld.__main__ import main
from facetworld.annotate import CATEGORIES
from facetworld.drawing.render import render, stream
from facetworld.scene import ANIMALS, OBJECTS, Scene, sample
from facetworld.write import WorldError, pictures, write_world
from training import language
from training.captions import coco_like
from training.questions import QUESTIONS

FRACTION = 0.05


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    out = tmp_path_factory.mktemp("worlds") / "world"
    assert write_world(out, fraction=FRACTION)
    return out


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def truth(world):
    return read(world / "truth.json")


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_two_worlds_are_the_same_byte_for_byte(world, tmp_path):
    write_world(tmp_path / "again", fraction=FRACTION)
    assert files(tmp_path / "again") == files(world)


def test_the_same_settings_again_do_nothing(world):
    before = (world / "world.json").stat().st_mtime_ns
    assert not write_world(world, fraction=FRACTION)
    assert (world / "world.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"fraction": 0.04}, "settings"),
        ({"fraction": 0.0}, "--fraction"),
        ({"fraction": FRACTION, "style": "oil"}, "--style"),
        ({"fraction": FRACTION, "seed": -1}, "--seed"),
    ],
)
def test_other_settings_are_refused(world, settings, names):
    before = files(world)
    with pytest.raises(WorldError, match=names):
        write_world(world, **settings)
    assert files(world) == before


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["write", "--out", str(tmp_path), "--fraction", "0.01"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_changed_annotation_file_is_noticed(tmp_path):
    out = tmp_path / "world"
    write_world(out, fraction=0.01)
    (out / "annotations/stuff_val2017.json").write_text("{}")
    with pytest.raises(WorldError, match=r"stuff_val2017\.json: missing or changed"):
        write_world(out, fraction=0.01)


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("facetworld.write.render", fail)
    with pytest.raises(KeyboardInterrupt):
        write_world(tmp_path / "world", fraction=0.01)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("same", [True, False])
def test_two_processes_that_write_one_world_do_not_hurt_each_other(
    tmp_path, monkeypatch, same
):
    out, fill = tmp_path / "world", write._fill

    def fill_and_be_overtaken(folder, settings):
        fill(folder, settings)
        other = settings if same else settings | {"seed": 1}
        out.mkdir()
        fill(out, other)

    monkeypatch.setattr(write, "_fill", fill_and_be_overtaken)
    if same:
        assert not write_world(out, fraction=0.01)
    else:
        with pytest.raises(WorldError, match="settings"):
            write_world(out, fraction=0.01)
    assert [path.name for path in tmp_path.iterdir()] == ["world"]


def test_every_picture_is_on_disk_and_every_scene_of_its_own_split(world, truth):
    anchors = read(world / "anchors.json")
    on_disk = {
        str(path.relative_to(world / "images"))
        for path in (world / "images").rglob("*.jpg")
    }
    assert on_disk == truth.keys() | anchors.keys()
    jitters = {scene["jitter"] for scene in truth.values()}
    assert not jitters & {scene["jitter"] for scene in anchors.values()}
    assert not jitters & {scene.jitter for scene in sample(5000, 0, "train")}
    with Image.open(world / "images" / sorted(truth)[0]) as image:
        assert image.size == (128, 128) and image.mode == "RGB"


def test_what_no_label_decides_is_on_disk_as_drawn(world, truth):
    drawn, anchors = read(world / "drawn.json"), read(world / "anchors.json")
    assert drawn.keys() == truth.keys() | anchors.keys()
    for name in sorted(truth)[:5]:
        render(Scene(**truth[name]), chosen=(chosen := {}))
        assert drawn[name] == chosen


@pytest.mark.parametrize("kind", ["instances", "captions", "stuff"])
def test_coco_files_load_with_pycocotools(world, kind):
    coco = COCO(world / "annotations" / f"{kind}_val2017.json")
    assert len(coco.imgs) == round(360 * FRACTION)
    assert set(coco.imgToAnns) <= set(coco.imgs)
    for annotation in coco.anns.values():
        if kind == "captions":
            assert annotation["caption"].endswith(".")
        else:
            mask = coco.annToMask(annotation)
            assert mask.shape == (128, 128) and mask.sum() == annotation["area"]
            x, y, width, height = annotation["bbox"]
            assert (
                mask[int(y) : int(y + height), int(x) : int(x + width)].sum()
                == (annotation["area"])
            )


def test_instances_are_complete(world, truth):
    coco = COCO(world / "annotations/instances_val2017.json")
    for image in coco.imgs.values():
        scene = truth[f"val2017/{image['file_name']}"]
        found = [
            coco.cats[annotation["category_id"]]["name"]
            for annotation in coco.imgToAnns[image["id"]]
        ]
        things = [x for x in (scene["obj"], scene["animal"]) if x]
        assert sorted(found) == sorted(things + ["person"] * scene["people"])


def test_every_drawn_category_has_coco_s_number():
    """Some of COCO's own ids, as its instances file has them."""
    assert set(CATEGORIES) == {"person", *ANIMALS, *OBJECTS}
    known = {"person": 1, "bird": 16, "giraffe": 25, "umbrella": 28, "clock": 85}
    known |= {"sports ball": 37, "tv": 72, "potted plant": 64, "bear": 23}
    assert {name: CATEGORIES[name][0] for name in known} == known


def test_visual7w_has_its_official_structure_and_asks_in_its_patterns(world, truth):
    content = read(world / "visual7w/dataset.json")
    assert len(content["images"]) == round(420 * FRACTION)
    numbers = []
    for image in content["images"]:
        assert image["split"] == "val" and image["filename"] in truth
        assert image["filename"] == f"v7w_{image['image_id']}.jpg"
        for pair in image["qa_pairs"]:
            numbers.append(pair["qa_id"])
            assert pair["image_id"] == image["image_id"]
            assert pair["answer"] not in pair["multiple_choices"]
            assert len(pair["multiple_choices"]) == 3
            patterns = {
                "when": r"When.*taken|When (is|was) it",
                "where": "Where.*scene",
            }
            patterns |= {"how": "How many (people|persons)", "what": "weather|animal"}
            assert re.search(patterns[pair["type"]], pair["question"])
    assert len(set(numbers)) == len(numbers)


def test_visdial_has_ten_turns_and_asks_for_the_weather_once(world, truth):
    content = read(world / "visdial/visdial_1.0_val.json")
    data = content["data"]
    assert content["split"] == "val2018"
    assert len(data["dialogs"]) == round(120 * FRACTION)
    assert not any(question.endswith("?") for question in data["questions"])
    for dialog in data["dialogs"]:
        scene = truth[f"VisualDialog_val2018_{dialog['image_id']:012d}.jpg"]
        assert len(dialog["dialog"]) == 10
        weather = [
            data["answers"][turn["answer"]]
            for turn in dialog["dialog"]
            if "weather" in data["questions"][turn["question"]]
        ]
        assert len(weather) == 1
        if scene["weather"] != "clear":
            assert scene["weather"] in weather[0]


def test_captions_name_the_gesture_and_no_other_keyword_of_one():
    keywords = "stand|sit|jump|lie|lying|bend|kneel|squat|crawl"
    for scene in sample(200, 0, "tune"):
        written = " ".join(texts.captions(scene, stream(scene, "captions"))).lower()
        found = set(re.findall(rf"\b(?:{keywords})\w*", written))
        assert found == ({scene.gesture} if scene.people else set())


def test_every_label_has_ninety_nine_negatives_in_its_own_source():
    """At full size, under the paper's exclusion tables, for the tightest facets."""
    world = pictures()
    counts = [picture.scene.people for picture in world["visual7w"]]
    far = {0: {3, 4, 5, 6}, 1: {4, 5, 6}, 2: {5, 6}, 3: {0, 6}}
    far |= {4: {0, 1}, 5: {0, 1, 2}, 6: {0, 1, 2, 3}}
    for count, others in far.items():
        assert sum(other in others for other in counts) >= 99, count


def test_questions_and_captions_are_none_that_training_shows():
    """Label words are shared; whole questions and captions are not."""
    trained = {plain(q) for questions in QUESTIONS.values() for q in questions}
    trained |= {
        plain(a) for facet in language.FACETS for a in language.all_answers(facet)
    }
    rng = np.random.default_rng(0)
    trained |= {plain(coco_like(s, rng)[0]) for s in sample(2000, 0, "train")}
    for scene in sample(500, 0, "eval"):
        written = texts.captions(scene, stream(scene, "captions"))
        written += [
            q for _, q, _, _ in texts.questions(scene, stream(scene, "questions"))
        ]
        written += [q for q, _ in texts.dialog(scene, stream(scene, "dialog"))]
        assert not {plain(text) for text in written} & trained
