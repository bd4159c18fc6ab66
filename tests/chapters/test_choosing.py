"""The chapter's tables count, and its sentences turn when the numbers turn."""

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


def test_accuracy_counts_texts_and_weighs_queries(table):
    found = choosing.accuracy(table).set_index(["chooser", "facet"])
    chat = found.loc["chat"]
    assert list(chat.right) == [1, 0, 1]
    assert list(chat.texts) == [2, 2, 4]
    assert list(chat.share) == [0.5, 0.0, 0.25]
    assert list(chat.by_query) == [0.75, 0.0, 0.5]
    assert list(chat.unreadable) == [0, 1, 1]
    assert (found.loc["oracle"].share == 1).all()


def test_what_was_chosen_instead_is_counted_most_frequent_first(table):
    cells = choosing.chosen_instead(table, ["chat"])[MODES["chat"][0]]
    assert cells["objects"] == "objects 1, times 1"
    assert sorted(cells["times"].split(", ")) == ["no prompt 1", "objects 1"]


def test_the_figure_shows_every_chooser_and_facet_with_its_counts(table):
    figure = choosing.accuracy_by_facet(choosing.accuracy(table), "toys")
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


def test_a_wrong_question_is_looked_at_where_one_was_taken(table):
    """Only "blue" and "noon": "red" was right, "dusk" got no prompt."""
    tidy = ranks(
        general=[1, 1, 1, 1, 9, 9],
        oracle=[1, 1, 1, 1, 1, 1],
        chat=[1, 1, 1, 9, 9, 9],
    )
    found = choosing.after_another_question(table, tidy, "chat", 1)
    general, own = found["general"], found["oracle"]
    assert (general.queries, general.value, general.reference) == (2, 0.0, 0.5)
    assert (own.queries, own.value, own.reference) == (2, 0.0, 1.0)
    never = choosing.after_another_question(table, tidy, "oracle", 1)
    assert never == {}


def test_costs_count_prompts_images_and_dimensions(table):
    tidy = ranks(general=[9] * 6, oracle=[1] * 6, chat=[1, 1, 1, 9, 9, 9])
    costs = choosing.cost_table(tidy, table, images=1000, dimension=250)
    general, oracle, chat = (costs.loc[MODES[m][0]] for m in tidy["mode"].unique())
    assert list(general[["prompts stored", "MB"]]) == ["1", "1.00"]
    assert list(chat[["prompts stored", "MB"]]) == ["10", "10.00"]
    assert chat["ms to choose"] == "250.0", "the median of 100, 200, 300, 900"
    assert general["ms to choose"] == oracle["ms to choose"] == "none"
    assert chat["R@1, macro"].startswith("37.5 "), "(3/4 + 0/2) / 2"
    assert oracle["R@1, macro"].startswith("100.0")


def row(value, reference, low, high, queries=1234):
    return pd.Series(
        {
            "value": value,
            "reference": reference,
            "difference": value - reference,
            "low": low,
            "high": high,
            "queries": queries,
        }
    )


def test_accuracy_sentence_turns_with_the_counts(table):
    found = choosing.accuracy(table)
    assert choosing.accuracy_sentence(found, "chat") == (
        "The chat model names the own facet's prompt for 1 of 4 texts (25.0 %; a blind "
        "pick among 10 would get about 0), best on objects (1 of 2) and worst on times "
        "(0 of 2). 1 of its answers named no prompt and count as no prompt."
    )
    perfect = choosing.accuracy_sentence(found, "oracle")
    assert "4 of 4 texts (100.0 %" in perfect
    assert "best" not in perfect and "named no prompt" not in perfect


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.2, "Even then a question was better than none"),
        (-0.2, -0.01, "There a wrong question was worse than none"),
        (-0.1, 0.1, "There a wrong question cannot be told from none"),
        (float("nan"), float("nan"), "cannot be told from none"),
    ],
)
def test_wrong_sentence_turns_with_the_interval(low, high, words):
    found = {"general": row(0.2, 0.3, low, high), "oracle": row(0.2, 0.9, -1, 0)}
    text = choosing.wrong_sentence(found, "nearest", 1)
    assert words in text
    assert "for 1,234 queries" in text
    assert "20.0 % with it, 30.0 % without a prompt and 90.0 % with the own" in text
    never = choosing.wrong_sentence({}, "nearest", 1)
    assert never == "The nearest prompt never took another facet's question."


def test_worth_sentence_sorts_the_choosers():
    up, down, open_ = (
        row(0, 0, *ends).to_frame().T.assign(facet="macro")
        for ends in ((0.1, 1), (-1, -0.1), (-1, 1))
    )
    assert choosing.worth_sentence({"chat": up, "local": up}) == (
        "Choosing by the chat model and the local model finds more than the general "
        "embedding does."
    )
    text = choosing.worth_sentence({"chat": up, "nearest": down, "local": open_})
    assert "Choosing by the chat model finds more" in text
    assert "; choosing by the nearest prompt finds less" in text
    assert text.endswith("the local model cannot be told from the general embedding.")


def test_the_published_numbers_are_summed_and_said():
    table = choosing.published_table(paper.GPT4O_CHOICES)
    assert list(table.loc["gestures"]) == ["5 of 8", "62.5 %"]
    assert list(table.loc["all texts"]) == ["236 of 263", "89.7 %"]
    said = choosing.published_sentence(paper.GPT4O_CHOICES, paper.GPT4O_SCENES_BY_QUERY)
    assert "236 of 263 texts (89.7 %)" in said
    assert "never wrong on animals, times, people, weathers and materials." in said
    assert "most often on gestures (5 of 8 right) and scenes (117 of 140 right)" in said
    other = choosing.published_sentence({"a": (1, 2), "b": (3, 3)}, (1, 1))
    assert "4 of 5 texts (80.0 %)" in other and "never wrong on b." in other
