"""Ctrl-C and SIGTERM, at several moments of every long command."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import small_sources as small
import stopped_runs
from PIL import Image

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import Query

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
MOMENTS = (0.05, 0.15, 0.3, 0.7, 1.5, 3.0, 6.0)  # seconds: imports, reading, work, end
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Annotations, and a small benchmark with its pictures."""
    folder = tmp_path_factory.mktemp("given")
    small.everything(folder / "world")
    names = tuple(f"val2017/{number:012d}.jpg" for number in range(100))
    shown = FACETS["times"]
    query = Query(f"{shown.stem}:0", "times", "night", shown.wording("night"), names)
    Benchmark((query,)).save(folder / "benchmark")
    (folder / "images/val2017").mkdir(parents=True)
    for number, name in enumerate(names):
        Image.new("RGB", (40, 30), (number, 90, 9)).save(folder / "images" / name)
    return folder


def build(given):
    return "cocofacet.__main__", "build", "--annotations", given / "world", "--out", "b"


def embed(given, command="embed"):
    from_, images = given / "benchmark", given / "images"
    return (
        *("cocofacet.__main__", command, "--benchmark", from_, "--images", images),
        *("--retriever", "tiny-clip", "--store", "store", "--workers", "2"),
        *("--batch", "8"),
    )


def evaluate(given):
    return *embed(given, "evaluate"), "--out", "ranks.csv"


def world(given):
    return "facetworld.__main__", "write", "--out", "w", "--fraction", "0.05"


def notebooks(given):
    sources = [NOTEBOOKS / f"{name}.py" for name in ("general", "prompted")]
    where = ("--profile", "smoke", "--cwd", ".", "--out", "out")
    return "execute", *where, *sources


def training(given):
    small = ("--steps", "2", "--n-train", "40", "--n-tune", "400", "--no-compile")
    return "training.__main__", "clip", "--out", "o", "--world", "w", *small


COMMANDS = (build, embed, evaluate, world)


@pytest.fixture(scope="module")
def whole(given, tmp_path_factory):
    """What each command writes when nobody stops it."""
    found = {}

    def of(command):
        if command not in found:
            folder = tmp_path_factory.mktemp(command.__name__)
            done = stopped_runs.run(folder, *command(given))
            assert done.status == 0, done.said
            found[command] = stopped_runs.files(folder)
        return found[command]

    return of


def cases():
    for place, command in enumerate(COMMANDS):
        for number in SIGNALS:
            for moment in MOMENTS:
                # One moment of each here, the others where there is time.
                quick = command in (build, world)
                first = moment == 0.7 and SIGNALS[place % 2] == number and quick
                yield pytest.param(
                    *(command, number, moment),
                    id=f"{command.__name__} {number.name} {moment}",
                    marks=() if first else pytest.mark.more,
                )


@pytest.mark.parametrize(("command", "number", "moment"), cases())
def test_a_stopped_command_says_so_leaves_nothing_and_may_be_run_again(
    command, number, moment, given, whole, tmp_path
):
    ended = stopped_runs.run(tmp_path, *command(given), stop=number, after=moment)
    left = stopped_runs.files(tmp_path)
    if ended.stopped:
        assert (ended.status, ended.said) == stopped_runs.SAID[number]
    assert stopped_runs.processes(tmp_path) == []
    assert left.items() <= whole(command).items(), "whole files or none"
    assert stopped_runs.run(tmp_path, *command(given)).status == 0
    assert stopped_runs.files(tmp_path) == whole(command)


@pytest.mark.more
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("command", [notebooks, training])
@pytest.mark.parametrize("moment", [0.5, 5.0, 9.0, 14.0])
def test_what_has_no_resume_leaves_nothing_half_written(
    command, number, moment, given, tmp_path
):
    """What a notebook made before stays: a world, embeddings. Nothing else does."""
    ended = stopped_runs.run(tmp_path, *command(given), stop=number, after=moment)
    if ended.stopped:
        assert (ended.status, ended.said) == stopped_runs.SAID[number]
        assert not list(tmp_path.glob("out/failed-*"))
    assert stopped_runs.processes(tmp_path) == []
    left = [path.name for path in tmp_path.rglob(".*") if "ready" not in path.name]
    assert left == []


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_too_little_memory_to_load_a_library_is_one_line():
    script = """
import resource, sys
from cocofacet import program
def load():
    resource.setrlimit(resource.RLIMIT_AS, (300_000_000,) * 2)
    import torch
sys.exit(program.run(load))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr.startswith("error: memory: ran out.")
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize("module", ["cocofacet.program", "facetworld.stopping"])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_comes_when_all_is_done_changes_nothing(module, number):
    """Python ends with what was registered last; so the signal comes after ours."""
    code = (
        "import atexit, os, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"atexit.register(os.kill, os.getpid(), {int(number)})\n"
        f"from {module} import run\n"
        "raise SystemExit(run(lambda: 0))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("module", ["cocofacet.program", "facetworld.stopping"])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_comes_while_an_object_is_removed_is_not_lost(module, number):
    """There Python would print what is raised, and go on."""
    code = f"""
import os, signal, time
from {module} import run
signal.signal(signal.SIGINT, signal.default_int_handler)
class Removed:
    def __del__(self):
        os.kill(os.getpid(), {int(number)})
        time.sleep(0.01)
def command():
    Removed()
    time.sleep(9)
raise SystemExit(run(command))"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == stopped_runs.SAID[number]


@pytest.mark.parametrize(
    "number", [SIGNALS[0], pytest.param(SIGNALS[1], marks=pytest.mark.more)]
)
def test_a_kernel_that_still_starts_says_nothing(number, tmp_path):
    """Its module is found in the folder where it runs: one that never ends."""
    (tmp_path / "ipykernel_launcher.py").write_text("import time\ntime.sleep(99)\n")
    words = ("--profile", "smoke", "--cwd", ".", "--out", "out")
    ended = stopped_runs.run(
        tmp_path, "execute", *words, NOTEBOOKS / "general.py", stop=number, after=1.5
    )
    assert (ended.status, ended.said) == stopped_runs.SAID[number]
    assert stopped_runs.processes(tmp_path) == []
