"""Repositories of the Hugging Face Hub, in the cache that all of its tools share.

The hub's own client downloads, goes on after a cut and pins revisions. Here it is said
beforehand whether the disk has room, afterwards whether what came is whole, and in one
line what went wrong and what would help.
"""

import errno
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from cocofacet import json_pieces
from cocofacet.io import InputError, check_space, sha256_of

PAUSES = (1, 5, 20)  # seconds before each further attempt after a fault that may pass
PASSING = (408, 429, 500, 502, 503, 504)
_NO_ANSWER = {
    *("ConnectError", "TimeoutException", "TransportError"),
    "LocalEntryNotFoundError",
}
_PAGE = "https://huggingface.co/{name}"
_LATER = "Run it again later; what has come is kept."
# A status, or a class of the hub's or of Python's -> what is the matter, what helps.
# The first that fits is taken.
_REASONS: dict[int | str, tuple[str, str]] = {
    "GatedRepoError": (
        "access has to be asked for",
        f"Accept the terms at {_PAGE} and log in with `hf auth login`.",
    ),
    "RevisionNotFoundError": (
        "it has no revision {revision}",
        f"See {_PAGE}/commits/main, and take other weights by the profile's field "
        "`checkpoints`.",
    ),
    "RemoteEntryNotFoundError": (
        "a file that it lists is not there",
        f"See {_PAGE}/tree/main; it may be being changed. {_LATER}",
    ),
    "RepositoryNotFoundError": (
        "there is no such repository, or it is private",
        f"See {_PAGE}. If it is private, log in with `hf auth login`.",
    ),
    401: (
        "the token is refused",
        "Log in again with `hf auth login`, or unset HF_TOKEN.",
    ),
    403: (
        "the token does not allow it",
        f"Accept the terms at {_PAGE}, and take a token that may read it: `hf auth "
        "login`.",
    ),
    429: ("too many requests", f"{_LATER} After `hf auth login` more are allowed."),
    500: ("the hub has a fault of its own", _LATER),
    "OfflineModeIsEnabled": (
        "not here, and HF_HUB_OFFLINE is set",
        "Unset it, or run `hf download {name}` where the hub can be reached.",
    ),
    "ConnectError": ("the hub cannot be reached (offline?)", _LATER),
    "TimeoutException": ("the hub does not answer in time", _LATER),
    "TransportError": ("the connection was cut", _LATER),
    "LocalEntryNotFoundError": ("the hub cannot be reached (offline?)", _LATER),
}


def download(repository: str, revision: str, patterns: Sequence[str]) -> Path:
    """The folder of a repository's files that fit ``patterns``, downloaded if need be.

    revision: a branch, a tag or a commit; "" for main. What is in the cache serves
    where the hub cannot be asked.

    Raises:
        InputError: it cannot be had, the disk has no room, or what came is not whole.
    """
    for pause in (*PAUSES, None):
        try:
            return _download(repository, revision, patterns)
        except InputError:
            raise
        except Exception as error:  # of several libraries, and some without a base
            here = in_cache(repository, revision, patterns)
            if here is not None:
                return here
            passing, refusal = _refusal(repository, revision, error)
            if pause is None or not passing:
                raise refusal from None
        time.sleep(pause)


def to_come(repository: str, revision: str, patterns: Sequence[str]) -> int | None:
    """Bytes that a download would bring; None where the hub does not say."""
    try:
        planned = _snapshot(repository, revision, patterns, dry_run=True)
    except Exception:  # as above; the download itself says what is the matter
        return None
    return sum(file.file_size for file in planned if file.will_download)


def in_cache(repository: str, revision: str, patterns: Sequence[str]) -> Path | None:
    """The folder in the cache; None where a file that fits ``patterns`` lacks."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        found = _snapshot(repository, revision, patterns, local_files_only=True)
    except LocalEntryNotFoundError:
        return None
    return None if lacking_shard(found) else found


def lacking_shard(directory: Path) -> str | None:
    """What is wrong with a file of weights that an index names, or with the index."""
    for index in sorted(directory.glob("*.safetensors.index.json")):
        try:
            names = set(json_pieces.whole(index.read_bytes())["weight_map"].values())
        except (OSError, ValueError, TypeError, AttributeError, KeyError):
            return f"{index.name} is no index of weights"
        for name in sorted(map(str, names)):
            if Path(name).name != name:
                return f"{index.name}: {name} is in another folder"
            if not (directory / name).is_file():
                return f"{index.name}: {name} is missing"
    return None


def _snapshot(repository: str, revision: str, patterns: Sequence[str], **options):
    from huggingface_hub import snapshot_download

    options |= {"revision": revision or None, "allow_patterns": list(patterns)}
    found = snapshot_download(repository, **options)
    return found if isinstance(found, list) else Path(found)


def _download(repository: str, revision: str, patterns: Sequence[str]) -> Path:
    from huggingface_hub import constants

    planned = _snapshot(repository, revision, patterns, dry_run=True)
    new = [file for file in planned if file.will_download]
    cache = Path(constants.HF_HUB_CACHE)
    begun = cache.glob(f"models--{repository.replace('/', '--')}/blobs/*.incomplete")
    have = sum(path.stat().st_size for path in begun)
    try:
        check_space(cache, sum(file.file_size for file in new) - have)
    except InputError as error:
        raise InputError(f"{repository}: {error} HF_HOME names the folder.") from None
    directory = _snapshot(repository, revision, patterns)
    damaged = [f.filename for f in new if not _is_whole(directory / f.filename)]
    if damaged:
        raise InputError(
            f"{repository}: download: came damaged, as the digests say, and was "
            f"removed: {', '.join(sorted(damaged))}. Run it again."
        )
    if lacks := lacking_shard(directory):
        raise InputError(
            f"{repository}: weights: {lacks}, in the repository itself. See "
            f"{_PAGE.format(name=repository)}/tree/main."
        )
    return directory


def _is_whole(file: Path) -> bool:
    """Whether a file has the digest that the cache has it named by; a wrong one is
    removed. The hub's client compares sizes only."""
    blob = file.resolve()
    if len(blob.name) == 64:
        digest = sha256_of(blob)
    elif len(blob.name) == 40:  # git's own
        content = blob.read_bytes()
        digest = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    else:  # a cache without links
        return True
    if digest != blob.name:
        file.unlink()
        blob.unlink(missing_ok=True)
    return digest == blob.name


def _refusal(repository: str, revision: str, error: BaseException):
    """Whether a fault may pass, and one line on it: what, the hub's words, remedy."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    for cause in causes:
        number = getattr(cause, "errno", None)
        full = "no space left" in str(cause).lower()  # some only say it
        if full or number in (errno.ENOSPC, errno.EDQUOT):
            return False, InputError(
                f"{repository}: download: the disk is full. Free some space, or set "
                f"HF_HOME to a folder on another disk. {_LATER}"
            )
    answers = [getattr(cause, "response", None) for cause in causes]
    answer = next((each for each in answers if each is not None), None)
    status = getattr(answer, "status_code", None)
    kinds = {kind.__name__ for cause in causes for kind in type(cause).__mro__}
    known = {*kinds, status, 500 if (status or 0) >= 500 else None}
    said = answer.headers.get("X-Error-Message", "") if answer is not None else ""
    if status == 401 and not said.startswith("Invalid credentials"):
        known.add("RepositoryNotFoundError")  # no token was sent
    key = next((key for key in _REASONS if key in known), None)
    what, remedy = _REASONS.get(key, ("cannot be downloaded", _LATER))
    if key is None:
        said = str(error)
    said = " ".join(said.split())
    said = f"{said[:117]}…" if len(said) > 118 else said
    parts = ", ".join(filter(None, (status and f"answer {status}", said)))
    names = {"name": repository, "revision": revision or "main"}
    line = f"{what} ({parts})" if parts else what
    passing = status in PASSING or (status is None and key in _NO_ANSWER)
    return passing, InputError(
        f"{repository}: download: {line.format(**names)}. {remedy.format(**names)}"
    )
