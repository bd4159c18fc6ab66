"""Reranking at every depth and what bounds it; its findings turn with the numbers."""

import numpy as np
import pandas as pd
import pytest
from small_galleries import cats_and_dogs

from cocofacet.chapters import rerank
from cocofacet.evaluation.metrics import averages
from cocofacet.evaluation.ranking import COLUMNS, rank_table

DEPTHS = (5, 20, 100)
QUESTION = "Which animals can be seen in this image?"


def curves():
    rows = [("general", 0, 0.3), ("ridge", 0, 0.45), ("prompted", 0, 0.8)]
    for mode, values in (("rerank", (0.4, 0.5, 0.8)), ("bound", (0.5, 0.6, 1))):
        rows += [(mode, *row) for row in zip(DEPTHS, values, strict=True)]
    return pd.DataFrame(
        [(where, *row) for where in ("pools", "map", "precision") for row in rows],
        columns=["where", "mode", "depth", "value"],
    )


def ranks(**recalls):
    """20 queries of one facet; the first share of a mode's queries are found first."""
    return pd.DataFrame(
        {
            "mode": mode.replace("_", "-"),
            "facet": "times",
            "query": f"t:{row}",
            "text": f"{row}",
            "label": f"{row}",
            "rank": 1 if row < 20 * recall else 50,
        }
        for mode, recall in recalls.items()
        for row in range(20)
    ).reindex(columns=COLUMNS, fill_value="a")


@pytest.fixture(scope="module")
def setting():
    """Cats and dogs that the question makes plain, and the general embedding hardly."""
    benchmark, rng = cats_and_dogs(), np.random.default_rng(3)
    label = np.zeros((140, 2))
    label[:10, 0] = label[10:20, 1] = 1
    images = {None: label + rng.normal(size=label.shape), QUESTION: label}
    images[QUESTION] = label + 0.3 * rng.normal(size=label.shape)
    return benchmark, np.eye(2)[[0, 1, 0, 1]], images, {"animals": QUESTION}


@pytest.fixture(scope="module")
def found(setting):
    depths = [5, 30, 100, 140]
    ranks = rerank.in_pools(*setting, depths, run="a")
    return ranks, *rerank.in_gallery(*setting, depths, (5,))


def test_no_depth_is_general_and_all_of_it_is_prompted(setting, found):
    benchmark, queries, images, _ = setting
    ranks, searched, _ = found
    modes = {"general": {"animals": (None,)}, "prompted": {"animals": (QUESTION,)}}
    known = rank_table(benchmark, queries, images, modes)
    same = {"general": "general", "prompted": "prompted"}
    same |= {"rerank-100": "prompted", "rerank-140": "prompted"}
    for mode, other in same.items():
        assert (
            ranks[ranks["mode"] == mode]["rank"].tolist()
            == known[known["mode"] == other]["rank"].tolist()
        )
    ap = searched.set_index(["mode", "depth", "text"]).ap.sort_index()
    assert ap["rerank", 140].equals(ap["prompted", 0])


def test_a_bound_is_passed_by_nothing_and_grows_with_depth(found):
    ranks, searched, cost = found
    recall = averages(ranks, 1).droplevel([0, 1, 2, 3])["macro"]
    ap = searched.groupby(["mode", "depth"]).ap.mean()
    for depth in (5, 30, 100, 140):
        assert recall[f"rerank-{depth}"] <= recall[f"bound-{depth}"]
        assert ap["rerank", depth] <= ap["bound", depth]
    assert recall["bound-100"] == 1 and ap["bound", 140] == 1
    assert ap["bound", 5] < ap["bound", 30] < 1
    # Two texts: at most twice the depth, and no picture twice for one question.
    assert (cost <= np.minimum(2 * cost.index, 140)).all()
    assert cost[140] == 140 and 5 <= cost[5] <= 10


def test_the_linear_map_beside_it(setting):
    benchmark, queries, images, questions = setting
    rng = np.random.default_rng(0)
    general = rng.normal(size=(50, 2))
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    anchors = {None: general, QUESTION: general @ turn}
    turned = {None: images[QUESTION] @ turn.T, QUESTION: images[QUESTION]}
    ranks, searched = rerank.by_ridge(
        benchmark, queries, turned, anchors, questions, 20, 3, (5,), 0
    )
    assert len(ranks) == 3 * 4 and len(searched) == 3 * 2
    # Cosine, and the rows here are no unit rows: the exact embedding of unit length.
    unit = images[QUESTION] / np.linalg.norm(images[QUESTION], axis=1, keepdims=True)
    exact = rank_table(
        benchmark, queries, {QUESTION: unit}, {"prompted": {"animals": (QUESTION,)}}
    )
    assert ranks["rank"].tolist() == 3 * exact["rank"].tolist()


def test_tables_are_tidy(found):
    ranks, searched, _ = found
    assert set(ranks["mode"]) >= {"general", "prompted", "rerank-5", "bound-5"}
    assert ranks.loc[ranks["mode"] == "general", "prompt"].isna().all()
    assert not ranks.duplicated(["mode", "query"]).any()
    assert isinstance(searched, pd.DataFrame) and set(searched["facet"]) == {"animals"}


def test_findings_in_pools_and_in_the_gallery():
    """In pools reranking passes the map; in the gallery, where a draw of the map is
    averaged over, and where another depth does not count, it stays below."""
    found = ranks(general=0.2, prompted=0.8, ridge=0.1, rerank_20=0.5, bound_20=0.9)
    aps = {("general", 0): 0.2, ("prompted", 0): 0.8, ("ridge", 0): 0.7}
    aps |= {("rerank", 20): 0.5, ("rerank", 50): 0.9, ("bound", 20): 0.6}
    searched = pd.DataFrame(
        {"mode": mode, "depth": depth, "facet": "times", "text": text, "ap": ap + off}
        for (mode, depth), ap in aps.items()
        for text in "abcdefghij"
        for off in ((-0.1, 0.1) if mode == "ridge" else (0,))
    )
    said = rerank.findings_of(found, searched, 20, 1)
    assert {key: round(each.value, 9) for key, each in said.items()} == {
        "gain": 0.3, "gain_gallery": 0.3,
        "left": 0.3, "left_gallery": 0.3,
        "over_map": 0.4, "over_map_gallery": -0.2,
        "bound": 0.1, "bound_gallery": -0.2,
    }  # fmt: skip
    assert said["over_map"].verdict == "holds"
    assert said["over_map_gallery"].verdict == "fails"
    assert said["gain"].contrast.endswith("; the first 20")


def test_the_table_and_the_figure():
    table = rerank.table(curves(), 1, 10)
    reached = table["pools, Recall@1"]
    assert reached["general, reranked by the question"].to_dict() == {
        5: 40, 20: 50, 100: 80,
    }  # fmt: skip
    assert reached["reranked by who knows the answer", 20] == 60
    assert len(table) == 3 + 2 * len(DEPTHS)
    figure = rerank.against_cost(curves(), 1, 10, 100, "rendered world")
    assert len(figure.axes) == 3


def test_curves_are_means_over_facets():
    found = pd.DataFrame(
        {
            "mode": mode,
            "depth": depth,
            "facet": facet,
            "text": text,
            "ap": value,
            "precision@10": value,
        }
        for mode, depth in (("prompted", 0), ("rerank", 20))
        for facet, texts in {
            "times": {"a": 0.2},
            "people": {"b": 0.6, "c": 1.0},
        }.items()
        for text, value in texts.items()
    )
    table = rerank.curves(ranks(prompted=1.0, rerank_20=0.5), found, 1, 10)
    values = table.set_index(["where", "mode", "depth"]).value
    assert values["map", "rerank", 20] == pytest.approx(0.5)
    assert values["map", "prompted", 0] == pytest.approx(0.5)
    assert values["pools", "rerank", 20] == 0.5 and values["pools", "prompted", 0] == 1
