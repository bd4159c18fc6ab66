"""The explorer's files: a page, and beside it data and thumbnails."""

import io
import json
import stat
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from string import Template
from urllib.parse import urlencode

from cocofacet.benchmark.images import path_of
from cocofacet.escape import NO_MATH, html, plain
from cocofacet.io import write_atomic
from cocofacet.picture import as_rgb, open_image

SIDE = 256  # pixels, the longer side of a thumbnail; it is shown at 160 or more
QUALITY = 70  # of its JPEG
OLD = 24 * 60 * 60  # seconds after which nobody writes a file any more
# What data.js sets, and explore.js reads: a page opened from a file may fetch no JSON.
VARIABLE = "cocofacetExplore"
# What the smallest form has besides: a list of links, and one to the whole explorer.
CASES = '<ul class="explorer-cases"></ul>'
MORE = '<p><a class="explorer-whole">This case in the whole explorer</a></p>'

HERE = Path(__file__).parent


def thumbnail(path: Path) -> bytes:
    """A small JPEG of a picture; ``InputError`` where it cannot be read."""
    made = io.BytesIO()
    small = as_rgb(open_image(path))
    small.thumbnail((SIDE, SIDE))
    small.save(made, "JPEG", quality=QUALITY, optimize=True)
    return made.getvalue()


def write(
    folder: Path,
    content: Mapping[str, object],
    root: Path,
    made: str,
    smallest: Mapping[str, object],
) -> None:
    """Write index.html, data.js and the pictures/ that they show, and remove what is no
    longer shown there.

    ``content`` comes from `data.content`; its images lie under ``root``. ``made`` is
    the HTML that says what made the numbers. ``smallest`` is the content of
    a few of the same queries, for the smallest form: smallest.js.
    """
    shown = {name: folder / "pictures" / name for name in content["images"]}
    for name, path in shown.items():
        write_atomic(path, thumbnail(path_of(root, name)))
    write_atomic(folder / "data.js", _script(content))
    write_atomic(folder / "smallest.js", _script(smallest))
    write_atomic(folder / "index.html", page(str(content["shown_as"]), made))
    _sweep(folder / "pictures", shown.values())


def _script(content: Mapping[str, object]) -> str:
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return f"window.{VARIABLE} = {written};\n"


def _sweep(folder: Path, needed: Collection[Path]) -> None:
    """Remove what is not needed there. A file that another notebook is writing at this
    moment, under a name with a dot before it, stays until it is old."""
    old = time.time() - OLD
    for path in folder.rglob("*.*"):
        if path in needed:
            continue
        with suppress(FileNotFoundError):  # the other one was quicker
            found = path.lstat()
            written = path.name[0] != "." or found.st_mtime < old
            if written and not stat.S_ISDIR(found.st_mode):
                path.unlink()


def page(shown_as: str, made: str) -> str:
    """The page by itself, beside ``data.js`` and ``pictures``."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>Explore: {html(shown_as)}</title>\n"
        '<link rel="icon" href="data:,">\n</head>\n<body class="explorer-alone">\n'
        f"<article>\n<h1>Explore: {html(shown_as)}</h1>\n"
        f"{fragment('.')}{made}\n</article>\n</body>\n</html>\n"
    )


def fragment(folder: str, whole: str = "", figure: str = "Figure 1.") -> str:
    """The explorer as a part of a page, without its headings; ``folder`` is where
    its data and ``pictures`` lie, as seen from there. ``figure`` begins its caption.

    ``whole``, the address of the page with the whole explorer, makes it the smallest
    form: the few texts of smallest.js, with links in place of menus.
    """
    skeleton = Template((HERE / "explore.html").read_text(encoding="utf-8")).substitute(
        folder=html(folder),
        whole=html(whole),
        figure=html(figure),
        kind="explorer explorer-small" if whole else "explorer",
        no_math=NO_MATH,
        cases=CASES if whole else "",
        more=MORE if whole else "",
    )
    return (
        f"{styles()}{skeleton}"
        f'<script src="{html(folder)}/{"smallest" if whole else "data"}.js"></script>\n'
        f"<script>\n{(HERE / 'explore.js').read_text(encoding='utf-8')}</script>\n"
    )


def styles() -> str:
    """The style sheet of the explorer and of the galleries, as an element."""
    return f"<style>\n{(HERE / 'explore.css').read_text(encoding='utf-8')}</style>\n"


def link(facet: str, text: str, question: str = "own", picture: int = 0) -> str:
    """The address of a case as the script reads and writes it: ``#facet=…&text=…``, to
    be put behind ``explorer.html``.

    text: a query text, or its label where no other text of the facet has the same.
    question: of the second panel, beside the pictures without a prompt: "own", "bare",
    "none", another facet's name, or the dual encoder's for what that one finds.
    picture: which of the text's pictures is looked for, from 1; the first where none
    is said.
    """
    parts = [("facet", facet), ("text", plain(text.strip()))]
    if picture:
        parts.append(("picture", str(picture)))
    return "#" + urlencode([*parts, ("question", "none"), ("question", question)])
