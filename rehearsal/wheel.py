"""`python -m rehearsal.wheel`: the wheel in an empty environment, on any system.

It holds what `pip install cocofacet[photos]` brings, from the registry that pip is
configured with, and nothing else. There a folder of rendered pictures is indexed and
searched. Any Python starts it; it needs no package itself.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from rehearsal.installed import build, run

BIN = "Scripts" if os.name == "nt" else "bin"
TEXT, LABEL = "an image taken at dusk", "dusk"


def main() -> int:
    """0 if the pictures found are those that show it, 1 if not."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        wheel, programs = build(folder), folder / "venv" / BIN
        run(sys.executable, "-m", "venv", folder / "venv")
        python, command = programs / "python", programs / "cocofacet"
        run(python, "-m", "pip", "install", "--quiet", f"{wheel}[photos]")
        world = folder / "a world"
        run(python, "-m", "facetworld", "write", "--out", world, "--fraction", "0.05")
        here = (world / "images", "--store", folder / "index")
        print(run(command, "index", *here))
        asked = ("--ask", "times", "--how", "full", "--form", "json")
        found = json.loads(run(command, "search", *here, TEXT, *asked))
        print(run(command, "export", *here, "--out", folder / "vectors.parquet"))
        right = _labelled(world)
    chosen = {each["path"] for each in found["pictures"][: found["standing_out"]]}
    print(f"{len(chosen)} stand out of {len(right)} that show it: {chosen == right}")
    return int(chosen != right)


def _labelled(world: Path) -> set[str]:
    """The pictures whose truth has the label."""
    names = ("truth.json", "anchors.json")
    files = [json.loads((world / name).read_text(encoding="utf-8")) for name in names]
    scenes = {picture: scene for file in files for picture, scene in file.items()}
    return {picture for picture, scene in scenes.items() if scene["time"] == LABEL}


if __name__ == "__main__":
    sys.exit(main())
