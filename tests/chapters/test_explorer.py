"""The largest gains and the worst failures: chosen by rule, shown, and summed up."""

import re
from html import unescape

import pandas as pd
import pytest
import small_explorer
from small_explorer import QUESTIONS

from cocofacet.chapters import explorer
from cocofacet.evaluation.ranking import prompt_modes, rank_table
from cocofacet.report.explorer import data
from cocofacet.report.explorer.link import link


@pytest.fixture(scope="module")
def world():
    return small_explorer.world()


@pytest.fixture(scope="module")
def found(world):
    return small_explorer.find(world)[1]


@pytest.fixture(scope="module")
def ranks(world):
    benchmark, texts, images = world
    return rank_table(
        benchmark, texts, images, prompt_modes(QUESTIONS), retriever="promptable"
    )


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return small_explorer.draw(tmp_path_factory.mktemp("pictures"))


def moves(*rows):
    """A table of `explorer.before_and_after` from (facet, before, after)."""
    table = pd.DataFrame(rows, columns=["facet", "before", "after"])
    table["query"] = [f"{row.facet}:{n}" for n, row in enumerate(table.itertuples())]
    return table.assign(text="Find <it>.\n", label="it")


MIXED = moves(("a", 9, 3), ("a", 8, 2), ("a", 5, 60), ("b", 2, 2), ("b", 1, 1))


def test_explorer_are_chosen_by_rule():
    assert list(explorer.largest_gains(MIXED)["query"]) == ["a:0"], (
        "of equals the first"
    )
    assert list(explorer.worst(MIXED)["query"]) == ["a:2", "b:3"]
    said = explorer.left_out(MIXED, explorer.largest_gains(MIXED), "no rank improves")
    assert said == "Not shown: b, where no rank improves."
    assert explorer.left_out(MIXED, explorer.worst(MIXED), "") == ""


def test_before_and_after_are_the_ranks_of_the_two_modes(ranks):
    both = explorer.before_and_after(ranks)
    assert len(both) == 13 and both["query"].is_unique
    for mode, column in (("general", "before"), ("prompted", "after")):
        expected = ranks[ranks["mode"] == mode].set_index("query")["rank"]
        assert (both.set_index("query")[column] == expected).all()
    fewer = ranks[(ranks["mode"] == "general") | (ranks["facet"] == "animals")]
    with pytest.raises(ValueError, match="different queries: 13 and 7"):
        explorer.before_and_after(fewer)


def test_a_figure_shows_what_stood_above_and_says_where_it_comes_from(
    world, found, ranks, pictures
):
    rows = explorer.largest_gains(explorer.before_and_after(ranks))
    html = explorer.gallery(
        world[0], pictures, rows, found[0].first, "before", "Figure 9. Made <up>."
    ).data
    assert html.count("<figcaption>Figure 9. Made &lt;up&gt;.</figcaption>") == 1
    assert html.count("<ol") == len(rows) == 2
    above = [min(before - 1, 10, explorer.ABOVE) for before in rows.before]
    assert html.count("<img") == len(rows) + sum(above)
    for before, shown in zip(rows.before, above, strict=True):
        assert f"{shown} of {before - 1} ranked above it without a prompt" in html
    assert html.count('class="hit"') == len(rows)
    links = [unescape(one) for one in re.findall(r'href="([^"]*)"', html)]
    ids = [query.id for query in world[0].queries]
    counted = dict(zip(ids, data.numbers(world[0]), strict=True))
    assert links == [
        link(row.facet, row.text, picture=counted[row.query])
        for row in rows.itertuples()
    ]
    few = explorer.gallery(
        world[0], pictures, rows, found[0].first, "before", "", per_text=1
    ).data
    numbers = [counted[row.query] for row in rows.itertuples()]
    assert few.count("href=") == numbers.count(1) < 2, "only what the explorer holds"


def test_how_many_rise_stay_and_fall():
    whole = explorer.table(MIXED).loc["all"]
    assert [whole.rises, whole.stays, whole.falls, whole["last after"]] == [2, 2, 1, 60]
