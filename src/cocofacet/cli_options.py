"""The kinds of options that commands take, and what is said where one is wrong."""

import errno
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from cocofacet import json_pieces
from cocofacet.io import InputError
from cocofacet.retrievers.zoo import ROWS
from cocofacet.retrievers.zoo.row import PRECISIONS


def option(kind: object, metavar: str, help: str, flag: str = "", **rest) -> object:
    """A parameter's annotation: an option with a value of this kind; flag: its name
    where that is not the parameter's."""
    names = (flag,) if flag else ()
    return Annotated[kind, typer.Option(*names, metavar=metavar, help=help, **rest)]


def path(metavar: str, help: str, **rest) -> object:
    """An option with the name of a file or folder."""
    return option(Path | None, metavar, help, parser=named, **rest)


def named(text: str | Path) -> Path:
    """A path that may be there: not empty, and no longer than the system allows."""
    if not str(text).strip():
        raise typer.BadParameter("is empty")
    try:
        os.stat(text)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            what = f"'{str(text)[:100]}...': {error.strerror}"
            raise typer.BadParameter(what) from None
    return Path(text)


text = partial(option, str | None)


def number(least: int, help: str, kind=int | None, metavar: str = "N") -> object:
    """An option with a whole number, ``least`` or more."""
    return option(kind, metavar, help, parser=partial(whole, least=least))


def whole(text: str | int, least: int, option: str | None = None) -> int:
    digits = str(text)
    if not digits.isdecimal() or len(digits) > 18 or int(text) < least:
        what = f"{text!r} is no whole number from {least} up"
        raise typer.BadParameter(what, param_hint=option)
    return int(text)


def flag(name: str, help: str, **rest) -> object:
    """An option without a value."""
    return Annotated[bool, typer.Option(name, help=help, **rest)]


def choice(known: Iterable[str], help: str) -> object:
    """An option with one of these values."""
    return Annotated[Literal[tuple(known)] | None, typer.Option(help=help)]


def starting(known: Iterable[str]) -> Callable[[str], list[str]]:
    """What a shell offers to complete a word to one of these names."""
    # typer passes the word by the name `incomplete`.
    return lambda incomplete: [name for name in known if name.startswith(incomplete)]


def name(kind: object, help: str, known: Iterable[str]) -> object:
    """An argument without an option's name before it."""
    offer = starting(known)
    shown = typer.Argument(metavar="NAME", help=help, autocompletion=offer)
    return Annotated[kind, shown]


def given(context: typer.Context) -> set[str]:
    """The parameters that stand on the command line."""
    source = context.get_parameter_source
    return {name for name in context.params if source(name).name == "COMMANDLINE"}


def fields(pairs: Iterable[str]) -> dict[str, object]:
    """Fields of a profile from "name=value"; a value is JSON, else text."""
    found = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (name and equals):
            raise InputError(f"-p: {pair!r}: write it as FIELD=VALUE.")
        try:
            found[name] = json_pieces.whole(text)
        except ValueError:
            found[name] = text
    return found


CHANGES = Annotated[
    list[str] | None,
    typer.Option("-p", "--change", metavar="FIELD=VALUE", help="of the profile"),
]

# Options of both `embed` and `evaluate`.
BENCHMARK = path("DIR", "benchmark files")
IMAGES = path("DIR", "root of the images")
RETRIEVER = text("NAME", "see cocofacet retrievers", autocompletion=starting(ROWS))
STORE = path("DIR", "embeddings kept here")
CHECKPOINT = path("DIR", "other weights for the retriever")
DEVICE = text("DEVICE", "cpu, cuda, cuda:1 or mps")
PRECISION = choice(PRECISIONS, "default: the retriever's own")
BATCH = number(
    1,
    "images at a time; default 32, on cuda as many as memory holds, at most 64; halved "
    "when memory runs out",
)
WORKERS = number(
    0,
    "processes that decode and resize images; default 0 (none), on cuda one a core, at "
    "most 8",
)


def misused(error: typer.TyperException) -> str:
    """What is wrong with a command line, in one line, and where to read on."""
    said, near = error.format_message(), getattr(error, "possibilities", None)
    if near:
        said = f"{error.message}. Did you mean {' or '.join(near)}?"
    said = " ".join(said.replace("Value error, ", "").split())
    stop = "" if said.endswith(("?", ".")) else "."
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "cocofacet"
    return f"{said}{stop} See `{command} --help`."
