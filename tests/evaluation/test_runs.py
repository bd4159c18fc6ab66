"""Collecting the ranks of several runs."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_tables import EXPECTED, ROWS, table_of

from cocofacet.cli import main
from cocofacet.evaluation import runs
from cocofacet.evaluation.metrics import expected_recall
from cocofacet.evaluation.ranking import COLUMNS, POOL_COLUMNS
from cocofacet.io import InputError


def ranks(run, values):
    rows = {
        "profile": "mini", "run": run, "retriever": "r", "revision": "v",
        "mode": "general", "prompt": None, "facet": ["people", "people", "times"],
        "query": ["p:0", "p:1", "t:0"], "text": ["a", "b", "c"],
        "label": ["4", "0", "dusk"], "rank": values,
    }  # fmt: skip
    return pd.DataFrame(rows)[COLUMNS]


def save(table, folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / f"{name}.ranks.csv", index=False)


def every_kind(folder):
    """Files that share runs, retrievers and modes: what may not be averaged together.
    The ranks are of a seed, so that no two cells are alike by construction."""
    rng = np.random.default_rng(0)

    def rows(facets, queries, **columns):
        facet = np.repeat(facets, queries)
        return pd.DataFrame(
            {
                "profile": "mini", "run": "a", "retriever": "r", "revision": "1e5",
                "mode": "general", "prompt": None, "facet": facet,
                "query": [f"{name}:{n}" for n, name in enumerate(facet)],
                "text": "t", "label": "4", "rank": rng.integers(1, 9, len(facet)),
                **columns,
            }
        )[COLUMNS]  # fmt: skip

    whole = (["people", "times"], [3, 1])
    asked = {"mode": "prompted", "prompt": "what?"}
    files = {
        "mini/a/general": [
            rows(*whole),
            rows(*whole, retriever="s"),
            rows(*whole, revision="2"),
            rows(*whole, profile="mini+ink"),
        ],
        # The same mode of the same retriever, about other queries.
        "mini/a/several": [rows(["2 facets", "3 facets"], [2, 4])],
        # Draws of the same, each a row; and prompts, each a row.
        "mini/a/rerank": [rows(*whole, **asked) for _ in range(5)],
        "mini/a/prompted": [
            *(rows(*whole, mode="wrong", prompt=prompt) for prompt in "xyz"),
            rows(*whole, **asked),
        ],
        "mini/1/general": [rows(*whole, run="1")],
        "mini/1/other": [rows(*whole, run="1")],
    }
    made = {"mini/a/general": (0, {}), "mini/1/general": (7, "released files")}
    for name, parts in files.items():
        save(pd.concat(parts), (folder / name).parent, Path(name).name)
        if name in made:
            said = dict(zip(("seed", "sources"), made[name], strict=True))
            (folder / f"{name}.manifest.json").write_text(json.dumps(said))


def test_every_cell_is_counted_again_from_the_ranks(tmp_path):
    """By plain loops over the files: a cell is of one file, and nothing is left."""
    every_kind(tmp_path)
    summary = runs.summary(runs.collect(tmp_path, "mini"))
    found = {
        cell: row.drop("averaged").astype(float).to_dict()
        for cell, row in summary.iterrows()
    }
    expected = {}
    seeds = {"a/general": "0", "1/general": "7"}
    benchmarks = {"a/general": "rebuilt", "1/general": "released"}
    for file in tmp_path.glob("mini/*/*.csv"):
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
        run, chapter = file.parent.name, file.name.removesuffix(".ranks.csv")
        where = f"{run}/{chapter}"
        cells = ["profile", "retriever", "revision", "mode"]
        for cell in sorted(set(zip(*(table[name] for name in cells), strict=True))):
            mine = table[(table[cells] == list(cell)).all(axis=1)]
            profile, retriever, revision, mode = cell
            pool = profile.removeprefix("mini+")
            if profile == "mini":
                pool = benchmarks.get(where, "not known")
            key = ("mini", run, pool, retriever, revision, chapter, mode,
                   seeds.get(where, "not known"))  # fmt: skip
            expected[key] = {}
            for k in (1, 5):
                of_query = {
                    query: np.mean(
                        mine["rank"][mine["query"] == query].astype(int) <= k
                    )
                    for query in set(mine["query"])
                }
                by_facet = {}
                for query, recall in of_query.items():
                    by_facet.setdefault(query.split(":")[0], []).append(recall)
                means = [np.mean(each) for each in by_facet.values()]
                expected[key][f"macro R@{k}"] = 100 * np.mean(means)
                expected[key][f"micro R@{k}"] = 100 * np.mean(list(of_query.values()))
    assert found.keys() == expected.keys() and len(found) == 10
    for cell, numbers in expected.items():
        assert found[cell] == pytest.approx(numbers), cell


def test_what_is_averaged_is_named(tmp_path):
    every_kind(tmp_path)
    summary = runs.summary(runs.collect(tmp_path, "mini")).reset_index()
    said = summary.set_index(["run", "chapter", "mode"]).averaged
    assert said["a", "several", "general"] == "2 facets + 3 facets, 6 queries"
    assert said["a", "rerank", "prompted"] == "people + times, 4 queries, 5 draws"
    assert said["a", "prompted", "wrong"] == "people + times, 4 queries, 3 prompts each"
    assert said["1", "general", "general"] == "people + times, 4 queries"


DAMAGED = {
    "a rank past the pool": (lambda t: t.assign(rank=101), "row 1: rank: '101' is no"),
    "a rank of 0": (lambda t: t.assign(rank=0), "row 1: rank: '0' is no whole number"),
    "another run": (lambda t: t.assign(run="b"), "run: ranks of 'b' in the folder of "),
    "another profile": (lambda t: t.assign(profile="full"), "profile: ranks of 'full'"),
    "a row lost": (lambda t: t.iloc[:-1], "file: holds 2 rows, not the 3 written"),
    "a draw more for some": (lambda t: t.iloc[[0, 1, 1]], "mode 'general': some quer"),
    "a prompt more for some": (
        lambda t: t.iloc[[0, 1, 1]].assign(prompt=["", "", "what?"]),
        "mode 'general': some queries have more rows than others",
    ),
    "more above than eligible": (
        lambda t: t.assign(eligible=100, above=101),
        "row 1: eligible, above: no number of images and a part of it",
    ),
    "fewer eligible than drawn": (
        lambda t: t.assign(eligible=98, above=0), "row 1: eligible, above: no number",
    ),
    "a rank past those above": (
        lambda t: t.assign(rank=60, eligible=500, above=3), "row 1: rank: is in no",
    ),
    "a rank before all draws": (
        lambda t: t.assign(eligible=100, above=60), "row 1: rank: is in no draw",
    ),
    "one of the two": (lambda t: t.assign(eligible=100), "row 1: eligible, above"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_is_named_and_no_number_comes_of_it(kind, tmp_path, capsys):
    change, words = DAMAGED[kind]
    save(ranks("b", [1, 2, 1]), tmp_path / "mini/b", "general")
    save(change(ranks("a", [1, 2, 1])), tmp_path / "mini/a", "general")
    made = tmp_path / "mini/a/general.manifest.json"
    made.write_text(json.dumps({"rows": 3}))
    assert main(["runs", "--results", str(tmp_path)]) == 2
    said = capsys.readouterr()
    path = tmp_path / "mini/a/general.ranks.csv"
    assert said.out == "" and said.err.startswith(f"error: {path}: {words}")
    assert said.err.count("\n") == 1


def test_no_run_and_a_foreign_file_say_what_to_do(tmp_path):
    with pytest.raises(InputError, match="make execute"):
        runs.collect(tmp_path, "mini")
    (tmp_path / "mini/a").mkdir(parents=True)
    (tmp_path / "mini/a/x.ranks.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"x\.ranks\.csv: column 'profile'"):
        runs.collect(tmp_path, "mini")


def test_the_command_prints_a_row_a_run_or_says_what_is_missing(tmp_path, capsys):
    save(ranks("a", [1, 2, 1]), tmp_path / "mini/a", "general")
    assert main(["runs", "--results", str(tmp_path)]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert "macro R@1" in header
    assert rows[-1].endswith(
        "people + times, 3 queries       75.0       66.7      100.0      100.0"
    )
    assert main(["runs", "--results", str(tmp_path), "--profile", "b"]) == 2
    assert "no ranks here" in capsys.readouterr().err
    (tmp_path / "inside").mkdir()
    outside = ["runs", "--results", str(tmp_path / "inside"), "--profile", "../mini"]
    assert main(outside) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: profile: '../mini' cannot name a folder")


def test_ranks_on_disk_keep_both_numbers_or_have_neither(tmp_path):
    path = tmp_path / "mini/a/a.ranks.csv"
    path.parent.mkdir(parents=True)
    partly = EXPECTED.assign(
        rank=[1, 9, 1, 3],
        eligible=pd.array([120, pd.NA, 198, 100], "Int64"),
        above=pd.array([0, pd.NA, 1, 2], "Int64"),
    )
    partly.to_csv(path, index=False)
    assert "120,0\n" in path.read_text(), "whole numbers"
    found = runs.collect(tmp_path, "mini")
    pd.testing.assert_frame_equal(found[POOL_COLUMNS], partly[POOL_COLUMNS])
    table_of(ROWS).to_csv(path, index=False)  # ranks of an older run
    assert np.isnan(expected_recall(runs.collect(tmp_path, "mini"), 1)).all()
