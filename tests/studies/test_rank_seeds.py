"""What was ranked beforehand, with every seed and wording, is what the book ranks."""

from pathlib import Path

import pandas as pd
import pytest
import rank_seeds

from cocofacet.evaluation import seeds
from cocofacet.io import COMMITTED, read_table

ROOT = Path(__file__).parents[2]
RANKS = ROOT / "results/mini/default/prompted.ranks.csv"


def test_hits_of_a_text_by_hand():
    """Of 198 eligible negatives 99 are drawn: the one above is among them half the
    time, so the recall at 1 is 1/2 and varies by 1/4; at 5 nothing does."""
    rows = pd.DataFrame(
        {
            **dict(
                zip(seeds.KEYS, ("r", 0, "general", "", "times", "dusk"), strict=True)
            ),
            "rank": [1, 2, 6],
            "eligible": [198, 198, 198],
            "above": [0, 1, 198],
        }
    )
    (found,) = rank_seeds.hits(rows).itertuples()
    assert (found.queries, found.hits_1, found.hits_5) == (3, 1, 2)
    assert (found.draw_1, found.draw_5) == (0.25, 0)


def test_every_facet_is_asked_in_every_wording():
    asked = rank_seeds.wordings()
    assert list(asked) == ["released", "human", *map(str, range(1, 11))]
    assert len({tuple(questions) for questions in asked.values()}) == 1
    everything = [q for questions in asked.values() for q in questions.values()]
    assert len(set(everything)) == len(everything) == 96


def test_rows_of_weights_that_are_gone_stay():
    """By hand: seed 1 is ranked anew, seeds 0 and 2 are kept, another model comes in
    where the zoo has it."""
    columns = ["retriever", "seed", "hits_1"]
    kept = pd.DataFrame(
        [("tiny-qwen2vl", 0, 5), ("tiny-qwen2vl", 1, 6), ("tiny-qwen2vl", 2, 7)],
        columns=columns,
    )
    anew = pd.DataFrame([("tiny-qwen2vl", 1, 9)], columns=columns)
    table = rank_seeds.replaced(kept, anew)
    assert table.hits_1.tolist() == [5, 9, 7]
    other = pd.DataFrame([("tiny-clip", 2, 1)], columns=columns)
    table = rank_seeds.replaced(table, other)
    assert table.retriever.tolist() == ["tiny-clip", *3 * ["tiny-qwen2vl"]]


@pytest.mark.more
@pytest.mark.skipif(not RANKS.is_file(), reason="the book has not been made")
def test_the_shipped_seed_is_ranked_as_in_the_book():
    """But for near ties: prompts that share a pass, and another processor, round the
    last bits otherwise. Of 2,651 queries such a tie turned four; another question, seed
    or model turns hundreds."""
    ranks = read_table(RANKS, ["query", "retriever", "mode", "text"], ["rank"])
    kept = seeds.read(COMMITTED / "training/seeds.hits.csv")
    for mode, wording in (("general", ""), ("prompted", seeds.RELEASED)):
        own = kept[(kept.seed == 0) & (kept["mode"] == mode)]
        own = own[own.wording == wording].set_index(["retriever", "facet", "text"])
        shown = ranks[
            (ranks["mode"] == mode) & ranks.retriever.isin(own.index.levels[0])
        ]
        by_text = shown.groupby(["retriever", "facet", "text"])["rank"]
        assert len(by_text) > 70
        for k in (1, 5):
            hits = by_text.agg(lambda rank, k=k: (rank <= k).sum())
            apart = (own[f"hits_{k}"].reindex(hits.index) - hits).abs()
            assert apart.max() <= 1 and apart.sum() <= 0.005 * len(shown)
