"""Let the search find prose: no cell of a table, nothing that was put out as HTML."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder


def is_no_prose(node: nodes.Node) -> bool:
    """Whether it is a table, or HTML: how a notebook shows its tables."""
    return isinstance(node, nodes.table | nodes.raw)


def index_prose(app: Sphinx) -> None:
    """Give the builder's index each page without what `is_no_prose`."""
    builder = app.builder
    if not isinstance(builder, StandaloneHTMLBuilder):
        return
    index_page = builder.index_page

    def index_its_prose(name: str, page: nodes.document, title: str) -> None:
        prose = page.deepcopy()  # the page itself is yet to be written
        for node in list(prose.findall(is_no_prose)):
            node.parent.remove(node)
        index_page(name, prose, title)

    builder.index_page = index_its_prose


def setup(app: Sphinx) -> dict[str, bool]:
    """Once the builder is there."""
    app.connect("builder-inited", index_prose)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
