"""Lay the numbered figures of executed notebooks where pages of the book show them.

    python tools/book_figures.py _build/executed/mini/default/*.ipynb

Each becomes book/figures/<notebook>-<name>.svg (or .png), by the name that its caption
has (`cocofacet.report.notebook.captioned`).
"""

import base64
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat

FIGURES = Path(__file__).resolve().parents[1] / "book/figures"
CAPTION = re.compile(r"id='figure-(\w+)'")
KINDS = {"image/svg+xml": "svg", "image/png": "png"}


def figures_of(notebook: Path) -> Iterator[tuple[str, bytes]]:
    """File name and content of each figure: the picture shown last before a caption."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        last = None
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            for kind in filter(data.get, KINDS):
                last = kind, data[kind]
            found = CAPTION.search(data.get("text/markdown", ""))
            if found and last:
                kind, content = last
                binary = kind == "image/png"
                content = base64.b64decode(content) if binary else content.encode()
                yield f"{notebook.stem}-{found[1]}.{KINDS[kind]}", content


def main() -> None:
    shutil.rmtree(FIGURES, ignore_errors=True)
    FIGURES.mkdir()
    for notebook in map(Path, sys.argv[1:]):
        for name, content in figures_of(notebook):
            (FIGURES / name).write_bytes(content)


if __name__ == "__main__":
    main()
