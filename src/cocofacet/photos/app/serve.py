"""Index a folder, then serve its page until Ctrl-C."""

import secrets
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import uvicorn

from cocofacet.benchmark.facets import FACETS
from cocofacet.io import InputError
from cocofacet.photos import index, make
from cocofacet.photos.app.answers import Answers
from cocofacet.photos.app.guard import Guard, is_loopback
from cocofacet.photos.app.site import Site
from cocofacet.photos.files import shown
from cocofacet.profiles import MINI
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.on_demand import OnDemand
from cocofacet.run_data import RunData
from cocofacet.workspace import home

SMALL = 0.25  # of the rendered world, where the book has not rendered it
LAST = 3  # seconds in which an answer that has begun may be sent after a signal


def serve(
    folder: Path | None = None,
    retriever: str | None = None,
    store: Path | None = None,
    device: str = "cpu",
    precision: str | None = None,
    *,
    host: str,
    port: int,
    tell: Callable[[str], object] = print,
) -> None:
    """Serve the page of a folder, or without one of the rendered world, until a signal.

    What is new is indexed first; without a folder under the questions of all facets.
    port: 0 for a free one. ``tell`` is given lines to print, the page's address among
    them. Others as in `make.index_folder`.

    Raises:
        InputError: see there, and for a host or port that cannot be listened at.
    """
    with closing(listening(host, port)) as listener:
        given = folder or rendered(store, tell)
        known = index.chosen(index.place_of(given, store))
        row = retriever or known.get("row")
        asks = not row or loading.row_of(row, {}).promptable
        kept = make.index_folder(
            given, retriever, () if folder or not asks else tuple(FACETS), store,
            device, precision, asking=asks, tell=tell,
        )  # fmt: skip
        settings = {"device": device, "precision": kept.precision}
        model = OnDemand(kept.retriever, kept.place, **settings)
        kept.vectors()  # or there is nothing to search
        model.embed_texts(["a picture"])  # opens the weights, whatever texts are kept
        name = shown(kept.folder.name) if folder else "the rendered world"
        server = Server(Site(Answers(kept, model), name), host, listener)
        tell(f"open {server.address} (Ctrl-C ends it)")
        server.run(sockets=[listener])


def rendered(store: Path | None, tell: Callable[[str], object]) -> Path:
    """The pictures of the rendered world: the book's, where it has rendered them, else
    a small one of their kind, beside the indexes."""
    book = RunData(MINI, 0, home())
    if (book.data / MINI.folder).is_dir():
        return book.images
    small = RunData(replace(MINI, fraction=SMALL), 0, index.store_of(store))
    if not (small.data / MINI.folder).is_dir():
        tell(f"rendering a small world into {shown(small.data)}")
    return small.images


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; InputError where it cannot."""
    try:
        (family, *_, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        return socket.create_server(address[:2], family=family)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{host}:{port}: cannot be listened at ({why}). Choose another --port, or "
            "--host."
        ) from None


class Server(uvicorn.Server):
    """A site behind its guard; behind a token, too, where others reach it."""

    def __init__(self, site: Site, host: str, listener: socket.socket):
        self.site, (bound, port) = site, listener.getsockname()[:2]
        token = None if is_loopback(bound) else secrets.token_urlsafe(16)
        names = {host, socket.gethostname()} if token else set()
        config = uvicorn.Config(
            Guard(site.application(), names, token), loop="asyncio", http="h11",
            ws="none", lifespan="off", log_config=None, log_level="critical",
            access_log=False, proxy_headers=False, server_header=False,
            timeout_graceful_shutdown=LAST,
        )  # fmt: skip
        super().__init__(config)
        name = socket.gethostname() if bound in ("0.0.0.0", "::") else host
        name = f"[{name}]" if ":" in name else name
        secret = f"?token={token}" if token else ""
        self.address = f"http://{name}:{port}/{secret}"

    @contextmanager
    def capture_signals(self):
        """Those that are ignored, as in a shell's background, stay so."""
        main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if main else ()
        ignored = [n for n in numbers if signal.getsignal(n) is signal.SIG_IGN]
        with super().capture_signals():
            for number in ignored:
                signal.signal(number, signal.SIG_IGN)
            yield

    def handle_exit(self, sig, frame) -> None:
        self.site.stop()
        super().handle_exit(sig, frame)
