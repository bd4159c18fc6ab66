"""Notebooks under plain papermill: in an empty directory, and side by side."""

import json
import os
import subprocess
import sys
from pathlib import Path

import make_notebooks
import pytest

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "notebooks/profiles/smoke.yaml"
CHANGES = {
    "promptables": "tiny-qwen2vl",
    "facets": ["objects", "animals"],
    "fraction": 0.34,  # of the world, which is rendered here: enough for pools of 100
}


@pytest.fixture(autouse=True)
def no_home_but_here(monkeypatch):
    monkeypatch.delenv("COCOFACET_HOME", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def start_papermill(notebook, home, *parameters):
    command = [
        *(sys.executable, "-m", "papermill", "--no-progress-bar"),
        *("--log-level", "ERROR", "--cwd", str(home), "-f", str(PROFILE)),
        *("-y", f"changes: {json.dumps(CHANGES)}"),
        *parameters,
        *(str(notebook), str(home / f"{parameters[-1]}.ipynb")),
    ]
    return subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": "1"},
    )


def test_two_plain_papermill_runs_side_by_side_do_not_meet(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    source = ROOT / "notebooks/general.py"
    notebook = tmp_path / f"{source.stem}.ipynb"
    make_notebooks.write(source, notebook)
    side_by_side = {
        run: start_papermill(notebook, home, "-p", "seed", seed, "-p", "run", run)
        for run, seed in (("a", "1"), ("b", "2"))
    }
    wait_for(side_by_side)
    # On its own, with what the two left in the store.
    again = start_papermill(notebook, home, "-p", "seed", "1", "-p", "run", "c")
    wait_for({"c": again})
    ranks = {
        run: {
            path.name: path.read_text() for path in files(home / "results/smoke" / run)
        }
        for run in "abc"
    }
    assert ranks["a"], "a run leaves its ranks behind"
    same = {name: text.replace(",a,", ",c,") for name, text in ranks["a"].items()}
    assert same == ranks["c"], "the same seed gives the same ranks, byte for byte"
    assert ranks["a"].keys() == ranks["b"].keys()
    assert ranks["a"] != ranks["b"], "another seed draws other negatives"


def wait_for(runs):
    for run, process in runs.items():
        _, errors = process.communicate(timeout=250)
        assert process.returncode == 0, f"run {run}: {errors}"


def files(folder):
    return sorted(folder.glob("*.ranks.csv"))


def test_an_unknown_profile_fails_under_plain_papermill_too(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    notebook = tmp_path / "notebook.ipynb"
    make_notebooks.write(ROOT / "notebooks/general.py", notebook)
    process = start_papermill(notebook, home, "-p", "profile", "huge", "-p", "run", "a")
    _, errors = process.communicate(timeout=100)
    assert process.returncode != 0
    assert "there is no profile 'huge'" in errors
    assert [path.name for path in home.iterdir()] == ["a.ipynb"]
