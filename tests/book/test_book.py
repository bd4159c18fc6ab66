"""The built book as a reader's browser sees it, at two widths, light and dark."""

import shutil
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import browser
import pandas as pd
import pytest
from page_problems import problems

from cocofacet.report.tables import shown

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


class _Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.found.add((dict(attributes).get("href") or "").split("#")[0])


@needs_book
def test_links_between_pages_lead_somewhere():
    """Those that are written in a page: it is read, and not opened."""
    missing = [
        f"{path}: {link}"
        for path in PAGES
        for link in sorted(_Links((browser.BOOK / path).read_text()).found)
        if link and not urlsplit(link).scheme
        if not (browser.BOOK / path).parent.joinpath(unquote(link)).exists()
    ]
    assert missing == []


# As matplotlib writes it: a grey word, a cut one, one on a dark bar, a picture.
FIGURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 100">
<g id="patch_1"><path d="M0 0H300V100H0z" style="fill: #fffefc"/></g>
<g id="patch_2"><path d="M0 50H300V100H0z" style="fill: #333333"/></g>
<g id="text_1"><!-- pale --><path d="M10 10h20v5h-20z" style="fill: #7a7a7a"/></g>
<g id="text_2"><!-- cut --><path d="M290 20h20v5h-20z" style="fill: #222222"/></g>
<g id="text_3"><!-- on dark --><path d="M10 70h20v5h-20z" style="fill: #222222"/></g>
<g id="text_4"><!-- good --><path d="M50 70h20v5h-20z" style="fill: #ffffff"/></g>
<text x="60" y="40" font-size="10" fill="#7a7a7a">written</text>
<image x="100" width="50" height="50" href="data:,"/></svg>"""
STAYING = (
    "<div style='overflow-x:auto; width:200px'><table style='min-width:900px'>"
    "<tr>{}<td>1</td></tr></table></div>"
)
STAYS = "style='position:sticky; left:0'"
# What is on a page -> how its problem begins. (Blanks tell two of one kind apart.)
KINDS = {
    "<img src='absent.png'>": "404: ",
    "<img alt='A curve' src='absent.svg'>": "404: ",
    "<img  src='absent.png'>": "no alt text: img absent.png",
    "<img alt='elsewhere' src='http://127.0.0.2:9/picture.png'>": "request to",
    "<img  alt='elsewhere' src='http://127.0.0.2:9/picture.png'>": "failed: http://127",
    "<p style='width:3000px'>wide</p>": "sticks out: p: wide",
    "<style>article {width: 200px}</style><p style='width:300px'>into the margin</p>": (
        "sticks out: p: into"
    ),
    "<p  style='width:3000px'>wide</p>": "the page scrolls sideways by",
    "<script>console.error('a complaint')</script>": "console: a complaint",
    "<script>null.fall()</script>": "script: ",
    "<div style='overflow-x:auto'><p style='width:3000px'>wide</p></div>": "scrolls",
    "<p style='width:50px; overflow:hidden; white-space:pre'>long label</p>": "lab",
    STAYING.format(
        f"<th {STAYS}>a</th><th {STAYS}>b</th>"
    ): "a cell that stays covers a",
    "<table style='table-layout:fixed; width:60px'><tr><td>averylongname</td>"
    "<td>1</td></tr></table>": "text leaves its cell: td: averylongname",
    "<table style='width:30px'><tr><td style='overflow-wrap:anywhere'>measured on"
    "</td><td>1</td></tr></table>": "a word is broken: td: measured on",
    STAYING.format(f"<th {STAYS}>a</th>"): "no edge where cells go under",
    STAYING.format(f"<th {STAYS[:-1]};min-width:150px'>a</th>"): "cells that stay take",
    "<div class='cell_output'><img alt='A curve' src='figure.svg'></div>": "no number",
    "<figure><img alt='A curve' src='figure.svg'><figcaption>Recall</figcaption>"
    "</figure>": "no number and caption",
    "<p><img alt='A curve' src='figure.svg'></p>": "no number and caption",
    "<figure><img alt='A curve' src='figure.svg'><figcaption style='color:#999'>"
    "Figure 1. Recall</figcaption></figure>": "contrast 2.8 beside a figure",
    "<div class='explorer'><img alt='A dog' width='90' src='figure.svg'></div>": (
        "a picture of 90 px in: A dog"
    ),
    "<img alt='A  curve' src='figure.svg'>": "contrast 4.3 in a figure: pale",
    "<img alt='A curve ' src='figure.svg'>": "contrast 1.3 in a figure: on dark",
    "<img alt=' A  curve' src='figure.svg'>": "contrast 4.3 in a figure: written",
    "<img alt=' A curve' src='figure.svg'>": "label cut in a figure: cut",
    "<img  alt='A curve' src='figure.svg'>": "a picture of ",
}


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "light")])
@pytest.mark.parametrize(("content", "sign"), KINDS.items())
def test_each_kind_of_problem_is_seen(tab, tmp_path, content, sign):
    (tmp_path / "figure.svg").write_text(FIGURE)
    (tmp_path / "index.html").write_text(
        "<!doctype html><link rel='icon' href='data:,'><body>"
        f"<article>{content}</article>"
    )
    with browser.served(tmp_path) as home:
        found = problems(tab, home + "index.html", home)
    assert "good" not in "".join(found)
    assert [line for line in found if line.startswith(sign)], found


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "light")])
def test_a_good_page_is_called_good(tab, tmp_path):
    (tmp_path / "figure.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 300 100'>"
        "<g id='text_1'><path d='M10 10h20v5h-20z' style='fill: #3c4248'/></g></svg>"
    )
    (tmp_path / "index.html").write_text(
        "<!doctype html><link rel='icon' href='data:,'><article><h1>Good</h1>"
        "<div class='cell_output'><img alt='A curve' src='figure.svg'>"
        "<div class='caption'><b>Figure 2.</b> Recall@1 of each facet.</div></div>"
        "<div style='overflow-x:auto; mask-image:linear-gradient(#000, #0003)'>"
        "<p style='width:3000px'>wide, and said</p></div></article>"
    )
    with browser.served(tmp_path) as home:
        assert problems(tab, home + "index.html", home) == []


NAMES = {
    "one column": pd.Index(["people", "times"], name="facet"),
    "long names": pd.Index(
        ["Ridge from the dual encoder's gallery in place of the general embedding"] * 2,
        name="change",
    ),
    "groups": pd.MultiIndex.from_product(
        [["held-out", "gallery"], ["least squares, from the dual encoder", "ridge"]],
        names=["anchors from", "variant"],
    ),
}


@needs_browser
@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_wide_table_says_that_it_scrolls_and_covers_nothing(tab, tmp_path, names):
    columns = pd.MultiIndex.from_product([["R@1", "R@5"], ["mean", "draws", "gap"]])
    values = [["\u221241.6 [\u221246.8, \u221235.9]"] * 6] * len(NAMES[names])
    table = pd.DataFrame(values, NAMES[names], columns)
    for name in ("custom.css", "scroll_hint.js"):
        shutil.copy(browser.ROOT / "book/_static" / name, tmp_path)
    (tmp_path / "index.html").write_text(
        "<!doctype html><html data-theme='light'><link rel='icon' href='data:,'>"
        "<meta name='viewport' content='width=device-width'>"
        "<style>:root {--pst-color-border: #ccc; --pst-color-text-muted: #555}</style>"
        "<link rel='stylesheet' href='custom.css'>"
        "<script src='scroll_hint.js'></script>"
        "<article class='bd-article bd-content' style='max-width:690px'>"
        "<div class='cell_output'><div class='output text_html'>"
        f"{shown(table, 'a').to_html()}</div></div></article>"
    )
    with browser.served(tmp_path) as home:
        assert problems(tab, home + "index.html", home) == []
    box = tab.locator(".output")
    assert box.get_attribute("data-scrolls") == ""
    box.evaluate("(e) => { e.scrollLeft = e.scrollWidth; }")
    tab.wait_for_selector("[data-at-end][data-moved]")
