"""The study on kinds of question, in small: shared part, an arm, the gate."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors import safe_open

from studies import kinds as study

ROOT = Path(__file__).parents[2]


def run(monkeypatch, *words: str) -> None:
    sizes = ["--n-train", "40", "--n-tune", "400", "--steps", "2", "--no-compile"]
    monkeypatch.setattr(sys, "argv", ["kinds.py", *words, *sizes])
    study.main()


def test_make_studies_can_start_it():
    makefile = (ROOT / "Makefile").read_text()
    (given,) = re.findall(
        r"^KINDS := (.*)\$\(BIN\)/python studies/kinds.py$", makefile, re.M
    )
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = bare | dict(pair.split("=") for pair in given.split())
    command = [sys.executable, "studies/kinds.py", "--help"]
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True)
    assert said.returncode == 0, said.stderr.decode()


@pytest.mark.more
def test_from_nothing_to_the_gate(tmp_path, monkeypatch, capsys):
    where = ["--out", str(tmp_path / "study"), "--world", str(tmp_path / "world")]
    run(monkeypatch, "shared", *where)
    kept = tmp_path / "study/shared/captions.safetensors"
    before = kept.stat().st_mtime_ns
    run(monkeypatch, "shared", *where)  # all is done: nothing is trained again
    assert kept.stat().st_mtime_ns == before
    for arm in ("0", "4", "32", "ceiling"):
        run(monkeypatch, "arm", "--kinds", arm, *where)
        folder = tmp_path / f"study/arm-{arm}-seed0"
        settings = json.loads((folder / "record.json").read_text())["settings"]
        assert settings["asked"] == study.asked(arm, 0)
        with safe_open(folder / "contrast.safetensors", "pt") as file:
            assert json.loads(file.metadata()["progress"])["step"] == 2
    capsys.readouterr()
    run(monkeypatch, "gate", *where)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 3 and all(line[:3] in ("yes", "no ") for line in said)


def test_the_gate_says_yes_and_no_where_it_should():
    asked = {str(i): {"gap": 0.3 if i < 24 else 0.0} for i in range(32)}
    good = {
        "cosine": {"times": 0.1, "scenes": 0.4},
        "asked": asked,
        "general": {str(i): 0.1 if i < 6 else 0.0 for i in range(8)},
    }
    assert list(study.verdicts(good).values()) == [True] * 3
    bad = {
        "cosine": {"times": 0.2, "scenes": 0.5},
        "asked": asked | {"0": {"gap": 0.0}},
        "general": good["general"] | {"0": 0.09},
    }
    assert list(study.verdicts(bad).values()) == [False] * 3
