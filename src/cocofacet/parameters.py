"""The parameters of notebooks, profiles and public functions, checked by type where
they come in.

Papermill's ``-p NAME VALUE`` makes a number of what looks like one and leaves a list or
an object as text.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import signature

from cocofacet import json_pieces
from cocofacet.io import InputError, checked_name


@dataclass(frozen=True)
class Kind:
    """What a value may be, in words and as a test."""

    words: str
    fits: Callable[[object], bool]


def whole(least: int) -> Kind:
    words = f"whole number from {least} up (18 digits at most)"
    # The type itself: True is no number here, though Python counts it among them.
    return Kind(words, lambda v: type(v) is int and least <= v < 10**18)


def number(most: float) -> Kind:
    words = "number above 0" + (f" and at most {most:g}" if most < _ANY else "")
    return Kind(words, lambda v: type(v) in (int, float) and 0 < v <= most)


def listed(each: Kind, least: int = 1) -> Kind:
    """A list; ``least`` is 0 where it may be empty."""
    return Kind(
        f"list of {'one or more' if least else 'any'}, each a {each.words}",
        lambda v: (
            isinstance(v, list | tuple) and len(v) >= least and all(map(each.fits, v))
        ),
    )


def optional(kind: Kind) -> Kind:
    return Kind(f"{kind.words} or None", lambda v: v is None or kind.fits(v))


def attributed(words: str, *names: str) -> Kind:
    """An object that has these attributes."""
    return Kind(words, lambda v: all(hasattr(v, name) for name in names))


_ANY = 1.7e308
TEXT = Kind("text", lambda v: isinstance(v, str))
FLAG = Kind("true or false", lambda v: type(v) is bool)
TEXTS = Kind(
    "object of texts",
    lambda v: (
        isinstance(v, Mapping) and all(TEXT.fits(x) for pair in v.items() for x in pair)
    ),
)

PATH = Kind("path", lambda v: isinstance(v, str | os.PathLike))
MAPPING = Kind("mapping", lambda v: isinstance(v, Mapping))
VECTORS = Kind(
    "array of numbers in two dimensions",
    lambda v: (
        hasattr(v, "dtype") and v.dtype.kind in ("f", "i", "u") and len(v.shape) == 2
    ),
)
RETRIEVER = attributed("retriever", "fingerprint", "dim")
NAMED = Kind(
    "name of a retriever, or one",
    lambda v: v is None or isinstance(v, str) or RETRIEVER.fits(v),
)
# Of all that embeds pictures: see `embeddings.loader.embed_files`.
HOW = {"batch": optional(whole(1)), "workers": optional(whole(0))}

# Of the notebooks; what a name means beyond its type is checked where it is used.
KINDS = {
    "profile": TEXT,
    "seed": whole(0),
    "heard": whole(1),
    "k": whole(1),
    "choosers": listed(TEXT, least=0),
    "local_model": TEXT,
    "controls_from": TEXT,
    "prompts": whole(1),
    "images": whole(1),
    "per_text": whole(0),
    "sizes": listed(whole(1)),
    "draws": whole(1),
    "ratios": listed(number(_ANY)),
    "variants": listed(TEXT),
    "anchors_from": listed(TEXT),
    "timed_images": whole(1),
    "depth": whole(1),
    "depths": listed(whole(1)),
    "count": whole(2),
    "gallery_k": whole(1),
    "shown_profile": TEXT,
    "together": listed(whole(2)),
    "most": whole(1),
    "my_questions": TEXTS,
    "photos": TEXT,
    "text": TEXT,
    "ask": TEXT,
    "against": TEXT,
    "label": TEXT,
}


def check(given: Mapping[str, object], kinds: Mapping[str, Kind] = KINDS) -> None:
    """Refuse a value that is not of its name's kind.

    Raises:
        InputError: names parameter, value and kind, and how papermill takes a list.
    """
    for name, value in given.items():
        if name not in kinds:
            known = ", ".join(kinds)
            raise InputError(
                f"{_short(name)}: is no parameter of a notebook. Known: {known}."
            )
        kind = kinds[name]
        if kind.fits(value):
            continue
        said = f"{name}: {_short(value)} is no {kind.words}."
        if kinds is KINDS and isinstance(value, str):
            said += f" With papermill, `-y '{name}: ...'` takes numbers and lists."
        elif kinds is KINDS and kind is TEXT:
            said += f" With papermill, `-r {name} ...` takes it as text."
        raise InputError(said)


def takes(**kinds: Kind) -> Callable:
    """A decorator: `check` for arguments of these names, before a function begins."""

    def wrapped(function: Callable) -> Callable:
        known = signature(function)
        parts = known.parameters.values()
        rest = next((part.name for part in parts if part.kind is part.VAR_KEYWORD), "")

        @wraps(function)
        def checked(*args, **named):
            given = known.bind(*args, **named).arguments
            given |= given.pop(rest, {})
            check({name: given[name] for name in kinds if name in given}, kinds)
            return function(*args, **named)

        return checked

    return wrapped


def run_named(run: object) -> str:
    """The name of a run, which papermill takes for a number if it looks like one.

    Raises:
        InputError: it is none, as `io.checked_name` says.
    """
    return checked_name("run", str(run) if type(run) is int else run)


def changes_in(changes: object) -> Mapping[str, object]:
    """The fields of a profile to change: an object, or its JSON.

    Raises:
        InputError: it is something else.
    """
    given = changes
    if isinstance(changes, str):
        try:
            changes = json_pieces.whole(changes or "{}")
        except ValueError:
            changes = None
    if not isinstance(changes, Mapping):
        example = '{"facets": "times"}'
        raise InputError(f"changes: {_short(given)} is no JSON object like {example}.")
    return changes


def _short(value: object) -> str:
    try:
        shown = " ".join(repr(value).split())
    except (ValueError, RecursionError):  # a whole number of thousands of digits
        return f"what was given ({type(value).__name__})"
    return shown if len(shown) < 80 else f"{shown[:80]}..."
