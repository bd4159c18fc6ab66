"""Collecting the ranks of several runs."""

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


def test_runs_stand_side_by_side_and_repeated_rows_count_once(tmp_path):
    save(ranks("a", [1, 2, 1]), tmp_path / "mini/a", "general")
    save(ranks("a", [1, 2, 1]), tmp_path / "mini/a", "prompted")
    save(ranks("1", [9, 9, 1]), tmp_path / "mini/1", "general")
    table = runs.summary(runs.collect(tmp_path, "mini"))
    found = table.droplevel(["retriever", "mode"])
    assert found.loc["a", "macro R@1"] == 75.0  # people 1 of 2, times 1 of 1
    assert found.loc["a", "micro R@1"] == pytest.approx(200 / 3)
    assert found.loc["1", "macro R@5"] == 50.0


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
    assert rows[-1].split() == ["r", "general", "a", "75.0", "100.0", "66.7", "100.0"]
    assert main(["runs", "--results", str(tmp_path), "--profile", "b"]) == 2
    assert "no ranks here" in capsys.readouterr().err


def test_ranks_on_disk_keep_both_numbers_or_have_neither(tmp_path):
    path = tmp_path / "mini/a/a.ranks.csv"
    path.parent.mkdir(parents=True)
    partly = EXPECTED.assign(
        eligible=pd.array([120, pd.NA, 198, 100], "Int64"),
        above=pd.array([0, pd.NA, 1, 2], "Int64"),
    )
    partly.to_csv(path, index=False)
    assert "120,0\n" in path.read_text(), "whole numbers"
    found = runs.collect(tmp_path, "mini")
    pd.testing.assert_frame_equal(found[POOL_COLUMNS], partly[POOL_COLUMNS])
    table_of(ROWS).to_csv(path, index=False)  # ranks of an older run
    assert np.isnan(expected_recall(runs.collect(tmp_path, "mini"), 1)).all()
