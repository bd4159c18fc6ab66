"""Which retriever is taken for a folder, and which is refused."""

import os
import shutil
from types import SimpleNamespace

import pytest
import torch
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
def gpu(monkeypatch):
    """A GPU of this name and memory in GB, as far as it is asked for these."""

    def put(name="NVIDIA A100-SXM4-80GB", memory=80):
        about = SimpleNamespace(total_memory=memory * 1e9)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: about)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
        monkeypatch.setattr(loading, "check_device", lambda device: None)

    return put


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
        assert f"{row.name} for " in said
        assert f"downloads {row.download:g} GB, 1,000 pictures in " in said
    assert "with --device cuda vlm2vec-v2.0 (4.4 GB)" in said


SPEEDS = {
    "known": (
        "Tesla T4",
        16,
        "vlm2vec-v2.0 for questions too (downloads 4.4 GB, 1,000",
    ),
    "not known, so measured": ("Of Tomorrow", 24, "1,000 pictures in about 14 minutes"),
    "too small for 2 B": ("Tesla T4", 4, "embeddinggemma-2 for questions too"),
}


@pytest.mark.parametrize("kind", SPEEDS)
def test_what_is_said_of_a_gpu(kind, here, rendered, gpu, monkeypatch):
    name, memory, expected = SPEEDS[kind]
    gpu(name, memory)
    monkeypatch.setattr(weights, "_measured", lambda *given: 3.6)  # 10^12 a second
    paint_all(rendered / "foreign", range(1))
    with pytest.raises(InputError) as said:
        row_for(rendered, device="cuda")
    assert expected in str(said.value)
    assert ("eva02" in str(said.value)) == (memory == 4)


def test_a_device_that_is_not_there_is_one_line(here, rendered):
    with pytest.raises(InputError, match=r"device: 'cuda:99' cannot be used here"):
        row_for(rendered, device="cuda:99")


# Made in what, device, free memory in GB, speed of its halves by that of fp32.
PRECISIONS = {
    "an index was made in it": (("bf16", "cpu", 64, 0.1), "bf16"),
    "and on a GPU is read in it": (("fp32", "cuda", 64, 2), "fp32"),
    "a processor with room": ((None, "cpu", 64, 0.1), "fp32"),
    "without": ((None, "cpu", 8, 0.1), None),
    "a processor that computes halves": ((None, "cpu", 64, 2), None),
    "a GPU": ((None, "cuda", 64, 2), None),
}


@pytest.mark.parametrize("kind", PRECISIONS)
def test_in_what_precision(kind, monkeypatch):
    (made, device, memory, speed), expected = PRECISIONS[kind]
    speeds = {("cpu", "fp32"): 1, ("cpu", "bf16"): speed}
    monkeypatch.setattr(weights, "_measured", lambda *given: speeds[given])
    free = SimpleNamespace(available=memory * 1e9)
    monkeypatch.setattr(weights.psutil, "virtual_memory", lambda: free)
    kept = made and SimpleNamespace(precision=made)
    assert weights.precision(kept, ROWS["vlm2vec-v2.0"], device) == expected


def test_a_processor_is_measured():
    assert 0.001 < weights.device_of("cpu", "fp32").peak < 1000


def test_without_a_list_nothing_is_known(rendered, tmp_path, monkeypatch):
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path))
    with pytest.raises(InputError, match="is not of the rendered world"):
        row_for(rendered)


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_sensible_row_is_taken_where_it_is_downloaded(
    device, asked, here, tmp_path, monkeypatch, gpu
):
    gpu()
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
