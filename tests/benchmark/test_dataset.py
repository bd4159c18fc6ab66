"""The files on disk: what is written, what is read back, what is refused."""

import errno
import json
import os
import tracemalloc

import numpy as np
import pytest

from cocofacet import json_pieces
from cocofacet.benchmark.dataset import Benchmark, check_free, load
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import Query, text_of
from cocofacet.io import InputError


def query(facet, label, row, first):
    stem = FACETS[facet].stem
    candidates = tuple(f"val2017/{first + n:012d}.jpg" for n in range(100))
    text = FACETS[facet].wording(label)
    return Query(f"{stem}:{row}", facet, label, text, candidates)


def little(seed=0):
    queries = (
        query("animals", "cat", 0, 0),
        query("animals", "cat", 1, 50),
        query("times", "dusk", 0, 10),
    )
    report = {"dropped": {"two materials": ["a.jpg", "b.jpg"]}}
    return Benchmark(queries, {"seed": seed, "facets": {"animals": report}})


def test_saved_queries_come_back_equal(tmp_path):
    little().save(tmp_path / "b")
    found = load(tmp_path / "b")
    assert found.queries == little().queries
    assert found.facets == ("animals", "times")
    assert found.manifest["seed"] == 0
    assert {path.name for path in (tmp_path / "b").iterdir()} == {
        "COCO_animal_retrieval.json",
        "Visual7W_time_retrieval.json",
        "manifest.json",
    }


def test_rows_are_the_official_ones(tmp_path):
    little().save(tmp_path / "b")
    rows = json.loads((tmp_path / "b/Visual7W_time_retrieval.json").read_text())
    assert rows == [
        {
            "qry_text": "Find me an everyday image that is taken during the dusk.\n",
            "qry_img_path": "",
            "tgt_text": "<|image_1|> Represent the given image.",
            "tgt_img_path": [f"val2017/{n:012d}.jpg" for n in range(10, 110)],
        }
    ]


def test_gallery_and_pools():
    benchmark = little()
    assert benchmark.images == tuple(f"val2017/{n:012d}.jpg" for n in range(150))
    pool = benchmark.pool_indices()
    assert pool.shape == (3, 100) and pool.dtype == np.int32
    assert pool[:, 0].tolist() == [0, 50, 10] and pool[2, 99] == 109
    assert [q.id for q in benchmark.of("animals")] == [
        "COCO_animal_retrieval:0",
        "COCO_animal_retrieval:1",
    ]
    assert benchmark.of("people") == ()


def test_files_without_manifest_and_with_facets_missing_load(tmp_path):
    little().save(tmp_path / "b")
    (tmp_path / "b/manifest.json").unlink()
    (tmp_path / "b/COCO_animal_retrieval.json").unlink()
    found = load(tmp_path / "b")
    assert found.facets == ("times",)
    assert found.manifest == {}


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_saving_the_same_again_changes_nothing(tmp_path):
    folder = tmp_path / "b"
    folder.mkdir()  # an empty folder may be there
    little().save(folder)
    before = contents(folder)
    little().save(folder)
    assert contents(folder) == before
    assert list(tmp_path.iterdir()) == [folder]
    assert folder.stat().st_mode & 0o077, "readable as any other folder"


def test_another_benchmark_is_not_overwritten(tmp_path):
    folder = tmp_path / "b"
    little().save(folder)
    before = contents(folder)
    with pytest.raises(InputError, match=r"manifest.json: holds another benchmark"):
        little(seed=1).save(folder)
    assert contents(folder) == before
    assert list(tmp_path.iterdir()) == [folder], "nothing left beside it"


def test_a_folder_of_other_files_and_a_file_are_refused(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b/notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"manifest.json: is missing, but the folder"):
        little().save(tmp_path / "b")
    with pytest.raises(InputError, match=r"notes.txt: cannot .*it is no folder"):
        check_free(tmp_path / "b/notes.txt")
    assert (tmp_path / "b/notes.txt").read_text() == "mine"


def test_a_mount_point_is_refused(tmp_path, monkeypatch):
    """It cannot be renamed, which is how a benchmark is put into its place."""
    monkeypatch.setattr(os.path, "ismount", lambda path: path == tmp_path)
    with pytest.raises(InputError, match="folder: is a mount point"):
        little().save(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_manifest_without_digests_is_refused(tmp_path):
    little().save(tmp_path / "b")
    path = tmp_path / "b/manifest.json"
    said = json.loads(path.read_text())
    for files in (None, []):
        path.write_text(json.dumps(said | {"files": files}))
        with pytest.raises(InputError, match=r"manifest\.json: files: is missing"):
            load(tmp_path / "b")


def test_a_folder_below_a_file_cannot_be_made(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"notes.txt/b: cannot be written"):
        little().save(tmp_path / "notes.txt/b")


def test_a_failure_while_writing_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    said = rf"{tmp_path}/new/b: file: cannot be written \(No space left"
    with pytest.raises(InputError, match=said):
        little().save(tmp_path / "new/b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x" * 300, "../b/manifest.json", "/etc/passwd", ""])
def test_no_path_that_a_manifest_names_is_opened(name, tmp_path):
    little().save(tmp_path / "b")
    path = tmp_path / "b/manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"files": {name: "0"}}))
    assert load(tmp_path / "b").queries == little().queries


def test_a_facet_file_changed_behind_the_manifest_is_refused(tmp_path):
    folder = tmp_path / "b"
    little().save(folder)
    path = folder / "COCO_animal_retrieval.json"
    path.write_text(json.dumps(json.loads(path.read_text())[:1]))
    with pytest.raises(InputError, match=r"animal_retrieval.json: file: differs from"):
        load(folder)
    with pytest.raises(InputError, match="holds another benchmark"):
        little().save(folder)


def test_a_folder_without_benchmark_files_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"gone: folder: does not exist"):
        load(tmp_path / "gone")
    with pytest.raises(InputError, match=r"files: holds no benchmark file"):
        load(tmp_path)


BAD_ROWS = [
    (lambda row: row["tgt_img_path"].pop(), "tgt_img_path: has 99 candidates, not 100"),
    (
        lambda row: row["tgt_img_path"].__setitem__(7, ""),
        "tgt_img_path: '' is not a path",
    ),
    (
        lambda row: row["tgt_img_path"].__setitem__(7, "../../etc/passwd"),
        "tgt_img_path: '../../etc/passwd' leaves the images folder",
    ),
    (lambda row: row.pop("tgt_img_path"), "tgt_img_path: is missing"),
    (lambda row: row.update(tgt_img_path=3), "tgt_img_path: is not a list"),
    (lambda row: row.update(qry_img_path="a.jpg"), "qry_img_path: is not empty"),
    (lambda row: row.pop("qry_text"), "qry_text: is missing"),
    (lambda row: row.update(qry_text=3), "qry_text: is not a text"),
    (
        lambda row: row.update(qry_text="Find me a cat."),
        "qry_text: not in the wording of animals",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), BAD_ROWS)
def test_a_bad_row_is_named_with_file_row_field_and_remedy(spoil, message, tmp_path):
    little().save(tmp_path / "b")
    path = tmp_path / "b/COCO_animal_retrieval.json"
    rows = json.loads(path.read_text())
    spoil(rows[1])
    path.write_text(json.dumps(rows))
    with pytest.raises(InputError) as caught:
        load(tmp_path / "b")
    assert f"{path}: row 1: {message}" in str(caught.value)
    assert "Rebuild the file" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "file: not JSON, or cut short"),
        ("{}", "top level: is not a list"),
        ("[]", "rows: there are none"),
        ("[1]", "row 0: row: is not an object"),
    ],
)
def test_a_bad_file_is_named(text, message, tmp_path):
    path = tmp_path / "COCO_animal_retrieval.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load(tmp_path)
    assert f"{path}: {message}" in str(caught.value)


def with_labels():
    """Three queries whose pools come from labels: cats, dogs and a dusk."""
    queries = (
        query("animals", "cat", 0, 0),
        query("animals", "dog", 1, 100),
        query("times", "dusk", 0, 10),
    )
    name = "val2017/{:012d}.jpg".format
    animals = {name(n): () for n in range(1, 200)}
    animals |= {name(0): ("cat",), name(100): ("dog",), name(300): ("cat", "dog")}
    times = {name(n): ("night",) for n in range(11, 111)}
    times |= {name(10): ("dusk",), name(400): ("evening", "night")}
    ordered = {image: animals[image] for image in sorted(animals)}
    return Benchmark(queries, {"seed": 0}, {"animals": ordered, "times": times})


def test_eligible_and_with_label_by_hand():
    benchmark = with_labels()
    name = "val2017/{:012d}.jpg".format
    assert benchmark.with_label("animals", "cat") == (name(0), name(300))
    # Every image without a cat; the one of both animals is none for either.
    assert benchmark.eligible("animals", "cat") == tuple(map(name, range(1, 200)))
    # Evening and dusk are too near: 400 is neither eligible nor labelled so.
    assert benchmark.eligible("times", "dusk") == tuple(map(name, range(11, 111)))
    assert benchmark.with_label("times", "dusk") == (name(10),)
    assert (
        benchmark.eligible("people", "4") == benchmark.with_label("people", "4") == ()
    )
    assert benchmark.images == tuple(map(name, [*range(200), 300, 400]))
    assert benchmark.indices([name(300), name(2)]).tolist() == [200, 2]
    assert benchmark.pool_indices()[1, 0] == 100


def test_labels_are_saved_read_back_and_as_many_as_there_are_facets(tmp_path):
    folder = tmp_path / "b"
    with_labels().save(folder)
    assert load(folder) == Benchmark(
        with_labels().queries, load(folder).manifest, with_labels().labels
    )
    assert "labels.json" in load(folder).manifest["files"]
    with_labels().save(folder)  # the same again
    without = Benchmark(with_labels().queries, {"seed": 0})
    with pytest.raises(InputError, match="holds another benchmark"):
        without.save(folder)
    (folder / "Visual7W_time_retrieval.json").unlink()
    assert load(folder).labels.keys() == {"animals"}
    assert "val2017/000000000400.jpg" not in load(folder).images
    (folder / "labels.json").unlink()
    assert load(folder).labels == {}


BAD_LABELS = [
    ('{"colours": {}}', "colours: is no facet"),
    ('{"animals": []}', "animals: does not map images to labels"),
    ('{"animals": {"../a.jpg": []}}', "animals: '../a.jpg' leaves the images folder"),
    ('{"animals": {"a.jpg": "cat"}}', "animals: a.jpg: holds something that is not"),
    ('{"animals": {"a.jpg": ["fox"]}}', "animals: a.jpg: holds something that is not"),
    (
        '{"animals": {}}',
        "animals: does not go with the pool of COCO_",
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD_LABELS)
def test_bad_labels_are_named(text, message, tmp_path):
    folder = tmp_path / "b"
    with_labels().save(folder)
    path = folder / "labels.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"labels\.json: file: differs from"):
        load(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError) as caught:
        load(folder)
    assert f"{path}: {message}" in str(caught.value)
    assert "cocofacet build" in str(caught.value)


def test_labels_that_forbid_a_negative_do_not_go_with_the_pool(tmp_path):
    folder = tmp_path / "b"
    with_labels().save(folder)
    labels = json.loads((folder / "labels.json").read_text())
    labels["animals"]["val2017/000000000050.jpg"] = ["cat"]
    (folder / "labels.json").write_text(json.dumps(labels))
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match="does not go with the pool"):
        load(folder)


def test_a_query_is_kept_in_2_kb_and_read_in_no_more(tmp_path, monkeypatch):
    """Names of images and texts are shared, pools are whole numbers, and no file is in
    memory as a whole. A row of JSON takes 8 kB."""
    monkeypatch.setattr(json_pieces, "PIECE", 1 << 14)
    names = [f"val2017/{number:012d}.jpg" for number in range(500)]
    text, number = FACETS["animals"].wording("cat"), 2000
    queries = [
        Query("", "animals", "cat", text, tuple(names[n % 400 : n % 400 + 100]))
        for n in range(number)
    ]
    (tmp_path / f"{FACETS['animals'].stem}.json").write_text(text_of(queries))
    load(tmp_path)  # what is made once
    tracemalloc.start()
    try:
        benchmark = load(tmp_path)
        benchmark.pool_indices()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(benchmark.queries) == number
    assert most / number < 2000
    first, other = benchmark.queries[0].candidates, benchmark.queries[400].candidates
    assert all(a is b for a, b in zip(first, other, strict=True))
