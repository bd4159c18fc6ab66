"""Download one file over HTTP: resumed where it was cut, verified before it is named.

The bytes go to ``NAME.part``; beside it ``NAME.part.json`` says what they are the
beginning of: the URL, the server's validator (ETag or date) and the whole length. A
part is continued only where the server's answer shows that it is the same file;
otherwise the download begins anew.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests
from tqdm import tqdm

from cocofacet.fetch.unpack import check_space
from cocofacet.io import InputError, sha256_of, write_json

PAUSES = (1, 3, 9)  # seconds before each further attempt at a URL
TIMEOUT = (10, 60)  # seconds to connect, and to wait for more bytes
PIECE = 1 << 20
# A client's error that may pass: it took too long, it asked too often.
PASSING = (408, 429)
# The first that fits is told; the later ones are the more general.
REASONS = {
    requests.exceptions.SSLError: "the server's certificate cannot be verified",
    requests.Timeout: "the server does not answer in time",
    requests.exceptions.ChunkedEncodingError: "the connection was cut",
    requests.ConnectionError: "the server cannot be reached (offline?)",
}


def download(
    urls: Sequence[str], path: Path, sha256: str | None = None, whose: str = "published"
) -> tuple[str, str]:
    """Download ``path`` from the first of ``urls`` that gives it -> (URL, sha256).

    Every URL is tried a few times, with longer and longer pauses. After a failure the
    part stays, and the next call goes on from there. ``whose`` says in a message where
    the expected ``sha256`` is from.

    Raises:
        InputError: no URL gives it, the answer is a web page, or its sha256 is another
            one; the message says what to save where by hand.
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part, told = _part(path)
    reasons = []
    for url in urls:
        reason = _try(url, path)
        if reason is None:
            break
        reasons.append(f"{url}: {reason}")
    else:
        raise InputError(
            f"{path}: download: {'; '.join(reasons)}. Run the command again later, or "
            f"download {urls[0]} by other means, save it as {path} and run the command "
            "again."
        )
    with open(part, "rb") as file:
        page = file.read(256).lstrip().lower().startswith((b"<!doctype html", b"<html"))
    digest = sha256_of(part)
    wrong = sha256 is not None and digest != sha256
    if page or wrong:
        for leftover in (part, told):
            leftover.unlink()
        what = (
            "a web page came instead of the file"
            if page
            else f"its sha256 is {digest}, not {sha256} as {whose}"
        )
        raise InputError(
            f"{path}: download: {url}: {what}. What came was removed. Get the file by "
            f"other means, save it as {path} and run the command again."
        )
    part.replace(path)
    told.unlink()
    return url, digest


def _part(path: Path) -> tuple[Path, Path]:
    return (
        path.with_name(f"{path.name}.part"),
        path.with_name(f"{path.name}.part.json"),
    )


def _try(url: str, path: Path) -> str | None:
    """Bring the part to its whole length -> None, or why this URL does not give it."""
    for pause in (*PAUSES, None):
        try:
            return _go_on(url, path)
        except requests.HTTPError as error:
            status = error.response.status_code
            reason = f"the server answers {status} {error.response.reason}"
            if status < 500 and status not in PASSING:
                return reason
        except tuple(REASONS) as error:
            reason = next(r for kind, r in REASONS.items() if isinstance(error, kind))
        except requests.RequestException as error:
            return str(error)
        if pause is not None:
            time.sleep(pause)
    return reason


def _go_on(url: str, path: Path) -> None:
    """One request: append to the part what it lacks, or begin it anew."""
    part, told_path = _part(path)
    told = _read(told_path) if part.is_file() else {}
    # A validator tells the same file at another URL too, such as a mirror's.
    known = told.get("url") == url or told.get("validator")
    have = part.stat().st_size if known else 0
    if have and have == told["total"]:
        return
    answer = _ask(url, have, told)
    if answer.status_code in (206, 416) and not _same(answer, have, told):
        answer.close()
        have = 0
        answer = _ask(url, have, told)
    with answer:
        answer.raise_for_status()
        if answer.status_code != 206:
            have = 0  # another file by now, or a server that always sends the whole
            length = answer.headers.get("Content-Length")
            total = int(length) if length else None
            part.unlink(missing_ok=True)
            told = {"url": url, "validator": _validator(answer), "total": total}
            write_json(told_path, told)
        check_space(part.parent, (told["total"] or 0) - have)
        # disable=None: a bar on a terminal, silence in a log.
        bar = tqdm(
            desc=path.name,
            total=told["total"],
            initial=have,
            unit="B",
            unit_scale=True,
            disable=None,
        )
        with bar, open(part, "ab") as file:
            for piece in answer.iter_content(PIECE):
                file.write(piece)
                bar.update(len(piece))
    if told["total"] not in (None, part.stat().st_size):
        raise requests.exceptions.ChunkedEncodingError("fewer bytes than announced")


def _ask(url: str, have: int, told: Mapping) -> requests.Response:
    # Compressed on the way, neither lengths nor ranges would be the file's own.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if told["validator"]:
            headers["If-Range"] = told["validator"]
    return requests.get(url, headers=headers, stream=True, timeout=TIMEOUT)


def _same(answer: requests.Response, have: int, told: Mapping) -> bool:
    """Whether a partial answer goes on where the part ends, and is of the same file."""
    found = re.fullmatch(
        r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", "")
    )
    return (
        found is not None
        and (int(found[1]), int(found[2])) == (have, told["total"])
        and _validator(answer) == told["validator"]
    )


def _validator(answer: requests.Response) -> str | None:
    """What If-Range may name: a strong ETag, else the date of the last change."""
    tag = answer.headers.get("ETag", "W/")
    return answer.headers.get("Last-Modified") if tag.startswith("W/") else tag


def _read(told_path: Path) -> dict:
    try:
        told = json.loads(told_path.read_bytes())
        return told if {"url", "validator", "total"} <= set(told) else {}
    except (OSError, ValueError, TypeError):
        return {}
