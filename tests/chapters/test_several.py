"""The sentences on several attributes turn when the numbers do."""

import pandas as pd

from cocofacet.chapters import several
from cocofacet.evaluation.ranking import COLUMNS
from cocofacet.retrieval.combine import WAYS


def ranks(good, number="2 facets", queries=30):
    """Ways named in ``good`` put every positive first, the others every second."""
    return pd.DataFrame(
        {
            "mode": way,
            "facet": number,
            "query": f"{facets}:{row}{number}",
            "text": f"{row}",
            "label": f"{row}",
            "rank": 1 if way in good or row % 2 else 9,
        }
        for way in WAYS
        for row in range(queries)
        for facets in ["times+people"]
    ).reindex(columns=COLUMNS, fill_value="a")


def searched(values):
    return pd.DataFrame(
        {"mode": "part-prompted", "facets": facets, "together": "2 facets", "ap": ap}
        for facets, ap in values.items()
    )


def test_what_helps_is_said_and_turns():
    both = pd.concat([ranks({"part-prompted"}), ranks({"general"}, "3 facets")])
    text = several.changed(several.changes(both, 1, 0), 1)
    assert "Doing both gains 50.0 points with 2 facets and loses 50.0 points" in text
    assert "Splitting the query alone decides nothing (+0.0 points) with 2 f" in text
    assert "The least score in place of the sum loses 50.0 points with 2 facets" in text


def test_the_best_way_or_none():
    text = several.best(ranks({"part-prompted"}), 1, 0)
    assert text.startswith(
        "With 2 facets, the best way (each question, its own part) has Recall@1 "
        "100.0 % (over queries), no prompt 50.0 %: a gain of 50.0 points"
    )
    none = several.best(ranks({"general"}), 1, 0)
    assert none == (
        "With 2 facets, no way does better than no prompt (Recall@1 100.0 %, over "
        "queries)."
    )


def test_the_weakest_set_of_facets():
    text = several.weakest(searched({"a+b": 0.2, "c+d": 0.9}), "part-prompted")
    assert "worst on a and b (mAP 20.0 %) and best on c and d (90.0 %)" in text
    one = several.weakest(searched({"a+b": 0.2}), "part-prompted")
    assert one == "a and b is the only set of facets here."


def test_the_table_and_the_figure():
    found = pd.DataFrame(
        {"mode": way, "facets": "times+people", "together": "2 facets", "ap": 0.25}
        for way in WAYS
    )
    table = several.by_set(ranks({"long"}), found, 1)
    assert table.loc[("times + people", "Recall@1"), "one long question"] == 100
    assert table.loc[("times + people", "Recall@1"), "general (no prompt)"] == 50
    assert (table.loc[("times + people", "mAP")] == 25).all()
    figure = several.recall_and_map(ranks({"long"}), found, 1, "rendered world")
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels[2] == "one long question"
