"""The built book as a reader's browser sees it, at two widths, light and dark."""

import browser
import pytest
from page_problems import problems

LISTINGS = (
    "_modules/cocofacet/"  # of source code, all from one mould: one stands for all
)
PAGES = [
    path
    for path in browser.pages()
    if not path.startswith(LISTINGS) or path == f"{LISTINGS}evaluation/ranking.html"
]
needs_browser = pytest.mark.skipif(
    browser.find_chromium() is None, reason="no Chromium: the book was not opened"
)
needs_book = pytest.mark.skipif(
    not PAGES, reason="no book in _build/html: run `make book` first"
)


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


# Each page at both widths and in both schemes: two renderings always, all four nightly.
RENDERINGS = [
    (1280, "light"),
    (390, "dark"),
    pytest.param(1280, "dark", marks=pytest.mark.more),
    pytest.param(390, "light", marks=pytest.mark.more),
]


@needs_browser
@needs_book
@pytest.mark.parametrize(("width", "scheme"), RENDERINGS)
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
