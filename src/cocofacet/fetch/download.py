"""Download one file over HTTP: go on after a cut, verify, then give it its name."""

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import requests
from tqdm import tqdm

from cocofacet import json_pieces
from cocofacet.escape import without_password
from cocofacet.io import InputError, check_space, write_json

PAUSES = (1, 3, 9)  # seconds before each further attempt at a URL
TIMEOUT = (10, 60)  # seconds to connect, and to wait for more bytes
PIECE = 1 << 20
PASSING = (408, 429)  # errors 4xx that may pass: took too long, came too soon
CUT = "the connection was cut"
# The first that fits is shown; the later ones are more general.
REASONS = {
    requests.exceptions.SSLError: "the server's certificate cannot be verified",
    requests.Timeout: "the server does not answer in time",
    requests.exceptions.ChunkedEncodingError: CUT,
    requests.ConnectionError: "the server cannot be reached (offline?)",
}


def download(urls: Sequence[str], path: Path, silent: set[str]) -> str:
    """Download ``path`` from the first of ``urls`` that gives it -> that URL,
    without its password.

    Every URL is tried a few times, with longer and longer pauses; of a host in
    ``silent`` once, and a host that does not answer is added there. After a failure the
    part stays, and the next call goes on from there.

    Raises:
        InputError: no URL gives it, or the answer is a web page.
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(path)
    reasons = []
    for url in urls:
        reason = _try(url, path, silent)
        if reason is None:
            break
        reasons.append(without_password(f"{url}: {reason}"))
    else:
        raise InputError("; ".join(reasons))
    with open(part, "rb") as file:
        start = file.read(256).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        part.unlink()
        _note(part).unlink()
        raise InputError(
            f"{without_password(url)}: a web page came instead of the file"
        )
    part.replace(path)
    _note(part).unlink()
    return without_password(url)


def part_of(path: Path) -> Path:
    """Where the bytes of a download go until all have come."""
    return path.with_name(f"{path.name}.part")


def _note(part: Path) -> Path:
    """JSON: the URL, the server's validator (ETag or date), the whole file's length."""
    return part.with_name(f"{part.name}.json")


def _try(url: str, path: Path, silent: set[str]) -> str | None:
    """Complete the part from one URL -> None, or the reason why that failed."""
    host = urlsplit(url).netloc
    for pause in (None,) if host in silent else (*PAUSES, None):
        try:
            return _request(url, path)
        except requests.HTTPError as error:
            status = error.response.status_code
            reason = f"the server answers {status} {error.response.reason}"
            if status < 500 and status not in PASSING:
                return reason
        except tuple(REASONS) as error:
            reason = next(r for kind, r in REASONS.items() if isinstance(error, kind))
            if pause is None and reason != CUT:
                silent.add(host)
        except InputError:
            raise
        # A ValueError is an address that is none, such as of a redirection.
        except (requests.RequestException, ValueError) as error:
            return " ".join(str(error).split())
        if pause is not None:
            time.sleep(pause)
    return reason


def _request(url: str, path: Path) -> None:
    """One request: append the missing bytes to the part, or start it again.

    The part is continued only if the answer shows that it is of the same file.
    """
    part = part_of(path)
    note = _read_note(part) if part.is_file() else {}
    # A validator tells the same file at another URL too, such as a mirror's.
    known = note.get("url") == without_password(url) or note.get("validator")
    have = part.stat().st_size if known else 0
    if have and have == note["total"]:
        return
    answer = _ask(url, have, note)
    if have and answer.status_code in (206, 416) and not _same(answer, have, note):
        answer.close()
        have, answer = 0, _ask(url, 0, note)
    with answer:
        answer.raise_for_status()
        status = answer.status_code
        if status not in (200, 206) or (status == 206 and not have):
            said = "a part that was not asked for" if status == 206 else status
            raise requests.RequestException(f"the server answers {said}")
        if status == 200:
            have = 0  # the file changed, or the server always sends all of it
            part.unlink(missing_ok=True)
            total = _length(answer)
            shown = without_password(url)
            note = {"url": shown, "validator": _validator(answer), "total": total}
            write_json(_note(part), note)
        check_space(part.parent, (note["total"] or 0) - have)
        # disable=None: a bar on a terminal, silence in a log.
        shown = {"desc": path.name, "initial": have, "disable": None}
        with (
            open(part, "ab") as file,
            tqdm.wrapattr(file, "write", note["total"], **shown) as counted,
        ):
            for piece in answer.iter_content(PIECE):
                counted.write(piece)
    if note["total"] not in (None, part.stat().st_size):
        raise requests.exceptions.ChunkedEncodingError("fewer bytes than announced")


def _ask(url: str, have: int, note: Mapping) -> requests.Response:
    # Compressed on the way, neither lengths nor ranges would be the file's own.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if note["validator"]:
            headers["If-Range"] = note["validator"]
    return requests.get(url, headers=headers, stream=True, timeout=TIMEOUT)


def _length(answer: requests.Response) -> int | None:
    """The bytes that are to come; None where the server doesn't say a number."""
    length = answer.headers.get("Content-Length", "")
    return int(length) if re.fullmatch("[0-9]{1,18}", length) else None


def _same(answer: requests.Response, have: int, note: Mapping) -> bool:
    """Whether a partial answer starts where the part ends, and is of the same file."""
    sent = answer.headers.get("Content-Range", "")
    in_place = sent.startswith(f"bytes {have}-") and sent.endswith(f"/{note['total']}")
    return in_place and _validator(answer) == note["validator"]


def _validator(answer: requests.Response) -> str | None:
    """The value for If-Range: a strong ETag, or else the date of the last change."""
    tag = answer.headers.get("ETag", "W/")
    return answer.headers.get("Last-Modified") if tag.startswith("W/") else tag


def _read_note(part: Path) -> dict:
    """What the note says; {} where it is no such note."""
    try:
        note = json_pieces.whole(_note(part).read_bytes())
        url, validator, total = note["url"], note["validator"], note["total"]
    except (OSError, ValueError, TypeError, LookupError):
        return {}
    is_header = validator is None or _is_header(validator)
    is_size = total is None or type(total) is int
    return note if isinstance(url, str) and is_header and is_size else {}


def _is_header(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable()
