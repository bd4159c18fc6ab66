"""Seeds, wordings and texts: averages, gains and spreads by hand."""

import numpy as np
import pandas as pd
import pytest

from cocofacet.evaluation import seeds


@pytest.fixture
def hits():
    """Two seeds, two wordings, two texts of four queries; 1 more hit a seed, 2 more a
    wording; without a question nothing hits."""
    rows = [
        ("r", seed, mode, "times", text, 4, 0 if mode == "general" else hit, 4)
        for seed in (0, 1)
        for mode, more in (
            ("general", 0),
            ("ours 1", 0),
            ("ours 2", 2),
            ("prompted", 1),
        )
        for text in ("dawn", "dusk")
        for hit in [1 + seed + more - 1 * (text == "dusk")]
    ]
    columns = ["retriever", "seed", "mode", "facet", "text", "queries"]
    return pd.DataFrame(rows, columns=[*columns, "hits_1", "hits_5"])


def test_read_back_as_written(tmp_path, hits):
    path = tmp_path / "seeds.hits.csv"
    path.write_text(hits.to_csv(index=False))
    pd.testing.assert_frame_equal(seeds.read(path), hits, check_dtype=False)


def test_our_wordings_are_asked_and_the_released_are_not(hits):
    chosen = seeds.asked(hits, "r", 1)
    assert set(chosen["mode"]) == {"ours 1", "ours 2"}
    assert chosen.hits.sum() == 16
    assert seeds.asked(hits, "r", 5).hits.eq(4).all()


def test_a_gain_is_over_the_same_seed_without_a_question(hits):
    general = (hits["mode"] == "general") & (hits.seed == 1)
    hits.loc[general, "hits_1"] = 1
    gain = seeds.asked(hits, "r", 1, gain=True)
    asked = seeds.asked(hits, "r", 1)
    assert (asked.hits - gain.hits).tolist() == asked.seed.tolist()


def test_averages_of_each_seed_and_wording(hits):
    each = seeds.points(seeds.asked(hits, "r", 1))
    macro = each[each.facet == "macro"].set_index(["seed", "mode"]).value
    assert macro.to_dict() == {
        (0, "ours 1"): 1 / 8, (0, "ours 2"): 5 / 8,
        (1, "ours 1"): 3 / 8, (1, "ours 2"): 7 / 8,
    }  # fmt: skip
    found = seeds.by_facet(seeds.asked(hits, "r", 1))
    assert list(found) == ["times", "macro"]
    assert found["macro"].value == found["times"].value == 0.5


def test_spreads_by_hand(hits):
    """Averages of the seeds 3/8 and 5/8, of the wordings 2/8 and 6/8; of the texts 5/8
    and 3/8, which pull the average by 1/16 each way: its error is the root of 1/64."""
    found = seeds.spreads(seeds.asked(hits, "r", 1)).set_index("factor")
    assert found.levels.tolist() == [2, 2, 2]
    assert found.spread["seed"] == pytest.approx(np.std([3 / 8, 5 / 8], ddof=1))
    assert found.spread["mode"] == pytest.approx(np.std([2 / 8, 6 / 8], ddof=1))
    assert found.spread["text"] == pytest.approx(1 / 8)
    assert (found.low < found.spread).all() and (found.spread < found.high).all()
