"""The chapter's tables count; its findings take the queries that they speak of."""

import pandas as pd
import pytest

from cocofacet import paper
from cocofacet.benchmark.query import Query
from cocofacet.chapters import choosing
from cocofacet.evaluation.ranking import GROUP
from cocofacet.report.style import MODES
from cocofacet.retrieval.choosing import Choice


def query(number, facet, text):
    return Query(f"{facet}:{number}", facet, text, text, ())


# Four texts: "red" is asked three times.
QUERIES = [
    *(query(number, "objects", "red") for number in range(3)),
    query(3, "objects", "blue"),
    query(0, "times", "dusk"),
    query(1, "times", "noon"),
]
CHOICES = {
    "oracle": {
        "red": Choice("objects", seconds=0.0),
        "blue": Choice("objects", seconds=0.0),
        "dusk": Choice("times", seconds=0.0),
        "noon": Choice("times", seconds=0.0),
    },
    "chat": {
        "red": Choice("objects", seconds=0.1),
        "blue": Choice("times", seconds=0.2),
        "dusk": Choice(None, readable=False, seconds=0.3),
        "noon": Choice("objects", seconds=0.9),
    },
}


@pytest.fixture
def table():
    return choosing.choice_table(CHOICES, QUERIES)


def test_the_table_has_a_row_for_each_chooser_and_text(table):
    assert len(table) == 2 * 4
    red = table[(table.chooser == "chat") & (table.text == "red")].iloc[0]
    assert (red.chosen, red.right, red.queries) == ("objects", True, 3)
    dusk = table[(table.chooser == "chat") & (table.text == "dusk")].iloc[0]
    assert (dusk.chosen, dusk.right, dusk.readable) == ("no prompt", False, False)


def test_what_was_chosen_instead_is_counted_most_frequent_first(table):
    cells = choosing.chosen_instead(table, ["chat"])[MODES["chat"][0]]
    assert cells["objects"] == "objects 1, times 1"
    assert sorted(cells["times"].split(", ")) == ["no prompt 1", "objects 1"]


def test_the_figure_shows_every_chooser_and_facet_with_its_counts(table):
    figure = choosing.accuracy_by_facet(table, "toys")
    axes = figure.axes[0]
    words = [text.get_text() for text in axes.texts]
    assert sorted(words) == sorted(["2 of 2", "2 of 2", "1 of 2", "0 of 2"])
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["objects", "times"]
    assert "toys" in [text.get_text() for text in figure.texts]
    drawn = {
        bars.get_label(): [b.get_width() for b in bars] for bars in axes.containers
    }
    assert drawn[MODES["chat"][0]] == [50.0, 0.0]


def ranks(**of_mode):
    """The tidy table of the queries: mode -> their ranks."""
    rows = [
        {
            **dict.fromkeys(GROUP, ""),
            "mode": mode,
            "prompt": "",
            "facet": query.facet,
            "query": query.id,
            "text": query.text,
            "label": query.label,
            "rank": rank,
        }
        for mode, numbers in of_mode.items()
        for query, rank in zip(QUERIES, numbers, strict=True)
    ]
    return pd.DataFrame(rows)


def test_findings_turn_with_the_ranks_and_a_wrong_question_counts_where_taken(table):
    """Only "blue" and "noon": "red" was right, "dusk" got no prompt."""
    tidy = ranks(
        general=[9, 9, 9, 1, 9, 9],
        oracle=[1, 1, 1, 1, 1, 1],
        chat=[1, 1, 1, 9, 9, 9],
    )
    found = choosing.findings_of(tidy, table, ["chat", "oracle"], 1)
    assert {key: each.value for key, each in found.items()} == {
        "chat": pytest.approx((2 / 4 + 0) / 2),
        "chat_own": pytest.approx((1 / 4 + 1) / 2),
        "chat_wrong": 0.5,
        "oracle": pytest.approx((3 / 4 + 1) / 2),
    }, "the oracle takes no wrong question, and is not compared with itself"
    assert found["chat_own"].contrast.startswith("the own question − chosen: chat")
    assert found["chat_wrong"].metric == "Recall@1, over queries"


def test_the_summary_counts_texts_queries_answers_and_time(table):
    tidy = ranks(general=[9] * 6, oracle=[1] * 6, chat=[1, 1, 1, 9, 9, 9])
    found = choosing.summary(tidy, table)
    general, oracle, chat = (found.loc[MODES[m][0]] for m in tidy["mode"].unique())
    chosen = ["own prompt", "of queries", "unreadable"]
    assert list(chat[chosen]) == ["1 of 4", "50.0 %", "1"], "red is asked three times"
    assert list(oracle[chosen]) == ["4 of 4", "100.0 %", "0"]
    assert list(general[[*chosen, "ms to choose"]]) == ["none"] * 4
    assert chat["ms to choose"] == "250.0", "the median of 100, 200, 300, 900"
    assert chat["R@1, macro"].startswith("37.5 "), "(3/4 + 0/2) / 2"
    assert oracle["R@1, macro"].startswith("100.0")


def test_the_published_numbers_are_summed():
    table = choosing.published_table(paper.GPT4O_CHOICES, paper.GPT4O_SCENES_BY_QUERY)
    assert list(table.loc["gestures"]) == ["5 of 8", "62.5 %"]
    assert list(table.loc["all texts"]) == ["236 of 263", "89.7 %"]
    assert list(table.loc["scenes, by query"]) == ["149 of 172", "86.6 %"]
