"""The contact sheet of a search: one page that needs nothing beside it.

Two rankings side by side, without questions and with them, the move in rank under each
picture. The pictures are inside, each linked to its file; nothing else is loaded.
"""

import base64
import hashlib
import math
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template

import pandas as pd

from cocofacet.escape import NO_MATH, html
from cocofacet.io import InputError, write_atomic
from cocofacet.photos.files import shown
from cocofacet.photos.search import ANCHORS, FIRST, Found, Wish
from cocofacet.photos.thumbnails import thumbnail
from cocofacet.report.explorer import page as explorer
from cocofacet.retrieval.scale import STANDS_OUT

SIDE = 256  # pixels, a thumbnail's longer side: 128 on a fine screen
HERE = Path(__file__).parent
STYLES = (explorer.HERE / "explore.css", HERE / "sheet.css")
#: By which way a question was asked -> words for it.
WAYS = {
    "index": "read from the index",
    "rerank": f"of the first {FIRST} of the general ranking alone",
    "linear": f"of {ANCHORS} pictures; of the others by a linear map",
}


def write(path: Path, found: Found, count: int, few: int) -> int:
    """Write the contact sheet of a search -> its bytes. Others as in `page`.

    Raises:
        InputError: it cannot be written.
    """
    content = page(found, count, few).encode()
    write_atomic(path, content)
    return len(content)


def page(found: Found, count: int, few: int) -> str:
    """The contact sheet of a search, as HTML.

    count: how many pictures to show at most; few: how many that do not stand out, after
    all that do.
    """
    out, asked = found.standing_out, any(wish.question for wish in found.wishes)
    stand = count if out is None else min(out, count)
    more = few if out is not None and out <= count else 0
    best = [*zip(found.files, found.pictures.itertuples(), strict=True)][: stand + more]
    first = [*zip(found.general_files, found.general.itertuples(), strict=True)]
    first = first[: len(best)] if asked else []
    small = _thumbnails(file for file, _ in best + first)
    ranked = [
        _item(
            f"{rank}",
            _move("from", row.general, rank) if asked else "",
            f"score {row.score:.3f}" if out is None else f"share {row.share:.2f}",
            (row.path, file, small[file]),
            rank <= (out or 0),
        )
        for rank, (file, row) in enumerate(best, 1)
    ]
    general = [
        _item(
            f"{rank}",
            _move("to", rank, row.asked),
            f"score {row.score:.3f}",
            (row.path, file, small[file]),
            _place(row.asked) <= (out or 0),
        )
        for rank, (file, row) in enumerate(first, 1)
    ]
    panels = []
    if asked:
        panels.append(("General: no question", _parts(general, None, 0)))
    title = "With the question" if asked else "General: no question"
    panels.append((title, _parts(ranked, out, stand)))
    style = "".join(file.read_text(encoding="utf-8") for file in STYLES)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return Template((HERE / "sheet.html").read_text(encoding="utf-8")).substitute(
        style=style,
        style_hash=f"sha256-{digest}",
        no_math=NO_MATH,
        wished=html(", ".join(map(str, found.wishes))),
        folder=html(shown(found.folder)),
        standing=_standing(found),
        wishes="\n".join(map(_wish, found.wishes, found.how)),
        panels="\n".join(_panel(*panel) for panel in panels),
    )


def _thumbnails(files: Iterable[Path]) -> dict[Path, bytes | None]:
    """Small copies; None of a picture that cannot be opened any more."""

    def small(file: Path) -> bytes | None:
        try:
            return thumbnail(file, SIDE)
        except InputError:
            return None

    once = [*dict.fromkeys(files)]
    with ThreadPoolExecutor() as pool:
        return dict(zip(once, pool.map(small, once), strict=True))


def _place(rank: object) -> float:
    """A rank as a number; infinite where it is missing, as it is far behind."""
    return math.inf if pd.isna(rank) else int(rank)


def _move(word: str, before: object, now: object) -> str:
    """In words, how far a picture moved "from" its general rank, or "to" the other."""
    before, now = _place(before), _place(now)
    if before == now:
        return "same rank"
    other = before if word == "from" else now
    said = f"{other:.0f}" if math.isfinite(other) else "far behind"
    return f"{'▲' if now < before else '▼'} {word} {said}"


def _item(rank: str, move: str, mark: str, picture: tuple, hit: bool) -> str:
    path, file, small = picture
    seen = "cannot be opened any more"
    if small:
        data = base64.b64encode(small).decode()
        alt = html(f"{path}, rank {rank}")
        seen = f'<img alt="{alt}" src="data:image/jpeg;base64,{data}">'
    return (
        f'<li{" class=hit" * hit}><a href="{html(file.as_uri())}">{seen}</a>'
        f"<b>{rank}</b> <span>{move}</span><span>{mark}</span>"
        f'<span class="sheet-name" title="{html(path)}">{html(path)}</span></li>'
    )


def _parts(items: list[str], out: int | None, stand: int) -> dict[str, list[str]]:
    """A ranking by what is to be said of it: heading -> pictures."""
    if out is None:
        return {f"The first {len(items):,}": items}
    if not out:
        return {"Nothing here stands out; the nearest": items}
    end = f"; the first {stand:,}" if stand < out else ""
    found = {f"{out:,} stand{'s' * (out == 1)} out{end}": items[:stand]}
    return found | {"The next do not": items[stand:]}


def _panel(title: str, parts: Mapping[str, list[str]]) -> str:
    said = []
    for name, items in parts.items():
        if items:
            said += [f"<h3>{name}</h3>", '<ol class="explorer-pictures">', *items]
            said.append("</ol>")
    said = "\n".join(said)
    return f'<section class="explorer-panel">\n<h2>{title}</h2>\n{said}\n</section>'


def _wish(wish: Wish, how: str) -> str:
    """A line about a wish: the question asked, the way, the alternatives named."""
    said = f"{wish}: "
    said += f"asked “{wish.question}” ({WAYS[how]})" if wish.question else "no question"
    if wish.against:
        said += f"; against {', '.join(wish.against)}"
    return f"<li>{html(said)}</li>"


def _standing(found: Found) -> str:
    """What the share says, and where the list ends."""
    if found.standing_out is None:
        return (
            "A wish has no alternatives here, or the retriever no known temperature: "
            "then there is no share, and nothing says where this list should end."
        )
    several = "; of several wishes, of the one answered worst" * (len(found.wishes) > 1)
    end = "and is framed" if found.standing_out else "and here none does"
    return (
        "The share is how much of a picture's match goes to what was searched for, and "
        f"not to the alternatives{several}. From {STANDS_OUT:g} a picture stands out, "
        f"{end}."
    )
