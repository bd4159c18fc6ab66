"""The address of a case on the explorer's page, as its script reads and writes it."""

from urllib.parse import urlencode

from cocofacet.escape import plain


def link(facet: str, text: str, question: str = "own", picture: int = 0) -> str:
    """``#facet=…&text=…``, to be put behind the page: ``explorer.html`` + this.

    text: a query text, or its label where no other text of the facet has the same.
    question: of the second panel, beside the pictures without a prompt: "own", "bare",
    "none", another facet's name, or the dual encoder's for what that one finds.
    picture: which of the text's pictures is looked for, from 1; the first where none
    is said.

    In Markdown: ``[words](../notebooks/explorer.html#…){.external}``, as MyST would
    otherwise look for a heading of that name.
    """
    parts = [("facet", facet), ("text", plain(text.strip()))]
    parts += [("picture", str(picture))] * (picture > 0)
    return "#" + urlencode([*parts, ("question", "none"), ("question", question)])
