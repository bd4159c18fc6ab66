"""What a reader's browser stumbles over on a page; page_problems.js looks."""

from pathlib import Path

import browser
import pytest
from playwright.sync_api import Page

# Widths and schemes; `make test` takes one of them.
RENDERINGS = [
    pytest.param(
        *(width, scheme),
        marks=() if (width, scheme) == (390, "dark") else pytest.mark.more,
    )
    for width in browser.WIDTHS
    for scheme in browser.SCHEMES
]

LOOK = Path(__file__).with_suffix(".js").read_text()


def problems(page: Page, url: str, home: str) -> list[str]:
    """What a reader would stumble over on one page; an empty list is a good page."""
    found = []

    def at_request(request):
        if not request.url.startswith((home, "data:", "blob:")):
            found.append(f"request to elsewhere: {request.url}")

    def at_response(response):
        if response.status >= 400:
            found.append(f"{response.status}: {response.url}")

    def at_message(message):
        if message.type == "error":
            found.append(f"console: {message.text}")

    page.on("request", at_request)
    page.on("response", at_response)
    page.on("requestfailed", lambda request: found.append(f"failed: {request.url}"))
    page.on("console", at_message)
    page.on("pageerror", lambda error: found.append(f"script: {error}"))
    browser.settle(page, url)
    return found + page.evaluate(LOOK)
