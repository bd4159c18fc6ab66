"""The store computes what is missing, keeps what is whole, and never half of a file."""

import multiprocessing

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from cocofacet import store
from cocofacet.errors import InputError
from cocofacet.retrievers.base import as_rgb, unit_rows
from cocofacet.store import embed_gallery, embed_queries

PROMPTS = (None, "", "Which animals?")
NAMES = [f"val2017/{number:03d}.png" for number in range(7)]


class Means:
    """A retriever whose embedding is an image's mean colour, turned by its prompt.

    ``asked`` remembers each call: how many images, under which prompts.
    """

    name, revision, dim, promptable = "means", "1", 3, True

    def __init__(self, version=1):
        self.fingerprint = {"retriever": "means", "version": version}
        self.version, self.asked, self.texts = version, [], []

    def embed_texts(self, texts):
        self.texts.append(list(texts))
        return unit_rows([[len(text), 1, 2] for text in texts], "means")

    def embed_images(self, images, prompts=(None,)):
        self.asked.append((len(images), tuple(prompts)))
        means = np.array([np.asarray(as_rgb(i)).mean(axis=(0, 1)) for i in images])
        turns = [0 if prompt is None else 1 + len(prompt) for prompt in prompts]
        turned = [means * self.version + [turn, 0, 1] for turn in turns]
        return unit_rows(np.array(turned), "means")


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
        header = stored.metadata()
        assert stored.get_tensor("embeddings").shape == (7, 3)
    assert NAMES[3] in header["names"]
    assert set(header) == {
        "fingerprint",
        "prompt",
        "names",
        "image_sha256",
        "embeddings_sha256",
    }


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
    assert {prompts for _, prompts in asked} == {("", "Which animals?")}


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


def test_a_killed_run_leaves_whole_chunks(run, tmp_path, monkeypatch):
    """The third write is cut off: two files are there, nothing else, and all resume."""
    writes = []

    def cut(path, content):
        writes.append(path)
        if len(writes) == 3:
            raise KeyboardInterrupt
        written(path, content)

    written = store.write_atomic
    monkeypatch.setattr(store, "write_atomic", cut)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.setattr(store, "write_atomic", written)
    everything = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert everything == files_of(tmp_path)
    assert len(everything) == 2
    _, asked = run()
    assert asked[0] == (2, ("Which animals?",))


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


def test_a_store_that_cannot_be_written(run, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write_atomic", full)
    with pytest.raises(InputError, match="No space left on device"):
        run()


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


def test_equal_texts_are_embedded_once():
    retriever = Means()
    found = embed_queries(retriever, ["b", "aa", "b", "b"])
    assert retriever.texts == [["b", "aa"]]
    np.testing.assert_array_equal(found, Means().embed_texts(["b", "aa", "b", "b"]))
