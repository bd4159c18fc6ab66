"""Open the built book in headless Chromium: for the tests and for screenshots."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "_build/html"
WIDTHS = {1280: 900, 390: 844}  # a laptop's window and a phone's, width: height
SCHEMES = ("light", "dark")
PATIENCE = 120_000  # milliseconds, for a machine that is busy with something else
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """The installed browser, or None; nothing is ever downloaded."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def pages(book: Path = BOOK) -> list[str]:
    """Every page of the book, as a path inside it, in a fixed order.

    The first page only sends the reader on to the title page, so it is left out.
    """
    found = (path.relative_to(book).as_posix() for path in book.rglob("*.html"))
    return sorted(
        path for path in found if path.split("/")[0] not in ("_static", "index.html")
    )


class _Silent(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # one connection for all of a page's files

    def log_message(self, *_: object) -> None:
        """Say nothing: a test reports what matters."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine only, on a free port; yields its address."""
    handler = partial(_Silent, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The installed browser, headless; raises ``FileNotFoundError`` without one."""
    found = find_chromium()
    if found is None:
        raise FileNotFoundError(f"no browser: none of {', '.join(NAMES)} is installed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        try:
            yield browser
        finally:
            browser.close()


def reader(browser: Browser, width: int, scheme: str) -> BrowserContext:
    """A reader with that window and that colour scheme; ``new_page()`` opens a tab."""
    return browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme
    )


def settle(page: Page, url: str) -> None:
    """Load a page and wait until its formulas are set."""
    page.goto(url, wait_until="load", timeout=PATIENCE)
    page.evaluate("() => window.MathJax?.startup?.promise")
