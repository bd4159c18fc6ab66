"""A row is loaded, or it is said why not and what would help."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from safetensors import SafetensorError

from cocofacet.io import InputError
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.zoo import ROWS
from rehearsal.tiny_checkpoints import save_clip, save_qwen2vl


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


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"),
        RuntimeError("unable to mmap 128 bytes from file <x>: Cannot allocate memory"),
        MemoryError("Cannot allocate memory (os error 12)"),
        SafetensorError("I/O error: Cannot allocate memory (os error 12)"),
    ],
)
def test_a_lack_of_memory_is_called_that(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("cocofacet.retrievers.dual.DualRetriever", fail)
    row = replace(ROWS["tiny-clip"], memory=16)
    with pytest.raises(InputError) as caught:
        loading.load(row)
    line = str(caught.value)
    assert line.startswith("tiny-clip: memory: ran out on cpu while loading. It needs")
    assert "about 16 GB at fp32" in line and "\n" not in line
    assert "damaged" not in line


@pytest.mark.more
@pytest.mark.parametrize("spare", [20, 150])  # MB: for nothing, and not for all
def test_a_process_without_memory_says_so(tmp_path, spare):
    """A real lack: the weights are 128 MB, the process may have little more."""
    script = f"""
import json, resource, sys
from pathlib import Path
import torch
from safetensors.torch import load_file, save_file
from cocofacet.retrievers import load, mllm
from rehearsal.tiny_checkpoints import save_qwen2vl
folder = Path({str(tmp_path)!r})
save_qwen2vl(folder)
file = folder / "model.safetensors"
weights = load_file(file)
(name,) = [name for name in weights if "embed_tokens" in name]
weights[name] = torch.zeros(1_000_000, weights[name].shape[1])
save_file(weights, file, metadata={{"format": "pt"}})
config = json.loads((folder / "config.json").read_text())
config["text_config"]["vocab_size"] = 1_000_000
(folder / "config.json").write_text(json.dumps(config))
del weights
size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + {spare}_000_000,) * 2)
load.load("tiny-qwen2vl", checkpoint=folder)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    last = run.stderr.strip().splitlines()[-1]
    assert "tiny-qwen2vl: memory: ran out on cpu while loading" in last


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
