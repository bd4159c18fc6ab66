"""`cocofacet retrievers`: what is listed, and what is said of this machine."""

import ast
import subprocess
import sys
from dataclasses import fields, replace

import pytest

from cocofacet import retrievers_command as command
from cocofacet.cli import main
from cocofacet.retrievers import load as loading
from cocofacet.retrievers import zoo

LAPTOP = command.Machine(memory=8, gpu=0)
SERVER = command.Machine(memory=128, gpu=80)


@pytest.fixture
def nothing_fetched(monkeypatch):
    monkeypatch.setattr(loading, "missing", lambda row: "not downloaded yet")


@pytest.mark.parametrize("machine", [LAPTOP, SERVER])
def test_the_listing_names_every_row_and_fits_a_terminal(machine, nothing_fetched):
    lines = command.listing(zoo.ROWS.values(), machine).splitlines()
    assert max(map(len, lines)) <= 88
    header = next(line for line in lines if line.startswith("name"))
    started = [line for line in lines if line and line.split()[0] in zoo.ROWS]
    assert [line.split()[0] for line in started] == list(zoo.ROWS)
    column = header.index("prompts")
    for line in started:
        row = zoo.ROWS[line.split()[0]]
        assert line[column:].split()[0] == ("yes" if row.promptable else "no")
        assert str(row.dim or "-") in line.split()
        assert row.precision in line.split()
        # Where it stands follows at once, set in.
        assert lines[lines.index(line) + 1].startswith("    ")


def test_what_this_machine_can_run(nothing_fetched, monkeypatch):
    row = replace(zoo.ROWS["vlm2vec-qwen2vl-2b"], memory=7, download=4.4)
    assert command.here(row, SERVER) == "downloads 4.4 GB"
    assert command.here(row, LAPTOP) == "downloads 4.4 GB"
    small_gpu = command.Machine(memory=128, gpu=4)
    assert command.here(row, small_gpu) == "needs 7 GB of GPU memory, 4 here"
    large = replace(row, memory=21)
    assert command.here(large, LAPTOP) == "needs 21 GB of memory, 8 here"
    monkeypatch.setattr(loading, "missing", lambda row: None)
    assert command.here(row, SERVER) == "ready"


def test_weights_of_the_package_that_are_not_there(monkeypatch):
    reason = "not in this copy of the package"
    monkeypatch.setattr(loading, "missing", lambda row: reason)
    assert command.here(zoo.ROWS["tiny-clip"], LAPTOP) == reason


def test_what_cannot_be_loaded_is_not_looked_for(monkeypatch):
    def looked(row):
        raise AssertionError("looked for weights that cannot be loaded")

    monkeypatch.setattr(loading, "missing", looked)
    row = zoo.ROWS["vlm2vec-phi-3.5-v"]
    assert command.here(row, SERVER) == f"lacks {row.lacks}"


def test_status():
    row = replace(zoo.ROWS["mmret"], architecture="LLaVA", unconfirmed=())
    assert command.status(row) == "tested on a tiny LLaVA"
    doubtful = replace(row, unconfirmed=("prompted", "licence"))
    assert command.status(doubtful).endswith("; unconfirmed: prompted, licence")
    assert command.status(replace(row, architecture="")).startswith("not tested")
    assert command.status(zoo.ROWS["tiny-clip"]) == "tested as it is"


@pytest.mark.parametrize("name", zoo.ROWS)
def test_one_retriever_in_full(name, nothing_fetched):
    row = zoo.ROWS[name]
    shown = command.in_full(row, SERVER)
    lines = shown.splitlines()
    for field in fields(row):
        assert any(line.split()[:1] == [field.name] for line in lines)
    for address in row.source.split():
        assert address in shown
    for template in filter(None, (row.text, row.general, row.prompted)):
        (line,) = {line for line in lines if line.strip() == repr(template)}
        assert (
            ast.literal_eval(line.strip()) == template
        )  # white space can be read off and copied
    assert " ".join(row.note.split()) in " ".join(shown.split())


def test_as_a_command(nothing_fetched, capsys):
    assert main(["retrievers"]) == 0
    assert "\nclip-vit-l-14-336 " in capsys.readouterr().out
    assert main(["retrievers", "e5-v"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("name") and "in one word" in shown


def test_an_unknown_name(capsys):
    assert main(["retrievers", "e5v"]) == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith("error: retrievers: NAME: 'e5v'")
    assert "e5-v" in found.err and found.err.count("\n") == 1


@pytest.mark.parametrize(
    ("printed", "status", "gigabytes"),
    [
        ("15360\n81559", 0, 85.5),
        ("No devices were found", 0, 0),
        ("NVIDIA-SMI has failed", 9, 0),
    ],
)
def test_the_gpu_is_asked_without_torch(
    printed, status, gigabytes, tmp_path, monkeypatch
):
    asked = tmp_path / "nvidia-smi"
    asked.write_text(f"#!/bin/sh\necho '{printed}'\nexit {status}\n")
    asked.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = command.this_machine()
    assert found.gpu == pytest.approx(gigabytes, abs=0.1)
    assert found.memory > 0.5


def test_no_gpu_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.this_machine().gpu == 0


def test_listing_needs_none_of_the_heavy_libraries():
    program = (
        "import sys; from cocofacet.cli import main; main(['retrievers']); "
        "print([m for m in ('torch', 'transformers', 'open_clip') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines()[-1] == "[]"
