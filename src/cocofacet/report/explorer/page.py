"""The explorer's files: a page, and beside it data and thumbnails."""

import io
import json
import stat
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from cocofacet.benchmark.images import path_of
from cocofacet.escape import NO_MATH, html
from cocofacet.io import write_atomic
from cocofacet.picture import as_rgb, open_image

SIDE = 128  # pixels, the longer side of a thumbnail
QUALITY = 70  # of its JPEG
OLD = 24 * 60 * 60  # seconds after which nobody writes a file any more
# What data.js sets, and explore.js reads: a page opened from a file may fetch no JSON.
VARIABLE = "cocofacetExplore"

HERE = Path(__file__).parent


def thumbnail(path: Path) -> bytes:
    """A small JPEG of a picture; ``InputError`` where it cannot be read."""
    made = io.BytesIO()
    small = as_rgb(open_image(path))
    small.thumbnail((SIDE, SIDE))
    small.save(made, "JPEG", quality=QUALITY, optimize=True)
    return made.getvalue()


def write(
    folder: Path, content: Mapping[str, object], root: Path, made: str
) -> dict[str, int]:
    """Write index.html, data.js and the pictures/ that they show, remove what is no
    longer shown there, and return the bytes of data and pictures.

    ``content`` comes from `data.content`; its images lie under ``root``. ``made`` is
    the line, as HTML, that says what made the numbers.
    """
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    script = f"window.{VARIABLE} = {plain};\n"
    sizes = {"data": len(script.encode()), "pictures": 0}
    needed = {folder / "pictures" / name for name in content["images"]}
    for name in content["images"]:
        small = thumbnail(path_of(root, name))
        write_atomic(folder / "pictures" / name, small)
        sizes["pictures"] += len(small)
    write_atomic(folder / "data.js", script)
    write_atomic(folder / "index.html", page(str(content["shown_as"]), made))
    _sweep(folder / "pictures", needed)
    return sizes


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
        f"{fragment('.')}<p>{made}</p>\n</article>\n</body>\n</html>\n"
    )


def fragment(folder: str) -> str:
    """The explorer as a part of a page, without its headings; ``folder`` is where
    ``data.js`` and ``pictures`` lie, as seen from that page."""
    folder = html(folder)
    skeleton = (
        (HERE / "explore.html").read_text(encoding="utf-8").replace("FOLDER", folder)
    )
    skeleton = skeleton.replace("NO_MATH", NO_MATH)
    return (
        f"{styles()}{skeleton}"
        f'<script src="{folder}/data.js"></script>\n'
        f"<script>\n{(HERE / 'explore.js').read_text(encoding='utf-8')}</script>\n"
    )


def styles() -> str:
    """The style sheet of the explorer and of the galleries, as an element."""
    return f"<style>\n{(HERE / 'explore.css').read_text(encoding='utf-8')}</style>\n"
