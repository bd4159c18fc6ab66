"""Figures of notebooks become files of the book, by the names in their captions."""

import base64

import book_figures
import nbformat
from nbformat import v4


def shown(**data):
    data = {
        kind.replace("_", "/").replace("svg", "svg+xml"): d for kind, d in data.items()
    }
    return v4.new_output("display_data", data)


def test_each_captioned_figure_by_its_name_and_no_other(tmp_path, monkeypatch):
    caption = shown(text_markdown="<div class='caption' id='figure-gains'>…</div>")
    other = shown(text_markdown="<div class='caption' id='figure-first'>…</div>")
    png = base64.b64encode(b"\x89PNG").decode()
    cells = [
        v4.new_code_cell("a", outputs=[shown(image_svg="<svg>1</svg>")]),
        v4.new_code_cell("b", outputs=[shown(image_svg="<svg>2</svg>"), caption]),
        v4.new_code_cell("c", outputs=[shown(image_png=png), other]),
    ]
    path = tmp_path / "prompted.ipynb"
    nbformat.write(v4.new_notebook(cells=cells), path)
    monkeypatch.setattr(book_figures, "FIGURES", tmp_path / "figures")
    monkeypatch.setattr("sys.argv", ["", str(path)])
    for _ in range(2):  # again over what is there
        book_figures.main()
    found = {each.name: each.read_bytes() for each in (tmp_path / "figures").iterdir()}
    assert found == {
        "prompted-gains.svg": b"<svg>2</svg>",
        "prompted-first.png": b"\x89PNG",
    }
