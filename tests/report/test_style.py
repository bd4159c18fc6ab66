"""One look for one thing through the whole book."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

from cocofacet.evaluation.probes import WAYS
from cocofacet.report import figures, style

SOURCE = Path(style.__file__).parents[1]
# More names for one thing: the facet's own question, and the released linear map.
SAME = {"oracle": "prompted", "asked": "prompted", "facet": "released"}


def contrast(one, other):
    """By WCAG 2's definition."""

    def light(colour):
        rgb = np.array(to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_no_two_things_look_alike():
    looks = [look[1:] for name, look in style.MODES.items() if name not in SAME]
    looks += style.SERIES
    assert [look for look, times in Counter(looks).items() if times > 1] == []
    assert all(style.MODES[a][1:] == style.MODES[b][1:] for a, b in SAME.items())
    words = [words for words, _, _ in style.MODES.values()]
    assert len(words) == len(set(words))


def test_colours_are_named_in_one_place():
    elsewhere = [
        f"{path.name}: {found}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path.name != "style.py"
        for found in re.findall(r'"#[0-9a-fA-F]{6}"', path.read_text())
    ]
    assert elsewhere == []


def test_what_is_written_in_a_figure_is_dark_enough():
    assert contrast(style.INK, style.PAPER) >= 4.5


@pytest.mark.parametrize("red", [0, 0.2, 0.45, 0.5, 0.7, 1])
@pytest.mark.parametrize("green", [0, 0.2, 0.45, 0.5, 0.7, 1])
def test_ink_can_be_read_on_any_colour(red, green):
    for blue in (0, 0.45, 1):
        colour = (red, green, blue)
        assert contrast(style.ink_on(colour), colour) >= 4.5


def test_numbers_can_be_read_on_every_cell_of_a_grid():
    facets = list("abcdefghi")
    values = np.linspace(0, 1, 81).reshape(9, 9)
    figure = figures.cross(pd.DataFrame(values, facets, facets), 1, "rendered world")
    (axes,) = figure.axes
    cells = axes.collections[0].get_facecolors()
    for text, cell in zip(axes.texts, cells, strict=True):
        assert contrast(text.get_color(), cell[:3]) >= 4.5, colors.to_hex(cell)


def test_a_mode_looks_the_same_in_every_kind_of_figure():
    table = pd.DataFrame(
        {"facet": ["people"], "mode": ["prompted"], "recall": [0.5], "low": [0.4]}
        | {"high": [0.6], "difference": [0.1]}
    )
    seen = {
        (line.get_color(), line.get_marker())
        for figure in (
            figures.recall_by_facet({"a": table}, 1, "", ["prompted"]),
            figures.gains({"prompted": table}, 1, ""),
        )
        for line in figure.axes[0].lines
        if line.get_marker() not in ("None", "")
    }
    assert seen == {style.MODES["prompted"][1:]}


def test_every_way_to_stand_for_a_query_has_a_look():
    assert set(WAYS) <= set(style.MODES)


@pytest.mark.parametrize("layout", ["constrained", None])
def test_a_wide_figure_is_made_as_wide_as_its_letters_can_be_read(layout):
    made, _ = plt.subplots(1, 3, figsize=(12, 3), layout=layout)
    assert style.finished(made, "drawn").get_figwidth() == style.WIDEST
    small = plt.figure(figsize=(5, 4))
    assert style.finished(small, "drawn").get_figwidth() == 5
