"""Indexing a folder whose pictures come, go, move and change."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from mean_colours import Means
from safetensors.numpy import load_file
from small_photos import paint, paint_all

from cocofacet.benchmark.facets import FACETS
from cocofacet.io import InputError
from cocofacet.photos import files, index, make
from cocofacet.picture import open_image

TIMES = FACETS["times"].question


@pytest.fixture
def photos(tmp_path):
    return paint_all(tmp_path / "photos", range(20))


@pytest.fixture
def indexed(photos, tmp_path):
    """Index it, by a retriever -> the index and the lines that were said."""

    def run(retriever=None, ask=(), folder=photos):
        said = []
        retriever = retriever or Means()
        kept = make.index_folder(
            folder, retriever, ask, tmp_path / "store", tell=said.append
        )
        return kept, "\n".join(said)

    return run


def embedded(retriever):
    return sum(count for count, _ in retriever.asked)


def test_all_is_embedded_in_one_pass(indexed, photos):
    retriever = Means()
    kept, said = indexed(retriever, ["times", "What is it?"])
    assert kept.questions == (None, *sorted([TIMES, "What is it?"]))
    assert {asked for _, asked in retriever.asked} == {(None, TIMES, "What is it?")}
    assert embedded(retriever) == len(kept) == 20
    assert "20 pictures" in said and str(kept.place) in said
    images = [open_image(files.path_of(photos, path)) for path in kept.paths]
    expected = Means().embed_images(images, kept.questions)
    for question, rows in zip(kept.questions, expected, strict=True):
        found = kept.vectors(question).take(np.arange(20))
        assert found.dtype == np.float16
        np.testing.assert_allclose(found, rows, atol=1e-3)


def test_what_is_new_is_embedded_and_nothing_else(tmp_path, indexed):
    folder = paint_all(tmp_path / "many", range(1000))
    indexed(folder=folder)
    paint_all(folder, range(1000, 1010))
    retriever = Means()
    kept, _ = indexed(retriever, folder=folder)
    assert embedded(retriever) == 10
    assert len(kept) == 1010 and (kept.vectors().rows >= 0).all()


CHANGES = {
    "one is removed": lambda f: (f / "0003.png").unlink(),
    "one is renamed": lambda f: (f / "0003.png").rename(f / "renamed.png"),
    "one is moved into a folder": lambda f: shutil.move(
        f / "0003.png", (f / "sub").mkdir() or f / "sub"
    ),
    "one is copied": lambda f: shutil.copy(f / "0003.png", f / "copy.png"),
    "one is touched": lambda f: os.utime(f / "0003.png", (1, 1)),
    "nothing": lambda f: None,
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_content_is_embedded_twice(change, photos, indexed):
    first, _ = indexed(ask=["times"])
    before = dict(zip(map(bytes, first.sha256), colours(first), strict=True))
    CHANGES[change](photos)
    retriever = Means()
    kept, _ = indexed(retriever, ["times"])
    assert embedded(retriever) == 0
    there = sorted(p.relative_to(photos).as_posix() for p in photos.rglob("*.png"))
    assert kept.paths == [os.fsencode(path) for path in there]
    for digest, row in zip(map(bytes, kept.sha256), colours(kept), strict=True):
        np.testing.assert_array_equal(row, before[digest])


def colours(kept):
    return kept.vectors().take(np.arange(len(kept)))


def test_a_question_is_added_and_then_kept_up(photos, indexed):
    indexed()
    retriever = Means()
    indexed(retriever, ["times"])
    assert retriever.asked == [(20, (TIMES,))]
    paint(photos / "new.png", 99)
    retriever = Means()
    kept, _ = indexed(retriever)
    assert retriever.asked == [(1, (None, TIMES))]
    assert (kept.vectors(TIMES).rows >= 0).all()


def test_one_text_is_one_question(indexed):
    kept, _ = indexed(ask="times")
    assert kept.questions == (None, TIMES)
    for wrong in ("\ud83d", 5):
        with pytest.raises(InputError, match="--ask: "):
            indexed(ask=[wrong])


def test_another_retriever_is_added_beside(photos, indexed, tmp_path):
    first, _ = indexed()

    class Other(Means):
        name = "other"

    other = Other(version=2)
    other.fingerprint["retriever"] = "other"
    second, _ = indexed(other)
    store = tmp_path / "store"
    assert second.made_by != first.made_by
    assert index.open_index(photos, store=store).retriever == "other"
    assert index.open_index(photos, "means", store).made_by == first.made_by
    with pytest.raises(InputError, match=r"made with other, not clip.*to add it"):
        index.open_index(photos, "clip", store)


def test_pictures_that_cannot_be_read_are_listed_at_the_end(photos, indexed):
    whole = paint(photos / "a.jpg", 7, side=64).read_bytes()
    bad = {
        "cut.jpg": whole[: len(whole) // 2],
        "empty.jpg": b"",
        "text.png": b"no picture",
        "postscript.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n",
    }
    for name, content in bad.items():
        (photos / name).write_bytes(content)
    paint(photos / "narrow.png", 8, side=1)  # Means does not take it
    retriever = Means()
    kept, said = indexed(retriever)
    listed = said.partition("not indexed: 5\n")[2].splitlines()
    assert [line.split(":")[0].strip() for line in listed] == sorted(
        [*bad, "narrow.png"]
    )
    assert "one pixel wide" in said and "postscript.jpg: is EPS, none of" in said
    assert str(photos) not in said.partition("not indexed")[2]
    before = contents(kept.place)
    assert (kept.vectors().rows >= 0).sum() == 21
    again = Means()
    assert indexed(again)[1].partition("not indexed: 5\n")[2].splitlines() == listed
    assert embedded(again) == 0
    assert contents(kept.place) == before  # what was refused is not tried again


@pytest.mark.parametrize("what", ["deleted", "changed"])
def test_a_picture_that_is_another_by_now_is_listed(what, photos, indexed):
    class Meddling(Means):
        def embed_prepared(self, prepared):
            path = photos / "0003.png"
            path.unlink(missing_ok=True)
            if what == "changed":
                paint(path, 77, side=16)
            return super().embed_prepared(prepared)

    kept, said = indexed(Meddling())
    assert "not indexed: 1\n  0003.png: changed or deleted meanwhile" in said
    assert (kept.vectors().rows >= 0).sum() == 19


def test_the_folder_of_a_picture_deleted_before_it_is_opened(photos, indexed):
    class Deleting(Means):
        @staticmethod
        def prepare(images, prompts):
            (photos / "0019.png").unlink(missing_ok=True)
            return Means.prepare(images, prompts)

    for number in range(20, 60):  # a second batch, which is opened after the first
        paint(photos / f"{number:04d}.png", number)
    (photos / "0059.png").rename(photos / "0000a.png")
    _, said = indexed(Deleting())
    assert "  0019.png: changed or deleted meanwhile" in said


def test_what_a_disk_failed_to_read_is_tried_again(photos, indexed):
    path = photos / "0003.png"
    content, state = path.read_bytes(), path.stat()

    def fill(written):
        path.write_bytes(written)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    class Failing(Means):
        @property
        def device(self):  # asked for before a picture is opened
            fill(b"x" * len(content))
            return "cpu"

    _, said = indexed(Failing())
    assert "not indexed: 1\n  0003.png: " in said
    fill(content)
    retriever = Means()
    assert "not indexed" not in indexed(retriever)[1]
    assert embedded(retriever) == 1


def test_it_is_read_by_safetensors_and_pyarrow_alone(photos, indexed):
    kept, _ = indexed(ask=["times"])
    with pa.memory_map(str(kept.place / "catalogue.arrow")) as source:
        catalogue = pa.ipc.open_file(source).read_all()
    assert catalogue["path"].to_pylist() == [b"%04d.png" % n for n in range(20)]
    known = {}
    for file in (kept.place / kept.made_by / "general").glob("*.safetensors"):
        tensors = load_file(file)
        assert tensors["vectors"].dtype == np.float16
        known |= dict(
            zip(map(bytes, tensors["sha256"]), tensors["vectors"], strict=True)
        )
    for digest, row in zip(catalogue["sha256"].to_pylist(), colours(kept), strict=True):
        np.testing.assert_array_equal(known[digest], row)


def test_actors_open_a_row_and_no_object(photos, tmp_path):
    with pytest.raises(InputError, match="ray: retriever: name a row of the zoo"):
        make.index_folder(photos, Means(), store=tmp_path / "store", ray=True)


def test_forget(photos, indexed, tmp_path):
    kept, _ = indexed()
    store = tmp_path / "store"
    shutil.rmtree(photos)  # pictures may be gone before their index is
    assert str(kept.place) in make.forget(photos, store)
    assert not list(store.iterdir())
    with pytest.raises(InputError, match="index: there is none"):
        make.forget(photos, store)


def test_only_one_process_at_a_time(photos, indexed):
    class Twice(Means):
        def embed_prepared(self, prepared):
            with pytest.raises(InputError, match="another process is at it"):
                indexed(Means())
            return super().embed_prepared(prepared)

    indexed(Twice())


def test_no_space(photos, indexed, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    kept, _ = indexed()
    before = contents(kept.place)
    paint(photos / "new.png", 99)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"No space left on device.*--store"):
        indexed()
    assert contents(kept.place) == before


def contents(folder):
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in found}


@pytest.mark.more
def test_killed_at_any_event_it_ends_with_the_same_bytes(tmp_path):
    photos = paint_all(tmp_path / "photos", range(14))
    (photos / "0005.png").write_bytes(b"no picture")
    paint(photos / "0007.png", 7, side=1)  # refused when it is embedded
    run = Path(__file__).parents[1] / "support/killed_indexing.py"
    subprocess.run([sys.executable, run, photos, tmp_path / "stores"], check=True)
    whole, *others = sorted((tmp_path / "stores").iterdir(), key=lambda f: int(f.name))
    assert len(others) > 30
    for other in others:
        assert contents(other) == contents(whole), other.name


def test_the_settings_of_an_index_are_said(photos, indexed):
    kept, _ = indexed()
    said = json.loads((kept.place / kept.made_by / "retriever.json").read_text())
    assert said["fingerprint"] == Means().fingerprint and said["dim"] == 3
