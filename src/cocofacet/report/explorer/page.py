"""The explorer's files: a page, and beside it data and thumbnails."""

import io
import json
import stat
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from string import Template

from cocofacet.benchmark.images import path_of
from cocofacet.escape import NO_MATH, html
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
    smallest: Mapping[str, object] | None = None,
) -> dict[str, int]:
    """Write index.html, data.js and the pictures/ that they show, remove what is no
    longer shown there, and return the bytes of data and pictures.

    ``content`` comes from `data.content`; its images lie under ``root``. ``made`` is
    the HTML that says what made the numbers. ``smallest`` is the content of
    a few of the same queries, for the smallest form: smallest.js; its bytes are those
    of its data and pictures.
    """
    script = _script(content)
    of_picture = {}
    for name in content["images"]:
        small = thumbnail(path_of(root, name))
        write_atomic(folder / "pictures" / name, small)
        of_picture[name] = len(small)
    sizes = {"data": len(script.encode()), "pictures": sum(of_picture.values())}
    write_atomic(folder / "data.js", script)
    if smallest:
        short = _script(smallest)
        write_atomic(folder / "smallest.js", short)
        shown = sum(of_picture[name] for name in smallest["images"])
        sizes["smallest"] = len(short.encode()) + shown
    write_atomic(folder / "index.html", page(str(content["shown_as"]), made))
    _sweep(folder / "pictures", {folder / "pictures" / name for name in of_picture})
    return sizes


def _script(content: Mapping[str, object]) -> str:
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return f"window.{VARIABLE} = {plain};\n"


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
