"""Tiny checkpoints under the official names: what is offered for which row."""

import json

import pytest
from loopback_hub import hub  # noqa: F401
from safetensors import safe_open

from cocofacet.profiles import PROFILES
from cocofacet.retrievers.load import load, to_come
from cocofacet.retrievers.zoo import ROWS
from rehearsal import models

NAMES = [
    name
    for profile in ("full", "colab")
    for name in PROFILES[profile].retrievers
    if ROWS[name].architecture
]
TRIED = ("vlm2vec-qwen2vl-2b", "vlm2vec-v2.0")  # both kinds of adapter, one base


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return models.write(models.repositories(TRIED), folder)


def test_everything_that_a_row_names_is_offered_at_its_revision():
    found = models.repositories(NAMES)
    for row in (ROWS[name] for name in NAMES):
        for place, revision in (
            (row.checkpoint, row.revision),
            (row.base, row.base_revision),
            (row.answers, "main"),
        ):
            if place:
                assert found[place.removeprefix("hub:")].revision == revision
    order = list(found)
    for name, repository in found.items():
        if repository.base:
            assert order.index(repository.base) < order.index(name)


def test_bases_come_in_shards_and_adapters_as_their_row_says(written):
    base = written["Qwen/Qwen2-VL-2B-Instruct"]
    index = json.loads((base / "model.safetensors.index.json").read_text())
    held = {}
    for shard in base.glob("model-*.safetensors"):
        with safe_open(shard, framework="pt") as file:
            held |= dict.fromkeys(file.keys(), shard.name)
    assert held == index["weight_map"]
    assert len(set(held.values())) == models.SHARDS
    assert not (base / "model.safetensors").exists()
    assert (written["TIGER-Lab/VLM2Vec-Qwen2VL-2B"] / "adapter_model.bin").is_file()
    assert (written["VLM2Vec/VLM2Vec-V2.0"] / "adapter_model.safetensors").is_file()


def test_rows_load_from_the_hub_and_fetch_once_what_they_need(
    hub,  # noqa: F811
    tmp_path,
    written,
):
    for name, repository in models.repositories(TRIED).items():
        hub.offer(name, written[name], repository.revision)
    rows = [ROWS[name] for name in TRIED]
    expected = to_come(rows)
    for name in TRIED:
        loaded = load(name, precision="fp32")
        place = ROWS[name].checkpoint.removeprefix("hub:")
        assert loaded.revision in hub.repositories[place].revisions
    assert set(hub.whole.values()) == {1}
    assert expected == sum(hub.sent.values()) > 0
    assert to_come(rows) == 0
    assert not [path for path in hub.whole if path.endswith(tuple(models.UNWANTED))]
