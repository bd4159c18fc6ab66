"""The loopback hub: what the real client gets from it, and the faults it can show."""

import hashlib
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from huggingface_hub import hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from loopback_hub import hub  # noqa: F401

NAME = "owner/model"
FILES = {
    "config.json": b"{}",
    "deep/er/words.txt": b"a b c",
    "model-00001-of-00002.safetensors": bytes(range(256)) * 1000,
    "model-00002-of-00002.safetensors": b"\1" * 100_000,
}
SHARD = "model-00001-of-00002.safetensors"


@pytest.fixture
def folder(tmp_path):
    for name, content in FILES.items():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "repository"


def found(directory):
    paths = [path for path in Path(directory).rglob("*") if path.is_file()]
    return {p.relative_to(directory).as_posix(): p.read_bytes() for p in paths}


def test_the_real_client_fetches_each_file_once(hub, folder):  # noqa: F811
    commit = hub.offer(NAME, folder)
    for _ in range(2):
        directory = snapshot_download(NAME, revision="main")
        assert found(directory) == FILES
    assert Path(directory).name == commit
    assert hub.whole == {f"{NAME}/{name}": 1 for name in FILES}
    assert hub.sent == {f"{NAME}/{name}": len(FILES[name]) for name in FILES}


def test_a_pinned_commit_and_patterns_are_kept(hub, folder):  # noqa: F811
    pinned = "0123456789" * 4
    assert hub.offer(NAME, folder, pinned) == pinned
    directory = snapshot_download(NAME, revision=pinned, allow_patterns=["*.json"])
    assert found(directory) == {"config.json": b"{}"}
    assert Path(directory).name == pinned


def test_a_commit_names_the_content(hub, folder):  # noqa: F811
    first = hub.offer(NAME, folder)
    assert hub.offer(NAME, folder) == first
    (folder / "config.json").write_bytes(b"{ }")
    assert hub.offer(NAME, folder) != first


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("no such repository", RepositoryNotFoundError, "404"),
        ("unauthorized", HfHubHTTPError, "Invalid username"),
        ("wrong token", HfHubHTTPError, "Invalid credentials"),
        ("gated", GatedRepoError, "not in the authorized list"),
        ("revision gone", RevisionNotFoundError, "Revision Not Found"),
        ("too many requests", LocalEntryNotFoundError, "429"),
        ("server error", LocalEntryNotFoundError, "500"),
    ],
)
def test_a_fault_of_a_repository(hub, folder, fault, error, said):  # noqa: F811
    hub.offer(NAME, folder)
    hub.fail(NAME, fault)
    with pytest.raises(error, match=said):
        snapshot_download(NAME, revision="main")
    hub.mend(NAME)
    assert found(snapshot_download(NAME, revision="main")) == FILES


def test_an_unknown_revision_and_a_missing_shard(hub, folder):  # noqa: F811
    hub.offer(NAME, folder)
    with pytest.raises(RevisionNotFoundError):
        snapshot_download(NAME, revision="v2")
    hub.fail(f"{NAME}/{SHARD}", "missing file")
    with pytest.raises(RemoteEntryNotFoundError):
        snapshot_download(NAME, revision="main")


def test_a_cut_connection_goes_on_where_it_was(hub, folder):  # noqa: F811
    hub.offer(NAME, folder)
    hub.fail(f"{NAME}/{SHARD}", "cut", times=1)
    for _ in range(2):  # the client may give up once; it keeps what it has
        try:
            path = hf_hub_download(NAME, SHARD)
        except OSError:
            continue
    assert Path(path).read_bytes() == FILES[SHARD]
    assert hub.sent[f"{NAME}/{SHARD}"] == len(FILES[SHARD])


def test_wrong_bytes_are_as_many(hub, folder):  # noqa: F811
    hub.offer(NAME, folder)
    hub.fail(f"{NAME}/{SHARD}", "wrong bytes")
    there = Path(hf_hub_download(NAME, SHARD))
    assert there.stat().st_size == len(FILES[SHARD])
    assert there.read_bytes() != FILES[SHARD]
    # The client does not see it, but the name of the file in its cache tells.
    right = hashlib.sha256(FILES[SHARD]).hexdigest()
    assert there.resolve().name == right


def test_plain_files_their_parts_and_what_is_not_there(hub, folder):  # noqa: F811
    address = hub.hold("zips/a.zip", folder / SHARD)
    part = urllib.request.Request(address, headers={"Range": "bytes=1000-"})
    assert urllib.request.urlopen(part).read() == FILES[SHARD][1000:]
    hub.fail("zips/a.zip", "server error", times=1)
    with pytest.raises(urllib.error.HTTPError, match="500"):
        urllib.request.urlopen(address)
    assert urllib.request.urlopen(address).read() == FILES[SHARD]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(hub.url("zips/b.zip"))
