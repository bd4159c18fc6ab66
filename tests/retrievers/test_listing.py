"""Retrievers in words: what is listed, and what is said of this machine."""

import ast
import os
from dataclasses import fields, replace

import pytest

from cocofacet.retrievers import listing, zoo
from cocofacet.retrievers import load as loading

LAPTOP = listing.Machine(memory=8, gpu=0)
SERVER = listing.Machine(memory=128, gpu=80)


@pytest.fixture
def nothing_fetched(monkeypatch):
    monkeypatch.setattr(loading, "missing", lambda row: "not downloaded yet")


@pytest.mark.parametrize("machine", [LAPTOP, SERVER])
def test_the_listing_names_every_row_and_fits_a_terminal(machine, nothing_fetched):
    lines = listing.listing(zoo.ROWS.values(), machine).splitlines()
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
    assert listing.here(row, SERVER) == "downloads 4.4 GB"
    assert listing.here(row, LAPTOP) == "downloads 4.4 GB"
    small_gpu = listing.Machine(memory=128, gpu=4)
    assert listing.here(row, small_gpu) == "needs 7 GB of GPU memory, 4 here"
    large = replace(row, memory=21)
    assert listing.here(large, LAPTOP) == "needs 21 GB of memory, 8 here"
    monkeypatch.setattr(loading, "missing", lambda row: None)
    assert listing.here(row, SERVER) == "ready"


def test_weights_of_the_package_that_are_not_there(monkeypatch):
    reason = "not in this copy of the package"
    monkeypatch.setattr(loading, "missing", lambda row: reason)
    assert listing.here(zoo.ROWS["tiny-clip"], LAPTOP) == reason


@pytest.mark.parametrize("row", zoo.ROWS.values(), ids=lambda row: row.name)
def test_every_row_is_tested(row):
    assert listing.status(row).startswith("tested")


def test_status():
    row = replace(zoo.ROWS["mmret"], architecture="LLaVA", unconfirmed=())
    assert listing.status(row) == "tested on a tiny LLaVA"
    doubtful = replace(row, unconfirmed=("prompted", "licence"))
    assert listing.status(doubtful).endswith("; unconfirmed: prompted, licence")
    assert listing.status(replace(row, architecture="")).startswith("not tested")
    assert listing.status(zoo.ROWS["tiny-clip"]) == "tested as it is"


@pytest.mark.parametrize("name", zoo.ROWS)
def test_one_retriever_in_full(name, nothing_fetched):
    row = zoo.ROWS[name]
    shown = listing.in_full(row, SERVER)
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
    found = listing.this_machine()
    assert found.gpu == pytest.approx(gigabytes, abs=0.1)
    assert found.memory > 0.5


def test_on_a_system_without_sysconf(tmp_path, monkeypatch):
    """Windows is one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delattr(os, "sysconf")
    assert listing.this_machine().memory > 0.5


def test_no_gpu_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert listing.this_machine().gpu == 0
