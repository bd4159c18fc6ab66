"""Every notebook run by itself with its parameters changed, and under plain papermill:
in an empty directory, and side by side."""

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import execute
import make_notebooks
import photos_profile
import pytest

from cocofacet.ahead import stage
from cocofacet.ahead.plan import Plan
from cocofacet.chapters import answers, several
from cocofacet.retrievers.on_demand import STORE_ONLY
from cocofacet.workspace import open_workspace
from rehearsal.tiny_instruct import save_instruct

PROFILES = Path(__file__).parents[2] / "notebooks/profiles"
NOTEBOOKS = make_notebooks.in_order()
MINE = {"animals": "What beast is it?"}
# What each notebook's own parameters are changed to, beside those of its profile.
SWEEP = {
    "wordings": {"my_questions": MINE, "k": 5},
    "controls": {"controls_from": "smoke"},
    "one_pass": {"timed_images": 4},
    "choosing": {
        "choosers": ["nearest", "local"],
        "local_model": "",  # a tiny one, made below
    },
    "linear": {
        "draws": 2,
        "ratios": [0.03, 0.25],
        "count": 40,
        "variants": ["linear", "ridge", "dual-ridge"],
        "anchors_from": ["facet"],
    },
    "answers": {"heard": 6, "k": 5},
    "pools": {"k": 5},
    "luck": {"draws": 3},
    "why": {"k": 5},
    "gallery": {"k": 5, "sizes": [20, 100, 5000], "draws": 2},
    "several": {"together": [3], "most": 10, "k": 5},
    "rerank": {
        "depth": 10,
        "depths": [1, 50, 9999],
        "count": 20,
        "draws": 2,
        "k": 5,
        "gallery_k": 5,
    },
    "explorer": {"per_text": 1},
    "your_photos": {
        "photos": "",  # some of the pictures that are there, in one test
        "text": "an image of a dog",
        "ask": "animals",
        "against": "an image of a horse, an image without an animal",
        "label": "dog",
    },
    "cost": {"prompts": 3, "images": 100},
    "results": {"shown_profile": "nothing"},
}
# Three facets on few pictures show whether a notebook runs; the book's own run has all.
FEW = {"facets": ["animals", "gestures", "materials"], "pools": []}
FEW |= {"max_images": 150, "anchors": 60, "longest": 4}
# The one that embeds nothing sees all facets in every run of the tests; these, and
# the other pool, in the longer ones.
EMBEDS_NOTHING, WHOLE = "benchmark", ("prompted", "controls", "pools")
# Run with other parameters at night alone: they take longest, and what they compute is
# tested in tests/chapters, tests/retrievers and tests/photos. The book runs them, too.
LONGEST = ("why", "your_photos", "choosing", "one_pass", "wordings")
OPENS_WEIGHTS = ("one_pass", "your_photos")  # they measure times
SAME = {"local_model", "photos"}  # changed where the notebook is run
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


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """Half of the rendered world with all that is embedded before the notebooks, for
    all runs below: folder, profile, changes. Embedded in this process, which opens
    torch once; a notebook that opened weights would do so again."""
    folder = tmp_path_factory.mktemp("rendered")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COCOFACET_HOME", str(folder))
        patch.setattr(answers, "HEARD", SWEEP["answers"]["heard"])
        asked_in = partial(several.asked_in, most=SWEEP["several"]["most"])
        patch.setattr(several, "asked_in", asked_in)
        workspace = open_workspace("smoke", "ahead", 0, FEW)
        for planned in Plan.of(workspace, fetch=True).retrievers:
            stage.embed_one(workspace, planned.row.name)
        promptable = workspace.retriever(workspace.profile.promptable)
        workspace.gallery(promptable, tuple(MINE.values()))
    return folder / "data", "smoke", FEW


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Photographs, and checkpoints of all families: folder, profile, changes."""
    if not PHOTOGRAPHS:
        pytest.skip(
            "no shared photographs beside the project: the notebooks were run on the "
            "rendered world alone, and not with checkpoints of all families"
        )
    folder = tmp_path_factory.mktemp("photographs")
    (folder / "data").mkdir()
    return folder / "data", "full", photos_profile.changes(folder, max_images=200)


def test_every_parameter_is_changed():
    common = {"profile", "run", "seed", "changes"}
    for source in NOTEBOOKS:
        known = execute.known_parameters(source)
        turned = SWEEP.get(source.stem, {})
        assert known.keys() - common == turned.keys(), source.name
        assert not {name for name in turned if turned[name] == known[name]} - SAME


def run_with_changes(source, pictures, tmp_path):
    data, profile, changes = pictures
    home = tmp_path / "home"
    home.mkdir()
    (home / "data").symlink_to(data)
    parameters = SWEEP.get(source.stem, {}) | changes
    if "local_model" in parameters:
        parameters["local_model"] = str(save_instruct(tmp_path / "instruct"))
    if "photos" in parameters and profile == "full":
        some = sorted((photos_profile.SHARED / "photos").glob("*.jpg"))[:30]
        parameters["photos"] = str(tmp_path / "mine")
        (tmp_path / "mine").mkdir()
        for path in some:
            shutil.copy(path, tmp_path / "mine")
    run_alone(source, home, tmp_path / "out", profile, parameters)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(
            path, marks=[pytest.mark.more] * (path.stem in LONGEST), id=path.stem
        )
        for path in NOTEBOOKS
    ],
)
def test_it_runs_by_itself_with_its_parameters_changed(
    source, rendered, tmp_path, monkeypatch
):
    data, profile, changes = rendered
    if source.stem == EMBEDS_NOTHING:
        changes = {}
    if source.stem not in OPENS_WEIGHTS:
        monkeypatch.setenv(STORE_ONLY, "1")
    run_with_changes(source, (data, profile, changes), tmp_path)


@pytest.mark.more
@pytest.mark.parametrize("stem", WHOLE)
def test_it_runs_with_all_facets_and_pools(stem, rendered, tmp_path):
    (source,) = (source for source in NOTEBOOKS if source.stem == stem)
    run_with_changes(source, (*rendered[:2], {}), tmp_path)


@pytest.mark.more
@each_notebook
def test_it_runs_on_photographs_with_every_family(source, photographs, tmp_path):
    run_with_changes(source, photographs, tmp_path)


@pytest.fixture
def general(tmp_path):
    """A notebook as plain papermill takes it."""
    (source,) = (source for source in NOTEBOOKS if source.stem == "general")
    notebook = tmp_path / "general.ipynb"
    make_notebooks.write(source, notebook)
    return notebook


def start_papermill(notebook, home, changes, *parameters):
    command = [
        *(sys.executable, "-m", "papermill", "--no-progress-bar"),
        *("--log-level", "ERROR", "--cwd", str(home)),
        *("-f", str(PROFILES / "smoke.yaml"), "-y", f"changes: {json.dumps(changes)}"),
        *parameters,
        *(str(notebook), str(home / f"{parameters[-1]}.ipynb")),
    ]
    env = os.environ | {"PYTHONHASHSEED": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env)


def wait_for(runs):
    for run, process in runs.items():
        _, errors = process.communicate(timeout=250)
        assert process.returncode == 0, f"run {run}: {errors}"


@pytest.fixture(params=["embedded", pytest.param("empty", marks=pytest.mark.more)])
def shared(request, rendered, tmp_path):
    """A folder for several runs, and their changes: with all that they need embedded;
    or empty, so that they render and embed at the same time."""
    home = tmp_path / "home"
    home.mkdir()
    if request.param == "empty":
        return home, {"facets": ["objects", "animals"], "fraction": 0.34}
    data, _, changes = rendered
    (home / "data").symlink_to(data)
    return home, changes


@pytest.mark.more
def test_two_plain_papermill_runs_side_by_side_do_not_meet(shared, general):
    home, changes = shared

    def start(seed, run):
        given = ("-p", "seed", seed, "-p", "run", run)
        return {run: start_papermill(general, home, changes, *given)}

    wait_for(start("1", "a") | start("2", "b"))
    wait_for(start("1", "c"))  # on its own, with what the two left in the store
    ranks = {
        run: {
            path.name: path.read_text()
            for path in (home / "results/smoke" / run).glob("*.ranks.csv")
        }
        for run in "abc"
    }
    assert ranks["a"], "a run leaves its ranks behind"
    same = {name: text.replace(",a,", ",c,") for name, text in ranks["a"].items()}
    assert same == ranks["c"], "the same seed gives the same ranks, byte for byte"
    assert ranks["a"].keys() == ranks["b"].keys()
    assert ranks["a"] != ranks["b"], "another seed draws other negatives"


def test_an_unknown_profile_fails_under_plain_papermill_too(general, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    given = ("-p", "profile", "huge", "-p", "run", "a")
    process = start_papermill(general, home, {}, *given)
    _, errors = process.communicate(timeout=100)
    assert process.returncode != 0
    assert "there is no profile 'huge'" in errors
    assert [path.name for path in home.iterdir()] == ["a.ipynb"]


NO_PARAMETERS = {  # what a profile's file says -> what is said of it
    "nothing": ("", "profile: is missing"),
    "a list": ("- a", "profile: is missing"),
    "a number": ("5", "profile: is missing"),
    "another type": ("profile: no", "profile: is missing"),
    "itself": ("profile: &a [*a]", "profile: is missing"),
    "twice": ("profile: mini\nprofile: full", "names a parameter twice"),
    "Python's objects": (
        "profile: !!python/name:os.system",
        "no YAML that is read",
    ),
    "a tab": ("profile:\tmini", "no YAML that is read"),
    "two documents": ("profile: mini\n---\na: b", "no YAML that is read"),
    "octal": ("profile: mini\nseed: 010", "010 can be read as several numbers"),
    "hexadecimal": ("profile: mini\nseed: 0x10", "0x10 can be read as several"),
    "binary": ("profile: mini\nseed: 0b1", "0b1 can be read as several numbers"),
    "underscored": ("profile: mini\nseed: 1_000", "1_000 can be read as several"),
    "in sixties": ("profile: mini\nseed: 12:30", "12:30 can be read as several"),
    "a fraction in sixties": ("profile: mini\nratios: [1:30.5]", "1:30.5 can be read"),
    "in a list": ("profile: mini\nsizes: [1, 010]", "010 can be read as several"),
    "infinite": ("profile: mini\nratios: [.inf]", ".inf can be read as several"),
    "deep": ("[" * 5000, "no YAML that is read"),
    "no UTF-8": (b"\xff\xfe", "no YAML that is read"),
}


@pytest.mark.parametrize("kind", NO_PARAMETERS)
def test_a_profile_that_says_no_parameters_is_one_line(kind, tmp_path):
    content, said = NO_PARAMETERS[kind]
    path = tmp_path / "a.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(execute.Refused, match=said) as refused:
        execute.parameters_in(path)
    assert "\n" not in str(refused.value)
    path.write_text("profile: mini\nseed: 30\nratios: [0.5, -1]\ntext: '010'\n")
    assert execute.parameters_in(path) == {
        "profile": "mini",
        "seed": 30,
        "ratios": [0.5, -1],
        "text": "010",
    }
