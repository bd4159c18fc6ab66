"""What the explorer shows, checked by hand."""

import os
import time

import numpy as np
import pytest
import small_explorer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from small_explorer import QUESTIONS, first_by_hand

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.evaluation.ranking import prompt_modes, rank_of_positive, rank_table
from cocofacet.io import InputError
from cocofacet.report.explorer import data, page


@pytest.fixture(scope="module")
def world():
    return small_explorer.world()


@pytest.fixture(scope="module")
def menu(world):
    return small_explorer.find(world)


@pytest.fixture(scope="module")
def ways(menu):
    return menu[0]


@pytest.fixture(scope="module")
def found(menu):
    return menu[1]


@pytest.fixture(scope="module")
def ranks(world):
    benchmark, texts, images = world
    return rank_table(
        benchmark, texts, images, prompt_modes(QUESTIONS), retriever="promptable"
    )


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return small_explorer.draw(tmp_path_factory.mktemp("pictures"))


def test_the_menu_has_every_way_and_a_wrong_question_never_is_the_own(ways):
    assert [(way.retriever, way.mode) for way in ways] == [
        ("promptable", "general"),
        ("promptable", "prompted"),
        ("promptable", "bare"),
        ("promptable", "wrong"),
        ("promptable", "wrong"),
        ("dual", "general"),
    ]
    assert ways[3].prompts == {"weathers": QUESTIONS["animals"]}
    assert ways[3].words == "the question of animals"
    names = [way.name for way in ways]
    assert names == ["none", "own", "bare", "animals", "weathers", "dual"]
    assert ways[1].prompts == QUESTIONS
    only = data.methods({"animals": "?"}, "promptable", "dual")
    assert [way.mode for way in only] == ["general", "prompted", "bare", "general"]


@given(
    st.lists(
        st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=12, max_size=12),
        min_size=1,
        max_size=4,
    )
)
def test_where_the_positive_stands_is_its_rank_also_in_a_tie(scores):
    scores = np.array(scores)
    pool = np.tile(np.arange(12), (len(scores), 1))
    best_first = data.order(scores, pool)
    assert (1 + best_first.argmin(axis=1) == rank_of_positive(scores)).all()
    assert (np.diff(np.take_along_axis(scores, best_first, 1)) <= 0).all()


def test_a_copy_of_the_positive_does_not_outrank_it():
    scores = np.array([[1.0, 1.0, 1.0, 0.0]])
    assert data.order(scores, np.array([[7, 7, 3, 4]])).tolist() == [[2, 0, 1, 3]]


def test_ranks_and_pictures_are_those_of_the_table_and_of_a_plain_sort(
    world, ways, found, ranks
):
    benchmark = world[0]
    table = ranks.set_index(["query", "prompt"])["rank"]
    seen = 0
    for way, one in zip(ways, found, strict=True):
        for row, query in enumerate(benchmark.queries):
            if query.facet not in way.prompts:
                assert one.rank[row] == 0 and (one.first[row] == -1).all()
                continue
            prompt = way.prompts[query.facet]
            known = table.xs(query.id)
            expected = known[known.index.isna() if prompt is None else prompt]
            assert one.rank[row] == np.asarray(expected).item()
            best = first_by_hand(world, prompt, row)
            assert [benchmark.images[n] for n in one.first[row]] == best[:10]
            assert best[one.rank[row] - 1] == query.candidates[0]
            seen += 1
    assert seen == 13 * 5, "general, own, bare, one wrong question and the dual encoder"


@pytest.fixture
def cases(world, found):
    return data.cases(world[0], *found[:2])


def test_cases_hold_the_ranks_of_the_two_modes_and_number_each_text(cases, ranks):
    for mode, column in (("general", "before"), ("prompted", "after")):
        expected = ranks[ranks["mode"] == mode].set_index("query")["rank"]
        assert cases.set_index("query")[column].to_dict() == expected.to_dict()
    assert cases.number.tolist() == [1, 2, 3, 4, 1, 2, 1, 1, 2, 3, 1, 2, 3]


def test_the_first_queries_of_each_text_in_the_order_of_the_file(cases):
    def first(per_text):
        return data.first_of_each_text(cases, per_text).index.tolist()

    assert first(2) == [0, 1, 4, 5, 6, 7, 8, 10, 11]
    assert first(0) == list(range(13))


def test_the_text_that_gains_most_comes_first_and_each_facet_once(world):
    """Cat and dog of animals, snowy of weathers; the bird is not looked at."""
    before = np.array([9, 3, 5, 1, 40, 60, 90, 2, 7, 5, 1, 1, 1])
    after = np.array([1, 1, 5, 1, 10, 5, 1, 1, 1, 4, 9, 9, 9])
    none = np.empty((13, 0))
    ranks = data.Found(before, none), data.Found(after, none)
    cases = data.cases(world[0], *ranks)
    # Medians: cat 1, dog 42.5, snowy 1; the dog's second falls by 55.
    assert data.by_gain(cases.loc[[0, 1, 2, 3, 4, 5, 7, 8, 9]]) == [5, 8]
    # With the bird, which falls by 89; of equals the first.
    assert data.by_gain(cases.loc[[0, 4, 6]]) == [6]
    turned = data.cases(world[0], *ranks[::-1])
    assert data.by_gain(turned.loc[[10, 11, 12]]) == [10]


def test_the_data_say_what_the_page_opens_on_and_number_each_query(
    world, ways, found, cases
):
    few = cases.loc[[4, 5, 8]]
    content = data.content(world[0], ways, found, few, "made up", opening=5)
    assert content["opening"] == [0, 0, 1]
    numbers = [
        [query["number"] for query in asked["queries"]]
        for facet in content["facets"]
        for asked in facet["texts"]
    ]
    assert numbers == [[1, 2], [2]], "as in the whole benchmark"
    content = data.content(world[0], ways, found, few, "made up", opening=8)
    assert content["opening"] == [1, 0, 0]


def test_the_data_hold_only_what_is_shown(world, ways, found, cases):
    one = (ways, found, cases.loc[[4]], "made up", 4)
    content = data.content(world[0], *one)
    (facet,) = content["facets"]
    ((asked,), carried) = facet["texts"], facet["carried"]
    (query,) = asked["queries"]
    assert (facet["name"], asked["label"], query["id"]) == (
        "animals",
        "dog",
        "COCO_animal_retrieval:4",
    )
    assert query["ranks"][3] is None and query["first"][3] is None
    shown = {
        query["positive"],
        *(n for first in query["first"] if first for n in first),
    }
    assert shown == set(range(len(content["images"])))
    assert carried[query["positive"]] == "dog"
    assert set(carried.values()) == {"dog", ""}
    unknown = Benchmark(world[0].queries)
    assert data.content(unknown, *one)["facets"][0]["carried"] == {}


@pytest.fixture
def content(world, ways, found, cases):
    return data.content(world[0], ways, found, cases.loc[[0]], "made up", 0)


def test_thumbnails_are_small_and_what_is_no_longer_needed_goes(
    content, pictures, tmp_path
):
    again = tmp_path / "page"
    (again / "pictures/val2017").mkdir(parents=True)
    (again / "pictures/val2017/old.jpg").write_bytes(b"left over")
    page.write(again, content, pictures, "made", content)
    left = {
        path.relative_to(again / "pictures").as_posix()
        for path in (again / "pictures").rglob("*.jpg")
    }
    assert left == set(content["images"])
    with Image.open(again / "pictures" / content["images"][0]) as small:
        assert small.size == (256, 171)
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    with pytest.raises(InputError, match=r"bad\.jpg: image: cannot be read"):
        page.thumbnail(bad)


def test_two_notebooks_may_write_one_page_at_once(
    content, pictures, tmp_path, monkeypatch
):
    """One comes to its end while the other writes: with each of its files, in turn."""
    count, flush = 0, os.fsync

    def overtaken(handle):
        nonlocal count
        flush(handle)
        if count % 10 == 0:  # a tenth of them is quick and enough
            with monkeypatch.context() as patch:
                patch.setattr(os, "fsync", flush)
                page.write(tmp_path, content, pictures, "made", content)
        count += 1

    monkeypatch.setattr(os, "fsync", overtaken)
    page.write(tmp_path, content, pictures, "made", content)
    files = {path for path in (tmp_path / "pictures").rglob("*") if path.is_file()}
    assert files == {tmp_path / "pictures" / name for name in content["images"]}
    assert count == len(files) + 3


def test_what_a_killed_notebook_left_goes_once_it_is_old(content, pictures, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, age in ((".new.jpg.1", 0), (".old.jpg.2", page.OLD + 9)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age,) * 2)
    page.write(tmp_path, content, pictures, "made", content)
    assert (folder / ".new.jpg.1").exists() and not (folder / ".old.jpg.2").exists()
