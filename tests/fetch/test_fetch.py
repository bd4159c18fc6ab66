"""Fetching: one folder in the layout that ``build`` reads, recorded and kept."""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import file_server
import pytest
import small_sources as small
from file_server import (
    IMAGES,
    PICTURES,
    below,
    contents,
    free,
    got,
    pictures,
    plain,
    refused,
    tarred,
    zipped,
)

from cocofacet import cli
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.image_pools import IMAGE_POOLS
from cocofacet.benchmark.sources import OFFICIAL, locate
from cocofacet.fetch import download, fetch
from cocofacet.fetch.catalog import ORIGINS, File
from cocofacet.io import InputError
from cocofacet.profiles import PROFILES

server, offer = file_server.server, file_server.offer  # fixtures


@pytest.mark.parametrize("form", ["val2017.zip", "val2017.tar.gz"])
def test_wanted_members_land_in_their_places_and_are_recorded(
    server, offer, tmp_path, form
):
    make = zipped if form.endswith("zip") else tarred
    content = make(PICTURES | {"readme.txt": b"unwanted"})
    file = pictures(server, form, content)
    offer(file, plain(server))
    assert got(tmp_path) == IMAGES | {"facet/rows.json": b"[1, 2]"}
    records = json.loads((tmp_path / fetch.RECORDS).read_text())
    assert records[form] == {
        "url": file.urls[0],
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "placed": {"images/val2017/": {"files": 4, "bytes": 20_000}},
    }


def test_what_is_there_is_not_asked_for_again(server, offer, tmp_path):
    offer(pictures(server), plain(server))
    got(tmp_path)
    before, asked = contents(tmp_path), list(server.asked)
    lines = []
    fetch.fetch(["small", "small"], tmp_path, lines.append)
    assert lines == ["val2017.zip: there already", "rows.json: there already"]
    assert (contents(tmp_path), server.asked) == (before, asked)


def test_pictures_that_were_removed_come_back(server, offer, tmp_path):
    offer(pictures(server))
    got(tmp_path)
    (tmp_path / "images/val2017/000000000002.jpg").unlink()
    assert got(tmp_path) == IMAGES


def gone(server, name="gone.zip", **rest):
    return File(name, (server.url(name),), {"*": "images/"}, **rest)


def test_a_place_that_the_record_does_not_know_is_not_taken_for_done(
    server, offer, tmp_path
):
    offer(plain(server))
    got(tmp_path)
    path = tmp_path / fetch.RECORDS
    record = json.loads(path.read_text())
    record["rows.json"]["placed"] = {"elsewhere.json": {"files": 1, "bytes": 3}}
    path.write_text(json.dumps(record))
    (tmp_path / "facet/rows.json").unlink()
    got(tmp_path)
    assert (tmp_path / "facet/rows.json").is_file()


def test_a_dead_address_is_passed_over_and_listed(server, offer, tmp_path):
    facets = {"serves": ("visual7w",)}
    offer(gone(server, **facets), plain(server), gone(server, "no.zip", use="no pool"))
    assert refused(tmp_path).splitlines() == [
        f"{tmp_path}: 2 of 3 files could not be fetched:",
        f"  gone.zip: {server.url('gone.zip')}: the server answers 404 Not Found",
        "    costs: scenes, times, people, part of weathers",
        f"    by hand: save {server.url('gone.zip')} as {tmp_path}/downloads/gone.zip",
        f"  no.zip: {server.url('no.zip')}: the server answers 404 Not Found",
        "    costs: no pool",
        f"    by hand: save {server.url('no.zip')} as {tmp_path}/downloads/no.zip",
        "Later, or with a file saved by hand: `cocofacet fetch gone.zip no.zip --out "
        f"{tmp_path}`",
    ]
    assert below(tmp_path) == {"facet/rows.json": b"[1, 2]"}
    # By hand, as it says; one of them by its own name.
    (tmp_path / "downloads/gone.zip").write_bytes(zipped({"a.jpg": b"a"}))
    fetch.fetch(["gone.zip"], tmp_path, lambda line: None)
    assert below(tmp_path) == {"facet/rows.json": b"[1, 2]", "images/a.jpg": b"a"}
    assert json.loads((tmp_path / fetch.RECORDS).read_text())["gone.zip"]["url"] == (
        "saved by hand"
    )
    server.holds("no.zip", zipped({"b.jpg": b"b"}))
    assert got(tmp_path).keys() == {"facet/rows.json", "images/a.jpg", "images/b.jpg"}
    assert not (tmp_path / fetch.FAILED).exists()


def test_a_reason_that_is_no_text(server, offer, tmp_path):
    offer(gone(server, serves=("stuff",)))
    (tmp_path / fetch.FAILED).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / fetch.FAILED).write_text('{"gone.zip": 404}')
    with pytest.raises(InputError, match="file: a reason is no text"):
        fetch.fetch_for_run(["small"], ("materials",), tmp_path, lambda line: None)


def test_a_run_goes_on_without_what_is_dead_and_asks_once(server, offer, tmp_path):
    offer(
        gone(server, serves=("stuff",)),
        plain(server, serves=("instances",)),
        gone(server, "unused.zip", serves=("visdial",)),
    )

    def run():
        found = fetch.fetch_for_run(["small"], facets, tmp_path, lambda line: None)
        return found, [name for name, _ in server.asked]

    facets = ("objects", "materials")
    line = (
        f"left out: materials (gone.zip: {server.url('gone.zip')}: the server answers "
        f"404 Not Found). To try again: `cocofacet fetch gone.zip --out {tmp_path}`"
    )
    for _ in range(2):  # as two notebooks would
        assert run() == (line, ["gone.zip", "rows.json"])
    server.asked.clear()
    with pytest.raises(InputError, match=r"gone\.zip"):
        fetch.fetch(["gone.zip"], tmp_path, lambda line: None)
    assert run() == (line, ["gone.zip"])
    facets = ("objects",)
    assert run() == ("", ["gone.zip"])
    facets = ("objects", "materials")
    (tmp_path / "downloads/gone.zip").write_bytes(zipped({"a.jpg": b"a"}))
    assert run() == ("", ["gone.zip"])


def test_a_host_that_is_silent_is_not_waited_for_again(offer, tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr(download.time, "sleep", waited.append)
    closed = "http://127.0.0.1:1"  # no one listens on port 1
    offer(*(File(n, (f"{closed}/{n}",), {n: f"x/{n}"}) for n in ("a.json", "b.json")))
    assert refused(tmp_path).count("the server cannot be reached (offline?)") == 2
    assert waited == list(download.PAUSES)


def test_colab_fetches_what_its_facets_need_and_no_more():
    colab = PROFILES["colab"]
    needed = fetch.needed_for_run(colab.fetch, colab.facets)
    assert [file.name for file in needed] == [
        "val2017.zip",
        "annotations_trainval2017.zip",
    ]


def test_a_wrong_file_saved_by_hand_is_refused_and_left(server, offer, tmp_path):
    offer(plain(server, sha256="0" * 64))
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads/rows.json").write_bytes(b"mine")
    message = refused(tmp_path)
    assert f"rows.json: {tmp_path / 'downloads/rows.json'}: sha256: is " in message
    assert below(tmp_path) == {"downloads/rows.json": b"mine"}


def test_another_file_behind_the_url_is_noticed_later(server, offer, tmp_path):
    offer(plain(server))
    got(tmp_path)
    (tmp_path / "facet/rows.json").unlink()
    server.holds("rows.json", b"[3]", '"two"')
    message = refused(tmp_path)
    assert "as recorded when it was first fetched" in message
    assert str(tmp_path / fetch.RECORDS) in message
    assert below(tmp_path) == {}


@pytest.mark.parametrize("name", ["facet/rows.json", "images/val2017/000000000001.jpg"])
def test_a_fetched_file_that_changed_here_is_noticed(server, offer, tmp_path, name):
    offer(pictures(server), plain(server))
    got(tmp_path)
    (tmp_path / name).write_bytes(b"[2, 1] changed")
    before = contents(tmp_path)
    message = refused(tmp_path)
    assert "have changed since they were fetched" in message
    assert contents(tmp_path) == before


def test_records_that_are_none_are_refused(server, offer, tmp_path):
    offer(plain(server))
    (tmp_path / fetch.RECORDS).write_text('{"rows.json": 3}')
    assert f"{tmp_path / fetch.RECORDS}: rows.json:" in refused(tmp_path)
    assert server.asked == []


def test_annotations_placed_by_hand_are_kept(server, offer, tmp_path):
    offer(plain(server))
    (tmp_path / "facet").mkdir()
    (tmp_path / "facet/rows.json").write_bytes(b"by hand")
    assert got(tmp_path) == {"facet/rows.json": b"by hand"}
    assert server.asked == []


def test_a_run_that_ended_between_placing_and_recording_is_completed(
    server, offer, tmp_path
):
    offer(plain(server))
    for folder in ("facet", "downloads"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "rows.json").write_bytes(b"[1, 2]")
    assert got(tmp_path) == {"facet/rows.json": b"[1, 2]"}
    assert "rows.json" in fetch.records(tmp_path)
    assert server.asked == []


def test_a_small_disk_is_noticed_before_the_first_byte(
    server, offer, tmp_path, monkeypatch
):
    size, unpacked = 3_000_000, 2_000_000
    offer(plain(server), pictures(server, size=size, unpacked=unpacked))
    free(monkeypatch, size + unpacked - 1)
    message = refused(tmp_path / "new")
    assert message.startswith(f"{tmp_path / 'new'}: disk: 5 MB are needed, 5 MB are")
    assert server.asked == [] and contents(tmp_path) == {}
    free(monkeypatch, size + unpacked)
    assert got(tmp_path / "new") == IMAGES | {"facet/rows.json": b"[1, 2]"}


@pytest.fixture
def read_only():
    """A folder that this process may read but not write; root steps down for it."""
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    folder = root / "data"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    folder.chmod(0o555)
    if os.geteuid():
        yield folder
    else:
        os.seteuid(65534)
        yield folder
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(root)


def test_a_read_only_folder_is_reported_and_left(server, offer, read_only):
    offer(plain(server))
    message = refused(read_only)
    assert message.startswith(f"{read_only / 'downloads'}: file: cannot be written")
    assert f"Make {read_only} writable, or choose another folder" in message
    assert contents(read_only) == {"mine.txt": b"mine"}
    assert server.asked == []


RECORDS = {  # what stands in the record of what was fetched -> what is said of it
    "null": "top level: is not a JSON object. Delete it",
    "[]": "top level: is not a JSON object. Delete it",
    "{": "file: not JSON, or cut short",
    '{"rows.json": null}': "rows.json: sha256 or placed is missing",
    '{"rows.json": {"sha256": "0"}}': "rows.json: sha256 or placed is missing",
    '{"rows.json": {"sha256": 0, "placed": {}}}': "rows.json: sha256 or placed",
    '{"rows.json": {"sha256": "0", "placed": []}}': "rows.json: sha256 or placed",
    '{"rows.json": {"sha256": "0", "placed": {"facet/rows.json": {}}}}': "or placed",
    '{"rows.json": {"sha256": "0", "placed": {"a": {"files": "1"}}}}': "or placed",
}


@pytest.mark.parametrize("content", RECORDS)
def test_a_record_that_is_none_is_one_line(server, offer, tmp_path, content):
    offer(plain(server))
    (tmp_path / fetch.RECORDS).write_text(content)
    message = refused(tmp_path)
    assert message.startswith(f"{tmp_path / fetch.RECORDS}: ")
    assert RECORDS[content] in message and "\n" not in message
    assert server.asked == []


def test_a_file_in_the_place_of_the_folder_is_reported(server, offer, tmp_path):
    offer(plain(server))
    (tmp_path / "file").write_text("mine")
    assert "cannot be written" in refused(tmp_path / "file")
    assert contents(tmp_path) == {"file": b"mine"}


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


# What the table says of the real files, tried on archives of the same layout.
LAYOUT = {
    "val2017.zip": {"val2017/": b"", "val2017/000000000139.jpg": b"v"},
    "annotations_trainval2017.zip": {
        "annotations/instances_train2017.json": b"unwanted",
        "annotations/instances_val2017.json": "instances",
        "annotations/captions_val2017.json": "captions",
    },
    "stuff_annotations_trainval2017.zip": {
        "annotations/stuff_train2017.json": b"unwanted",
        "annotations/stuff_val2017.json": "stuff",
    },
    "dataset_v7w_telling.zip": {"dataset_v7w_telling.json": "visual7w"},
    "visual7w_images.zip": {
        "images/v7w_2328883.jpg": b"w",
        "__MACOSX/images/._v7w_2328883.jpg": b"unwanted",
    },
    "visdial_1.0_val.zip": {"visdial_1.0_val.json": "visdial"},
    "VisualDialog_val2018.zip": {
        "VisualDialog_val2018/VisualDialog_val2018_000000185565.jpg": b"d"
    },
    "SUN397.zip": {"SUN397/a.jpg": b"s"},
    "Place365.zip": {"Place365/Places365_val_00000050.jpg": b"p"},
    "Country211.zip": {"Country211/c.jpg": b"c"},
}


@pytest.fixture
def everything(server, monkeypatch, tmp_path):
    """All origins, their files served from here with the layout of the real ones."""
    world = small.everything(tmp_path / "world")
    for name, origin in ORIGINS.items():
        files = []
        for file in origin.files:
            members = {
                member: (world / OFFICIAL[held]).read_bytes()
                if isinstance(held, str)
                else held
                for member, held in LAYOUT.get(file.name, {}).items()
            }
            server.holds(
                file.name, zipped(members) if file.name not in file.places else b"[]"
            )
            files.append(
                replace(file, urls=(server.url(file.name),), size=None, sha256=None)
            )
        monkeypatch.setitem(ORIGINS, name, replace(origin, files=tuple(files)))
    return world


def test_what_is_fetched_lies_as_build_wants_it(everything, tmp_path, capsys):
    out, world = tmp_path / "coco", everything
    assert run("fetch", *ORIGINS, "--out", out) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert set(below(out / "images")) == {
        "val2017/000000000139.jpg",
        "v7w_2328883.jpg",
        "VisualDialog_val2018_000000185565.jpg",
        "SUN397/a.jpg",
        "Place365/Places365_val_00000050.jpg",
        "Country211/c.jpg",
    }
    assert set(locate(out)) == set(OFFICIAL)
    assert sorted(path.name for path in (out / "coco-facet").iterdir()) == sorted(
        f"{each.stem}.json" for each in (*FACETS.values(), *IMAGE_POOLS.values())
    )
    assert sorted(path.name for path in out.iterdir()) == [
        *("annotations", "coco-facet", fetch.RECORDS, "images", "mmeb"),
        *("visdial", "visual7w"),
    ]
    assert last == (
        f"all there. Next: cocofacet build --annotations {out} --images {out}/images "
        "--out benchmark"
    )
    # Without --images: the small world's annotations name no picture of the server's.
    assert run("build", "--annotations", out, "--out", tmp_path / "a") == 0
    assert run("build", "--annotations", world, "--out", tmp_path / "b") == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_closing_line_fits_what_is_there(everything, tmp_path, capsys):
    out = tmp_path / "coco"
    assert run("fetch", "coco-facet", "--out", out) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"all there, in {out}"
    assert run("fetch", "annotations", "--out", out) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith(f"build --annotations {out} --allow-missing --out benchmark")
