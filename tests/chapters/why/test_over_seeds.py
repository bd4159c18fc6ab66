"""The levels at every training seed: as committed, and as made."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import rank_levels

from cocofacet.chapters.why import over_seeds, reached
from cocofacet.evaluation import seeds
from cocofacet.evaluation.ranking import prompt_modes
from cocofacet.io import COMMITTED, read_json
from cocofacet.workspace import open_workspace

LEVELS = COMMITTED / "training/levels.csv"


@pytest.mark.parametrize("k", over_seeds.KS)
def test_words_hit_as_often_as_counted_elsewhere(k):
    """`seeds.hits.csv` was made without any probe. Another processor rounds otherwise,
    and turns near ties."""
    hits = seeds.read(COMMITTED / "training/seeds.hits.csv")
    hits = hits[hits.wording.isin(["", seeds.RELEASED])]
    keys = ["retriever", "seed", "mode", "facet"]
    sums = hits.groupby(keys)[[f"hits_{k}", "queries"]].sum()
    expected = sums[f"hits_{k}"] / sums.queries
    words = over_seeds.read(LEVELS, k).set_index(keys).words
    both = words.index.intersection(expected.index)
    assert len(both) >= 2 * 8, "at least seed 0 of two retrievers"
    assert words[both].to_numpy() == pytest.approx(expected[both].to_numpy(), abs=0.01)


def test_every_seed_has_its_settings_and_all_its_levels():
    table = pd.concat([over_seeds.read(LEVELS, k) for k in over_seeds.KS])
    made = read_json(LEVELS.with_suffix(".json"), dict)
    runs = table[["retriever", "seed"]].drop_duplicates().itertuples(index=False)
    assert {f"{name}, seed {seed}" for name, seed in runs} == set(made["revisions"])
    assert set(table.groupby(["who", "seed", "k"]).facet.nunique()) == {8}
    assert set(table.verdict) <= set(reached.VERDICTS)
    below = table[table.verdict.isin(["lost", "faint", "not reached"])]
    assert len(below)
    for row in below.itertuples():
        named = SimpleNamespace(low=row.named_low, high=row.named_high, even=row.even)
        ahead = SimpleNamespace(low=row.verdict != "faint", high=1)
        assert reached.judge(named, 0, ahead, row.k) == row.verdict


@pytest.mark.more
def test_a_sample_of_seed_0_is_found_again(tmp_path, monkeypatch):
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path))
    workspace = open_workspace("mini", "levels", 0)
    retriever = workspace.retriever("tiny-clip")
    modes = {"general": prompt_modes(workspace.questions)["general"]}
    found = over_seeds.found(workspace, retriever, 0, modes)
    for k in over_seeds.KS:
        kept = over_seeds.read(LEVELS, k)
        kept = kept[(kept.retriever == "tiny-clip") & (kept.seed == 0)]
        here = found[found.k == k]
        numbers = [name for name in over_seeds.NUMBERS if name in here]
        assert here.verdict.tolist() == kept.verdict.tolist()
        assert np.allclose(here[numbers], kept[numbers], atol=1e-3)


def test_verdicts_side_by_side():
    rows = [
        {
            "who": who,
            "seed": seed,
            "facet": "times",
            "verdict": said,
            "named": 0.5,
        }
        for who, seed, said in (("a", 0, "faint"), ("a", 1, "lost"), ("b", 0, "lost"))
    ]
    table = over_seeds.verdicts(pd.DataFrame(rows[1:] + rows[:1]))
    assert list(table) == [("a", "seed 0"), ("a", "seed 1"), ("b", "seed 0")]
    assert table.loc["times", ("a", "seed 0")] == "faint, 50"
    assert table.loc["times", ("a", "seed 1")] == "lost, 50"
    assert table.loc["times", ("b", "seed 0")] == "lost, 50"


@pytest.mark.more
def test_only_what_the_chapter_compares_is_measured(tmp_path, monkeypatch):
    """Every seed of it, with the question where one can be asked."""
    for name in ("tiny-qwen2vl", "tiny-llava", "tiny-clip"):
        folder = tmp_path / "seed2" / name
        folder.mkdir(parents=True)
        (folder / "model.safetensors").touch()
    workspace, asked = open_workspace("mini", "levels", 0), []

    def found(workspace, retriever, seed, modes):
        asked.append((retriever.name, seed, tuple(modes)))
        return pd.DataFrame({"seed": [seed]})

    def retriever(name, checkpoint=None):
        seed = str(checkpoint and checkpoint.parent.name)
        return SimpleNamespace(name=name, promptable="clip" not in name, revision=seed)

    fake = SimpleNamespace(
        made_from={"sources": {}},
        seed=0,
        profile=workspace.profile,
        questions=workspace.questions,
        retriever=retriever,
    )
    monkeypatch.setattr(over_seeds, "found", found)
    table, made = rank_levels.levels(fake, tmp_path)
    assert asked == [
        ("tiny-clip", 0, ("general",)),
        ("tiny-clip", 2, ("general",)),
        ("tiny-qwen2vl", 0, ("general", "prompted")),
        ("tiny-qwen2vl", 2, ("general", "prompted")),
    ]
    assert table.seed.tolist() == [0, 2, 0, 2]
    assert made["revisions"]["tiny-qwen2vl, seed 2"] == "seed2"
