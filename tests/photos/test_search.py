"""Searching a folder of rendered pictures, whose truth is known, each way."""

import json
import shutil

import numpy as np
import pytest

from cocofacet.benchmark.facets import FACETS
from cocofacet.cli import main
from cocofacet.embeddings.loader import embed_files
from cocofacet.io import InputError
from cocofacet.photos import make
from cocofacet.photos import search as searching
from cocofacet.photos.search import Wish, alternatives, search
from facetworld.write import write_world

DUSK, NIGHT = "an image taken at dusk", "an image taken at night"
TIMES = FACETS["times"].question


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, fraction=0.1)
    return folder


@pytest.fixture(scope="module")
def indexed(world, tmp_path_factory):
    """A store in which the world is indexed under one question."""
    store = tmp_path_factory.mktemp("store")
    make.index_folder(world / "images", None, ["times"], store, tell=_nothing)
    return store


@pytest.fixture
def find(world, indexed):
    def found(*wishes, **options):
        options = {"store": indexed, "tell": _nothing} | options
        return search(world / "images", *wishes, **options)

    return found


@pytest.fixture(scope="module")
def dusk(world):
    """The pictures of which the truth says dusk."""
    scenes = json.loads((world / "truth.json").read_text())
    scenes |= json.loads((world / "anchors.json").read_text())
    return {name for name, scene in scenes.items() if scene["time"] == "dusk"}


def _nothing(line):
    """Where no lines are wanted."""


def stand_out(found):
    return set(found.pictures.path[: found.standing_out])


def test_under_the_question_it_finds_what_the_truth_says(find, dusk):
    found = find(DUSK, ask="times", count=500)
    assert found.how == ("index",)
    assert len(dusk) > 10
    assert stand_out(found) == dusk
    assert found.pictures.share[: found.standing_out].min() >= 0.5
    assert (np.diff(found.pictures.score[: found.standing_out]) <= 0).all()


def test_all_that_stands_out_is_found_however_few_were_asked_for(find, dusk):
    assert stand_out(find(DUSK, ask="times", count=2)) == dusk


def test_without_the_question_nothing_is_claimed(find):
    found = find(DUSK)
    assert found.how == ("general",)
    assert found.standing_out is None and found.pictures.share.isna().all()
    assert found.pictures.general.tolist() == list(range(1, len(found.pictures) + 1))


@pytest.mark.parametrize("how", ["rerank", "linear"])
def test_a_question_that_is_not_indexed_is_asked_of_some(find, how, monkeypatch):
    asked = []

    def counted(retriever, works):
        asked.extend(work.paths for work in works)
        return embed_files(retriever, works)

    monkeypatch.setattr(searching, "embed_files", counted)
    monkeypatch.setattr(searching, "FIRST", 20)
    monkeypatch.setattr(searching, "ANCHORS", 20)
    found = find(Wish("someone sitting", "What is this person doing?"), how=how)
    assert found.how == (how,)
    assert [len(paths) for paths in asked] == [20]
    # A question of one's own has no alternatives but those that are named.
    assert found.standing_out is None


def test_full_keeps_what_it_embedded(world, tmp_path, dusk):
    options = {"store": tmp_path, "tell": _nothing, "ask": "times"}
    reranked = search(world / "images", DUSK, **options)
    assert reranked.how == ("rerank",) and stand_out(reranked) == dusk
    assert search(world / "images", DUSK, how="full", **options).how == ("index",)
    assert search(world / "images", DUSK, **options).how == ("index",)


def test_the_linear_map_of_all_pictures_is_nearly_the_question_itself(
    world, tmp_path, dusk
):
    """With fewer pictures than anchors the map is fitted on all of them."""
    options = {"store": tmp_path, "tell": _nothing, "ask": "times"}
    found = search(world / "images", DUSK, how="linear", **options)
    assert found.how == ("linear",)
    hits = stand_out(found) & dusk
    assert len(hits) > 0.7 * len(dusk) and len(hits) > 0.7 * found.standing_out


def test_several_wishes_each_under_its_own_question(find, dusk):
    twice = find(Wish(DUSK, "times"), Wish(DUSK, "times"), count=500)
    assert stand_out(twice) == dusk
    neither = find(Wish(DUSK, "times"), Wish(DUSK, "times", unwanted=True), count=500)
    assert neither.standing_out == 0
    no_night = find(Wish(DUSK, "times"), Wish(NIGHT, "times", unwanted=True))
    assert stand_out(no_night) == dusk


def test_a_picture_as_the_query_finds_its_like(find, world, dusk):
    picture = world / "images" / min(dusk)
    found = find(Wish(like=picture, ask="times"), count=len(dusk))
    assert found.pictures.path[0] == min(dusk)
    assert found.pictures.score[0] == pytest.approx(1, abs=1e-3)
    assert len(set(found.pictures.path) & dusk) > 0.9 * len(dusk)


def test_the_ranking_without_the_question_is_told_too(find):
    asked, plain = find(DUSK, ask="times", count=50), find(DUSK, count=50)
    assert asked.general.path.tolist() == plain.pictures.path.tolist()
    assert asked.general_files == plain.files
    assert asked.general.score.tolist() == plain.pictures.score.tolist()
    # The two columns of ranks say the same of a picture that is in both lists.
    there = asked.pictures.set_index("path").general.dropna()
    back = asked.general.set_index("path").asked.dropna()
    places = {path: place for place, path in enumerate(asked.pictures.path, 1)}
    firsts = {path: place for place, path in enumerate(asked.general.path, 1)}
    both = places.keys() & firsts.keys()
    assert both and len(both) < len(places)
    assert all(there[path] == firsts[path] for path in both)
    assert all(back[path] == places[path] for path in both)


def test_named_alternatives_compete(find):
    wish = Wish(DUSK, TIMES, against=("an image taken in the morning", NIGHT))
    assert find(wish).standing_out
    with pytest.raises(InputError, match="none differs from the text"):
        find(Wish(DUSK, TIMES, against=(DUSK,)))


def test_the_alternatives_of_a_facet_are_the_labels_of_all():
    texts = alternatives(Wish(DUSK, "times"))
    assert FACETS["times"].wording("night") in texts
    assert FACETS["materials"].wording("metal") in texts
    assert alternatives(Wish("by the sea", "scenes")) == []  # any text is a label


def test_auto_names_a_question_and_is_no_facet_s_name(find):
    (wish,) = find(Wish(DUSK, "auto")).wishes
    assert wish.ask in FACETS or wish.ask.endswith("?")


def test_a_picture_that_went_between_index_and_search_is_not_found(
    world, tmp_path, dusk
):
    folder = tmp_path / "images"
    shutil.copytree(world / "images", folder)
    shutil.copy(world / "pictures.sha256", tmp_path)
    options = {"store": tmp_path / "kept", "tell": _nothing, "ask": "times"}
    assert stand_out(search(folder, DUSK, **options)) == dusk
    (folder / min(dusk)).unlink()
    assert stand_out(search(folder, DUSK, **options)) == dusk - {min(dusk)}


WRONG = {
    "nothing": ((), {}, "text: none"),
    "blank": ((" ",), {}, "text: is empty"),
    "both": ((Wish("a", like="b"),), {}, "text: is given beside --like"),
    "only unwanted": ((Wish("a", unwanted=True),), {}, "text: none"),
    "a way": (("a",), {"how": "fast"}, "--how: 'fast'"),
    "blank question": (("a",), {"ask": " "}, "--ask: a question is empty"),
    "auto by picture": ((Wish(like="b", ask="auto"),), {}, "--ask auto: chooses by"),
    "a list": ((["a", "b"],), {}, "text: ['a', 'b'] is no text"),
    "half a character": (("\ud83d",), {}, r"text: '\ud83d' holds what"),
    "half of one asked": (
        ("a",),
        {"ask": "\ud83d"},
        r"--ask: '\ud83d' holds",
    ),
    "a long text": (("a " * 9_000,), {}, "text: has 18,000 characters. Use 10,000"),
    "a number asked": (("a",), {"ask": 5}, "--ask: 5 is no text"),
    "one text against": ((Wish("a", "times", "b, c"),), {}, "--against: 'b, c' is one"),
    "blank against": ((Wish("a", "times", ("b", " ")),), {}, "--against: a text is em"),
    "a count of none": (("a",), {"count": 0}, "count: 0 is no whole number from 1"),
    "a count of words": (("a",), {"count": "5"}, "count: '5' is no whole number"),
    "a text beyond the model": (
        ("a dog " * 600,),
        {},
        "tokens, and the model takes 51",
    ),
    "a question beyond the model": (
        ("a",),
        {"ask": "a dog " * 600},
        "tokens, and the model takes 512",
    ),
    "the image's own word": (
        ("a",),
        {"ask": "what <|image_pad|>?"},
        "a prompt holds the image placeholder <|image_pad|>",
    ),
    "no such picture": ((Wish(like="b.jpg"),), {}, "b.jpg: image: "),
    "a dual encoder": (
        ("a",),
        {"ask": "times", "retriever": "tiny-clip"},
        "tiny-clip: --ask: a dual encoder takes no question",
    ),
}


def test_for_an_unfit_question_no_picture_is_refused(world, indexed, tmp_path):
    shutil.copytree(indexed, tmp_path / "store")
    options = {"store": tmp_path / "store", "tell": _nothing}
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "store").rglob("*.safe*")}
    with pytest.raises(InputError, match=r"^tiny-qwen2vl: a prompt holds the image pl"):
        make.index_folder(world / "images", None, ["<|image_pad|>?"], **options)
    after = {p: p.stat().st_mtime_ns for p in (tmp_path / "store").rglob("*.safe*")}
    assert after == before


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_searched_is_refused_in_one_line(find, case):
    wishes, options, said = WRONG[case]
    with pytest.raises(InputError) as refused:
        find(*wishes, **options)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.fixture
def run(world, indexed, capfd):
    """`cocofacet search` with arguments -> exit status, output and errors."""

    def ran(text, *more):
        folder, store = str(world / "images"), str(indexed)
        status = main(["search", folder, text, "--store", store, *more])
        return status, *capfd.readouterr()

    return ran


def test_from_the_command_line(run, world, dusk):
    status, table, said = run(DUSK, "--ask", "times", "--count", "3")
    assert (status, len(table.splitlines())) == (0, 5)
    assert table.startswith(f"“{DUSK}”: {TIMES} (index)")
    assert "nothing to embed" in said
    many = ("--ask", "times", "--count", "500")
    found = json.loads(run(DUSK, *many, "--form", "json")[1])
    assert found["standing_out"] == len(dusk)
    (wish,) = found["wishes"]
    assert (wish["question"], wish["how"]) == (TIMES, "index")
    assert {row["path"] for row in found["pictures"]} == dusk
    paths = run(DUSK, *many, "--form", "paths0")[1].split("\0")
    assert {str(world / "images" / name) for name in dusk} == {*paths} - {""}
    lines = run(DUSK, *many, "--form", "csv")[1].splitlines()
    assert lines[0] == "path,score,share,general" and len(lines) == 1 + len(dusk)


def test_as_many_are_ranked_as_are_to_be_shown(run, monkeypatch):
    asked = []

    def noted(*_, count, **__):
        asked.append(count)
        raise InputError("enough")

    monkeypatch.setattr(searching, "search", noted)
    for count in (3, 5000):
        run(DUSK, "--count", str(count))
    assert asked == [searching.FIRST, 5000]


@pytest.mark.parametrize("against", ["", " ", ",,,"])
def test_alternatives_that_name_nothing_are_refused(run, against):
    status, _, said = run(DUSK, "--ask", "times", "--against", against)
    assert status == 2 and said.startswith("error: --against: names nothing.")


def test_when_nothing_stands_out_the_status_is_grep_s(run):
    wish = ("something made of brick", "--ask", "materials")
    status, table, said = run(*wish)
    assert (status, said.splitlines()[-1]) == (1, "nothing here stands out")
    assert "the nearest:" in table
    assert run(*wish, "--form", "paths0")[:2] == (1, "")
