"""What is kept of the study on kinds of question: every model, every way to ask."""

import rank_kinds
import rank_seeds

from cocofacet.benchmark.facets import FACETS
from cocofacet.chapters.why import kinds
from cocofacet.evaluation import seeds
from cocofacet.io import COMMITTED


def test_shared_parts_come_first_then_the_arms(tmp_path):
    for arm in ("arm-8-seed1", "arm-ceiling-seed0"):
        (tmp_path / arm / "model").mkdir(parents=True)
    found = list(rank_kinds.arms_in(tmp_path, tmp_path / "first"))
    assert [(name, seed) for name, seed, _ in found] == [
        (kinds.WHOLE, 0), (kinds.ONE, 0), ("8 kinds", 1), ("ceiling kinds", 0),
    ]  # fmt: skip


def test_the_kept_table_is_whole():
    """Of each model the texts of the benchmark without a question, and under ten
    wordings the facet's question and the seven others'."""
    hits = seeds.read(COMMITTED / "training/kinds.hits.csv")
    shipped = seeds.read(COMMITTED / "training/seeds.hits.csv")
    texts = seeds.of_mode(shipped, "tiny-clip", 1, seeds.GENERAL)
    texts = texts[texts.seed == 0].set_index(["facet", "text"]).queries
    released = (seeds.RELEASED, seeds.HUMAN)
    ours = {w for w in rank_seeds.wordings() if w not in released}
    assert set(hits.retriever) == set(kinds.PANELS.values())
    for (_, mode), rows in hits.groupby(["retriever", "mode"]):
        assert set(rows.wording) == ({""} if mode == seeds.GENERAL else ours)
        times = len(FACETS) - 1 if mode == "wrong" else 1
        for _, of_wording in rows.groupby("wording"):
            counts = of_wording.set_index(["facet", "text"]).queries
            assert (counts == times * texts).all() and len(counts) == len(texts)
