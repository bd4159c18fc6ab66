"""The training chapter's tables, from small records made by hand."""

import pandas as pd
import pytest

from cocofacet.chapters import training
from cocofacet.evaluation import seeds


def record(log: list, **settings) -> dict:
    given = {"steps": 2, "batch": 64, "rate": 7e-4, "train_scenes": 30_000, "seed": 0}
    return {
        "settings": given | settings,
        "log": log,
        "threads": 1,
        "wall_seconds": 90.0,
        "versions": {"torch": "2"},
    }


def measured(step: int, *recalls: float, mode: str = "general") -> dict:
    macro = {"macro": [recalls[0], recalls[-1]], "times": [recalls[0], recalls[-1]]}
    return {"step": step, "loss": 1.0, mode: macro}


RECORDS = {
    "caption-rate-003-seed0": record(
        [measured(1, 0.0, 0.1), measured(2, 0.25, 0.5)],
        caption_rates={"times": 0.03, "people": 0.03},
    ),
    "tiny-clip-seed0": record([measured(2, 0.5, 0.75)]),
    "tiny-qwen2vl-answers-seed0": record(
        [{"step": 2, "loss": 1.0, "answers": {"times": 0.9, "macro": 0.9}}]
    ),
    "tiny-qwen2vl-seed0": record(
        [measured(2, 0.5, 0.75) | measured(2, 0.8, 1.0, mode="prompted")]
    ),
    "tiny-qwen2vl-seed1": record([measured(2, 0.1, 0.2)]),
    "warmup-seed0": record([{"step": 2, "loss": 1.0}]),
}


def test_settings_name_every_record():
    table = training.settings(RECORDS)
    assert list(table.index) == list(RECORDS)
    assert table.loc["warmup-seed0", "minutes"] == 1.5
    assert table.loc["warmup-seed0", "learning rate"] == 0.0007


def test_curves_hold_the_shipped_seed_alone():
    table = training.curves(RECORDS)
    assert table.values.tolist() == [
        ["tiny-clip", 2, "general", 0.5],
        ["tiny-qwen2vl", 2, "general", 0.5],
        ["tiny-qwen2vl", 2, "prompted", 0.8],
    ]


def test_shares_are_of_the_last_entry():
    table = training.last_shares(RECORDS)
    assert table.to_dict("index") == {
        "tiny-qwen2vl-answers-seed0": {"times": 90.0, "macro": 90.0}
    }
    assert list(table.columns) == ["times", "macro"]


def test_seeds_are_averaged_over_facets():
    rows = [
        ("r", 0, "general", "", "times", 3, 3, 3),
        ("r", 0, "general", "", "people", 1, 0, 1),
        ("r", 0, "prompted", "released", "times", 4, 1, 2),
        ("r", 0, "prompted", "1", "times", 4, 4, 4),
    ]
    columns = ["retriever", "seed", "mode", "wording", "facet"]
    columns += ["queries", "hits_1", "hits_5"]
    found = training.of_seeds(pd.DataFrame(rows, columns=columns))
    assert found.loc[("r", "general", 0)].tolist() == [50, 100]
    assert found.loc[("r", "prompted", 0)].tolist() == [25, 50]


def test_records_are_read_in_order(tmp_path):
    for name in ("b-seed0", "a-seed1", "levels"):
        (tmp_path / f"{name}.json").write_text("{}")
    assert list(training.read_records(tmp_path)) == ["a-seed1", "b-seed0"]


def test_the_rule_counts_seeds_and_wordings_by_hand():
    """Two seeds and two wordings: recall 1 under both wordings of seed 0, 0.5 and 0 of
    seed 1. Seeds' averages are 1 and 0.25, wordings' 0.75 and 0.5, and what is left of
    each of the four is an eighth. Both texts do alike, so nothing is due to them."""
    counts = [
        (seed, mode, wording, "times", text, 4, hits, hits, 0.0, 0.0)
        for text in ("dusk", "dawn")
        for seed, mode, wording, hits in (
            (0, "general", "", 4),
            (1, "general", "", 4),
            (0, "prompted", "1", 4),
            (0, "prompted", "2", 4),
            (1, "prompted", "1", 2),
            (1, "prompted", "2", 0),
        )
    ]
    columns = [*seeds.KEYS[1:], *seeds.COUNTS, *seeds.VARIANCES]
    hits = pd.DataFrame(counts, columns=columns).assign(retriever="r")
    (row,) = training.by_rule(hits, ["r"]).to_numpy()
    moved = 100 * (2 * 0.375**2 + 2 * 0.125**2 + 4 * 0.125**2) ** 0.5
    assert row.tolist() == pytest.approx([62.5, moved, 100, 1])
