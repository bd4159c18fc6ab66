"""Photographs searched with tiny checkpoints under official names, as installed."""

import json
import shutil
import subprocess
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from photos_profile import SHARED

from cocofacet.benchmark.facets import FACETS
from cocofacet.io import readable
from rehearsal import models, photos
from rehearsal.hub import Hub
from rehearsal.installed import install
from rehearsal.photos import ASKED, COMMANDS, DUSK, PART, ROWS
from rehearsal.rehearsal import Rehearsal

pytestmark = pytest.mark.more


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """Photographs, the installed package and the hub; `said` runs a command."""
    if not (SHARED / "photos").is_dir():
        pytest.skip(f"no photographs in {SHARED / 'photos'}")
    folder = tmp_path_factory.mktemp("photos")
    mine = shutil.copytree(SHARED / "photos", folder / "photographs, random weights")
    with Hub() as hub:
        models.offer(hub, ROWS, folder / "models")
        rehearsal = Rehearsal(folder, install(folder), hub, folder / "no catalogue")

        def said(command, *given):
            piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            words = (command, str(mine), *given, "--store", "index")
            process = rehearsal.start(PART, "cocofacet", *words, **piped)
            out, errors = process.communicate()
            return process.returncode, out, errors

        yield SimpleNamespace(rehearsal=rehearsal, mine=mine, hub=hub, said=said)


def test_the_tiny_models_refuse_and_name_what_fits(there):
    status, _, errors = there.said("index")
    assert status == 2
    for name in ROWS:
        assert name in errors
    assert not there.hub.sent


def test_from_download_to_contact_sheet(there):
    photographs = list(there.mine.glob("*.jpg"))
    size = readable(sum(path.stat().st_size for path in photographs))
    status, out, errors = there.said("index", "--retriever", ASKED, "--ask", "times")
    assert status == 0, errors
    assert f"{len(photographs)} pictures, {size}" in out
    assert f"downloads {readable(sum(there.hub.sent.values()))}; " in out
    assert "on cpu (estimated)" in out
    assert set(there.hub.whole.values()) == {1}
    asked = ("search", DUSK, "--ask", "times", "--page", "random-weights.html")
    status, out, errors = there.said(*asked, "--form", "json")
    assert status == 0, errors
    sheet = (there.rehearsal.home(PART) / "random-weights.html").read_text()
    assert DUSK in sheet and sheet.count("data:image/jpeg") == 40
    found = json.loads(out)
    (wish,) = found["wishes"]
    assert (wish["how"], wish["question"]) == ("index", FACETS["times"].question)
    names = {path.name for path in photographs}
    assert len({each["path"] for each in found["pictures"]} & names) == 20


def test_every_command_runs(there):
    outcomes = photos.run(there.rehearsal, there.mine)
    assert [(one.name, one.reason) for one in outcomes] == [
        (f"cocofacet {command[0]}", "") for command in COMMANDS
    ]
    assert set(there.hub.whole.values()) == {1}
    home = there.rehearsal.home(PART)
    table = pq.read_table(home / "random-weights.parquet").to_pandas()
    assert set(table.retriever) == {ASKED}
    count = len(list(there.mine.glob("*.jpg")))
    asked = {FACETS[name].question for name in ("times", "materials")}
    counted = table.question.fillna("general").value_counts().to_dict()
    assert counted == dict.fromkeys([*asked, "general"], count)
