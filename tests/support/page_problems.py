"""What a reader's browser stumbles over on a page."""

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

# Elements that stick out to the right, unless something around them scrolls or cuts.
STICKING_OUT = """() => {
  const edge = document.documentElement.clientWidth + 1;
  const held = (e) => {
    for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) {
      const box = p.getBoundingClientRect();
      if (getComputedStyle(p).overflowX !== 'visible' && box.right <= edge) return true;
    }
    return false;
  };
  const words = (e) => e.tagName.toLowerCase() + '.' + e.classList.value
      + ': ' + (e.textContent || '').trim().slice(0, 40);
  return [...document.querySelectorAll('article *')]
    .filter((e) => e.getBoundingClientRect().right > edge)
    .filter((e) => getComputedStyle(e).visibility === 'visible' && !held(e))
    .map(words);
}"""
PAGE_SCROLLS = """() => document.scrollingElement.scrollWidth
    - document.documentElement.clientWidth"""
# Sphinx falls back to the file's name, which tells a listener nothing.
WITHOUT_ALT = r"""() => [...document.querySelectorAll('img')]
    .filter((e) => !(e.getAttribute('alt') || '').trim()
                   || /\.(svg|png|jpe?g)$/.test(e.getAttribute('alt')))
    .map((e) => 'img ' + e.getAttribute('src'))
  .concat([...document.querySelectorAll('article svg')]
    .filter((e) => !e.closest('[aria-hidden=true], [aria-label], mjx-container, button')
                   && !e.querySelector('title'))
    .map(() => 'inline svg'))"""


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
    if (beyond := page.evaluate(PAGE_SCROLLS)) > 0:
        found.append(f"the page scrolls sideways by {beyond} px")
    found += [f"sticks out: {words}" for words in page.evaluate(STICKING_OUT)]
    found += [f"no alt text: {words}" for words in page.evaluate(WITHOUT_ALT)]
    return found
