"""Parts that several figures share."""

import pytest
from IPython.core.pylabtools import print_figure
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from cocofacet.report import figures
from cocofacet.report.figures import log_ticks
from cocofacet.report.style import MODES


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.25, 0.52, 0.67, 1.0], ["0.25", "0.52", "", "1"]),
        ([1, 2, 4], ["1", "2", "4"]),
        ([80, 100, 125, 160], ["80", "", "125", ""]),
    ],
)
def test_words_of_ticks_that_would_touch_are_left_out(values, words):
    axes = Figure().subplots()
    log_ticks(axes, values, "{:.3g}")
    assert [text.get_text() for text in axes.get_xticklabels()] == words
    assert list(axes.get_xticks()) == values, "the ticks stay"


def test_looks_show_every_mode_in_its_colour_and_marker():
    figure = figures.looks()
    drawn = figure.findobj(lambda artist: isinstance(artist, Line2D))
    shown = {(line.get_color(), line.get_marker()) for line in drawn}
    assert {look[1:] for look in MODES.values()} <= shown
    words = {text.get_text() for text in figure.findobj(Text)}
    assert {look[0] for look in MODES.values()} <= words
    assert print_figure(figure, "svg"), "a notebook shows nothing"
