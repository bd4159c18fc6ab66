"""The list of claims points at chapters that exist, and its status at what was run."""

from pathlib import Path

import pandas as pd
import pytest

from cocofacet.benchmark.facets import CAPTIONED, FACETS
from cocofacet.chapters.claims import (
    CLAIMS,
    HOW_FAR,
    Claim,
    became,
    brief,
    headlines,
    on_photographs,
    table,
    verdict,
)
from cocofacet.evaluation import seeds
from cocofacet.profiles import PROFILES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.what[:30])
def test_its_chapters_exist(claim):
    for chapter in claim.chapters:
        assert (ROOT / f"notebooks/{chapter}.py").is_file()


def test_the_words_are_of_profiles():
    assert HOW_FAR.keys() <= PROFILES.keys()


def test_what_was_run_on_photographs(tmp_path):
    claim = Claim("c", "abstract", ("general", "prompted"))
    assert on_photographs(claim, tmp_path) == "not run"
    for made, words in (
        ("mini/a/prompted.ranks.csv", "not run"),
        ("colab/a/general.ranks.csv", "some facets run"),
        ("full/b/wordings.ranks.csv", "some facets run"),
        ("full/b/general.ranks.csv", "run at full scale"),
    ):
        (tmp_path / made).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / made).touch()
        assert on_photographs(claim, tmp_path) == words
    assert on_photographs(Claim("d", "the paper", ()), tmp_path) == "not run"


def test_the_table_links_each_chapter_and_escapes_what_it_says(tmp_path):
    html = table(became({}, tmp_path)).to_html()
    for claim in CLAIMS:
        for chapter in claim.chapters:
            assert f'<a href="{chapter}.html">{chapter}</a>' in html
    assert "<script" not in html and html.count("not run") >= len(CLAIMS)


def test_the_front_page_has_the_claims_that_can_be_tried(hits, tmp_path):
    html = brief(became(headlines(hits), tmp_path)).to_html()
    for claim in CLAIMS:
        assert (claim.what in html) == bool(claim.headlines)


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
        "imbalance": 0.8, "imbalance_mllm": 0, "question": 0.5, "question_5": 0.5,
        "question_llava": 0.5,
        "own_question": 0.6, "nearest_5": 0, "linear_5": -0.2, "supervision": 0.1,
        "carried_over": 0.5, "question_named": 0.5, "question_unnamed": 0.5,
        "nearest_5_named": 0, "nearest_5_unnamed": 0, "linear_5_named": -0.2,
        "linear_5_unnamed": -0.2, "question_objects": 0.5, "question_animals": 0.5,
        "question_scenes": 0.5,
    }  # fmt: skip
    assert found["question"].over == "2 seeds × 2 wordings × 16 texts"
    assert found["supervision"].over == "1 seed × 2 wordings × 16 texts"
    assert found["carried_over"].over == "2 seeds × 2 wordings × 4 texts"
    assert found["imbalance"].over == "2 seeds × 16 texts"
    assert found["linear_5_named"].over == "2 seeds × 2 wordings × 6 texts"
    assert found["linear_5_named"].metric.startswith("Recall@5, objects, animals")


def test_effects_that_cancel_are_seen(hits):
    """A map that finds what captions name less often, and the rest more often."""
    linear = hits["mode"] == "linear"
    for k in (1, 5):
        named = hits.facet.isin(CAPTIONED)
        hits.loc[linear, f"hits_{k}"] = 2 + named.map({True: -2, False: 2})
        hits.loc[linear, f"hits_{k}"] += (hits.text == "b") + hits.seed
    found = headlines(hits)
    assert found["linear_5_named"].value == pytest.approx(-0.2)
    assert found["linear_5_unnamed"].value == pytest.approx(0.2)
    assert found["linear_5"].value == pytest.approx((3 * -0.2 + 5 * 0.2) / 8)


def test_a_claim_holds_where_all_that_tries_it_does(hits):
    found = headlines(hits)
    assert verdict(Claim("c", "", (), headlines=("question",)), found) == "holds"
    assert verdict(Claim("c", "", (), headlines=("linear_5",)), found) == "fails"
    both = Claim("c", "", (), headlines=("question", "linear_5"))
    assert verdict(both, found) == "undecided"
    alone = Claim("c", "", headlines=("question", "supervision"), chapters=())
    assert verdict(alone, found) == "holds, one training"
    assert verdict(Claim("c", "", ("general",)), found) == "see the chapter"
    assert verdict(Claim("c", "", ()), found) == "not run"
    assert {key for claim in CLAIMS for key in claim.headlines} <= found.keys()
