"""Two actors embed what one process would; what goes wrong is said in one line."""

import builtins
import os
import signal
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from cocofacet.embeddings import distribute, store
from cocofacet.io import InputError
from cocofacet.retrievers import load as loading
from rehearsal.tiny_checkpoints import save_qwen2vl

PROMPTS = (None, "Which animals?")
NAMES = [f"{number}.png" for number in range(9)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distribute")
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    for number, name in enumerate(NAMES):
        pixels = rng.integers(0, 256, (28, 28 + 28 * (number % 2), 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "images" / name)
    save_qwen2vl(folder / "checkpoint")
    return folder


@pytest.fixture(scope="module")
def load(folder):
    return {"name": "tiny-qwen2vl", "checkpoint": folder / "checkpoint"}


@pytest.fixture(scope="module")
def retriever(load):
    return loading.load(**load)


@pytest.fixture
def missing(retriever, folder, tmp_path):
    gallery = store.look(
        retriever, folder / "images", NAMES, PROMPTS, tmp_path / "store", chunk=2
    )
    return gallery.missing


@pytest.fixture(scope="module")
def ray():
    """Started once: what would end it is counted, as ``ray.ends``."""
    ray = pytest.importorskip("ray", reason="the extra cocofacet[ray] is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ray, "ends", [], raising=False)
        patch.setattr(ray, "shutdown", lambda: ray.ends.append(1))
        yield ray
    ray.shutdown()


@pytest.mark.more
def test_two_actors_equal_one_process(
    ray, retriever, load, folder, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)  # a relative store is the same folder for an actor
    what = (retriever, folder / "images", NAMES, PROMPTS)
    expected = store.embed_gallery(*what, tmp_path / "alone", chunk=2)
    missing = store.look(*what, "store", chunk=2).missing
    assert len(missing) == 5
    distribute.embed_missing(missing, load, actors=2, batch=2)
    assert len(ray.ends) == 1  # by whoever started it
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    gallery = store.look(*what, "store", chunk=2)
    assert gallery.missing == []
    np.testing.assert_allclose(gallery.embeddings, expected, atol=1e-5)
    monkeypatch.setattr(retriever, "embed_prepared", None)  # would be an error
    found = store.embed_gallery(*what, "store", chunk=2)
    np.testing.assert_array_equal(found, gallery.embeddings)


def test_too_few_devices_and_a_lost_actor(ray, missing, load, monkeypatch):
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    ray.ends.clear()
    with pytest.raises(InputError, match=r"--actors: 1000 need a CPU each"):
        distribute.embed_missing(missing, load, actors=1000)
    with pytest.raises(InputError, match=r"need a GPU each, and Ray has 0"):
        distribute.embed_missing(missing, {**load, "device": "cuda:1"})

    class Dying:
        def __init__(self, **_):
            pass

        def __call__(self, rows):
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(distribute, "_Embedder", Dying)
    with pytest.raises(InputError, match=r"ray: actor: lost one of 1 .* is kept"):
        distribute.embed_missing(missing, load)
    assert ray.ends == []  # it was there before


def asked_alone(missing, load):
    """What an actor answers, asked here for all chunks."""
    actor = distribute._Embedder([missing], load, batch=2, workers=None)
    return actor({"group": np.array([0])})


def test_an_actor_says_what_it_did(missing, load):
    assert asked_alone(missing, load) == {"images": [9], "error": [""]}
    assert all(file.exists() for chunk in missing for file in chunk.files.values())


def test_an_actor_with_another_retriever_refuses(missing, load):
    answer = asked_alone(missing, {**load, "precision": "bf16"})
    assert answer["images"] == [0]
    assert "its retriever differs in precision" in answer["error"][0]
    assert not any(file.exists() for chunk in missing for file in chunk.files.values())


def test_without_ray(missing, load, monkeypatch):
    def absent(name, *arguments):
        if name.startswith("ray"):
            raise ImportError("No module named 'ray'")
        return imported(name, *arguments)

    imported = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(InputError, match=r"ray: not installed .*ray\[data\]"):
        distribute.embed_missing(missing, load)


def test_nothing_missing_needs_no_ray(load, monkeypatch):
    monkeypatch.setattr(distribute, "_session", None)
    distribute.embed_missing([], load)


class Answered:
    """Ray, as far as `distribute` asks it, when actors answer ``answers``."""

    class exceptions:
        RayActorError = ConnectionError

    class data:
        ActorPoolStrategy = dict

    def __init__(self, answers):
        self.answers = answers
        self.data.from_items = lambda *_, **__: self

    def cluster_resources(self):
        return {"CPU": 2}

    def map_batches(self, *_, **__):
        return self

    def iter_rows(self):
        for answer in self.answers:
            if isinstance(answer, Exception):
                raise answer
            yield answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"images": 0, "error": "a.png: image: bad."}, "^a.png: image: bad.$"),
        (ConnectionError("it died\nfar away"), "ray: actor: lost one of 2 .it died."),
    ],
)
def test_what_an_actor_answers_is_said(answer, said, missing, load, monkeypatch):
    @contextmanager
    def session():
        yield Answered([{"images": 1, "error": ""}, answer])

    monkeypatch.setattr(distribute, "_session", session)
    with pytest.raises(InputError, match=said) as caught:
        distribute.embed_missing(missing, load, actors=2)
    assert "\n" not in str(caught.value)
