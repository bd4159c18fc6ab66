"""A run killed at any moment goes on where it was: the store ends up the same."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import killed_runs
import numpy as np
import pytest
from killed_runs import PROMPTS
from PIL import Image

from rehearsal.tiny_checkpoints import save_qwen2vl

IMAGES, CHUNK = 24, 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """24 small pictures of different size, and a tiny Qwen2-VL."""
    folder = tmp_path_factory.mktemp("resume")
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    for number in range(IMAGES):
        shape = (28 * (1 + number % 3), 56, 3)
        pixels = rng.integers(0, 256, shape, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"images/{number}.png")
    save_qwen2vl(folder / "checkpoint")
    return folder


@pytest.fixture(scope="module")
def process(folder):
    process = subprocess.Popen(
        [sys.executable, killed_runs.__file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.stdin.close()
    assert process.wait(timeout=60) == 0


@pytest.fixture(scope="module")
def run(process):
    """(kind, store, die_at) -> what the run did; see killed_runs."""

    def run(kind, store, die_at=0):
        asked = {"kind": kind, "store": str(store), "die_at": int(die_at)}
        print(json.dumps(asked), file=process.stdin, flush=True)
        answer = json.loads(process.stdout.readline())
        assert answer["dead"] == bool(die_at)
        return answer

    return run


@pytest.fixture(scope="module")
def undisturbed(run, tmp_path_factory):
    """Kind -> the files of a run that was left alone."""
    found = {}
    for kind in ("means", "qwen"):
        store = tmp_path_factory.mktemp("undisturbed")
        assert run(kind, store)["computed"] == IMAGES * len(PROMPTS)
        found[kind] = contents(store)
        assert len(found[kind]) == IMAGES // CHUNK * len(PROMPTS)
    return found


def contents(store):
    """Every file in the store, leftovers included -> its bytes."""
    files = (path for path in store.rglob("*") if path.is_file())
    return {str(path.relative_to(store)): path.read_bytes() for path in files}


def finished(store):
    """Every finished file -> which file it is, and when it was written."""
    found = {path: path.stat() for path in store.rglob("*.safetensors")}
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in found.items()}


def to_compute(store, everything):
    """Pairs of image and prompt that a killed run has neither finished nor ready."""
    there = contents(store)
    missing = defaultdict(list)  # chunk -> its files
    for name in everything:
        if name not in there:
            missing[Path(name).name].append(Path(name))
    pairs = 0
    for files in missing.values():
        ready = [str(file.with_name(f".{file.name}.ready")) in there for file in files]
        if not all(ready):
            pairs += CHUNK * len(files)
    return pairs


@pytest.mark.parametrize("kind", ["means", "qwen"])
def test_ten_kills_of_one_run(run, undisturbed, tmp_path, kind):
    everything = undisturbed[kind]
    states = set()
    for die_at in np.random.default_rng(7).integers(1, 20, size=10):
        before = finished(tmp_path)
        run(kind, tmp_path, die_at)
        after = finished(tmp_path)
        assert before.items() <= after.items()  # nothing is written twice
        ready = any(name.endswith(".ready") for name in contents(tmp_path))
        states |= {(len(after) % len(PROMPTS) > 0, ready)}
    expected = to_compute(tmp_path, everything)
    before = finished(tmp_path)
    assert 0 < len(before) < len(everything)
    assert run(kind, tmp_path)["computed"] == expected
    assert before.items() <= finished(tmp_path).items()
    assert contents(tmp_path) == everything
    assert run(kind, tmp_path)["computed"] == 0
    # Among the ten were kills between two writes of a group, and between two renamings.
    assert {(False, True), (True, True)} <= states


def test_a_kill_at_any_moment(run, undisturbed, tmp_path):
    """A group is two batches, four writes of two events each, and four renamings."""
    everything = undisturbed["means"]
    for die_at in range(14, 14 + 2 + 8 + 4 + 1):
        store = tmp_path / str(die_at)
        run("means", store, die_at)
        expected = to_compute(store, everything)
        assert run("means", store)["computed"] == expected
        assert contents(store) == everything
