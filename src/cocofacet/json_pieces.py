"""JSON as a whole, or a large file item by item: what is not needed is not kept.

Refused is also what Python's ``json`` lets pass and later work stumbles over: half a
character (a lone surrogate), NaN and Infinity, whole numbers of over 20 digits, others
beyond a float's range, a name twice in one object, of which it would keep the last.
"""

import io
import json
import math
import re
from collections.abc import Callable
from typing import BinaryIO

_SPACE = re.compile(r"[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")


def _number(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError(f"a whole number of {len(digits)} digits")
    return int(digits)


def _no_number(word: str) -> None:
    raise ValueError(f"{word}, which is no number")


def _fraction(written: str) -> float:
    found = float(written)
    return found if math.isfinite(found) else _no_number(written[:40])


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has {twice[:40]!r} twice")
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_number,
    parse_float=_fraction,
    parse_constant=_no_number,
)
PIECE = 1 << 18  # characters read at a time, and more where one item has more
# A number may go on after the last character that was read: "1" as "1.5", "1e-5".
_AHEAD = 4


def whole(content: bytes | str) -> object:
    """What ``json.loads`` returns; ValueError where it is not JSON."""
    if isinstance(content, bytes):
        content = content.decode(json.detect_encoding(content))
    try:
        found = _DECODER.decode(content)
        _check_characters(content, found)
    except RecursionError:
        raise ValueError("it nests too deep") from None
    return found


def _check_characters(text: str, found: object) -> None:
    """ValueError where an escape in the text left half a character in a string."""
    if "\\u" in text:
        json.dumps(found, ensure_ascii=False).encode()


def read(file: BinaryIO, each: Callable[[object], object]) -> object:
    """What ``json.load`` returns, after ``each`` was called with every item of a list
    at the top level, or of the lists that an object at the top level holds.

    Raises:
        ValueError, RecursionError: it is not JSON.
    """
    return _Reader(file, each).all()


class _Reader:
    """text: what was read and is not yet parsed; at: how far in it."""

    def __init__(self, file: BinaryIO, each: Callable[[object], object]):
        encoding = json.detect_encoding(file.peek(4)[:4])
        self.file = io.TextIOWrapper(file, encoding, newline="")
        self.each, self.text, self.at, self.ended = each, "", 0, False

    def all(self) -> object:
        start = self.next()
        whole = {"[": self.list, "{": self.object}.get(start, self.value)
        found = whole()
        if self.next():
            raise ValueError(f"{self.text[self.at : self.at + 20]!r} after the end")
        return found

    def more(self) -> bool:
        """Read on; False at the end."""
        piece = self.file.read(max(PIECE, len(self.text) - self.at))
        self.text, self.at = self.text[self.at :] + piece, 0
        self.ended = not piece
        return bool(piece)

    def next(self) -> str:
        """The next character that is no white space; "" at the end."""
        while True:
            self.at = _SPACE.match(self.text, self.at).end()
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def take(self, one: str, optional: bool = False) -> bool:
        """Go past a character that is, or may be, next, and the white space after."""
        found = self.next()
        if found == one:
            self.at += 1
            self.next()
        elif not optional:
            raise ValueError(f"{found!r} where {one!r} is expected")
        return found == one

    def value(self) -> object:
        """The value that starts here, not with white space."""
        while True:
            try:
                found, end = _DECODER.raw_decode(self.text, self.at)
            except ValueError:  # perhaps only because it goes on
                if self.more():
                    continue
                raise
            if end + _AHEAD <= len(self.text) or self.ended:
                _check_characters(self.text[self.at : end], found)
                self.at = end
                return found
            self.more()

    def list(self) -> list:
        self.take("[")
        found = []
        if self.take("]", optional=True):
            return found
        while True:
            found.append(self.each(self.value()))
            if comma := _COMMA.match(self.text, self.at):
                self.at = comma.end()
            elif self.take("]", optional=True):
                return found
            else:
                self.take(",")

    def object(self) -> dict[str, object]:
        self.take("{")
        found = {}
        if self.take("}", optional=True):
            return found
        while True:
            key = self.value()
            if not isinstance(key, str):
                raise ValueError(f"{key!r} is no name")
            if key in found:
                raise ValueError(f"an object has {key[:40]!r} twice")
            self.take(":")
            found[key] = self.list() if self.next() == "[" else self.value()
            if self.take("}", optional=True):
                return found
            self.take(",")
