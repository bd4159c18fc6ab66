"""A stage that cannot start, one that is started twice, and one that is stopped."""

import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cocofacet import process
from cocofacet import workspace as workspaces
from cocofacet.ahead import stage
from cocofacet.ahead.alone import alone
from cocofacet.cli import main
from cocofacet.io import InputError

# One retriever without and one with prompts, on few pictures.
SMALL = {
    **{"facets": ["objects", "animals", "gestures"], "max_images": 150, "workers": 2},
    **{"promptables": ["tiny-qwen2vl"], "answerer": "", "unasked": "", "pools": []},
}


@pytest.fixture
def started(monkeypatch):
    """The stages that notebooks start, in this process: one entry each."""
    found = []

    def run(command, tell):
        found.append(command)
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            status = main(command[len(process.PROGRAM) :])
        for line in said.getvalue().splitlines():
            tell(line)
        return status

    monkeypatch.setattr(process, "run", run)
    return found


def notebook(**changes):
    return workspaces.open_workspace("full", "a", 0, {"fetch": [], **changes})


def refused(**changes):
    with pytest.raises(InputError, match="not all could be embedded") as caught:
        notebook(**changes)
    return str(caught.value)


def test_what_cannot_start_is_tried_once_for_all_notebooks(home, started, capsys):
    why = f"{home / 'data/coco'}: the folder of annotations and images is missing"
    first = refused()
    assert why in first and first.count("\n") == 0
    assert why not in capsys.readouterr().out, "it is said once"
    assert refused() == first and len(started) == 1
    again = "`cocofacet embed --profile full --run a --seed 0 -p fetch=[]`"
    assert again.replace("fetch=[]", "'fetch=[]'") in first
    refused(max_images=9)
    assert len(started) == 2, "other settings may be able to"


def test_the_command_tries_again_what_could_not_start(home, started, monkeypatch):
    refused()
    monkeypatch.setattr(stage.Plan, "of", lambda *_, **__: Nothing())
    assert "the folder of annotations" in refused(), "a notebook does not"
    assert main(["embed", "--profile", "full", "--run", "a", "-p", "fetch=[]"]) == 0
    record = notebook().record
    assert record.finished and not record.refused and len(started) == 1


class Nothing:
    """A plan with nothing to do."""

    retrievers = ()

    def words(self):
        return "nothing to do"

    def check_disk(self):
        pass


def test_what_breaks_off_before_the_first_retriever_is_noted_too(home, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("first line\nsecond")

    monkeypatch.setattr(stage.Plan, "of", broken)
    made = workspaces.open_workspace("full", "a", 0, ahead=False)
    with pytest.raises(RuntimeError):
        stage.embed(made)
    assert made.record.refused == "RuntimeError: first line"


def test_a_second_stage_of_a_run_is_told_who_is_at_it(home, started, capsys):
    made = workspaces.open_workspace("full", "a", 0, {"fetch": []}, ahead=False)
    with alone(made):
        assert main(["embed", "--profile", "full", "--run", "a"]) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: run a: is being embedded by process ")
        assert f"process {os.getpid()} on " in said and said.count("\n") == 1
        assert "is being embedded by" in refused()
        assert not made.record.refused, "the next notebook tries again"
        other = workspaces.open_workspace("full", "b", 0, ahead=False)
        with alone(other):
            pass
    with alone(made):
        pass


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError()]
)
def test_a_file_system_without_locks_goes_without(home, monkeypatch, error):
    def acquire(*_, **__):
        raise error

    monkeypatch.setattr("cocofacet.ahead.alone.FileLock.acquire", acquire)
    made = workspaces.open_workspace("full", "a", 0, ahead=False)
    with alone(made):
        (noted,) = made.data.iterdir()
    assert noted.name == "embedding-a.lock.json" and not noted.exists()


@pytest.mark.parametrize("taken", ["data", "data/full"])
def test_a_folder_that_cannot_be_made_is_one_line(home, taken):
    (home / taken).parent.mkdir(exist_ok=True)
    (home / taken).write_text("a file is in the way")
    made = workspaces.open_workspace("full", "a", 0, ahead=False)
    with pytest.raises(InputError, match=r"cannot be written \("), alone(made):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_the_lock_ends_with_its_process_however_that_ends(home):
    made = workspaces.open_workspace("full", "a", 0, ahead=False)
    read, write = os.pipe()
    if not (child := os.fork()):
        with alone(made):
            os.write(write, b"held")
            time.sleep(60)
            os._exit(0)
    try:
        assert os.read(read, 4) == b"held"
        with pytest.raises(InputError, match=f"process {child} on "), alone(made):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with alone(made):
        pass


def command(folder):
    """The stage as a program, in a session of its own, as in a terminal of its own."""
    fields = [arg for n, v in SMALL.items() for arg in ("-p", f"{n}={json.dumps(v)}")]
    return subprocess.Popen(
        [*process.PROGRAM, "embed", "--profile", "smoke", "--run", "a", *fields],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell's background job ignores Ctrl-C, and hands that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env=os.environ | {"COCOFACET_HOME": str(folder)},
    )


def stays(group: int) -> bool:
    """Whether a process of a group is still there after five seconds: one that has
    ended is gone as soon as the system has noticed."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True


def stored(folder):
    found = (folder / "data/smoke/store").rglob("*.safetensors")
    return {path.relative_to(folder): path for path in found}


@pytest.mark.more
@pytest.mark.skipif(sys.platform == "win32", reason="its signals are others")
def test_a_stage_that_is_stopped_says_so_and_goes_on_where_it_was(home):
    """While the world is drawn, in the first retriever and in the second: Ctrl-C goes
    to all processes of a terminal, and SIGTERM to one."""
    for reached, stop, status, said in [
        ("", os.killpg, 130, "interrupted (Ctrl-C)\n"),
        ("1 of 2", os.kill, 143, "terminated (SIGTERM)\n"),
        ("2 of 2", os.kill, 143, "terminated (SIGTERM)\n"),
        ("2 of 2", os.killpg, 130, "interrupted (Ctrl-C)\n"),
    ]:
        running = command(home)
        for wanted in (reached, "  gallery") if reached else ():
            while not running.stdout.readline().startswith(wanted):
                assert running.poll() is None
        time.sleep(0.3 if reached else 2)
        number = signal.SIGINT if stop is os.killpg else signal.SIGTERM
        stop(running.pid, number)
        rest, error = running.communicate()
        assert (running.returncode, error) == (status, said), (reached, rest)
        assert not stays(running.pid), (reached, "a process is left")
    before = {name: path.stat().st_mtime_ns for name, path in stored(home).items()}
    assert any("tiny-clip" in str(name) for name in before)
    running = command(home)
    _, error = running.communicate()
    assert (running.returncode, error) == (0, "")
    whole = stored(home)
    assert {n: whole[n].stat().st_mtime_ns for n in before} == before
    undisturbed = home / "undisturbed"
    assert command(undisturbed).communicate()[1] == ""
    assert {n: p.read_bytes() for n, p in stored(undisturbed).items()} == {
        n: p.read_bytes() for n, p in whole.items()
    }
    assert not [*Path(home).rglob("*.tmp")]
