"""One question to an OpenAI-compatible endpoint: bounded in time and size, with a key
that nothing shows."""

import base64
import math
import os
import queue
import re
import threading
import time
import zlib
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import requests
import urllib3

from cocofacet import json_pieces
from cocofacet.io import InputError

URL, MODEL, KEY = "COCOFACET_CHAT_URL", "COCOFACET_CHAT_MODEL", "COCOFACET_CHAT_KEY"
MOST = 2**20  # bytes of a reply, unpacked; an answer of a few tokens has about 1,000
LONGEST = 1_000  # characters of an answer: one of a few tokens is shorter
PIECE = 8  # characters of the key in a row that are not shown, either
LONGEST_WAIT = 60  # seconds that an endpoint may ask us to wait
TEMPORARY = {408, 409, 429}  # beside all from 500
NO_ANSWER = {
    "length": "was cut short: the model does not answer with a letter",
    "max_tokens": "was cut short: the model does not answer with a letter",
    "content_filter": "was held back by the endpoint's filter",
    "safety": "was held back by the endpoint's filter",
}
# Errors by class, as their own words may hold a header, and with it the key.
FAILURES = (
    (requests.exceptions.InvalidHeader, "a header cannot be sent"),
    (requests.exceptions.InvalidURL, "the address cannot be used"),
    (requests.exceptions.SSLError, "its certificate is not accepted"),
    (requests.exceptions.Timeout, LATE := "it does not answer in time"),
    (urllib3.exceptions.TimeoutError, LATE),
    (requests.exceptions.ConnectionError, BROKEN := "no connection, or one that broke"),
    (urllib3.exceptions.HTTPError, BROKEN),
    (Exception, "the reply is no chat completion"),
)


class Failed(Exception):
    """Why there is no answer, without the key; ``wait``: seconds until it is worth
    another try, None where it is not."""

    def __init__(self, reason: str, wait: float | None = None):
        super().__init__(reason)
        self.wait = wait


def key() -> str:
    """The key, read where it is used and held nowhere, so that nothing that is shown
    or kept, a traceback's variables among them, can hold it."""
    return os.environ.get(KEY, "").strip()


def check(url: str, model: str) -> None:
    """InputError, before anything is sent, where address, model or key cannot be used.
    What may hold a secret is not repeated."""
    if not re.fullmatch("[!-~]*", key()):
        raise InputError(
            f"{KEY}: holds a blank, a line break or a letter that no header can carry. "
            "Set it to the key alone."
        )
    for name, value in ((URL, url), (MODEL, model)):
        if len(key()) >= PIECE and key() in value:
            raise InputError(f"{name}: holds the key. Put that into {KEY} alone.")
        if not value.isprintable():
            raise InputError(f"{name}: holds a character that cannot be shown.")
    if "@" in url:
        raise InputError(f"{URL}: holds a password. Put what is secret into {KEY}.")
    if "?" in url or "#" in url:
        raise InputError(f"{URL}: holds a ? or #. Give it up to its path, as /v1.")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname
        usable = usable and re.fullmatch("[!-~]+", url) and parts.port != 0
        (parts.hostname or "").encode("idna")
        requests.Request("POST", url).prepare()
    except ValueError:  # a port of letters, a bracket that stays open
        usable = False
    if not usable:
        raise InputError(f"{URL}: {url!r} is no http address. Give the whole of it.")


def ask(url: str, body: dict, timeout: float, retries: int) -> dict[str, str]:
    """The answer to a chat completion's request, and the model that gave it.

    timeout: seconds for one try as a whole. retries: how often a timeout, a broken
    connection, 429 or a server error is tried again, waiting as Retry-After says or
    twice as long each time. Redirections are not followed.
    Raises `Failed`.
    """
    for attempt in range(retries + 1):
        found = _within(timeout, url, body)
        if not isinstance(found, Failed):
            return found
        if found.wait is None or attempt == retries:
            break
        time.sleep(found.wait or min(8, 0.5 * 2**attempt))
    raise found


def _within(timeout: float, url: str, body: dict) -> dict[str, str] | Failed:
    """One try. It runs in a thread of its own, because a timeout of `requests` starts
    anew with every byte; and because an error from there, whose context may hold the
    key, never gets here."""
    answers: queue.Queue = queue.Queue()
    ends = time.monotonic() + timeout

    def work() -> None:
        try:
            answers.put(_read(*_post(url, body, ends)))
        except Failed as failure:
            answers.put(failure)
        except Exception as error:
            words = next(words for kind, words in FAILURES if isinstance(error, kind))
            answers.put(Failed(words, 0 if words in (LATE, BROKEN) else None))

    threading.Thread(target=work, daemon=True).start()
    try:
        return answers.get(timeout=timeout)
    except queue.Empty:
        return Failed(LATE, 0)


class _Bearer(requests.auth.AuthBase):
    """The key as a header; without one of these `requests` would look into ~/.netrc."""

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {key() or 'none'}"
        return request


def _post(url: str, body: dict, ends: float) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and unpacked content of the reply to one request."""
    with requests.post(
        f"{url}/chat/completions",
        json=body,
        auth=_Bearer(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        timeout=max(0.001, ends - time.monotonic()),
        allow_redirects=False,
        stream=True,
    ) as reply:
        packed = bytearray()
        # read1: what has come, not all that was asked for, so that the clock is read.
        while part := reply.raw.read1(2**16, decode_content=False):
            packed += part
            if time.monotonic() > ends:
                raise requests.exceptions.Timeout
            if len(packed) > MOST:
                raise Failed(f"the reply has more than {MOST:,} bytes")
        content = bytes(packed)
        if reply.headers.get("Content-Encoding", "identity") in ("gzip", "deflate"):
            content = zlib.decompressobj(wbits=47).decompress(content, MOST + 1)
            if len(content) > MOST:
                raise Failed(f"the reply has more than {MOST:,} bytes, unpacked")
        return reply.status_code, dict(reply.headers), content


def _read(status: int, headers: dict[str, str], content: bytes) -> dict[str, str]:
    """The answer in a reply; any error where it has another form."""
    if status != 200:
        raise Failed(_refusal(status, content), _wait(status, headers))
    reply = json_pieces.whole(content)
    choice = reply["choices"][0]
    why = NO_ANSWER.get(str(choice.get("finish_reason")).lower())
    if why:
        raise Failed(f"its answer {why}")
    answer, model = choice["message"]["content"], reply.get("model")
    if not isinstance(answer, str) or not answer.strip():
        raise Failed("the reply is no chat completion: it holds no text")
    if len(answer) > LONGEST:
        raise Failed(f"its answer has more than {LONGEST:,} characters")
    answer.encode()  # UnicodeEncodeError, a ValueError: half a character
    named = isinstance(model, str) and model.isprintable()
    return {
        "answer": without_key(answer),
        "model": without_key(model)[:200] if named else "",
    }


def _refusal(status: int, content: bytes) -> str:
    """A status in words, and what the endpoint says about it, as one printable line."""
    known = {each.value: each.phrase for each in HTTPStatus}
    words = f"{status} {known.get(status, '')}".strip()
    try:
        error = json_pieces.whole(content)["error"]
        said = error["message"] if isinstance(error, dict) else error
        said = " ".join(str(said or "").split())
    except (ValueError, TypeError, LookupError):
        return words
    said = "".join(c if c.isprintable() else "?" for c in said[:5_000])
    return f"{words}: {without_key(said)[:200]}" if said else words


def _wait(status: int, headers: dict[str, str]) -> float | None:
    if status not in TEMPORARY and status < 500:
        return None
    try:
        seconds = float({k.lower(): v for k, v in headers.items()}["retry-after"])
    except (KeyError, ValueError):  # not there, or a date
        return 0
    return seconds if math.isfinite(seconds) and 0 < seconds <= LONGEST_WAIT else 0


def without_key(text: str) -> str:
    """A text with every part of the key, plain or encoded, replaced by dots."""
    secret = key()
    if not secret:
        return text
    forms = [secret, quote(secret, safe=""), secret.encode().hex()]
    forms.append(base64.b64encode(secret.encode()).decode().rstrip("="))
    held = "\n".join(forms).lower()
    size, lower = min(len(secret), PIECE), text.lower()
    hidden = {
        place + offset
        for place in range(len(text) - size + 1)
        if lower[place : place + size] in held
        for offset in range(size)
    }
    shown = "".join("\0" if n in hidden else c for n, c in enumerate(text))
    return re.sub("\0+", "...", shown)
