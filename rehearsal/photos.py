"""One's own photographs, rehearsed: index, search, export, as installed.

With the rows that are advised on a processor (`photos.weights`), from their download
on: a dual encoder for searches in general, the smallest row that takes questions.
"""

from collections.abc import Sequence
from pathlib import Path

from cocofacet.photos.search import HOW
from cocofacet.photos.weights import SENSIBLE
from facetworld.drawing.render import render
from facetworld.scene import sample
from rehearsal.rehearsal import STAMP, Outcome, Part, Rehearsal

GENERAL, ASKED = ROWS = SENSIBLE["cpu"]
PART = Part("photos")  # names the folder where the user is, and a column
DUSK, BRICK = "an image taken at dusk", "a wall of brick"
COMMANDS = (
    ("index", "--retriever", GENERAL),
    ("search", DUSK),
    ("index", "--retriever", ASKED, "--ask", "times"),
    ("search", DUSK, "--ask", "times", "--page", "random-weights.html"),
    *(("search", BRICK, "--ask", "materials", "--how", how) for how in HOW),
    ("export", "--out", "random-weights.parquet"),
)
CUT = (
    ("index", "--retriever", ASKED),
    ("search", DUSK, "--ask", "times", "--page", "random-weights.html"),
    ("export", "--out", "random-weights.parquet"),
)
_ENDINGS = ("jpg", "png", "webp")


def pictures(folder: Path, count: int = 12) -> Path:
    """Render pictures -> their folder. No list names them: they are taken for
    photographs."""
    place = folder / STAMP / "from a trip"
    place.mkdir(parents=True, exist_ok=True)
    for number, scene in enumerate(sample(count, 0, "tune")):
        ending = _ENDINGS[number % len(_ENDINGS)]
        render(scene).save(place / f"picture {number}.{ending}")
    return place.parent


def run(
    rehearsal: Rehearsal, folder: Path, commands: Sequence[Sequence[str]] = COMMANDS
) -> list[Outcome]:
    """Run the commands on a folder of pictures, one after the other."""
    return [
        rehearsal.command(PART, name, str(folder), *given, "--store", "index")
        for name, *given in commands
    ]
