"""What the zoo holds in words, and what of it can run on this machine."""

import shutil
import subprocess
import textwrap
from dataclasses import dataclass, fields

import psutil

from cocofacet.retrievers import load as loading
from cocofacet.retrievers.zoo.row import Row

WIDTH = 88
# Shown as Python writes them: their white space is part of the template.
_TEMPLATES = ("text", "general", "prompted")


@dataclass(frozen=True)
class Machine:
    """A machine's RAM in GB, and the GB of its largest GPU, 0 where it has none."""

    memory: float
    gpu: float


def this_machine() -> Machine:
    """Asks the system and nvidia-smi: torch would take seconds to say the same."""
    memory = psutil.virtual_memory().total / 1e9
    if shutil.which("nvidia-smi") is None:
        return Machine(memory, 0.0)
    asked = ("--query-gpu=memory.total", "--format=csv,noheader,nounits")
    found = subprocess.run(["nvidia-smi", *asked], capture_output=True, text=True)
    sizes = [float(line) for line in found.stdout.split() if line.isdigit()]  # MiB
    return Machine(memory, max(sizes, default=0.0) * 2**20 / 1e9)


def here(row: Row, machine: Machine) -> str:
    """Whether this machine can run it: ready, what it would download, what it needs."""
    size, kind = machine.memory, "memory"
    if machine.gpu:
        size, kind = machine.gpu, "GPU memory"
    if row.memory > size:
        return f"needs {row.memory:g} GB of {kind}, {size:.0f} here"
    absent = loading.missing(row)
    if absent is None:
        return "ready"
    return f"downloads {row.download:g} GB" if row.download else absent


def status(row: Row) -> str:
    """What was tested, and what could not be confirmed."""
    if row.checkpoint.startswith("package:"):
        tested = "tested as it is"
    elif row.architecture:
        tested = f"tested on a tiny {row.architecture}"
    else:
        tested = "not tested: no tiny checkpoint of its architecture"
    if not row.unconfirmed:
        return tested
    return f"{tested}; unconfirmed: {', '.join(row.unconfirmed)}"


def listing(rows, machine: Machine) -> str:
    """Two lines a retriever or more: facts in columns, then where it stands."""
    facts = [("name", "prompts", "size", "dim", "precision", "memory", "download")]
    for row in rows:
        facts.append(
            (
                row.name,
                "yes" if row.promptable else "no",
                row.parameters or "-",
                str(row.dim or "-"),
                row.precision,
                f"{row.memory:g} GB" if row.memory else "-",
                f"{row.download:g} GB" if row.download else "-",
            )
        )
    widths = [max(map(len, column)) for column in zip(*facts, strict=True)]
    lines = [
        "  ".join(f.ljust(w) for f, w in zip(line, widths, strict=True)).rstrip()
        for line in facts
    ]
    gpu = "no GPU: what fits runs on the CPU, slowly"
    if machine.gpu:
        gpu = f"a GPU with {machine.gpu:.0f} GB"
    shown = [f"Here: {machine.memory:.0f} GB of memory, {gpu}.", "", lines[0]]
    for row, line in zip(rows, lines[1:], strict=True):
        shown += [line, *_indented(f"{here(row, machine)}; {status(row)}")]
    shown += ["", "cocofacet retrievers NAME says everything about one of them."]
    return "\n".join(shown)


def in_full(row: Row, machine: Machine) -> str:
    """Every attribute of one retriever, then where it stands."""
    shown = []
    for field in fields(row):
        value = getattr(row, field.name)
        if field.name in _TEMPLATES and value:
            shown += [field.name, f"    {value!r}"]
        elif field.name == "source":
            shown += [field.name, *(f"    {address}" for address in value.split())]
        elif field.name in ("note", "pooling") and value:
            shown += [field.name, *_indented(value)]
        else:
            shown.append(f"{field.name:<20}{_plain(value)}")
    shown += ["here", *_indented(here(row, machine))]
    shown += ["status", *_indented(status(row))]
    return "\n".join(shown)


def _plain(value) -> str:
    if value is None or value == "" or value == ():
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _indented(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
