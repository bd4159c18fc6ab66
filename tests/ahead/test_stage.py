"""The stage before the notebooks: its plan, its failures, and what it leaves to do."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import execute
import make_notebooks
import pytest

from cocofacet import workspace as workspaces
from cocofacet.ahead import plan as planning
from cocofacet.ahead.needs import NOTEBOOKS
from cocofacet.ahead.plan import Plan
from cocofacet.chapters import answers, several
from cocofacet.cli import main
from cocofacet.io import InputError
from cocofacet.profiles import PROFILES
from cocofacet.retrievers.cost import Device, device_called

ROOT = Path(__file__).parents[2]
FEW = {"facets": ["objects", "animals", "gestures"], "max_images": 150}
# These open weights after all that can be embedded was: it measures times of them.
MEASURING = {"one_pass", "your_photos"}


def opened(profile="full", **changes):
    return workspaces.open_workspace(profile, "a", 0, changes, ahead=False)


def changed(fields):
    """Fields of the profile as arguments."""
    return [arg for n, v in fields.items() for arg in ("-p", f"{n}={json.dumps(v)}")]


def recorded(home):
    return json.loads((home / "results/smoke/a/embedded.json").read_text())


def test_every_notebook_that_names_a_retriever_says_what_it_needs():
    naming = {
        path.stem
        for path in make_notebooks.in_order()
        if "workspace.retriever(" in path.read_text()
    }
    assert naming == set(NOTEBOOKS)


def test_what_notebooks_take_by_default_is_what_is_embedded():
    heard = execute.known_parameters(ROOT / "notebooks/answers.py")["heard"]
    taken = execute.known_parameters(ROOT / "notebooks/several.py")
    assert heard == answers.HEARD
    assert (taken["together"], taken["most"]) == ([*several.TOGETHER], several.MOST)


def test_the_plan_without_data_downloads_nothing(home, capsys):
    assert main(["embed", "--profile", "full", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert list(home.iterdir()) == []
    lines = [line.split()[0] for line in said.splitlines() if line.strip()]
    named = [name for name in lines if name in PROFILES["full"].retrievers]
    assert set(named) == set(PROFILES["full"].retrievers)
    assert named[-1] == "mmret", "the slowest comes last"
    assert "mmret takes" in said and "a pass for each prompt" in said
    assert "assumed, as the annotations are not here" in said
    assert "; on cuda, but there is no GPU here: times are those of others" in said


def test_hours_are_those_of_the_device_found(home, monkeypatch):
    found = "NVIDIA H100 80GB HBM3"
    monkeypatch.setattr(workspaces.Workspace, "device_name", found)
    plan = Plan.of(opened(), fetch=False)
    assert plan.devices == (device_called(found),)
    one = plan["e5-v"]
    again = Plan.of(opened(promptables="e5-v"), fetch=False)["e5-v"]
    assert again.seconds(plan.devices[0]) > one.seconds(plan.devices[0]) > 600
    small = Plan.of(opened(promptables="e5-v", max_images=100), fetch=False)["e5-v"]
    assert small.embeddings < again.embeddings


@pytest.mark.parametrize(
    ("promptables", "said"),
    [
        ("mmret", "T4: about 22 minutes (estimated) for those that fit (1 of 2), of "),
        ("vlm2vec-qwen2vl-2b", "hours (estimated), of which vlm2vec-qwen2vl-2b takes"),
    ],
)
def test_a_total_says_which_it_is_of(home, promptables, said):
    changes = {"duals": "siglip2-so400m-384", "answerer": ""}
    plan = Plan.of(opened(promptables=promptables, **changes), fetch=False)
    (line,) = [each for each in plan.words().splitlines() if each.startswith("T4: ")]
    assert said in line


def test_a_device_that_is_too_small_for_all_says_so(home):
    plan = Plan.of(opened(), fetch=False)
    plan.devices = (Device("tiny", 0.5, 1.0),)
    assert plan.words().count("tiny: its memory is too small for all of them.") == 1


def test_a_disk_that_is_too_small_is_said_once(home, monkeypatch):
    usage = planning.shutil._ntuple_diskusage(10**12, 10**12 - 5 * 10**10, 5 * 10**10)
    monkeypatch.setattr(planning.shutil, "disk_usage", lambda folder: usage)
    plan = Plan.of(opened(), fetch=False)
    for said in (None, 10**11):  # by the hub: nothing, or more than there is
        monkeypatch.setattr(planning.loading, "to_come", lambda rows, said=said: said)
        with pytest.raises(InputError, match=r"disk: .* GB are needed .* 50.0 GB"):
            plan.check_disk()
    monkeypatch.setattr(planning.loading, "to_come", lambda rows: 10**6)
    plan.check_disk()  # the zoo's own figures would not have fitted


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--profile", "mini", "--batch", "3"), "--batch: not with --profile"),
        (("--run", "b"), "--benchmark: missing"),
        (("--profile", "mini", "-p", "seed"), "write it as FIELD=VALUE"),
        (("--profile", "mini", "-p", "device=3"), "changes: device: 3 is no text"),
    ],
)
def test_what_does_not_go_together_is_one_line(home, capsys, arguments, said):
    assert main(["embed", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_what_failed_is_left_out_and_said(home, capsys):
    first, second = PROFILES["full"].promptables[:2]
    made = opened()
    made.record.note(first, "failed", reason="gated repository")
    made.record.note(second, "done", seconds=1.0)
    assert not made.record.finished
    made.record.finish()
    found = workspaces.open_workspace("full", "a", 0)  # the stage is not started
    assert found.failed == {first: "gated repository"}
    assert capsys.readouterr().out == f"{first}: failed: gated repository\n"
    assert found.profile.promptable == second
    assert not opened(max_images=9).record.finished, "it is of other settings"
    made.record.begin()
    assert set(made.record.retrievers) == {second}, "what failed is tried again"


def test_a_notebook_without_any_retriever_ends_well(home, capsys):
    made = opened()
    for name in PROFILES["full"].duals:
        made.record.note(name, "failed", reason="gated")
    made.record.finish()
    with pytest.raises(SystemExit) as ended:
        _ = workspaces.open_workspace("full", "a", 0).profile.dual
    assert not ended.value.code
    assert "has no dual encoder" in capsys.readouterr().out


@pytest.mark.more
def test_one_that_fails_or_is_killed_does_not_stop_the_rest(home, capfd):
    """A checkpoint that is not there, a worker that is killed, a second start."""
    (home / "empty").mkdir()
    lost = {"tiny-llava": str(home / "empty")}
    command = [sys.executable, "-m", "cocofacet.cli", "embed", "--profile", "smoke"]
    command += ["--run", "a", *changed(FEW | {"answerer": "", "checkpoints": lost})]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.endswith("of 5: tiny-qwen2vl\n"):
            kill_worker_of(process.pid)
    assert process.wait() == 2
    found = recorded(home)["retrievers"]
    assert found["tiny-qwen2vl"]["reason"].startswith(
        "its process was ended by SIGKILL"
    )
    assert "no *.safetensors there" in found["tiny-llava"]["reason"]
    done = {name for name, each in found.items() if each["state"] == "done"}
    assert done == {"tiny-clip", "tiny-qwen2vl-unasked", "tiny-qwen2vl-noquestion"}
    said = capfd.readouterr().err
    assert said.splitlines()[-1].startswith("error: 2 failed, the rest is done: ")
    assert subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 2
    found = recorded(home)["retrievers"]
    assert {n for n, e in found.items() if e["state"] == "failed"} == {"tiny-llava"}


def kill_worker_of(parent):
    for _ in range(100):
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        if children:
            return os.kill(int(children[0]), signal.SIGKILL)
        time.sleep(0.02)
    raise AssertionError("no worker was started")


@pytest.mark.more
def test_after_it_no_notebook_opens_weights(home, monkeypatch):
    run = ["--profile", "smoke", "--run", "a", *changed(FEW)]
    assert main(["embed", *run]) == 0
    record = recorded(home)
    assert record["finished"]
    assert {each["state"] for each in record["retrievers"].values()} == {"done"}
    monkeypatch.setenv("COCOFACET_NO_WEIGHTS", "1")
    monkeypatch.delenv("COCOFACET_HOME")
    for source in make_notebooks.in_order():
        if source.stem not in MEASURING | {"status", "claims"}:
            where = ["--cwd", str(home), "--out", str(home / "out"), str(source)]
            assert execute.main([*run, *where]) == 0, source.stem
