"""The largest gains and the worst failures: chosen by rule, shown, and summed up."""

import re
from html import unescape

import pandas as pd
import pytest
import small_explorer

from cocofacet.chapters import explorer
from cocofacet.report.explorer import data, page


@pytest.fixture(scope="module")
def world():
    return small_explorer.world()


@pytest.fixture(scope="module")
def found(world):
    return small_explorer.find(world)[1]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return small_explorer.draw(tmp_path_factory.mktemp("pictures"))


MIXED = pd.DataFrame(
    [("a", 9, 3), ("a", 8, 2), ("a", 5, 60), ("b", 2, 2), ("b", 1, 1)],
    columns=["facet", "before", "after"],
)


def test_cases_are_chosen_by_rule():
    gains = explorer.largest(MIXED, MIXED.before - MIXED.after, above=0)
    assert list(gains.index) == [0], "of equals the first; none in b gains"
    worst = explorer.largest(MIXED, MIXED.after, above=1)
    assert list(worst.index) == [2, 3]


def test_a_figure_shows_what_stood_above_and_says_where_it_comes_from(
    world, found, pictures
):
    benchmark, (general, prompted, *_) = world[0], found
    cases = data.cases(benchmark, general, prompted)
    rows = explorer.largest(cases, cases.before - cases.after, above=0)
    linked = rows.index[:1]
    made = benchmark, pictures, rows, general, "Figure 9. Made <up>.", linked
    html = explorer.gallery(*made).data
    assert html.count("<figcaption>Figure 9. Made &lt;up&gt;.</figcaption>") == 1
    assert html.count('class="hit"') == html.count("<ol") == len(rows) == 2
    above = [min(before - 1, explorer.ABOVE) for before in rows.before]
    assert html.count("<img") == len(rows) + sum(above)
    for row in rows.itertuples():
        said = f"{row.query}, rank without a prompt: {row.before}, with the question: "
        assert f"{said}<b>{row.after}</b>" in html
    (address,) = re.findall(r'href="([^"]*)"', html)
    row = next(rows.itertuples())
    assert unescape(address) == page.link(row.facet, row.text, picture=row.number), (
        "only to what the explorer holds"
    )


def test_how_many_rise_stay_and_fall():
    assert explorer.moves(MIXED).loc["all"].tolist() == [5, 2, 2, 1]
    assert explorer.moves(MIXED).loc["a"].tolist() == [3, 2, 0, 1]
