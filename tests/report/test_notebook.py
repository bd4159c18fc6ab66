"""What a notebook shows around its numbers, and records for the pages of the book."""

import pandas as pd
import pytest
from IPython.display import HTML
from matplotlib.figure import Figure

from cocofacet.report import notebook
from cocofacet.report.notebook import MIME


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("a sentence", "plain", "a sentence"),
        ("2,651", "plain", "'2,651'"),
        (HTML("<p>a part</p>"), "html", "<p>a part</p>"),
    ],
)
def test_what_is_glued_keeps_its_kind(value, kind, text, monkeypatch):
    shown = []
    monkeypatch.setattr(
        notebook, "display", lambda data, **how: shown.append((data, how["metadata"]))
    )
    notebook.glue("name", value)
    scrapbook = {"name": "name", "mime_prefix": MIME}
    assert shown == [({f"{MIME}text/{kind}": text}, {"scrapbook": scrapbook})]


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, in its order; no figure has a number yet."""
    found = []
    monkeypatch.setattr(notebook, "display", lambda one, **_: found.append(one))
    monkeypatch.setattr(notebook, "_NUMBERS", {})
    return found


def test_a_figure_keeps_its_number_when_its_cell_runs_again(shown):
    for name in ("recall", "gains", "recall"):
        notebook.captioned(Figure(), name, "Recall@1 of <each> facet.")
    captions = [one.data for one in shown if not isinstance(one, Figure)]
    assert [text.split("Figure ")[1][0] for text in captions] == ["1", "2", "1"]
    assert "id='figure-recall'" in captions[0]
    assert "&#60;each&#62;" in captions[0]


def test_what_made_a_figure_is_folded_below_its_caption(shown):
    figure = Figure()
    made = notebook.folded("a <b>, seed 0")
    notebook.captioned(figure, "recall", "Recall@1.", made)
    assert [shown[0], shown[2]] == [figure, made]
    assert made.data.startswith("<details class='made-with'><summary>")
    assert "<b>" not in made.data
    assert "\n" not in made.data, "a blank line would end the HTML"


def test_a_sample_counts_queries_and_texts():
    ranks = pd.DataFrame({"query": ["a", "b", "b"], "text": ["x", "x", "x"]})
    assert notebook.sample(ranks) == "2 queries of 1 text"
