"""Queries of several labels: who carries them, who stands in the pool, how they are
found; the findings turn when the numbers do."""

import numpy as np
import pandas as pd
import pytest

from cocofacet.benchmark.facets import FACETS
from cocofacet.chapters import several
from cocofacet.evaluation.ranking import COLUMNS
from cocofacet.io import InputError
from cocofacet.retrieval.combine import WAYS

NAME = "v7w_{:d}.jpg".format
TIMES, PEOPLE = ("night", "daytime"), ("1", "2", "6")
IMAGES = [NAME(n) for n in range(300)]
SET = ("times", "people")


@pytest.fixture
def known():
    """Every time with every count, in turn; times of the last ten are not known."""
    return {
        "times": {image: (TIMES[n % 2],) for n, image in enumerate(IMAGES[:290])},
        "people": {image: (PEOPLE[n // 2 % 3],) for n, image in enumerate(IMAGES)},
    }


@pytest.fixture
def asked(known):
    return several.queries_about(known, IMAGES, [SET], 10, 0)[SET]


def test_each_facet_stands_in_one_set_of_each_size():
    assert several.facet_sets("abcde", [2, 3, 2]) == [
        ("a", "b"),
        ("c", "d"),
        ("a", "b", "c"),
    ]
    with pytest.raises(InputError, match="together: "):
        several.facet_sets("abcde", [6])


def test_positives_carry_every_label_and_negatives_lack_one(known, asked):
    assert asked, "there are queries"
    for each in asked:
        labels = each.query.label.split(" + ")
        for place, image in enumerate(IMAGES):
            here = [known[facet].get(image) for facet in SET]
            carries = here == [(label,) for label in labels]
            assert each.positive[place] == carries
            ruled_out = None not in here and any(
                FACETS[facet].may_be_negative(label, found)
                for facet, label, found in zip(SET, labels, here, strict=True)
            )
            assert each.negative[place] == ruled_out
        assert not (each.positive & each.negative).any()
        assert not each.positive[290:].any() and not each.negative[290:].any()
    # "2 at night" and "1 at night": too near to be a negative of each other.
    one = next(a for a in asked if a.query.label == "night + 1")
    assert not one.negative[2] and known["people"][IMAGES[2]] == ("2",)


def test_half_of_a_pool_lacks_just_one_label(known, asked):
    for each in asked:
        labels = each.query.label.split(" + ")
        lacks = [
            sum(
                label not in known[facet][image]
                for facet, label in zip(SET, labels, strict=True)
            )
            for image in each.query.candidates
        ]
        assert lacks[0] == 0 and len(set(each.query.candidates)) == 100
        assert lacks[1 : 1 + several.HARD] == [1] * several.HARD
        negatives = {
            image for image, no in zip(IMAGES, each.negative, strict=True) if no
        }
        assert negatives.issuperset(each.query.candidates[1:])


def test_the_same_seed_asks_the_same(known, asked):
    again = several.queries_about(known, IMAGES, [SET], 10, 0)[SET]
    assert [each.query for each in again] == [each.query for each in asked]
    other = several.queries_about(known, IMAGES, [SET], 10, 1)[SET]
    assert [each.query for each in other] != [each.query for each in asked]
    assert len(several.queries_about(known, IMAGES, [SET], 2, 0)[SET]) == 2
    assert len({each.query.id for each in asked}) == len(asked)


def test_two_labels_of_a_closed_list_leave_open_which_is_meant(known):
    known["times"] = {image: ("daytime", "morning") for image in IMAGES}
    with pytest.raises(InputError, match="no pictures are annotated for several"):
        several.queries_about(known, IMAGES, [SET], 10, 0)


def test_sets_without_shared_pictures_are_left_out(known):
    known["weathers"] = {NAME(999): ("sunny",)}
    sets = [SET, ("people", "weathers")]
    assert list(several.queries_about(known, IMAGES, sets, 10, 0)) == [SET]


@pytest.fixture
def ranked_queries(known, asked):
    """Embeddings that hold the time under one question, the count under the other,
    both blurred under both, and nothing without."""
    words = (*TIMES, *PEOPLE)

    def holding(*facets, scale=1.0):
        return scale * np.array(
            [
                [sum(word in known[f].get(image, ()) for f in facets) for word in words]
                for image in IMAGES
            ]
        )

    def embed_texts(texts):
        said = {"night": "night", "daytime": "daytime", "1": "one", "2": "2", "6": "6"}
        return np.array([[float(said[word] in t) for word in words] for t in texts])

    images = {
        None: np.zeros((len(IMAGES), len(words))),
        "When?": holding("times"),
        "How many?": holding("people"),
        "When? How many?": holding(*SET, scale=0.5),
    }
    position = {image: row for row, image in enumerate(IMAGES)}
    return several.ranked(
        asked,
        embed_texts,
        images,
        {"times": "When?", "people": "How many?"},
        lambda names: np.array([position[name] for name in names]),
        run="a",
    )


def test_scores_add_up_to_the_pictures_that_carry_everything(ranked_queries):
    ranks, searched = ranked_queries
    by_way = ranks.groupby("mode")["rank"].max()
    assert set(by_way.index) == set(WAYS)
    for way in ("part-prompted", "whole-prompted", "part-least", "long"):
        assert by_way[way] == 1
    assert (ranks[ranks["mode"] == "general"]["rank"] == 100).all(), (
        "ties count against"
    )
    assert ranks.loc[ranks["mode"] == "general", "prompt"].isna().all()
    ap = searched.groupby("mode").ap.mean()
    assert ap["part-prompted"] == 1 and ap["general"] < 0.5
    assert set(ranks["facet"]) == {"2 facets"} and set(ranks["run"]) == {"a"}


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


def test_findings_turn_with_the_ranks():
    both = pd.concat([ranks({"part-prompted"}), ranks({"general"}, "3 facets")])
    found = several.findings_of(both, 1)
    assert {key: each.verdict for key, each in found.items()} == {
        "split_2": "undecided", "split_3": "fails",
        "asked_2": "undecided", "asked_3": "fails",
        "both_2": "holds", "both_3": "fails",
        "long_2": "undecided", "long_3": "fails",
        "each_2": "undecided", "each_3": "undecided",
        "sum_2": "holds", "sum_3": "undecided",
    }  # fmt: skip
    assert found["sum_2"].value == 0.5
    assert found["sum_2"].contrast == (
        "each question, its own part − least score over the parts: 2 facets"
    )


def test_the_table_and_the_figure():
    found = pd.DataFrame(
        {"mode": way, "facets": "times+people", "together": "2 facets", "ap": 0.25}
        for way in WAYS
    )
    means = several.means(ranks({"long"}), found, 1)
    table = means.pivot(index="mode", columns="measure", values="value")
    assert table.loc["one long question"].tolist() == [100, 25]
    assert table.loc["general (no prompt)"].tolist() == [50, 25]
    figure = several.recall_and_map(means, 1, "rendered world")
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels[2] == "one long question"
    assert [axes.get_title() for axes in figure.axes] == [*table.columns]
