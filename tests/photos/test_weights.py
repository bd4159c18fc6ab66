"""Which retriever is taken for a folder, and which is refused."""

import os
import shutil

import pytest
from small_photos import paint_all

from cocofacet.io import InputError
from cocofacet.photos import files, weights
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.zoo import ROWS
from facetworld import write


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    write.write_world(home / "data/mini/world", fraction=0.01)
    return home / "data/mini/world"


@pytest.fixture
def here(world, monkeypatch):
    """A machine that rendered a world."""
    monkeypatch.setenv("COCOFACET_HOME", str(world.parents[2]))


@pytest.fixture
def rendered(world, tmp_path):
    """A folder of pictures of the world, under other names."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for number, path in enumerate((world / "images").rglob("*.jpg")):
        shutil.copy(path, folder / f"{number}.jpg")
    return folder


def row_for(folder, name=None, asked=True, device="cpu"):
    catalogue = folder.parent / "catalogue.arrow"
    there = files.scan(folder, catalogue).files
    return weights.row_for(folder, there, name, device, asked).name


def test_rendered_pictures_are_known_by_their_content(here, rendered):
    assert row_for(rendered) == "tiny-qwen2vl"
    assert row_for(rendered, "tiny-clip", asked=False) == "tiny-clip"


def test_below_the_world_itself(world, tmp_path, monkeypatch):
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path))
    assert row_for(world / "images") == "tiny-qwen2vl"


@pytest.mark.parametrize("name", [None, "tiny-qwen2vl", "tiny-clip", "tiny-llava"])
def test_one_foreign_picture_is_named(name, here, rendered):
    paint_all(rendered / "foreign", range(1))
    with pytest.raises(InputError) as said:
        row_for(rendered, name, asked=False)
    said = str(said.value)
    assert "foreign/0000.png: is not of the rendered world" in said
    for row in (ROWS[name] for name in weights.SENSIBLE["cpu"]):
        assert row.name in said and f"downloads {row.download:g} GB" in said
    assert said.count("1,000 pictures in about") == 2


def test_without_a_list_nothing_is_known(rendered, tmp_path, monkeypatch):
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path))
    with pytest.raises(InputError, match="is not of the rendered world"):
        row_for(rendered)


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_sensible_row_is_taken_where_it_is_downloaded(
    device, asked, here, tmp_path, monkeypatch
):
    folder = paint_all(tmp_path / "foreign", range(2))
    fitting = weights.sensible(device, asked)
    there = {fitting.name}
    monkeypatch.setattr(
        loading, "missing", lambda row: None if row.name in there else "no"
    )
    assert row_for(folder, asked=asked, device=device) == fitting.name


def test_the_table_names_rows_that_do_it():
    for general, asked in weights.SENSIBLE.values():
        assert ROWS[general] and ROWS[asked].promptable
    general, asked = (ROWS[name] for name in weights.SENSIBLE["cpu"])
    rows = [row for row in ROWS.values() if row.download]
    assert general.download == min(row.download for row in rows if not row.promptable)
    assert asked.download == min(row.download for row in rows if row.promptable)


def test_a_dual_encoder_takes_no_question(here, rendered):
    with pytest.raises(InputError, match=r"tiny-clip: --ask: .* --retriever"):
        row_for(rendered, "tiny-clip")


def test_a_world_from_before_there_were_lists_gets_one(world, tmp_path):
    path = world / write.LIST
    content = path.read_bytes()
    path.unlink()
    assert not write.write_world(world, fraction=0.01)
    assert path.read_bytes() == content
    names = [line.split("  ")[1] for line in content.decode().splitlines()]
    assert all((world / name).is_file() for name in names)
    assert len(names) == sum(len(found) for _, _, found in os.walk(world / "images"))
