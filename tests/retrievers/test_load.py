"""A row is loaded, or it is said why not and what would help."""

from dataclasses import replace

import pytest

from cocofacet.io import InputError
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.zoo import ROWS
from rehearsal.tiny_checkpoints import save_clip, save_qwen2vl

LACKING = {name: row for name, row in ROWS.items() if row.lacks}


@pytest.mark.parametrize("row", LACKING.values(), ids=LACKING)
def test_a_row_that_lacks_something_is_refused_with_the_reason(row):
    with pytest.raises(InputError) as refusal:
        loading.load(row.name)
    assert row.lacks in str(refusal.value)
    assert loading.missing(row) == row.lacks


def test_a_row_that_lacks_something_is_not_loaded(tmp_path):
    row = replace(ROWS["tiny-qwen2vl"], lacks="a class of its own")
    with pytest.raises(InputError, match=r"tiny-qwen2vl: .* a class of its own"):
        loading.load(row, checkpoint=tmp_path)
    assert loading.missing(row) == "a class of its own"


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match="tiny-clip"):
        loading.load("tiny-clipp")


def test_unknown_precision():
    with pytest.raises(InputError, match="bf16"):
        loading.load("tiny-clip", precision="fp8")


@pytest.mark.parametrize("device", ["cuda:99", "gpu"])
def test_a_device_that_is_not_there(device):
    with pytest.raises(InputError, match=f"device: '{device}'"):
        loading.load("tiny-clip", device=device)


def test_a_folder_without_weights(tmp_path):
    with pytest.raises(InputError, match="safetensors"):
        loading.load("tiny-clip", checkpoint=tmp_path)
    with pytest.raises(InputError, match="safetensors"):
        loading.load("tiny-clip", checkpoint=tmp_path / "absent")


@pytest.mark.parametrize(
    ("name", "save"), [("tiny-clip", save_clip), ("tiny-qwen2vl", save_qwen2vl)]
)
@pytest.mark.parametrize("damage", ["*.safetensors", "*config.json"])
def test_a_damaged_checkpoint(name, save, damage, tmp_path):
    save(tmp_path)
    for file in tmp_path.glob(damage):
        file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be loaded"):
        loading.load(name, checkpoint=tmp_path)


def test_a_checkpoint_that_cannot_be_fetched(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="HF_HUB_OFFLINE is set"):
        loading.load("clip-vit-l-14-336")


def test_a_checkpoint_of_the_hub_reports_its_commit(monkeypatch, tmp_path):
    """The hub's cache as it lies on disk, with a small CLIP for the large one."""
    row, commit = ROWS["clip-vit-l-14-336"], "0123456789abcdef" * 2 + "01234567"
    repository = row.checkpoint.removeprefix("hub:").replace("/", "--")
    cache = tmp_path / f"models--{repository}"
    save_clip(cache / "snapshots" / commit)
    (cache / "refs").mkdir()
    (cache / "refs" / row.revision).write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    weights = cache / "snapshots" / commit / "open_clip_model.safetensors"
    weights.rename(tmp_path / "elsewhere")  # a download that was cut off
    assert loading.missing(row) == "not downloaded yet"
    (tmp_path / "elsewhere").rename(weights)
    assert loading.missing(row) is None
    retriever = loading.load(row.name)
    assert retriever.revision == commit
    assert commit in retriever.fingerprint["weights"]
    assert retriever.embed_texts(["a cat"]).shape == (1, 32)
