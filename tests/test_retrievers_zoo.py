"""The table of retrievers holds together, and says what is wrong."""

import subprocess
import sys

import pytest
from tiny_checkpoints import save_clip, save_qwen2vl

from cocofacet.errors import InputError
from cocofacet.retrievers import loading, zoo


@pytest.mark.parametrize("row", zoo.ROWS.values(), ids=str)
def test_rows_are_complete(row):
    assert row.family in loading.FAMILIES
    assert row.precision in zoo.PRECISIONS
    assert row.licence
    assert row.source
    assert row.needs
    assert "{text}" in row.text
    kind, _, place = row.checkpoint.partition(":")
    assert kind in {"package", "hub"}
    assert place
    if row.family == "mllm":
        assert "{question}" in row.prompted
        assert "{question}" not in row.general


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
    with pytest.raises(InputError, match="cannot be downloaded"):
        loading.load("clip-vit-l-14-336")


def test_a_checkpoint_of_the_hub_reports_its_commit(monkeypatch, tmp_path):
    """The hub's cache as it lies on disk, with a small CLIP for the large one."""
    row, commit = zoo.ROWS["clip-vit-l-14-336"], "0123456789abcdef" * 2 + "01234567"
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


def test_the_table_is_read_without_the_heavy_libraries():
    """`cocofacet --help` and `cocofacet retrievers` answer at once."""
    program = (
        "import sys; from cocofacet.retrievers.zoo import ROWS; "
        "assert ROWS; "
        "print([m for m in ('torch', 'transformers', 'open_clip') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
