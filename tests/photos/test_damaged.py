"""An index whose files were changed by other hands: one line that says which file and
what to do, or an index that is made whole again; never a wrong answer."""

import errno
import importlib
import json
import os
import shutil
import sys

import numpy as np
import pyarrow as pa
import pytest
from mean_colours import Means
from safetensors.numpy import load_file, save_file
from small_photos import paint, paint_all

from cocofacet.io import InputError
from cocofacet.photos import export, files, index, make, segments
from cocofacet.photos.search import search


@pytest.fixture
def photos(tmp_path):
    return paint_all(tmp_path / "photos", range(6))


def say_nothing(line):
    """Where no lines are wanted."""


def indexed(folder, store):
    return make.index_folder(folder, Means(), store=store, tell=say_nothing)


def segment(kept):
    return kept.place / kept.made_by / "general/00001.safetensors"


def changed(vectors=None, sha256=None, **said):
    """A segment with other tensors, or another header."""

    def damage(kept):
        file = segment(kept)
        tensors, header = load_file(file), segments._said(file)
        for name, change in (("vectors", vectors), ("sha256", sha256)):
            if change:
                tensors[name] = change(tensors[name])
        save_file(tensors, file, {"cocofacet": json.dumps(header | said)})

    return damage


def two_sizes(kept):
    """A second segment, whose vectors are longer than those of the first."""
    paint(kept.folder / "new.png", 99)
    again = indexed(kept.folder, kept.place.parent)
    longer = lambda vectors: np.ones((len(vectors), 5), np.float16)  # noqa: E731
    file = segment(again).with_name("00002.safetensors")
    tensors, header = load_file(file), segments._said(file)
    tensors["vectors"] = longer(tensors["vectors"])
    save_file(tensors, file, {"cocofacet": json.dumps(header)})


def described(**said):
    def damage(kept):
        path = kept.place / kept.made_by / "retriever.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | said))

    return damage


def catalogue_of(column):
    """A catalogue whose one row has no value in a column."""

    def damage(kept):
        row = files.File(b"a.png", 1, 1, b"a" * 32, "")._asdict() | {column: None}
        table = pa.table(
            {name: pa.array([row[name]], files.SCHEMA.field(name).type) for name in row}
        )
        path = str(kept.place / "catalogue.arrow")
        with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, files.SCHEMA) as file:
            file.write_table(table.cast(files.SCHEMA))

    return damage


REFUSED = {
    "vectors of another size": (
        changed(vectors=lambda v: np.ones((len(v), 5), np.float16)),
        r"segment: damaged \(its vectors are \(6, 5\), not \(n, 3\)\)",
    ),
    "a second segment of another size": (
        two_sizes,
        r"00002.* segment: damaged \(its v",
    ),
    "one long row": (changed(vectors=lambda v: v.reshape(-1)), "segment: damaged"),
    "digests of another type": (
        changed(sha256=lambda digests: digests.astype(np.int32)),
        "segment: damaged .*don't fit",
    ),
    "a question that is a list": (changed(question=["a"]), "segment: damaged"),
    "reasons in a list": (changed(refused=["a"]), "segment: damaged"),
    "a reason for no digest": (changed(refused={"zz": "a"}), "segment: damaged"),
    "a reason that is none": (changed(refused={"00": 5}), "segment: damaged"),
    "an empty path": (catalogue_of("path"), "catalogue: cannot be read .*is empty"),
    "no digest": (catalogue_of("sha256"), "catalogue: cannot be read .*is empty"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_is_another_is_named(kind, photos, tmp_path):
    damage, said = REFUSED[kind]
    damage(indexed(photos, tmp_path / "store"))
    doors = (
        lambda: indexed(photos, tmp_path / "store"),
        lambda: search(
            photos, "a", retriever=Means(), store=tmp_path / "store", tell=say_nothing
        ),
        lambda: export.export(
            index.open_index(photos, store=tmp_path / "store"), tmp_path / "a.parquet"
        ),
    )
    for door in doors:
        with pytest.raises(InputError, match=said) as refused:
            door()
        assert "\n" not in str(refused.value)


def test_no_vector_of_no_numbers_is_exported(photos, tmp_path):
    kept = indexed(photos, tmp_path / "store")
    changed(vectors=lambda vectors: np.full_like(vectors, np.nan))(kept)
    with pytest.raises(InputError, match="index: holds what is no finite number"):
        export.export(
            index.open_index(photos, store=tmp_path / "store"), tmp_path / "a.parquet"
        )
    assert not (tmp_path / "a.parquet").exists()


@pytest.mark.parametrize("name", ["é", "日本", os.fsdecode(b"\xff"), "a\u202eb"])
def test_an_index_has_one_place_in_every_locale(name, tmp_path):
    assert index.place_of(tmp_path / name, tmp_path).name.isascii()


SAYS_LITTLE = {  # which file says nothing -> what is said of it
    "folder.json": lambda kept: kept.place / "folder.json",
    "retriever.json": lambda kept: kept.place / kept.made_by / "retriever.json",
}


@pytest.mark.parametrize("name", SAYS_LITTLE)
def test_a_description_that_says_too_little(name, photos, tmp_path):
    path = SAYS_LITTLE[name](indexed(photos, tmp_path / "store"))
    path.write_text("{}")
    with pytest.raises(InputError, match=rf"{name}: .*: missing\. ") as refused:
        index.open_index(photos, "means", tmp_path / "store")
    assert str(path) in str(refused.value)


def test_a_question_that_was_not_indexed(photos, tmp_path):
    kept = indexed(photos, tmp_path / "store")
    with pytest.raises(InputError, match=r"means.* has no vectors under 'a\?'\. Run"):
        kept.vectors("a?")


def test_an_index_without_a_vector_is_not_exported(tmp_path):
    kept = indexed(paint_all(tmp_path / "photos", range(1)), tmp_path / "store")
    segment(kept).unlink()
    kept = index.open_index(tmp_path / "photos", store=tmp_path / "store")
    with pytest.raises(InputError, match="index: holds no vectors yet"):
        export.export(kept, tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()


MENDED = {
    "what was made ready is damaged": lambda kept: (
        segment(kept).with_name(".00002.ready").write_bytes(b"x")
    ),
    "what was made ready has no number": lambda kept: shutil.copy(
        segment(kept), segment(kept).with_name(".x.ready")
    ),
    "a folder with a temporary name": lambda kept: (
        kept.place / f".x.{'a' * 32}"
    ).mkdir(),
    "a segment that is gone": lambda kept: segment(kept).unlink(),
    "a description of another size": described(dim=7),
}


@pytest.mark.parametrize("kind", MENDED)
def test_what_a_run_can_make_whole_it_does(kind, photos, tmp_path):
    before = indexed(photos, tmp_path / "store")
    found = before.vectors().take(np.arange(6))
    MENDED[kind](before)
    after = indexed(photos, tmp_path / "store")
    np.testing.assert_array_equal(after.vectors().take(np.arange(6)), found)


def test_a_lock_that_is_a_folder_is_one_line(photos, tmp_path):
    place = index.place_of(photos, tmp_path / "store")
    (place / ".lock").mkdir(parents=True)
    with pytest.raises(InputError, match="store: cannot be written"):
        indexed(photos, tmp_path / "store")


def test_a_catalogue_whose_bytes_changed_is_a_catalogue_or_refused(photos, tmp_path):
    """Arrow believes what a file says of lengths and places, if it is not asked to
    look, and then reads what is not there."""
    kept = indexed(photos, tmp_path / "store")
    path = kept.place / "catalogue.arrow"
    whole, random = path.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(whole)
        for place in random.integers(len(whole), size=random.integers(1, 4)):
            content[place] = random.integers(256)
        path.write_bytes(content)
        try:
            assert all(isinstance(file.path, bytes) for file in files.read(path))
        except InputError as refused:
            assert "catalogue: " in str(refused) and "\n" not in str(refused)


def test_a_store_whose_name_is_not_utf8(photos, tmp_path):
    store = tmp_path / os.fsdecode(b"st\xff")
    assert len(indexed(photos, store)) == 6
    assert indexed(photos, store).questions == (None,)


def test_a_segment_that_cannot_be_opened_now(photos, tmp_path, monkeypatch):
    """It is not said to be damaged, and not to be deleted."""
    kept = indexed(photos, tmp_path / "store")

    def full(*_, **__):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(segments, "safe_open", full)
    with pytest.raises(InputError) as caught:
        segments.read(segment(kept), dim=3)
    said = "segment: cannot be read (Too many open files)."
    assert str(caught.value) == f"{segment(kept)}: {said}"


@pytest.mark.parametrize(
    ("package", "library"),
    [
        *(("photos", name) for name in ("filelock", "platformdirs", "pyarrow")),
        *(("photos.app", name) for name in ("starlette", "uvicorn")),
    ],
)
def test_a_library_that_is_not_installed_is_named(package, library, monkeypatch):
    module = importlib.import_module(f"cocofacet.{package}")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match=f"pip install {library}"):
        importlib.reload(module)
