"""The chapter on the luck of the draw: its numbers."""

import numpy as np
import pandas as pd
import pytest

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import Query
from cocofacet.chapters import luck
from cocofacet.evaluation.metrics import expected_recall
from cocofacet.evaluation.ranking import rank_table

DRAWS = 20
MODES = {"general": {"animals": (None,)}, "prompted": {"animals": ("which?",)}}


def world(images=260, positives=6):
    """Cats among pictures without an animal, and embeddings that know a little."""
    name = "val2017/{:012d}.jpg".format
    labels_of = {name(n): ("cat",) if n < positives else () for n in range(images)}
    benchmark = Benchmark(
        tuple(
            Query(
                f"COCO_animal_retrieval:{n}",
                "animals",
                "cat",
                FACETS["animals"].wording("cat"),
                (name(n), *map(name, range(100, 199))),
            )
            for n in range(positives)
        ),
        {},
        {"animals": labels_of},
    )
    rng = np.random.default_rng(1)
    general = rng.normal(size=(images, 1))
    general[:positives] += 2.2
    embedded = {
        None: general,
        "which?": general + 5 * (np.arange(images) < positives)[:, None],
    }
    return benchmark, np.ones((positives, 1)), embedded


@pytest.fixture(scope="module")
def drawn():
    return luck.recalls_of_draws(*world(), MODES, seeds=range(DRAWS), ks=(1, 5))


@pytest.fixture(scope="module")
def ranks():
    return rank_table(*world(), MODES)


def test_every_draw_has_a_recall_for_each_mode_k_and_average(drawn):
    assert (
        len(drawn) == DRAWS * 2 * 2 * 4
    )  # seeds, ks, modes; one facet, three averages
    assert set(drawn.facet) == {"animals", "macro", "micro", "balanced"}
    general = drawn[(drawn["mode"] == "general") & (drawn.k == 1)]
    assert general.recall.nunique() > 2, "draws differ"
    assert (drawn[drawn["mode"] == "prompted"].recall == 1).all()


def test_draws_scatter_around_the_expectation_as_predicted(drawn, ranks):
    table = luck.beside_expectation(drawn, ranks, 1)
    row = table[(table["mode"] == "general") & (table.facet == "animals")].iloc[0]
    general = ranks[ranks["mode"] == "general"]
    hits = expected_recall(general, 1)
    assert row.expected == pytest.approx(hits.mean())
    assert row.predicted == pytest.approx((hits * (1 - hits)).sum() ** 0.5 / len(hits))
    assert row.low < row.expected < row.high
    mean = drawn[(drawn["mode"] == "general") & (drawn.k == 1)].groupby("facet").recall
    assert mean.mean()["animals"] == pytest.approx(
        row.expected, abs=4 * row.predicted / DRAWS**0.5
    )
    assert row.spread == pytest.approx(row.predicted, rel=0.5)


def test_the_figure_has_a_dot_for_each_draw(drawn, ranks):
    table = luck.beside_expectation(drawn, ranks, 1)
    figure = luck.scatter(drawn, table, 1, "rendered world")
    dots = [d for d in figure.axes[0].collections if len(d.get_offsets()) == DRAWS]
    assert len(dots) == 2 * 2  # modes; the facet and macro
    assert "micro" not in [tick.get_text() for tick in figure.axes[0].get_yticklabels()]


def test_the_scatter_is_set_beside_the_interval_over_texts(drawn, ranks):
    table = luck.beside_expectation(drawn, ranks, 1)
    found = luck.beside_texts(table, ranks, 1)
    row = table[(table["mode"] == "general") & (table.facet == "macro")].iloc[0]
    shown = found.loc["general (no prompt)"]
    assert shown.spread == pytest.approx(100 * row.spread)
    assert shown.predicted == pytest.approx(100 * row.predicted)
    assert shown["95 % of draws lie within"] == pytest.approx(392 * row.spread, 1e-4)
    assert np.isnan(shown["interval over texts"]), "one text has no interval"
    assert found.loc["the facet's question", "spread"] == 0


def test_trust_is_by_facet_and_over_all():
    """Texts that all gain are held always; of two of which one gains, half are."""
    rows = [
        {
            "profile": "", "run": "", "retriever": "r", "revision": "", "mode": mode,
            "facet": facet, "query": text, "text": text, "label": "", "rank": rank,
        }
        for mode, by_text in {
            "general": {"a 1": 9, "a 2": 9, "b 1": 9, "b 2": 9},
            "prompted": {"a 1": 1, "a 2": 1, "b 1": 1, "b 2": 9},
        }.items()
        for text, rank in by_text.items()
        for facet in text[0]
    ]  # fmt: skip
    found = luck.trust(pd.DataFrame(rows), 1, "prompted", "general")
    assert found["general (no prompt)"].tolist() == [100, 100, 100]
    assert found.loc["a", "difference"] == 100
    assert found.loc["b", "difference"] == pytest.approx(50, abs=3)
    assert found.loc["macro", "texts"] == 4
    assert found.loc["a", "gain seen"] == pytest.approx(0)
