"""The linear approximation over draws of anchors, where the truth is planted."""

import numpy as np
import pytest
from unit_rows import unit

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.query import Query
from cocofacet.chapters.linear import anchors
from cocofacet.chapters.linear.anchors import Pictures
from cocofacet.embeddings import linear_map as approximate
from cocofacet.embeddings.linear_map import VARIANTS
from cocofacet.evaluation.ranking import rank_of_positive
from cocofacet.evaluation.scores import pool_scores
from cocofacet.evaluation.statistics import interval
from cocofacet.io import InputError

D, DUAL, IMAGES, ANCHORS = 12, 8, 100, 60


@pytest.fixture
def planted():
    """Two facets whose prompted embeddings are exactly a matrix times the dual ones
    (and another times the general ones), and queries that lie exactly on their
    positive's prompted embedding."""
    rng = np.random.default_rng(0)
    names = [f"val2017/{n:012d}.jpg" for n in range(IMAGES)]
    up = rng.normal(size=(D, DUAL))
    matrices = {facet: rng.normal(size=(D, D)) for facet in ("times", "people")}

    def pictures(count):
        dual = unit(rng.normal(size=(count, DUAL)))
        general = dual @ up.T
        return Pictures(
            {"general": general, "dual": dual},
            {facet: general @ matrix.T for facet, matrix in matrices.items()},
            dict.fromkeys(matrices, np.arange(count)),
        )

    gallery, held_out = pictures(IMAGES), pictures(ANCHORS)
    queries = tuple(
        Query(f"{facet}:{n}", facet, "a", f"text {n}", tuple(np.roll(names, -n)))
        for facet in matrices
        for n in range(10)
    )
    asked = np.concatenate([rows[:10] for rows in gallery.prompted.values()])
    return {
        "benchmark": Benchmark(queries, {}),
        "queries": asked,
        "gallery": gallery,
        "drawn_from": {"held-out": held_out},
    }


def ranked(planted, **changes):
    given = {"variants": list(VARIANTS), "sizes": [2, 30], "draws": 3, "seed": 0}
    return anchors.ranks_over_draws(**planted | given | changes)


def test_enough_anchors_recover_a_linear_question_exactly(planted):
    found = ranked(planted).recall(1)
    worst = found.groupby(["variant", "anchors"]).recall.min()
    for variant in ("linear", "centred", "ridge", "dual-linear", "dual-ridge"):
        assert worst[variant, 30] == 1
        assert worst[variant, 2] < 1  # two anchors span two dimensions
    assert worst["orthogonal", 30] < 1, "the planted map is no rotation"


def test_ranks_are_those_of_a_plain_loop(planted):
    """Draw by draw: the map through the explicit matrix, every pool by itself."""
    found = ranked(planted, variants=["released", "linear"], sizes=[5], draws=2)
    benchmark, gallery = planted["benchmark"], planted["gallery"].galleries["general"]
    pool, rng = benchmark.pool_indices(), np.random.default_rng(0)
    for draw in range(2):
        chosen = rng.permutation(ANCHORS)[:5]
        held_out = planted["drawn_from"]["held-out"]
        for variant in ("released", "linear"):
            for row, query in enumerate(benchmark.queries):
                u = held_out.galleries["general"][chosen].T
                v = held_out.prompted[query.facet][chosen].T
                images = gallery @ (v @ np.linalg.pinv(u)).T
                if variant == "linear":
                    images = unit(images)
                one = slice(row, row + 1)
                scores = pool_scores(planted["queries"][one], images, pool[one])
                fit = (found.fits.variant == variant) & (found.fits.draw == draw)
                assert found.ranks[fit][0, row] == rank_of_positive(scores)[0]


def test_draws_follow_the_seed_and_nothing_else(planted):
    def ranks(seed, **changes):
        return ranked(planted, seed=seed, sizes=[3], **changes).ranks.tolist()

    assert ranks(1) == ranks(1)
    assert ranks(1) != ranks(2)
    alone = ranked(planted, sizes=[3], variants=["ridge"]).ranks
    among = ranked(planted, sizes=[2, 3])
    chosen = (among.fits.variant == "ridge") & (among.fits.anchors == 3)
    assert (among.ranks[chosen] == alone).all(), "every variant meets the same draws"


def test_equal_images_tie_and_the_tie_counts_against_the_positive(planted):
    for rows in planted["gallery"].galleries.values():
        rows[50:60] = rows[0]
    found = ranked(planted, variants=["linear"], sizes=[30], draws=1)
    assert found.ranks[0, :2].tolist() == [11, 1]


def test_a_positive_repeated_among_its_negatives_does_not_outrank_itself(planted):
    queries = tuple(
        Query(q.id, q.facet, q.label, q.text, (*q.candidates[:-1], q.candidates[0]))
        for q in planted["benchmark"].queries
    )
    planted["benchmark"] = Benchmark(queries, {})
    found = ranked(planted, variants=["linear"], sizes=[30], draws=1)
    assert (found.ranks == 1).all()


def test_what_a_source_has_too_few_pictures_for_is_left_out(planted):
    found = ranked(planted, sizes=[2, 61], variants=["linear"])
    assert found.fits.anchors.unique().tolist() == [2]


def own_pools(planted):
    """A benchmark of which each facet meets ten pictures of its own."""
    names, queries = planted["benchmark"].images, planted["benchmark"].queries
    pools = {"times": names[:10], "people": names[50:60]}

    def pool(row, facet):
        return tuple(map(str, np.resize(np.roll(pools[facet], row), 100)))

    return Benchmark(
        tuple(
            Query(q.id, q.facet, q.label, q.text, pool(row, q.facet))
            for row, q in enumerate(queries)
        ),
        {},
    )


def test_released_anchors_come_from_the_pools_of_the_tested_facet(planted, monkeypatch):
    benchmark = own_pools(planted)
    gallery = Pictures(
        {name: rows[:20] for name, rows in planted["gallery"].galleries.items()},
        {name: rows[:20] for name, rows in planted["gallery"].prompted.items()},
        {},
    )
    own, met = gallery.of_facets(benchmark), {"times": set(), "people": set()}
    assert len(own) == 10, "anchors there are, for each facet"

    def fit(anchors_, prompted):
        for facet, rows in own.prompted.items():
            places = [np.flatnonzero((rows == one).all(axis=1)) for one in prompted]
            if all(map(len, places)):
                met[facet] |= {int(place[0]) for place in places}
        return VARIANTS["linear"].fit(anchors_, prompted)

    monkeypatch.setitem(VARIANTS, "centred", approximate.Variant("w", fit))
    given = {"variants": ["centred"], "sizes": [3, 10], "draws": 3, "seed": 0}
    given |= {"queries": planted["queries"], "gallery": gallery}
    anchors.ranks_over_draws(benchmark, drawn_from={"facet": own}, **given)
    assert met == {"times": set(range(10)), "people": set(range(10, 20))}


def test_rows_give_the_tidy_table_that_evaluate_reads(planted):
    uneven = planted["benchmark"].queries[:13]
    planted |= {"benchmark": Benchmark(uneven, {}), "queries": planted["queries"][:13]}
    found = ranked(planted, sizes=[4])
    rows = found.rows("held-out", "linear", 4)
    assert len(rows) == 3 * 13
    by_draw = found.recall(5).query("variant == 'linear'").recall
    assert interval(rows, 5).value == pytest.approx(by_draw.mean())


def test_embedded_asks_for_every_question_in_one_pass():
    calls = []

    def embed(retriever, prompts=(None,)):
        calls.append((retriever, prompts))
        return np.arange(len(prompts))[:, None, None] + np.zeros((1, 4, 2))

    found = anchors.embedded(embed, "mllm", "clip", {"times": "When?", "people": "N?"})
    assert calls == [("mllm", (None, "When?", "N?")), ("clip", (None,))]
    assert len(found) == 4
    assert found.prompted["people"][0, 0] == 2


def test_sizes_leave_out_what_there_are_no_pictures_for():
    sizes = anchors.numbers_of_anchors
    assert sizes([4.0, 0.03, 1.0], 192, [290, 800], 6) == [6, 192, 768]
    assert sizes([0.001, 4.0], 192, [700], 800) == [2]
    # The published K at a large d, and where the ratio gives it too.
    assert sizes([1.0], 3584, [5400], 100) == [100, 3584]
    assert sizes([0.52], 192, [800], 100) == [100]
    with pytest.raises(InputError, match=r"ratios: .*leave no K up to the 60 pictures"):
        sizes([9.0], 192, [800, 60], 100)


def test_unknown_names_are_refused_with_those_that_are_known():
    assert anchors.checked(["b", "b"], {"a": 1, "b": 2}, "x") == {"b": 2}
    assert list(anchors.checked(["b", "a"], {"a": 1, "b": 2}, "x")) == ["a", "b"]
    with pytest.raises(InputError, match=r"variants: 'lasso' .* released, linear"):
        anchors.checked(["linear", "lasso"], VARIANTS, "variants")


def test_a_map_is_fitted_once_for_both_scores(planted, monkeypatch):
    calls = []
    variant = VARIANTS["linear"]

    def counted(anchors_, prompted):
        calls.append(1)
        return variant.fit(anchors_, prompted)

    for name, cosine in (("released", False), ("linear", True)):
        changed = approximate.Variant("w", counted, cosine=cosine)
        monkeypatch.setitem(VARIANTS, name, changed)
    ranked(planted, variants=["released", "linear"], sizes=[5], draws=1)
    assert len(calls) == 2, "one for each facet"
