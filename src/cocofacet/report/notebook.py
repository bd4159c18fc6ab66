"""What every notebook does around its numbers: say what made them, conclude, glue."""

import os
import time
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import NoReturn

import pandas as pd
from IPython.display import HTML, Markdown, display
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from cocofacet import escape
from cocofacet.report import findings
from cocofacet.report.findings import Finding
from cocofacet.retrievers.base import Retriever
from cocofacet.retrievers.zoo import ROWS
from cocofacet.workspace import Workspace

MIME = "application/papermill.record/"
_NUMBERS: dict[str, int] = {}  # the figures of this notebook: name -> number
PACKAGES = ("cocofacet", "torch", "transformers", "open_clip_torch")


def conclude(
    workspace: Workspace,
    chapter: str,
    found: Mapping[str, Finding],
    ranks: pd.DataFrame | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> Styler:
    """End a chapter: glue, save and show its findings, save its ranks and tables.

    A finding is glued as its key. A table is saved as <chapter>.<key>.csv, or
    <chapter>.csv where its key is "".
    """
    for key, each in found.items():
        glue(key, str(each))
    if ranks is not None:
        workspace.save_ranks(chapter, ranks)
    workspace.save_table(f"{chapter}.{findings.FILE}", findings.as_table(found))
    for what, table in (tables or {}).items():
        workspace.save_table(".".join(filter(None, (chapter, what))), table)
    return findings.show(found, chapter)


def markdown(words: str, *read: object) -> Markdown:
    """Own words in Markdown; each {} of them is filled with a text that was read."""
    made = Markdown()
    # Set here, as the class would fetch an address and read a file of that name.
    made.data = words.format(*map(escape.markdown, read)) if read else words
    return made


def prose(sentences: str) -> Markdown:
    """Sentences that hold what was read; only paragraphs and lists are mark-up."""
    return markdown(escape.prose(sentences))


def does_not_apply(why: str) -> NoReturn:
    """End a notebook that a run has nothing for: one line, and no cell below it runs.

    Papermill takes ``SystemExit`` for a good end.
    """
    escape.print_plain(why)
    warnings.filterwarnings("ignore", "To exit")  # IPython's advice on how to quit
    raise SystemExit


def glue(name: str, value: str | HTML | Styler) -> None:
    """Record ``value`` so that a page of the book can show it with ``{glue:text}``,
    and HTML or a table with ``{glue}``."""
    # As myst-nb's own glue does, whose import would bring Sphinx into the kernel.
    kind, text = "plain", value
    if isinstance(value, HTML):
        kind, text = "html", value.data
    elif isinstance(value, Styler):  # in what tables of a notebook's output stand in
        kind, text = "html", f"<div class='cell_output'>{value.to_html()}</div>"
    elif value.replace(",", "").isdigit():  # bare, "2,651" would be read as a tuple
        text = repr(value)
    display(
        {f"{MIME}text/{kind}": text},
        metadata={"scrapbook": {"name": name, "mime_prefix": MIME}},
        raw=True,
    )


def made_with(
    workspace: Workspace, metric: str, prompts: str, *retrievers: Retriever
) -> Markdown:
    """Metric, average, prompt, checkpoint, image size, precision, versions, seed,
    profile and date (of the commit, where ``SOURCE_DATE_EPOCH`` says so), as one
    `folded` paragraph."""
    moment = float(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    checkpoints = "; ".join(
        f"{r.name} ({r.fingerprint['precision']}, {r.dim} dimensions, revision "
        f"{r.revision[:12]})"
        for r in retrievers
    )
    parts = (
        metric,
        f"prompts: {prompts}",
        f"checkpoint: {checkpoints}" if checkpoints else "",
        *(ROWS[r.name].caveat for r in retrievers if r.name in ROWS),
        f"pictures: {workspace.profile.shown_as}, {workspace.profile.pixels}",
        workspace.queries_are,
        ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        f"profile {workspace.profile.name}, run {workspace.run}, seed {workspace.seed}",
        f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}",
        *(f"{name}: failed: {why}" for name, why in workspace.failed.items()),
    )
    return folded(" · ".join(part for part in parts if part))


def folded(line: str) -> Markdown:
    """What made some numbers, one click away: in a notebook, on Colab, in the book."""
    summary = "<summary>How this was made</summary>"
    return markdown(f"<details class='made-with'>{summary}{{}}</details>", line)


def captioned(
    figure: Figure, name: str, caption: str, made: Markdown | None = None
) -> None:
    """Show a figure, its number and caption below it, and what made it folded.

    Call it last in a cell. ``name``, one word, gets a number when it is first used,
    and keeps it when the cell runs again. ``caption`` can be read alone: what, where,
    over how many, what the intervals speak of. It takes no side, as it stays when
    another profile is run.
    """
    number = _NUMBERS.setdefault(name, len(_NUMBERS) + 1)
    display(figure)
    lead = f"<div class='caption' id='figure-{name}'><b>Figure {number}.</b> "
    display(markdown(f"{lead}{{}}</div>", caption))
    if made is not None:
        display(made)


def sample(ranks: pd.DataFrame) -> str:
    """ "2,651 queries of 78 texts", of a table with columns query and text."""
    queries, texts = ranks["query"].nunique(), ranks["text"].nunique()
    return f"{queries:,} queries of {texts} text{'s' * (texts != 1)}"
