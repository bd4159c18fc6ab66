"""The list of claims points at chapters that exist, and its status at what was run."""

from pathlib import Path

import pandas as pd
import pytest

from cocofacet.benchmark.facets import CAPTIONED, FACETS
from cocofacet.chapters.claims import (
    _RUN,
    CLAIMS,
    Claim,
    headlines,
    status,
    verdict,
)
from cocofacet.evaluation import seeds
from cocofacet.profiles import PROFILES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.what[:30])
def test_its_chapters_exist(claim):
    for chapter in claim.chapters:
        assert (ROOT / f"notebooks/{chapter}.py").is_file()


def test_every_profile_has_its_words():
    assert _RUN.keys() == PROFILES.keys()


def test_status_follows_what_was_run(tmp_path):
    claim = Claim("c", "abstract", ("general", "prompted"))
    assert status(claim, tmp_path) == "not run"
    (tmp_path / "mini/a").mkdir(parents=True)
    (tmp_path / "mini/a/prompted.ranks.csv").touch()
    assert status(claim, tmp_path) == "run in the rendered world only"
    (tmp_path / "colab/a").mkdir(parents=True)
    (tmp_path / "colab/a/general.ranks.csv").touch()
    assert status(claim, tmp_path) == "run on photographs of some facets only"
    (tmp_path / "full/b").mkdir(parents=True)
    (tmp_path / "full/b/wordings.ranks.csv").touch()
    assert status(claim, tmp_path) == "run on photographs of some facets only"
    (tmp_path / "full/b/general.ranks.csv").touch()
    assert status(claim, tmp_path) == "run at full scale"
    assert status(Claim("d", "the paper", ()), tmp_path) == "not run"


def rows(retriever, mode, wording, hits, seeds=(0, 1)):
    """Two texts of ten queries in each facet, ``hits`` of them found with either seed,
    one more or less by text and seed."""
    return [
        (retriever, seed, mode, wording, facet, text, 10, found, found, 0.0, 0.0)
        for seed in seeds
        for facet in FACETS
        for number, text in enumerate(("a", "b"))
        for found in [(hits[facet] if isinstance(hits, dict) else hits) + number + seed]
    ]


@pytest.fixture
def hits():
    found = []
    for retriever in ("tiny-qwen2vl", "tiny-qwen2vl-unasked", "tiny-llava"):
        found += rows(retriever, "general", "", 2)
        for wording in ("1", "2"):
            for mode, hit in (("prompted", 7), ("wrong", 1), ("linear", 0)):
                found += rows(retriever, mode, wording, hit)
            found += rows(retriever, "nearest", wording, 2)
    found += rows("tiny-qwen2vl-noquestion", "general", "", 6, seeds=(0,))
    named = {facet: 8 * (facet in CAPTIONED) for facet in FACETS}
    found += rows("tiny-clip", "general", "", named)
    return pd.DataFrame(found, columns=[*seeds.KEYS, *seeds.COUNTS, *seeds.VARIANCES])


def test_headlines_by_hand(hits):
    found = headlines(hits)
    values = {key: round(line.value, 6) for key, line in found.items()}
    assert values == {
        "imbalance": 0.8, "question": 0.5, "question_5": 0.5, "question_llava": 0.5,
        "own_question": 0.6, "nearest_5": 0, "linear_5": -0.2, "supervision": 0.1,
        "carried_over": 0.5,
    }  # fmt: skip
    assert found["question"].over == "2 seeds × 2 wordings × 16 texts"
    assert found["supervision"].over == "1 seed × 2 wordings × 16 texts"
    assert found["carried_over"].over == "2 seeds × 2 wordings × 4 texts"
    assert found["imbalance"].over == "2 seeds × 16 texts"


def test_a_claim_holds_where_all_that_tries_it_does(hits):
    found = headlines(hits)
    assert verdict(Claim("c", "", (), headlines=("question",)), found) == "holds"
    assert verdict(Claim("c", "", (), headlines=("linear_5",)), found) == "fails"
    both = Claim("c", "", (), headlines=("question", "linear_5"))
    assert verdict(both, found) == "undecided"
    assert verdict(Claim("c", "", ()), found) == "not run"
    assert {key for claim in CLAIMS for key in claim.headlines} <= found.keys()
