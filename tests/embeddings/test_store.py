"""The store computes what is missing, keeps what is whole, and never half of a file."""

import errno
import json
import multiprocessing
import os

import numpy as np
import pytest
from mean_colours import Means
from PIL import Image
from safetensors import safe_open

from cocofacet.embeddings import store
from cocofacet.embeddings.store import embed_gallery, embed_texts
from cocofacet.io import InputError
from cocofacet.retrievers.base import BARE
from cocofacet.retrievers.zoo import ROWS

PROMPTS = (None, BARE, "Which animals?")
NAMES = [f"val2017/{number:03d}.png" for number in range(7)]


@pytest.fixture
def gallery(tmp_path):
    root = tmp_path / "images"
    (root / "val2017").mkdir(parents=True)
    for number, name in enumerate(NAMES):
        Image.new("RGB", (4, 4), (20 * number, 7, 200 - number)).save(root / name)
    return root


@pytest.fixture
def run(gallery, tmp_path):
    """Embed with a fresh retriever; returns the embeddings and what it was asked."""

    def embed(prompts=PROMPTS, names=NAMES, version=1, **options):
        retriever = Means(version)
        options = {"chunk": 3, "batch": 2, **options}
        folder = tmp_path / "store"
        found = embed_gallery(retriever, gallery, names, prompts, folder, **options)
        return found, retriever.asked

    return embed


def files_of(tmp_path):
    return sorted((tmp_path / "store").rglob("*.safetensors"))


def test_embeds_and_keeps(run, gallery, tmp_path):
    found, asked = run()
    images = [Image.open(gallery / name) for name in NAMES]
    np.testing.assert_array_equal(found, Means().embed_images(images, PROMPTS))
    assert found.dtype == np.float32
    # All prompts together, two images at a time, three to a chunk.
    assert asked == [(n, PROMPTS) for n in (2, 1, 2, 1, 1)]
    assert len(files_of(tmp_path)) == 3 * len(PROMPTS)
    again, asked = run()
    assert asked == []
    np.testing.assert_array_equal(again, found)


def test_the_header_says_what_it_is(run, tmp_path):
    run(prompts=(None,), chunk=100)
    (file,) = files_of(tmp_path)
    assert file.parent.name.startswith("means-")
    with safe_open(file, framework="numpy") as stored:
        header = json.loads(stored.metadata()["cocofacet"])
        assert stored.get_tensor("embeddings").shape == (7, 3)
    assert header["names"] == NAMES
    assert header["prompt"] is None
    assert header["fingerprint"] == {"retriever": "means", "version": 1}
    assert len(header["image_sha256"]) == 7
    assert len(header["embeddings_sha256"]) == 64


def test_only_what_is_missing_is_computed(run, tmp_path):
    found, _ = run()
    files_of(tmp_path)[0].unlink()
    again, asked = run()
    ((_, prompts), *_) = asked
    assert len(prompts) == 1
    assert sum(images for images, _ in asked) <= 3
    np.testing.assert_array_equal(again, found)


def test_a_new_prompt_costs_only_itself(run):
    run(prompts=(None,))
    _, asked = run()
    assert {prompts for _, prompts in asked} == {(BARE, "Which animals?")}


def test_prompts_come_back_in_the_order_asked(run):
    found, _ = run()
    swapped, asked = run(prompts=("Which animals?", None, None))
    assert asked == []
    np.testing.assert_array_equal(swapped, found[[2, 0, 0]])


def test_another_fingerprint_is_another_embedding(run):
    found, _ = run()
    other, asked = run(version=2)
    assert asked
    assert np.abs(found - other).max() > 1e-3
    kept, asked = run()
    assert asked == []
    np.testing.assert_array_equal(kept, found)


def test_another_list_of_images_does_not_overwrite(run):
    found, _ = run()
    fewer, asked = run(names=NAMES[1:])
    assert asked
    np.testing.assert_array_equal(fewer, found[:, 1:])
    assert run()[1] == []


def test_a_changed_image_is_embedded_again(run, gallery):
    found, _ = run()
    Image.new("RGB", (4, 4), (255, 255, 0)).save(gallery / NAMES[4])
    again, asked = run()
    assert sum(images for images, _ in asked) == 3  # its chunk, and no other
    changed = np.abs(again - found).max(axis=(0, 2)) > 0
    assert changed.tolist() == [False] * 4 + [True] + [False] * 2
    assert run()[1] == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"garbage" + data,
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),  # a single bit flipped
    ],
    ids=["cut", "empty", "garbage", "bit"],
)
def test_a_damaged_file_is_computed_again(run, tmp_path, damage):
    found, _ = run()
    file = files_of(tmp_path)[4]
    file.write_bytes(damage(file.read_bytes()))
    with pytest.warns(UserWarning, match=r"damaged .*; computing it again"):
        again, asked = run()
    assert asked
    np.testing.assert_array_equal(again, found)
    assert run()[1] == []


def test_no_image_no_embedding(run):
    assert run(names=[])[0].shape == (3, 0, 3)


def test_flat_folders_serve(run, gallery, tmp_path):
    found, _ = run()
    for name in NAMES:
        (gallery / name).rename(gallery / name.removeprefix("val2017/"))
    again, asked = run()
    assert asked == []
    np.testing.assert_array_equal(again, found)


def test_a_group_is_there_whole_or_not_at_all(run, tmp_path, monkeypatch):
    """The second of three files cannot be written: none of its group appears."""
    writes = []

    def cut(path, content):
        writes.append(path)
        if len(writes) == 5:
            raise KeyboardInterrupt
        written(path, content)

    written = store.write_atomic
    monkeypatch.setattr(store, "write_atomic", cut)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.setattr(store, "write_atomic", written)
    assert len(files_of(tmp_path)) == 3
    assert len(list((tmp_path / "store").rglob(".*.ready"))) == 1
    _, asked = run()
    assert asked == [(n, PROMPTS) for n in (2, 1, 1)]
    everything = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert sorted(everything) == files_of(tmp_path)


def test_what_is_ready_is_taken_up(run, gallery, tmp_path):
    """As after a kill between two of a group's renamings."""
    found, _ = run(chunk=100)
    first, *others = files_of(tmp_path)
    for file in others:
        file.rename(file.with_name(f".{file.name}.ready"))
    again, asked = run(chunk=100)
    assert asked == []
    assert files_of(tmp_path) == [first, *others]
    np.testing.assert_array_equal(again, found)
    others[0].rename(others[0].with_name(f".{others[0].name}.ready"))
    Image.new("RGB", (4, 4), (255, 255, 0)).save(gallery / NAMES[4])
    _, asked = run(chunk=100)  # of other images: no use
    assert sum(n for n, prompts in asked if prompts == PROMPTS) == len(NAMES)


def test_missing_and_unreadable_images_are_named(run, gallery):
    (gallery / NAMES[2]).write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"002\.png: image: cannot be read"):
        run()
    whole = (gallery / NAMES[3]).read_bytes()
    Image.new("RGB", (4, 4)).save(gallery / NAMES[2])
    (gallery / NAMES[3]).write_bytes(whole[:-30])
    with pytest.raises(InputError, match=r"003\.png: image: cannot be read"):
        run()
    (gallery / NAMES[3]).unlink()
    with pytest.raises(InputError, match=r"003\.png: image: not there"):
        run()


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_store_that_cannot_be_written(run, tmp_path, monkeypatch, step, code):
    """A full disk or a read-only folder: one clear error, and the rest intact."""
    found, _ = run(names=NAMES[:3])
    kept = {file: file.read_bytes() for file in files_of(tmp_path)}

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, step, refuse)
        with pytest.raises(InputError, match=os.strerror(code)):
            run()
        np.testing.assert_array_equal(run(names=NAMES[:3])[0], found)
    assert {file: file.read_bytes() for file in files_of(tmp_path)} == kept
    assert not list((tmp_path / "store").rglob("*.ready.*"))
    again, asked = run()
    assert sum(images for images, _ in asked) == 4
    np.testing.assert_array_equal(again[:, :3], found)


def test_a_file_where_the_store_should_be(run, tmp_path):
    (tmp_path / "store").write_text("in the way")
    with pytest.raises(InputError, match="store: cannot be written"):
        run()


def _embed_slowly(gallery, folder, queue):
    found = embed_gallery(Means(), gallery, NAMES, PROMPTS, folder, chunk=2, batch=1)
    queue.put(found)


def test_two_processes_do_not_hurt_each_other(gallery, tmp_path):
    context = multiprocessing.get_context("spawn")  # forking a threaded torch may hang
    queue = context.Queue()
    work = (gallery, tmp_path / "store", queue)
    both = [context.Process(target=_embed_slowly, args=work) for _ in range(2)]
    for process in both:
        process.start()
    first, second = queue.get(timeout=60), queue.get(timeout=60)
    for process in both:
        process.join()
    np.testing.assert_array_equal(first, second)
    retriever = Means()
    options = {"chunk": 2, "batch": 1}
    kept = embed_gallery(
        retriever, gallery, NAMES, PROMPTS, tmp_path / "store", **options
    )
    assert retriever.asked == []
    np.testing.assert_array_equal(kept, first)


TEXTS = ["b", "aa", "b", "b"]


def test_equal_texts_are_embedded_once():
    retriever = Means()
    found = embed_texts(retriever, TEXTS)
    assert retriever.texts == [["aa", "b"]]
    np.testing.assert_array_equal(found, Means().embed_texts(TEXTS))
    assert embed_texts(retriever, []).shape == (0, 3)


def test_texts_are_kept_beside_the_images(run, tmp_path):
    run(chunk=100)
    images = files_of(tmp_path)
    retriever = Means()
    found = embed_texts(retriever, TEXTS, tmp_path / "store")
    again = embed_texts(retriever, TEXTS[::-1], tmp_path / "store")
    assert retriever.texts == [["aa", "b"]]
    np.testing.assert_array_equal(again, found[::-1])
    assert found.dtype == again.dtype == np.float32
    assert run(chunk=100)[1] == []
    (file,) = set(files_of(tmp_path)) - set(images)
    with safe_open(file, framework="numpy") as stored:
        header = json.loads(stored.metadata()["cocofacet"])
    assert header["texts"] == ["aa", "b"]
    assert header["fingerprint"] == {"retriever": "means", "version": 1}
    embed_texts(retriever, [], tmp_path / "store")
    assert len(files_of(tmp_path)) == len(images) + 1


def test_a_vector_depends_on_no_texts_asked_before(tmp_path):
    """The last bit can depend on the batch: other texts are computed as a whole."""
    retriever = Means()
    for texts in (["b", "aa"], ["b", "aa", "c"], ["b"], ["c", "aa", "b"]):
        embed_texts(retriever, texts, tmp_path)
    assert retriever.texts == [["aa", "b"], ["aa", "b", "c"], ["b"]]
    other = Means(version=2)
    embed_texts(other, ["b"], tmp_path)
    assert other.texts == [["b"]]


def test_damaged_texts_are_computed_again(tmp_path):
    embed_texts(Means(), TEXTS, tmp_path)
    (file,) = tmp_path.rglob("*.safetensors")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.warns(UserWarning, match=r"damaged .*; computing it again"):
        found = embed_texts(Means(), TEXTS, tmp_path)
    np.testing.assert_array_equal(found, Means().embed_texts(TEXTS))
    assert file.read_bytes() == whole


def test_texts_that_cannot_be_written(tmp_path):
    (tmp_path / "store").write_text("in the way")
    with pytest.raises(InputError, match="store: cannot be written"):
        embed_texts(Means(), TEXTS, tmp_path / "store")


@pytest.mark.parametrize("fault", [MemoryError(), RuntimeError("something else")])
def test_texts_for_which_memory_runs_out(monkeypatch, fault):
    retriever = Means()
    retriever.row = ROWS["tiny-clip"]

    def too_many(texts):
        raise fault

    monkeypatch.setattr(retriever, "embed_texts", too_many)
    kind = InputError if isinstance(fault, MemoryError) else RuntimeError
    with pytest.raises(kind, match=r"ran out on cpu while embedding texts|something"):
        embed_texts(retriever, ["a"])


def test_one_text_is_not_taken_for_its_letters(tmp_path):
    with pytest.raises(InputError, match=r"^texts: 'a dog' is one text"):
        store.embed_texts(None, "a dog", tmp_path)
    for names, prompts in (("a.jpg", [None]), (["a.jpg"], "What?")):
        with pytest.raises(InputError, match=r" is one text. Give a list"):
            store.embed_gallery(Means(), tmp_path, names, prompts, tmp_path)


def test_an_image_that_may_not_be_read(run, gallery, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(store, "sha256_of", refuse)
    with pytest.raises(InputError, match=r"image: cannot be read .*Permission denied"):
        run()
