"""The archives of a rehearsal: official in form, not taken for official ones."""

import shutil

import pytest

from cocofacet.fetch.catalog import ORIGINS
from cocofacet.fetch.fetch import DOWNLOADS, fetch
from cocofacet.io import InputError
from facetworld.write import write_world
from rehearsal import data


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archives")
    write_world(folder / "world", fraction=0.02)
    data.pack(folder / "world", folder)
    return folder


@pytest.mark.parametrize("origin", ["coco-val2017", "annotations"])
def test_the_official_catalogue_refuses_them(archives, tmp_path, origin):
    """Saved by hand, so that nothing is asked of the official addresses."""
    file = next(file for file in ORIGINS[origin].files if file.sha256)
    (tmp_path / DOWNLOADS).mkdir()
    shutil.copy(archives / file.name, tmp_path / DOWNLOADS)
    with pytest.raises(InputError, match=f"{file.name}: sha256: is .* as published"):
        fetch([file.name], tmp_path, tell=lambda line: None)
    assert not (tmp_path / "images").exists()


def test_the_archives_hold_what_the_catalogue_unpacks(archives):
    names = [file.name for origin in data.PACKED for file in ORIGINS[origin].files]
    assert {name for name in names if not (archives / name).is_file()} == set()
