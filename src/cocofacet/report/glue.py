"""Hand a notebook's number or sentence to the book's pages."""

from IPython.display import display

MIME = "application/papermill.record/"


def glue(name: str, value: float | str) -> None:
    """Record ``value`` so that a page can show it with ``{glue:text}``.

    The record is the one that papermill and myst-nb agreed on. It is written here
    because ``from myst_nb import glue`` would bring all of Sphinx into the reader's
    kernel.
    """
    text = value if isinstance(value, str) else repr(float(value))
    display(
        {f"{MIME}text/plain": text},
        metadata={"scrapbook": {"name": name, "mime_prefix": MIME}},
        raw=True,
    )
