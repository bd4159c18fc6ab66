"""What the hub's cache holds, and one line for each way a download can fail."""

import errno
import json
import os
import shutil

import pytest
from file_server import free
from huggingface_hub import constants, file_download, snapshot_download
from loopback_hub import hub  # noqa: F401

from cocofacet.io import InputError
from cocofacet.retrievers import hub as repositories
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.zoo import ROWS
from rehearsal.tiny_checkpoints import save_clip

NAME = "owner/model"
PATTERNS = ("*.json", "*.safetensors")
COMMIT = "0123456789" * 4
SHARDS = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
PAGE = f"https://huggingface.co/{NAME}"
LATER = "Run it again later; what has come is kept."


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(repositories, "PAUSES", (0,))
    monkeypatch.setattr(file_download.time, "sleep", lambda seconds: None)
    made = tmp_path / "repository"
    made.mkdir()
    for number, name in enumerate(SHARDS):
        (made / name).write_bytes(bytes([number]) * 200_000)
    index = {"weight_map": {"a": SHARDS[0], "b": SHARDS[1]}}
    (made / "model.safetensors.index.json").write_text(json.dumps(index))
    (made / "README.md").write_text("not asked for")
    return made


def refused(revision="main"):
    with pytest.raises(InputError) as caught:
        repositories.download(NAME, revision, PATTERNS)
    line = str(caught.value)
    assert "\n" not in line and line.startswith(f"{NAME}: ")
    return line.removeprefix(f"{NAME}: ")


def cached():
    return repositories.in_cache(NAME, "main", PATTERNS)


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (
            "no such repository",
            "download: there is no such repository, or it is private (answer 404, "
            f"Repository not found). See {PAGE}. If it is private, log in with `hf "
            "auth login`.",
        ),
        (
            "unauthorized",
            "download: there is no such repository, or it is private (answer 401, "
            f"Invalid username or password.). See {PAGE}. If it is private, log in "
            "with `hf auth login`.",
        ),
        (
            "wrong token",
            "download: the token is refused (answer 401, Invalid credentials in "
            "Authorization header). Log in again with `hf auth login`, or unset "
            "HF_TOKEN.",
        ),
        (
            "gated",
            "download: access has to be asked for (answer 403, Access to this model "
            "is restricted and you are not in the authorized list. Visit its page to "
            f"ask for access.). Accept the terms at {PAGE} and log in with `hf auth "
            "login`.",
        ),
        (
            "revision gone",
            "download: it has no revision main (answer 404, Invalid rev id). See "
            f"{PAGE}/commits/main, and take other weights by the profile's field "
            "`checkpoints`.",
        ),
        (
            "missing file",
            "download: a file that it lists is not there (answer 404, Entry not "
            f"found). See {PAGE}/tree/main; it may be being changed. {LATER}",
        ),
        (
            "too many requests",
            "download: too many requests (answer 429, Too many requests). "
            f"{LATER} After `hf auth login` more are allowed.",
        ),
        (
            "server error",
            "download: the hub has a fault of its own (answer 500, Internal error). "
            f"{LATER}",
        ),
        ("cut", f"download: the connection was cut. {LATER}"),
        (
            "wrong bytes",
            "download: came damaged, as the digests say, and was removed: "
            f"{', '.join(SHARDS)}, model.safetensors.index.json. Run it again.",
        ),
    ],
)
def test_a_fault_is_one_line_and_what_is_there_serves(hub, folder, fault, line):  # noqa: F811
    hub.offer(NAME, folder)
    hub.fail(NAME, fault)
    assert refused() == line
    assert cached() is None
    hub.mend(NAME)
    directory = repositories.download(NAME, "main", PATTERNS)
    assert sorted(path.name for path in directory.iterdir()) == sorted(
        [*SHARDS, "model.safetensors.index.json"]
    )
    assert [(directory / name).read_bytes() for name in SHARDS] == [
        (folder / name).read_bytes() for name in SHARDS
    ]
    # Whole in the cache, it serves whatever the hub answers now.
    if fault != "revision gone":
        hub.fail(NAME, fault)
    assert repositories.download(NAME, "main", PATTERNS) == directory == cached()


def test_a_fault_that_passes_is_waited_for(hub, folder):  # noqa: F811
    hub.offer(NAME, folder)
    hub.fail(f"{NAME}/{SHARDS[0]}", "cut", times=1)
    assert repositories.download(NAME, "main", PATTERNS) == cached()
    assert hub.sent[f"{NAME}/{SHARDS[0]}"] == 200_000  # it went on where it was


@pytest.mark.parametrize("offline", [True, False])
def test_without_a_hub(hub, folder, monkeypatch, offline):  # noqa: F811
    hub.offer(NAME, folder)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
    if not offline:
        monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    said = "HF_HUB_OFFLINE is set" if offline else "cannot be reached (offline?)"
    assert said in refused()


def test_a_pinned_commit_a_branch_and_the_patterns(hub, folder):  # noqa: F811
    assert hub.offer(NAME, folder, COMMIT) == COMMIT
    for revision in (COMMIT, "main"):
        assert repositories.in_cache(NAME, revision, PATTERNS) is None
        directory = repositories.download(NAME, revision, PATTERNS)
        assert directory.name == COMMIT
        assert repositories.in_cache(NAME, revision, PATTERNS) == directory
    # What was not asked for lacks nothing, and more is not there yet.
    assert repositories.in_cache(NAME, COMMIT, ("*.md",)) is None
    assert "no revision v2" in refused("v2")


def test_what_another_tool_downloaded_is_there(hub, folder):  # noqa: F811
    hub.offer(NAME, folder)
    directory = snapshot_download(NAME)
    assert cached() is not None and str(cached()) == directory
    (cached() / SHARDS[1]).unlink()
    assert cached() is None


def test_an_index_that_names_a_shard_that_is_not_there(hub, folder):  # noqa: F811
    (folder / SHARDS[1]).unlink()
    hub.offer(NAME, folder)
    said = refused()
    assert f"model.safetensors.index.json: {SHARDS[1]} is missing, in the" in said
    assert cached() is None


def test_a_shard_that_no_index_names_is_in_no_ones_way(hub, folder):  # noqa: F811
    """As an earlier upload may leave one behind; strict loading goes by the index."""
    (folder / "model-00003-of-00003.safetensors").write_bytes(b"left over")
    hub.offer(NAME, folder)
    assert repositories.download(NAME, "main", PATTERNS) == cached()


def test_a_small_disk_is_noticed_before_the_first_byte(hub, folder, monkeypatch):  # noqa: F811
    hub.offer(NAME, folder)
    free(monkeypatch, 400_000)
    assert "disk: 400 kB are needed, 400 kB are free" in refused()
    assert not any(name.endswith(".safetensors") for name in hub.sent)
    free(monkeypatch, 401_000)
    assert repositories.download(NAME, "main", PATTERNS) == cached()
    free(monkeypatch, 0)  # nothing is left to download
    assert repositories.download(NAME, "main", PATTERNS) == cached()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        RuntimeError("Data processing error: No space left on device (os error 28)"),
    ],
)
def test_a_disk_that_fills_up(hub, folder, monkeypatch, error):  # noqa: F811
    hub.offer(NAME, folder)

    def full(*_, **__):
        raise error

    monkeypatch.setattr(file_download, "http_get", full)
    assert refused().startswith("download: the disk is full. Free some space, or set")


def test_a_row_says_truly_what_it_would_download(hub, tmp_path):  # noqa: F811
    """The row's files alone, under its own revision, by whichever tool."""
    row = ROWS["clip-vit-l-14-336"]
    save_clip(tmp_path / "clip")
    (tmp_path / "clip/pytorch_model.bin").write_text("not asked for")
    repository = row.checkpoint.removeprefix("hub:")
    hub.offer(repository, tmp_path / "clip")
    assert loading.missing(row) == "not downloaded yet"
    retriever = loading.load(row.name)
    assert loading.missing(row) is None
    assert f"{repository}/pytorch_model.bin" not in hub.whole
    assert loading.load(row.name).fingerprint == retriever.fingerprint
    cache = repositories.in_cache(repository, row.revision, row.files)
    shutil.rmtree(cache)
    assert loading.missing(row) == "not downloaded yet"
