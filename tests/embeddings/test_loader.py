"""Batches are fixed, of like size; workers, memory and bad files change no vector."""

import logging
import multiprocessing
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mean_colours import Means
from PIL import Image

from cocofacet.embeddings import loader
from cocofacet.embeddings.loader import Work, embed_files
from cocofacet.io import InputError

PROMPTS = (None, "Which animals?")


@pytest.fixture
def works(tmp_path):
    """Two pieces of work, of five and three pictures of different size."""
    rng = np.random.default_rng(0)
    paths = []
    for number in range(8):
        shape = (4 + 3 * (number % 3), 4 + number, 3)
        pixels = rng.integers(0, 256, shape, dtype=np.uint8)
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(pixels).save(paths[-1])
    return [Work(tuple(paths[:5]), PROMPTS), Work(tuple(paths[5:]), PROMPTS[:1])]


def plainly(works):
    """Each picture by itself."""
    retriever = Means()
    return [
        np.concatenate(
            [retriever.embed_images([Image.open(p)], w.prompts) for p in w.paths], 1
        )
        for w in works
    ]


def assert_same(found, expected):
    assert [part.shape for part in found] == [part.shape for part in expected]
    for part, plain in zip(found, expected, strict=True):
        assert part.dtype == np.float32
        np.testing.assert_allclose(part, plain, atol=1e-6)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_rows_come_back_in_order(works, workers):
    retriever = Means()
    found = list(embed_files(retriever, works, batch=2, workers=workers))
    assert_same(found, plainly(works))
    assert retriever.asked == [
        *((n, PROMPTS) for n in (2, 2, 1)),
        *((n, PROMPTS[:1]) for n in (2, 1)),
    ]


@given(
    st.lists(st.tuples(st.integers(1, 5), st.text("abc", max_size=2)), max_size=9),
    st.integers(1, 4),
)
def test_batches_hold_pictures_of_like_size(pictures, batch):
    class Named(str):
        name = property(str)

    pixels, paths = [p for p, _ in pictures], [Named(n) for _, n in pictures]
    plan = loader._batches(paths, pixels, batch)
    rows = [row for part in plan for row in part]
    assert sorted(rows) == list(range(len(pictures)))
    assert all(len(part) == batch for part in plan[:-1])
    ordered = [(-pixels[row], paths[row], row) for row in rows]
    assert ordered == sorted(ordered)


def test_memory_that_runs_out_halves_the_batch(works, caplog):
    """The first piece begins anew with batches that fit, the second goes on with them:
    as if they had been asked for from the start."""
    retriever = Means(room=2)
    with caplog.at_level(logging.WARNING):
        found = list(embed_files(retriever, works, batch=8))
    assert_same(found, plainly(works))
    asked = [(n, PROMPTS) for n in (2, 2, 1)] + [(n, PROMPTS[:1]) for n in (2, 1)]
    assert retriever.asked == asked
    assert [record.getMessage() for record in caplog.records] == [
        f"means: out of memory on cpu; going on with batches of {batch}"
        for batch in (4, 2)
    ]


def test_a_picture_too_large_for_the_memory(works):
    with pytest.raises(InputError, match="one picture under 2 prompts does not fit"):
        list(embed_files(Means(room=0), works, batch=8))


def test_another_runtime_error_is_not_mistaken(works, monkeypatch):
    def broken(self, prepared):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(Means, "embed_prepared", broken)
    with pytest.raises(RuntimeError, match=r"^shapes do not match$"):
        list(embed_files(Means(), works, batch=8))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.write_bytes(b"no picture"), "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:60]), "cannot be read"),
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: Image.new("RGB", (1, 900)).save(path), "one pixel wide"),
    ],
    ids=["garbage", "cut", "gone", "refused"],
)
def test_a_bad_picture_is_named_in_one_line(works, workers, damage, said):
    path = works[0].paths[3]
    damage(path)
    with pytest.raises(InputError) as caught:
        list(embed_files(Means(), works, batch=2, workers=workers))
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert said in message
    assert "\n" not in message
    assert type(caught.value) is InputError
    assert not multiprocessing.active_children()


def test_a_killed_worker_is_one_clear_error(works, monkeypatch):
    parent = os.getpid()

    def die(images, prompts):
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(Means, "prepare", staticmethod(die))
    with pytest.raises(InputError, match=r"workers: .*fewer --workers") as caught:
        list(embed_files(Means(), works, workers=1))
    assert caught.value.__cause__ is not None
    assert not multiprocessing.active_children()


@pytest.mark.more
def test_a_worker_that_hangs_is_one_clear_error(works, monkeypatch):
    monkeypatch.setattr(loader, "TIMEOUT", 1)
    monkeypatch.setattr(Means, "prepare", staticmethod(lambda *_: time.sleep(60)))
    monkeypatch.setattr(loader, "_that_fit", lambda *_: 1)
    with pytest.raises(InputError, match="workers: none has answered for 1 seconds"):
        list(embed_files(Means(), works, workers=1))
    assert not multiprocessing.active_children()


def test_an_error_in_a_worker_is_quoted_without_its_traceback(works, monkeypatch):
    def fail(images, prompts):
        raise RuntimeError("unable to write to file </torch_1>: No space left (28)")

    monkeypatch.setattr(Means, "prepare", staticmethod(fail))
    monkeypatch.setattr(loader, "_that_fit", lambda *_: 1)
    with pytest.raises(InputError, match=r"workers: .*No space left.*--workers"):
        list(embed_files(Means(), works, workers=1))


@pytest.mark.parametrize(("per_worker", "used"), [(0, 2), (1 / 3, 2), (0.5, 1), (1, 0)])
def test_workers_that_shared_memory_has_no_room_for(
    works, monkeypatch, caplog, per_worker, used
):
    """One worker has two batches there; four fifths of it may be filled."""
    taken = 2 * 2 * loader._bytes_of(Means.prepare([Image.new("RGB", (9, 9))], PROMPTS))
    room = int(taken / per_worker) if per_worker else 10**9
    asked = []
    real = loader._loader

    def counted(prepare, parts, workers, pin):
        asked.append(workers)
        return real(prepare, parts, workers, pin)

    monkeypatch.setattr(loader, "_loader", counted)
    monkeypatch.setattr(
        loader.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(0, 0, room)
    )
    with caplog.at_level(logging.WARNING):
        found = list(embed_files(Means(), works, batch=2, workers=2))
    assert_same(found, plainly(works))
    assert asked == [used]
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == (used < 2)
    assert all(f"means: {used} workers instead of 2, since /dev/shm" in s for s in said)


def test_workers_leave_random_numbers_alone(works):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    list(embed_files(Means(), works, workers=1))
    assert torch.equal(torch.rand(1), expected)


def test_nothing_to_do():
    assert list(embed_files(Means(), [])) == []


@pytest.mark.parametrize(
    ("free", "expected"), [(0, 1), (100, 4), (10_000, 64)], ids=["none", "some", "all"]
)
def test_the_batch_is_what_free_memory_holds(works, monkeypatch, free, expected):
    """A picture takes 20 bytes, and four fifths of the free bytes may be used. A
    stand-in for the CUDA allocator: no GPU is needed, and none is tried."""
    allocator = {
        "reset_peak_memory_stats": lambda device: None,
        "memory_allocated": lambda device: 1000,
        "max_memory_allocated": lambda device: 1040,
        "empty_cache": lambda: None,
        "mem_get_info": lambda device: (free, 10**6),
    }
    for name, function in allocator.items():
        monkeypatch.setattr(torch.cuda, name, function)
    retriever = Means()
    retriever.device = "cuda"
    pixels = [[1, 2, 9, 4, 5], [6, 7, 8]]
    assert loader._fitting(retriever, works, pixels) == expected
    assert retriever.asked == [(2, PROMPTS)]


@pytest.mark.skipif(sys.platform != "linux", reason="the worker is no fork")
def test_what_a_workers_threads_meet_is_told_to_nobody(monkeypatch, capfd):
    """One that is stopped with its parent would show a traceback."""

    def meets(prepare, part):
        sys.excepthook(ValueError, ValueError("stopped"), None)
        return {}

    monkeypatch.setattr(loader, "prepare_files", meets)
    part = Work((Path("a.jpg"),), (None,))
    assert list(loader._loader(None, [part], workers=1, pin=False)) == [{}]
    assert capfd.readouterr().err == ""
