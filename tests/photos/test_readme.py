"""The lines of Python on the README's first screen, as they stand there."""

import json
import re
import shutil
from pathlib import Path

import pytest

from facetworld import write

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A rendered world, and its pictures in the folder that the README names."""
    write.write_world(tmp_path / "data/mini/world", fraction=0.02)
    shutil.copytree(tmp_path / "data/mini/world/images", tmp_path / "PHOTOS")
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "kept"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data/mini/world"


def test_its_lines_find_pictures_at_dusk(world, capsys):
    (lines,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(lines.splitlines()) <= 5
    exec(lines, names := {})
    found = names["found"]
    shown = capsys.readouterr().out
    truth = json.loads((world / "truth.json").read_text())
    truth |= json.loads((world / "anchors.json").read_text())
    dusk = {name for name, scene in truth.items() if scene["time"] == "dusk"}
    assert set(found.pictures.path[: found.standing_out]) == dusk
    assert all(path in shown for path in found.pictures.path.head())
