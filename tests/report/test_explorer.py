"""What the explorer and the chosen pictures show, checked by hand and by rule."""

import numpy as np
import pandas as pd
import pytest
import small_explorer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from small_explorer import QUESTIONS, first_by_hand

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.chapters import explorer as extremes
from cocofacet.evaluation.metrics import prompt_modes, rank_of_positive, rank_table
from cocofacet.io import InputError
from cocofacet.report import explorer as explore


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
    assert ways[1].prompts == QUESTIONS
    only = explore.methods({"animals": "?"}, "promptable", "dual")
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
    best_first = explore.order(scores, pool)
    assert (1 + best_first.argmin(axis=1) == rank_of_positive(scores)).all()
    assert (np.diff(np.take_along_axis(scores, best_first, 1)) <= 0).all()


def test_a_copy_of_the_positive_does_not_outrank_it():
    scores = np.array([[1.0, 1.0, 1.0, 0.0]])
    assert explore.order(scores, np.array([[7, 7, 3, 4]])).tolist() == [[2, 0, 1, 3]]


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


def test_the_first_queries_of_each_text_in_the_order_of_the_file(world):
    assert explore.first_of_each_text(world[0], 2) == [0, 1, 4, 5, 6, 7, 8, 10, 11]
    assert explore.first_of_each_text(world[0], 0) == list(range(13))
    with pytest.raises(InputError, match="per_text: -1 is negative"):
        explore.first_of_each_text(world[0], -1)


def test_the_data_hold_only_what_is_shown(world, ways, found):
    content = explore.data(world[0], ways, found, [4], "made up")
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
    assert explore.data(unknown, ways, found, [4], "")["facets"][0]["carried"] == {}


def test_thumbnails_are_small_and_what_is_no_longer_needed_goes(
    world, ways, found, pictures, tmp_path
):
    content = explore.data(world[0], ways, found, [0], "made up")
    again = tmp_path / "page"
    (again / "pictures/val2017").mkdir(parents=True)
    (again / "pictures/val2017/old.jpg").write_bytes(b"left over")
    sizes = explore.write(again, content, pictures, "made")
    left = {
        path.relative_to(again / "pictures").as_posix()
        for path in (again / "pictures").rglob("*.jpg")
    }
    assert left == set(content["images"])
    with Image.open(again / "pictures" / content["images"][0]) as small:
        assert small.size == (128, 85)
    assert sizes["data"] == (again / "data.js").stat().st_size
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    with pytest.raises(InputError, match=r"bad\.jpg: picture: cannot be read"):
        explore.thumbnail(bad)


# The chosen pictures.


def moves(*rows):
    """A table of `extremes.beside` from (facet, before, after)."""
    table = pd.DataFrame(rows, columns=["facet", "before", "after"])
    table["query"] = [f"{row.facet}:{n}" for n, row in enumerate(table.itertuples())]
    return table.assign(text="Find <it>.\n", label="it")


MIXED = moves(("a", 9, 3), ("a", 8, 2), ("a", 5, 60), ("b", 2, 2), ("b", 1, 1))


def test_extremes_are_chosen_by_rule():
    assert list(extremes.largest_gains(MIXED)["query"]) == ["a:0"], (
        "of equals the first"
    )
    assert list(extremes.worst(MIXED)["query"]) == ["a:2", "b:3"]
    said = extremes.left_out(MIXED, extremes.largest_gains(MIXED), "no rank improves")
    assert said == "Not shown: b, where no rank improves."
    assert extremes.left_out(MIXED, extremes.worst(MIXED), "") == ""


def test_before_and_after_are_the_ranks_of_the_two_modes(ranks):
    both = extremes.beside(ranks)
    assert len(both) == 13 and both["query"].is_unique
    for mode, column in (("general", "before"), ("prompted", "after")):
        expected = ranks[ranks["mode"] == mode].set_index("query")["rank"]
        assert (both.set_index("query")[column] == expected).all()
    fewer = ranks[(ranks["mode"] == "general") | (ranks["facet"] == "animals")]
    with pytest.raises(ValueError, match="different queries: 13 and 7"):
        extremes.beside(fewer)


def test_a_figure_shows_what_stood_above_and_says_where_it_comes_from(
    world, found, ranks, pictures
):
    rows = extremes.largest_gains(extremes.beside(ranks))
    html = extremes.gallery(
        world[0], pictures, rows, found[0].first, "before", "made <up>"
    ).data
    assert html.count("<figure") == len(rows) == html.count("made &lt;up&gt;") == 2
    above = [min(before - 1, 10, extremes.ABOVE) for before in rows.before]
    assert html.count("<img") == len(rows) + sum(above)
    for before, shown in zip(rows.before, above, strict=True):
        assert f"{shown} of {before - 1} ranked above it without a prompt" in html
    assert html.count('class="hit"') == len(rows)


def test_sentences_turn_with_the_numbers():
    turned = MIXED.rename(columns={"before": "after", "after": "before"})
    assert extremes.moved(MIXED) == (
        "More positives rise than fall with the facet's question: of 5 queries 2 rise, "
        "1 fall and 2 stay. The median rank goes from 5 to 2."
    )
    assert extremes.moved(turned).startswith("No more positives rise than fall")
    assert "one of a: “Find <it>.” ranks its positive 9 without" in extremes.furthest(
        MIXED
    )
    assert "ranks its positive 60 without a prompt and 5 " in extremes.furthest(turned)
    assert extremes.furthest(MIXED[3:]) == "The question raises no positive."
    assert "1 of 5 positives rank behind 50, all of them in a." in extremes.failures(
        MIXED
    )
    assert "no positive ranks behind 50" in extremes.failures(turned)
    whole = extremes.table(MIXED).loc["all"]
    assert [whole.rises, whole.stays, whole.falls, whole["last after"]] == [2, 2, 1, 60]
