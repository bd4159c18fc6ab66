"""What the page is told: a text ranked in general, and beside it under a question."""

import os
import re
import threading
import time
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from cocofacet import json_pieces
from cocofacet.benchmark.facets import FACETS
from cocofacet.io import InputError, sha256_of
from cocofacet.photos import files, index
from cocofacet.photos.search import AUTO, Found, Wish, answer

LONGEST = 1000  # characters of a text or a question
MOST = 1000  # pictures of a list that the page is told of
NONE = "none"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Stopped(Exception):
    """The server is about to end."""


def wish_of(content: bytes) -> Wish:
    """What a request asks: {"text": ..., "ask": a facet's name, "auto" or "none"}, or
    with "question": in words.

    Raises:
        InputError: it is anything else.
    """
    try:
        said = json_pieces.whole(content)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise InputError("request: is no JSON object. Send text and ask.")
    if unknown := said.keys() - {"text", "ask", "question"}:
        raise InputError(f"{min(unknown)[:40]!r}: is not known. Send text and ask.")
    if "question" in said and said.get("ask") is not None:
        raise InputError("question: is given beside ask. Leave one out.")
    text, ask = _words(said, "text"), said.get("ask", NONE)
    if "question" in said:
        return Wish(text, _words(said, "question"))
    if ask not in (NONE, AUTO, *FACETS):
        known = ", ".join([NONE, AUTO, *FACETS])
        raise InputError(f"ask: is none of {known}. Send other words as question.")
    return Wish(text, None if ask == NONE else ask)


def _words(said: dict, name: str) -> str:
    text = said.get(name)
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"{name}: is empty or no text. Write some words.")
    text = " ".join(text.split())
    if len(text) > LONGEST:
        raise InputError(f"{name}: has over {LONGEST:,} characters. Write fewer.")
    if _CONTROL.search(text):
        raise InputError(f"{name}: holds a control character. Leave it out.")
    return text


class Retriever:
    """A retriever for many requests: it ends between two batches once ``stop`` is set,
    and does not embed the same texts again."""

    def __init__(self, retriever):
        self._retriever, self.stop = retriever, threading.Event()
        self._texts = lru_cache(256)(retriever.embed_texts)

    def __getattr__(self, name: str):
        return getattr(self._retriever, name)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return self._texts(tuple(texts))

    def embed_prepared(self, prepared: dict[str, object]) -> np.ndarray:
        if self.stop.is_set():
            raise Stopped
        return self._retriever.embed_prepared(prepared)


class Answers:
    """An index that is open, and the retriever that answers from it, by one thread."""

    def __init__(self, kept: index.Index, retriever):
        self.kept, self.retriever = kept, Retriever(retriever)
        self._found = lru_cache(64)(self._answer)

    def __call__(self, wish: Wish) -> dict[str, object]:
        """Both lists, as plain JSON; see `_listed`. InputError as `search.answer`."""
        if wish.ask and not self.retriever.promptable:
            name = self.retriever.name
            raise InputError(f"{name}: takes no question. Search without one.")
        start = time.perf_counter()
        found = self._found(wish)
        general = self._listed(found.general_files, found.general, "asked")
        told = {"text": wish.text, "pictures": len(self.kept), "asked": None}
        told["chosen"] = wish.ask == AUTO
        (own,), (how,) = found.wishes, found.how
        if own.question is not None:
            told["asked"] = {
                "question": own.question,
                "facet": own.ask if own.ask in FACETS else None,
                "how": how,
                "standing_out": found.standing_out,
                "first": self._listed(found.files, found.pictures, "general"),
            }
        return told | {"general": general, "seconds": time.perf_counter() - start}

    def _answer(self, wish: Wish) -> Found:
        return answer(self.kept, self.retriever, wish)

    def _listed(
        self, paths: Sequence[Path], pictures: pd.DataFrame, other: str
    ) -> list[dict[str, object]]:
        """The first pictures of a list: sha256, path, score, share (null without a
        scale) and other, the rank in the other list (null far behind)."""
        rows = zip(paths, pictures[:MOST].to_dict("records"), strict=False)
        return [
            {
                "sha256": self._digests[self._relative(path)],
                "path": row["path"],
                "score": _number(row["score"]),
                "share": _number(row.get("share", np.nan)),
                "other": None if pd.isna(row[other]) else int(row[other]),
            }
            for path, row in rows
        ]

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.kept.folder).as_posix()

    @cached_property
    def _digests(self) -> dict[str, str]:
        """Path below the folder -> sha256 of the file."""
        digests = (row.tobytes().hex() for row in self.kept.sha256)
        return dict(zip(map(os.fsdecode, self.kept.paths), digests, strict=True))

    @cached_property
    def _keys(self) -> np.ndarray:
        return np.ascontiguousarray(self.kept.sha256[:, :8]).view(np.uint64)[:, 0]

    def file(self, sha256: str) -> Path | None:
        """The picture with this content, wherever it lies below the folder, or was
        when it was indexed; None where there is none.

        Raises:
            InputError: it was changed or deleted meanwhile.
        """
        digest = bytes.fromhex(sha256)
        rows = np.flatnonzero(self._keys == np.frombuffer(digest[:8], np.uint64))
        same = [n for n in rows if self.kept.sha256[n].tobytes() == digest]
        for row in same:
            path = files.path_of(self.kept.folder, self.kept.paths[row])
            if self._unchanged(path, sha256):
                return path
        if same:
            raise InputError("picture: was changed or deleted since it was indexed.")
        return None

    def _unchanged(self, path: Path, sha256: str) -> bool:
        try:
            inside = path.resolve().is_relative_to(self.kept.folder)
            return inside and path.is_file() and sha256_of(path) == sha256
        except OSError:
            return False


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
