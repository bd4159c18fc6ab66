"""What a notebook records for the pages of the book."""

import pytest
from IPython.display import HTML

from cocofacet.report import notebook
from cocofacet.report.notebook import MIME


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("a sentence", "plain", "a sentence"),
        (0.5, "plain", "0.5"),
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
