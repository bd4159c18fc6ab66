"""Every notebook run: alone, with changed parameters, on photographs, side by side."""

import json
import os
import subprocess
import sys
from pathlib import Path

import execute
import jupytext
import photos_profile
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(ROOT.glob("notebooks/[0-9][0-9]_*.py"))
PROFILE = ROOT / "notebooks/profiles/smoke.yaml"
# What each notebook's own parameters are changed to, beside those of its profile.
SWEEP = {
    "04_wordings": {"my_questions": {"animals": "What beast is it?"}, "k": 5},
    "05_controls": {"controls_from": "smoke"},
    "06_beforehand": {"timed_images": 4},
    "08_linear": {
        "draws": 2,
        "ratios": [0.03, 0.25],
        "variants": ["linear", "ridge", "dual-ridge"],
        "anchors_from": ["held-out", "gallery"],
    },
    "09_answers": {"low_side": 32, "heard": 6, "k": 5},
    "10_pools": {"k": 5},
    "11_luck": {"draws": 3},
    "13_gallery": {"k": 5, "sizes": [20, 100, 5000], "draws": 2},
    "14_several": {"together": [3], "most": 10, "k": 5},
    "15_rerank": {"depth": 10, "depths": [1, 50, 9999], "count": 20, "draws": 2},
    "16_explore": {"per_text": 1},
    "22_results": {"shown_profile": "nothing"},
}
PHOTOGRAPHS = (photos_profile.SHARED / "photos").is_dir()
each_notebook = pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def no_home_but_here(monkeypatch):
    monkeypatch.delenv("COCOFACET_HOME", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def run_alone(source, home, out, profile, parameters):
    """Run a notebook in a folder that holds no results, and look at what it left."""
    given = [str(source), "--profile", profile, "--cwd", str(home), "--out", str(out)]
    for name, value in parameters.items():
        given += ["-p", f"{name}={json.dumps(value)}"]
    assert execute.main(given) == 0
    cells = json.loads((out / f"{source.stem}.ipynb").read_text())["cells"]
    for cell in cells:
        for output in cell.get("outputs", ()):
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr", output["text"]
            if any(kind.startswith("image/") for kind in output.get("data", ())):
                assert cell["metadata"]["mystnb"]["image"]["alt"]
    assert {path.name for path in home.iterdir()} <= {"data", "results"}
    return cells


def test_it_runs_in_an_empty_directory(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    source = next(path for path in NOTEBOOKS if path.stem == "02_general")
    run_alone(source, home, tmp_path / "out", "smoke", {})


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Data shared by the runs below, the profile that they run, and its changes.

    Photographs and checkpoints of all families where the photographs are there, else
    half of the rendered world.
    """
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "data").mkdir()
    if not PHOTOGRAPHS:
        return folder / "data", "smoke", {}
    return folder / "data", "full", photos_profile.changes(folder, max_images=200)


def test_photographs_are_there():
    if not PHOTOGRAPHS:
        pytest.skip(
            "no shared photographs beside the project: the notebooks were run on the "
            "rendered world alone, and not with checkpoints of all families"
        )
    assert len(list((photos_profile.SHARED / "photos").glob("*.jpg"))) == 250


@each_notebook
def test_it_runs_by_itself_with_its_parameters_changed(source, pictures, tmp_path):
    data, profile, changes = pictures
    home = tmp_path / "home"
    home.mkdir()
    (home / "data").symlink_to(data)
    parameters = SWEEP.get(source.stem, {}) | changes
    run_alone(source, home, tmp_path / "out", profile, parameters)


def start_papermill(notebook, home, *parameters):
    command = [
        *(sys.executable, "-m", "papermill", "--no-progress-bar"),
        *("--log-level", "ERROR", "--cwd", str(home), "-f", str(PROFILE)),
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
    source = next(path for path in NOTEBOOKS if path.stem == "02_general")
    notebook = tmp_path / f"{source.stem}.ipynb"
    jupytext.write(jupytext.read(source), notebook)
    runs = {
        run: start_papermill(notebook, home, "-p", "seed", seed, "-p", "run", run)
        for run, seed in (("a", "1"), ("b", "2"), ("c", "1"))
    }
    for run, process in runs.items():
        _, errors = process.communicate(timeout=250)
        assert process.returncode == 0, f"run {run}: {errors}"
    ranks = {
        run: {
            path.name: path.read_text() for path in files(home / "results/smoke" / run)
        }
        for run in runs
    }
    assert ranks["a"], "a run leaves its ranks behind"
    same = {name: text.replace(",a,", ",c,") for name, text in ranks["a"].items()}
    assert same == ranks["c"], "the same seed gives the same ranks, byte for byte"
    assert ranks["a"].keys() == ranks["b"].keys()
    assert ranks["a"] != ranks["b"], "another seed draws other negatives"


def files(folder):
    return sorted(folder.glob("*.ranks.csv"))


def test_an_unknown_profile_fails_under_plain_papermill_too(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    notebook = tmp_path / "notebook.ipynb"
    jupytext.write(jupytext.read(NOTEBOOKS[0]), notebook)
    process = start_papermill(notebook, home, "-p", "profile", "huge", "-p", "run", "a")
    _, errors = process.communicate(timeout=100)
    assert process.returncode != 0
    assert "there is no profile 'huge'" in errors
    assert [path.name for path in home.iterdir()] == ["a.ipynb"]
