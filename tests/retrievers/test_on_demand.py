"""Weights open when something must be embedded, and never two at once."""

import gc
import weakref

import numpy as np
import pytest
from PIL import Image

from cocofacet.embeddings import store
from cocofacet.io import InputError
from cocofacet.retrievers import load as loading
from cocofacet.retrievers import on_demand
from cocofacet.retrievers.on_demand import OnDemand
from rehearsal.tiny_checkpoints import save_clip, save_qwen2vl

PROMPTS = (None, "What?")


@pytest.fixture
def opened(monkeypatch):
    """Weak references to every model that was loaded, and how many lived at most."""
    models, most, load = [], [0], loading.load

    def counted(*given, **options):
        gc.collect()
        retriever = load(*given, **options)
        models.append(weakref.ref(retriever.model))
        most[0] = max(most[0], sum(model() is not None for model in models))
        return retriever

    on_demand.close()
    monkeypatch.setattr(loading, "load", counted)
    yield models, most
    on_demand.close()


@pytest.fixture
def pictures(tmp_path):
    names = [f"{number}.png" for number in range(3)]
    for number, name in enumerate(names):
        Image.new("RGB", (56, 56), (80 * number, 9, 9)).save(tmp_path / name)
    return names


def fill(folder, names):
    """Two retrievers in turn, as a chapter holds them -> their embeddings."""
    dual = OnDemand("tiny-clip", folder / "store")
    promptable = OnDemand("tiny-qwen2vl", folder / "store")
    found = []
    for retriever, prompts in ((dual, (None,)), (promptable, PROMPTS)) * 2:
        where = (folder, names, prompts, folder / "store")
        found.append(store.embed_gallery(retriever, *where))
        found.append(store.embed_texts(retriever, ["a cat", "a dog"], where[-1]))
    return found


def test_one_is_open_at_a_time_and_none_after_a_fill(opened, pictures, tmp_path):
    models, most = opened
    first = fill(tmp_path, pictures)
    assert len(models) == 4, "each once for its description and once to embed"
    assert most == [1]
    again = fill(tmp_path, pictures)
    assert len(models) == 4, "the second run opens none"
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a, b)


def test_it_is_what_is_loaded(opened, pictures, tmp_path):
    for _ in range(2):  # as it is loaded, and by its description
        found = OnDemand("tiny-qwen2vl", tmp_path / "store", general="<image> Look.")
        plain = loading.load("tiny-qwen2vl", general="<image> Look.")
        for name in ("name", "revision", "row", "dim", "promptable", "fingerprint"):
            assert getattr(found, name) == getattr(plain, name)
        assert found.device == "cpu" and found.text_fingerprint == plain.fingerprint
    assert found.one_pass is True  # its family's own
    with pytest.raises(AttributeError):
        _ = found._repr_html_


def test_other_files_or_options_are_another_retriever(opened, tmp_path):
    first = OnDemand("tiny-qwen2vl", tmp_path, checkpoint=save_qwen2vl(tmp_path / "a"))
    save_qwen2vl(tmp_path / "a", seed=1)
    other = OnDemand("tiny-qwen2vl", tmp_path, checkpoint=tmp_path / "a")
    assert first.fingerprint["weights"] != other.fingerprint["weights"]
    half = OnDemand("tiny-qwen2vl", tmp_path, precision="bf16")
    assert half.fingerprint["precision"] == "bf16"
    # The first's weights are gone: what they embedded is not mixed with the others'.
    with pytest.raises(InputError, match="is of other weights or versions"):
        first.embed_texts(["a cat"])


def test_a_damaged_description_is_made_again(opened, tmp_path):
    OnDemand("tiny-clip", tmp_path)
    (file,) = tmp_path.glob("tiny-clip-*.json")
    file.write_text("{")
    assert OnDemand("tiny-clip", tmp_path).dim > 0
    assert file.read_text().endswith("}\n")


def test_the_store_alone_can_be_asked_for(opened, pictures, tmp_path, monkeypatch):
    fill(tmp_path, pictures)
    monkeypatch.setenv("COCOFACET_NO_WEIGHTS", "1")
    fill(tmp_path, pictures)
    on_demand.close()
    with pytest.raises(InputError, match="tiny-clip: weights: not opened"):
        OnDemand("tiny-clip", tmp_path / "store").embed_texts(["a bird"])


def test_a_repository_is_known_by_its_commit(opened, tmp_path, monkeypatch):
    """Without the files, too; with others, it is described anew."""
    saved, commit = save_clip(tmp_path / "clip"), ["1" * 40]
    here = {"found": True}

    def in_cache(repository, revision, patterns):
        return tmp_path / commit[0] if here["found"] else None

    def find(checkpoint, revision, files, override):
        return loading.Checkpoint(saved, f"owner/clip@{commit[0]}", commit[0])

    (tmp_path / commit[0]).symlink_to(saved)
    monkeypatch.setattr(loading.hub, "in_cache", in_cache)
    monkeypatch.setattr(loading, "_find", find)
    row = "clip-vit-l-14-336"
    first = OnDemand(row, tmp_path, precision="fp32")
    here["found"] = False
    assert OnDemand(row, tmp_path, precision="fp32").revision == first.revision
    assert len(opened[0]) == 1, "nothing was opened or downloaded for that"
    here["found"], commit[0] = True, "2" * 40
    (tmp_path / commit[0]).symlink_to(saved)
    assert OnDemand(row, tmp_path, precision="fp32").revision == "2" * 40
