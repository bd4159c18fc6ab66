"""What the live page is told: two lists, and the moves between them."""

import pytest
from live_page import FREE, NIGHT, search
from mean_colours import Means
from small_photos import paint_all

from cocofacet.benchmark.facets import FACETS
from cocofacet.embeddings.loader import Work, embed_files
from cocofacet.io import InputError
from cocofacet.photos import make
from cocofacet.photos import search as searching
from cocofacet.photos.app import answers
from cocofacet.photos.app.site import Site
from cocofacet.photos.search import Wish
from cocofacet.retrievers.on_demand import OnDemand


def test_both_lists_and_the_moves_between_them(server, opened):
    status, found = search(server, text=NIGHT, ask="times")
    assert status == 200
    asked, general = found["asked"], found["general"]
    assert asked["question"] == FACETS["times"].question
    assert (asked["how"], found["chosen"]) == ("index", False)
    first = asked["first"]
    assert len(general) == len(first) == len(opened.kept) == found["pictures"]
    for mine, others in ((first, general), (general, first)):
        for one in mine:
            assert others[one["other"] - 1]["sha256"] == one["sha256"]
    out = asked["standing_out"]
    assert 0 < out < len(first)
    assert all((one["share"] >= 0.5) == (n < out) for n, one in enumerate(first))
    assert {one["share"] for one in general} == {None}


def test_the_lists_are_those_of_the_search(server, opened):
    _, found = search(server, text=NIGHT, ask="people")
    own = searching.answer(opened.kept, opened.retriever, Wish(NIGHT, "people"))
    assert [one["path"] for one in found["asked"]["first"]] == list(own.pictures.path)


ASKED = {
    "none": ({"ask": "none"}, None),
    "left out": ({}, None),
    "a facet": ({"ask": "weathers"}, "rerank"),
    "the nearest to the text": (
        {"ask": "auto", "text": FACETS["times"].wording("daytime")},
        "index",
    ),
    "one's own": ({"question": FREE}, "rerank"),
    "as long as may be": ({"text": "a dog " * 166, "ask": "times"}, "index"),
    "in any script": ({"text": "сумерки 夕暮れ 🌆"}, None),
}


@pytest.mark.parametrize("kind", ASKED)
def test_questions(kind, server):
    said, how = ASKED[kind]
    status, found = search(server, **{"text": NIGHT} | said)
    assert status == 200
    assert (found["asked"] and found["asked"]["how"]) == how
    if "question" in said:
        assert found["asked"]["standing_out"] is None


def test_it_stops_between_two_batches(tmp_path):
    folder = paint_all(tmp_path, range(3))
    means = Means()
    mine = answers.Retriever(means)
    works = [Work(tuple(sorted(folder.iterdir())), (None,))]
    assert len(list(embed_files(mine, works, batch=1))) == 1
    found = means.embed_prepared

    def then_stopped(prepared):
        mine.stop.set()
        return found(prepared)

    means.asked, means.embed_prepared = [], then_stopped
    with pytest.raises(answers.Stopped):
        list(embed_files(mine, works, batch=1))
    assert means.asked == [(1, (None,))]


def test_a_dual_encoder_is_asked_no_question(world, tmp_path):
    what = (world / "images", "tiny-clip", (), tmp_path)
    kept = make.index_folder(*what, tell=lambda line: None)
    dual = answers.Answers(kept, OnDemand("tiny-clip", kept.place))
    assert len(dual(Wish(NIGHT))["general"]) == len(kept)
    with pytest.raises(InputError, match="takes no question"):
        dual(Wish(NIGHT, "times"))
    assert "How many people" not in Site(dual, "photos").content
