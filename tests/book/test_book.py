"""The built book as a reader's browser sees it, at two widths, light and dark."""

import browser
import pytest
from playwright.sync_api import Page

LISTINGS = (
    "_modules/cocofacet/"  # of source code, all from one mould: one stands for all
)
PAGES = [
    path
    for path in browser.pages()
    if not path.startswith(LISTINGS) or path == f"{LISTINGS}evaluate.html"
]
needs_browser = pytest.mark.skipif(
    browser.find_chromium() is None, reason="no Chromium: the book was not opened"
)
needs_book = pytest.mark.skipif(
    not PAGES, reason="no book in _build/html: run `make book` first"
)

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


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def readers(chromium):
    """One reader for each window and scheme, so that common files load once."""
    return {
        (width, scheme): browser.reader(chromium, width, scheme)
        for width in browser.WIDTHS
        for scheme in browser.SCHEMES
    }


@pytest.fixture
def tab(readers, width, scheme):
    with readers[width, scheme].new_page() as page:
        yield page


@pytest.fixture(scope="module")
def address():
    with browser.served(browser.BOOK) as found:
        yield found


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


@needs_browser
@needs_book
@pytest.mark.parametrize("scheme", browser.SCHEMES)
@pytest.mark.parametrize("width", browser.WIDTHS)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_nothing_to_stumble_over(tab, address, path, width, scheme):
    assert problems(tab, address + path, address) == []
    shown = tab.evaluate("() => document.documentElement.dataset.theme")
    assert shown == scheme


@needs_browser
@needs_book
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light")])
def test_links_between_pages_lead_somewhere(tab, address):
    inside = set()
    for path in PAGES:
        tab.goto(address + path, wait_until="load", timeout=browser.PATIENCE)
        tab.wait_for_load_state("load")
        links = tab.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
        inside |= {link.split("#")[0] for link in links if link.startswith(address)}
    missing = [
        link
        for link in sorted(inside)
        if not (browser.BOOK / link.removeprefix(address)).exists()
    ]
    assert missing == []


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "light")])
def test_each_kind_of_problem_is_seen(tab, tmp_path):
    (tmp_path / "index.html").write_text(
        "<!doctype html><link rel='icon' href='data:,'><article>"
        "<img src='absent.png'>"
        "<p style='width:3000px'>wide</p>"
        "<img alt='elsewhere' src='http://127.0.0.2:9/picture.png'>"
        "<script>console.error('a complaint'); null.fall()</script></article>"
    )
    with browser.served(tmp_path) as home:
        found = "\n".join(problems(tab, home + "index.html", home))
    for sign in (
        "404: ",
        "no alt text: img absent.png",
        "sticks out: p.: wide",
        "scrolls sideways by",
        "request to elsewhere: http://127.0.0.2:9/",
        "failed: http://127.0.0.2:9/",
        "console: a complaint",
        "script: ",
    ):
        assert sign in found


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "light")])
def test_a_good_page_is_called_good(tab, tmp_path):
    (tmp_path / "index.html").write_text(
        "<!doctype html><link rel='icon' href='data:,'><article><h1>Good</h1>"
        "<div style='overflow-x:auto'><p style='width:3000px'>wide, and held</p></div>"
        "</article>"
    )
    with browser.served(tmp_path) as home:
        assert problems(tab, home + "index.html", home) == []
