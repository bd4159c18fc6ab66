"""`cocofacet app`: the live page."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cocofacet import cli_options as options
from cocofacet.cli_photos import STORE
from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.io import InputError, check_output

HOST, PORT = "127.0.0.1", 8765
ABOUT = """\
Without FOLDER it opens the rendered world: the book's, or a small one that it renders
into the store. Only this machine reaches the page. With --host 0.0.0.0 others do, who
need the token in the address that is printed; what they send and see is not encrypted.
Nothing is sent elsewhere."""


def app(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="of pictures", parser=options.named),
    ] = None,
    retriever: options.RETRIEVER = None,
    store: STORE = None,
    device: options.DEVICE = "cpu",
    precision: options.PRECISION = None,
    port: options.number(0, "of the page; 0 for a free one", int) = PORT,
    host: options.text("ADDRESS", "where to listen") = HOST,
) -> None:
    """Search a folder on a page in the browser.

    Indexes what is new, then serves the page until Ctrl-C: a text, the question asked
    of each picture, and what is found with it beside what is found without.
    """
    if port > 65535:
        raise InputError(f"--port: {port}: is no port. Choose one below 65536.")
    if store:
        check_output(store, "--store", folder=True)
    from cocofacet.photos.app.serve import serve

    told = partial(print, flush=True)
    what = (folder, retriever, store, device, precision)
    serve(*what, host=host, port=port, tell=told)
