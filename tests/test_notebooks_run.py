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
    "14_several": {"together": [4], "most": 10, "k": 5},
    "15_rerank": {"depth": 10, "depths": [1, 50, 9999], "count": 20, "draws": 2},
    "16_explore": {"per_text": 1},
    "22_results": {"shown_profile": "nothing"},
}
each_notebook = pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def no_home_but_here(monkeypatch):
    monkeypatch.delenv("COCOFACET_HOME", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Pictures and embeddings, shared by the tests here and made by the first."""
    return tmp_path_factory.mktemp("data")


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


def own(source):
    """The swept parameters that the notebook has."""
    return SWEEP.get(source.stem, {})


@each_notebook
def test_it_runs_alone_with_its_parameters_changed(source, data, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "data").symlink_to(data)
    run_alone(source, home, tmp_path / "out", "smoke", own(source))


def test_it_runs_in_an_empty_directory(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    source = next(path for path in NOTEBOOKS if path.stem == "02_general")
    run_alone(source, home, tmp_path / "out", "smoke", {})


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    if not (photos_profile.SHARED / "photos").is_dir():
        pytest.skip(
            "no folder of shared photographs and annotations beside the project"
        )
    folder = tmp_path_factory.mktemp("photos")
    (folder / "data").mkdir()
    return folder, photos_profile.changes(folder, max_images=200)


@each_notebook
def test_it_runs_on_photographs_with_checkpoints_of_all_families(
    source, photos, data, tmp_path
):
    folder, changes = photos
    home = tmp_path / "home"
    home.mkdir()
    (home / "data").symlink_to(folder / "data")
    smoke = folder / "data/smoke"  # the controls are the small world's
    if (data / "smoke").is_dir() and not smoke.exists():
        smoke.symlink_to(data / "smoke")
    parameters = own(source) | changes
    if source.stem == "05_controls":
        parameters["controls_from"] = "smoke"
    run_alone(source, home, tmp_path / "out", "full", parameters)


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
