"""The page of results shows what manifests hold, and nothing where there are none."""

import json

import pandas as pd
import pytest
from small_tables import ROWS, table_of

from cocofacet.chapters.results import made_by, of_run, table_1
from cocofacet.evaluation import runs
from cocofacet.io import InputError


def test_a_row_for_each_run_notebook_and_retriever(tmp_path):
    assert made_by(tmp_path).empty
    (tmp_path / "first").mkdir()
    made = {
        "run": "first", "seed": 3, "queries": 9112, "packages": {"torch": "2.13.0"},
        "profile": {"shown_as": "COCO"},
        "retrievers": {"e5-v": {"revision": "0123456789abcdef", "precision": "fp16"}},
    }  # fmt: skip
    (tmp_path / "first/general.manifest.json").write_text(json.dumps(made))
    row = made_by(tmp_path).loc["first", "general", "e5-v"]
    assert row["revision"] == "0123456789ab"
    assert (row["precision"], row["queries"], row["seed"]) == ("fp16", "9,112", 3)
    assert row["versions"] == "torch 2.13.0"


@pytest.mark.parametrize(
    "change",
    [
        {"profile": "COCO"}, {"profile": {}}, {"profile": None}, {"queries": None},
        {"retrievers": ["e5-v"]}, {"retrievers": {"e5-v": {}}}, {"packages": 1},
        {"retrievers": {"e5-v": {"revision": 1, "precision": "fp16"}}}, {"run": []},
    ],
)  # fmt: skip
def test_a_manifest_of_other_fields_is_named(change, tmp_path):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a/general.manifest.json"
    made = {
        "run": "a", "seed": 0, "queries": 1, "packages": {},
        "profile": {"shown_as": "COCO"},
        "retrievers": {"e5-v": {"revision": "0", "precision": "fp16"}},
    }  # fmt: skip
    path.write_text(json.dumps(made))
    assert len(made_by(tmp_path)) == 1
    path.write_text(json.dumps(made | change))
    with pytest.raises(InputError, match=r"general\.manifest\.json: fields: not those"):
        made_by(tmp_path)
    if "profile" in change:
        with pytest.raises(InputError, match=r"general\.manifest\.json: fields"):
            of_run(ranks_of("e5-v"), path.parent)


def ranks_of(retriever, mode="general", rows=ROWS, **columns):
    """As `runs.collect` gives them."""
    table = table_of(rows, retriever=retriever, mode=mode, profile="full", run="a")
    cell = {"benchmark": "released", "chapter": "general", "seed": "0"}
    return table.assign(**cell | columns)


def test_table_1_beside_the_paper_by_hand():
    # Ranks 1, 9, 1 of animals and 7 of times.
    better = [(*row[:3], 1) for row in ROWS]
    ranks = pd.concat(
        [
            ranks_of("clip-vit-l-14-336"),
            ranks_of("vlm2vec-phi-3.5-v"),
            ranks_of("vlm2vec-phi-3.5-v", "prompted", better),
            ranks_of("clip-vit-l-14-336", rows=better, benchmark="rebuilt"),
            ranks_of("mine"),
            ranks_of("mine", "wrong"),
            ranks_of("e5-v", benchmark="sun397"),
        ]
    )
    reasons = {"mmret": "failed: out of memory", "own": "failed: gated"}
    found = table_1(ranks, reasons, "random weights")
    assert (found.index.get_level_values("chapters") == "general").sum() == 5
    found = found.droplevel(["revision", "seed", "chapters"])
    assert set(found.pictures) == {"random weights"}  # in every row
    clip = found.loc["CLIP ViT-L/14-336", "general", "released"]
    assert clip["paper R@5"] == "47 % (S)"
    value = {name: float(cell.split()[0]) for name, cell in clip[2:].items() if cell
             and name != "difference"}  # fmt: skip
    assert value == {
        "macro R@5": 33.3, "micro R@5": 50.0, "macro R@1": 33.3, "micro R@1": 50.0,
        "animals R@5": 66.7, "times R@5": 0.0, "animals R@1": 66.7, "times R@1": 0.0,
    }  # fmt: skip
    assert clip["difference"] == "−13.7"
    rebuilt = found.loc["CLIP ViT-L/14-336", "general", "rebuilt"]
    assert rebuilt["difference"] == "+53.0"
    phi = found.loc["VLM2Vec-Phi-3.5-V"]
    assert list(phi["paper R@5"]) == ["58.9 % (S)", "75.5 % (S)"]
    assert phi.loc["prompted", "released"]["difference"] == "+24.5"
    assert found.loc["mine", "general", "released"]["paper R@5"] == "not known"
    assert found.loc["MMRet", "general", ""]["macro R@5"] == "failed: out of memory"
    assert found.loc["own", "general", ""]["macro R@5"] == "failed: gated"
    assert found.loc["E5-V", "general", ""]["macro R@5"] == "not run"
    assert found.loc["SigLIP2", "general", ""]["paper R@5"] == "52.6 % (S)"


def test_only_the_same_ranks_of_the_facets_share_a_row_of_table_1():
    other = [(*row[:3], 1) for row in ROWS]
    combined = [("2 facets", "cat at night?", "cat + night", 1)]
    ranks = pd.concat(
        [
            ranks_of("e5-v"),
            ranks_of("e5-v", chapter="luck").iloc[::-1],
            ranks_of("e5-v", chapter="several", rows=combined),
            ranks_of("e5-v", chapter="why", rows=other),
            ranks_of("e5-v", chapter="later", seed="1"),
            ranks_of("e5-v", chapter="later", revision="1"),
        ]
    )
    found = (
        table_1(ranks, {}, "random weights")
        .sort_index()
        .loc["E5-V", "general", "released"]
    )
    macro = found["macro R@1"].str.split().str[0].to_dict()
    assert macro == {
        ("0", "0", "general, luck"): "33.3", ("0", "0", "why"): "100.0",
        ("0", "1", "later"): "33.3", ("1", "0", "later"): "33.3",
    }  # fmt: skip


def test_table_1_of_a_folder_of_any_run(tmp_path):
    folder = tmp_path / "full/a"
    folder.mkdir(parents=True)
    saved = table_of(ROWS, retriever="clip-vit-l-14-336", profile="full")
    saved.to_csv(folder / "general.ranks.csv", index=False)
    made = {"profile": {"shown_as": "random weights"}, "sources": "released files"}
    (folder / "general.manifest.json").write_text(json.dumps(made))
    failed = {"state": "failed", "reason": "401"}
    record = {"retrievers": {"e5-v": failed}, "finished": True}
    (folder / "embedded.json").write_text(json.dumps(record))
    found = of_run(runs.collect(tmp_path, "full"), folder).sort_index()
    assert found.loc["CLIP ViT-L/14-336", "general", "released"]["difference"].all()
    assert list(found.loc["E5-V", "general", ""]["macro R@5"]) == ["failed: 401"]
    assert set(found.pictures) == {"random weights"}
