"""Parts that several figures share."""

import pytest
from matplotlib.figure import Figure

from cocofacet.report.figures import log_ticks


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
