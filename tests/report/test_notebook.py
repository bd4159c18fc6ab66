"""What a notebook records for the pages of the book."""

import pytest
from IPython.display import HTML
from IPython.utils.capture import capture_output

from cocofacet.report.notebook import MIME, glue


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("a sentence", "plain", "a sentence"),
        (0.5, "plain", "0.5"),
        (HTML("<p>a part</p>"), "html", "<p>a part</p>"),
    ],
)
def test_what_is_glued_keeps_its_kind(value, kind, text):
    with capture_output() as captured:
        glue("name", value)
    (output,) = captured.outputs
    assert output.data == {f"{MIME}text/{kind}": text}
    assert output.metadata["scrapbook"] == {"name": "name", "mime_prefix": MIME}
