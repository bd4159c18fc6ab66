"""Seeds, wordings and texts: averages, gains and spreads by hand."""

import numpy as np
import pandas as pd
import pytest

from cocofacet.evaluation import seeds

MODES = (("general", "", 0), ("prompted", "1", 0), ("prompted", "2", 2))


@pytest.fixture
def hits():
    """Two seeds, two wordings, two texts of four queries; 1 more hit a seed, 2 more a
    wording; without a question nothing hits. The released question hits one more."""
    rows = [
        ("r", seed, mode, wording, "times", text, 4, hit, 4, 0.5, 0.0)
        for seed in (0, 1)
        for mode, wording, more in (*MODES, ("prompted", "released", 1))
        for text in ("dawn", "dusk")
        for hit in [(mode != "general") * (1 + seed + more - 1 * (text == "dusk"))]
    ]
    columns = [*seeds.KEYS, *seeds.COUNTS, *seeds.VARIANCES]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def ours(hits):
    return seeds.ours(seeds.of_mode(hits, "r", 1))


def test_read_back_as_written(tmp_path, hits):
    path = tmp_path / "seeds.hits.csv"
    path.write_text(hits.to_csv(index=False))
    pd.testing.assert_frame_equal(seeds.read(path), hits, check_dtype=False)


def test_our_wordings_are_asked_and_the_released_are_not(hits, ours):
    assert set(ours.wording) == {"1", "2"}
    assert ours.hits.sum() == 16
    assert seeds.of_mode(hits, "r", 5).hits.eq(4).all()


def test_a_gain_is_over_the_same_seed_without_a_question(hits, ours):
    general = (hits["mode"] == "general") & (hits.seed == 1)
    hits.loc[general, "hits_1"] = 1
    gain = seeds.less(ours, seeds.of_mode(hits, "r", 1, "general"))
    assert (ours.hits - gain.hits).tolist() == ours.seed.tolist()


def test_of_the_same_wording_where_the_other_has_one_and_by_its_own_count(hits, ours):
    """Twice as many queries, one prompt each, hit a quarter: of four, one."""
    other = seeds.of_mode(hits, "r", 1)
    other = other.assign(queries=8, hits=2 * other.wording.isin(["2", "released"]))
    less = seeds.less(ours, other)
    assert (ours.hits - less.hits).tolist() == (ours.wording == "2").tolist()
    with pytest.raises(ValueError, match="lacks a seed, wording or text"):
        seeds.less(ours, other[other.wording != "2"])


def test_averages_of_each_seed_and_wording(ours):
    each = seeds.points(ours)
    macro = each[each.facet == "macro"].set_index(["seed", "wording"]).value
    assert macro.to_dict() == {
        (0, "1"): 1 / 8, (0, "2"): 5 / 8,
        (1, "1"): 3 / 8, (1, "2"): 7 / 8,
    }  # fmt: skip
    found = seeds.by_facet(ours)
    assert list(found) == ["times", "macro"]
    assert found["macro"].value == found["times"].value == 0.5


def test_spreads_by_hand(ours):
    """Averages of the seeds 3/8 and 5/8, of the wordings 2/8 and 6/8; of the texts 5/8
    and 3/8, which pull the average by 1/16 each way: its error is the root of 1/64. By
    the draw a text's hits have the variance 1/2, both 1, of eight queries 1/64."""
    found = seeds.spreads(ours).set_index("source")
    assert found.levels.tolist()[:4] == [2, 2, 4, 2]
    by_hand = [np.std([3 / 8, 5 / 8], ddof=1), np.std([2 / 8, 6 / 8], ddof=1)]
    assert found.spread.tolist() == pytest.approx([*by_hand, 0, 1 / 8, 1 / 8])
    estimated = found.drop(["draw of negatives", "the two together"])
    assert (estimated.low < estimated.spread).all()
    assert (estimated.spread < estimated.high).all()
    assert found.high["training seed"] == 1 / 2  # 32 times the spread, as calculated
    assert found.loc["draw of negatives", ["low", "high"]].isna().all()


def test_the_interval_of_the_spread_over_texts_knows_the_facets():
    """Texts differ in one facet of two, which has four of six: three degrees of
    freedom, not five."""
    rows = [
        (seed, wording, facet, text, 4, hit, 0.0)
        for seed in (0, 1)
        for wording in ("1", "2")
        for facet, texts in (("a", [0, 1, 2, 4]), ("b", [2, 2]))
        for text, hit in enumerate(texts)
    ]
    columns = [*seeds.FACTORS, "facet", "text", "queries", "hits", "draw"]
    texts = seeds.spreads(pd.DataFrame(rows, columns=columns)).set_index("source")
    texts = texts.loc["query texts"]
    found = (texts.low / texts.spread, texts.high / texts.spread)
    assert found == pytest.approx(tuple(np.sqrt(3 / np.array([9.3484, 0.2158]))), 1e-3)


def test_what_seed_and_wording_do_together(ours):
    """One of four averages, of eight queries, two hits higher: by 1/4, of which each
    average is then off by 1/16, with one degree of freedom."""
    odd = (ours.seed == 1) & (ours.wording == "2")
    found = seeds.spreads(ours.assign(hits=ours.hits + odd)).set_index("source")
    assert found.spread["the two together"] == pytest.approx(1 / 8)
    one = seeds.spreads(ours[ours.seed == 0]).set_index("source")
    assert np.isnan(one.spread["the two together"])
