"""The explorer as a reader's browser runs it, from the file system."""

import io
import json
import re

import browser
import pandas as pd
import pytest
import small_explorer
from page_problems import problems
from PIL import Image
from small_explorer import QUESTIONS, first_by_hand

from cocofacet.benchmark.facets import FACETS
from cocofacet.report.explorer import data, page

needs_browser = pytest.mark.skipif(
    browser.find_chromium() is None, reason="no Chromium: the explorer was not opened"
)
BOOK = browser.BOOK / "notebooks/explorer.html"
RESULTS = browser.ROOT / "results/mini/default"
needs_book = pytest.mark.skipif(
    not BOOK.exists(), reason="no explorer in _build/html: run `make book` first"
)


@pytest.fixture(scope="module")
def world():
    return small_explorer.world()


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory):
    """The page of that world, with pictures of one colour each."""
    made = tmp_path_factory.mktemp("explorer")
    rows = range(len(world[0].queries))
    ways, found = small_explorer.find(world)
    content = data.content(world[0], ways, found, rows, "made-up <world>")
    pictures = small_explorer.draw(made / "images")
    page.write(made / "page", content, pictures, "<small>made by hand</small>")
    return made / "page"


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as found:
        yield found


@pytest.fixture
def tab(chromium, width, scheme):
    with browser.reader(chromium, width, scheme) as reader:
        yield reader.new_page()


each_reader = pytest.mark.parametrize(
    ("width", "scheme"), [(w, s) for w in browser.WIDTHS for s in browser.SCHEMES]
)

# What each method's panel shows, as a reader sees it.
PANELS = """() => [...document.querySelectorAll('.explorer-panel')].map((panel) => ({
  retriever: panel.querySelector('option:checked').parentElement.label,
  words: panel.querySelector('option:checked').textContent,
  rank: Number(panel.querySelector('.explorer-rank strong').textContent),
  prompt: panel.querySelector('.explorer-prompt').textContent,
  pictures: [...panel.querySelectorAll('li')].map((item) => ({
    path: decodeURI(item.querySelector('img').src.split('/pictures/')[1]),
    place: parseInt(item.querySelector('b').textContent),
    hit: item.classList.contains('hit'),
    marked: getComputedStyle(item.querySelector('img')).outlineWidth !== '0px'
            && item.textContent.includes('hit'),
  })),
}))"""
ALL_LOADED = """() => [...document.querySelectorAll('.explorer img')]
    .every((e) => e.complete && e.naturalWidth > 0)"""


def reads(page, query):
    """Check that a page is about this query: its text, its positive, its ranks."""
    panels = page.evaluate(PANELS)
    assert f"“{query.text.strip()}”" == page.inner_text(".explorer-text")
    assert f"Query {query.id};" in page.inner_text(".explorer-caption")
    said = page.inner_text("[role=status]")
    for panel in panels:
        name = f"{panel['retriever']}, {panel['words']}"
        assert f"{name}: rank {panel['rank']} of 100" in said
        hits = [one for one in panel["pictures"] if one["hit"]]
        assert [one["path"] for one in hits] == [query.candidates[0]]
        assert all(one["marked"] == one["hit"] for one in panel["pictures"])
        assert hits[0]["place"] == panel["rank"], "the hit stands where the rank says"
        places = [one["place"] for one in panel["pictures"]]
        assert places[:10] == list(range(1, 11))
        assert places[10:] == ([panel["rank"]] if panel["rank"] > 10 else [])
    page.wait_for_function(ALL_LOADED, timeout=browser.PATIENCE)
    return panels


def agrees(page, world, row, prompts):
    """Check the panels against the plain sort under these prompts, one a panel."""
    panels = reads(page, world[0].queries[row])
    for panel, prompt in zip(panels, prompts, strict=True):
        best = first_by_hand(world, prompt, row)
        assert [one["path"] for one in panel["pictures"]][:10] == best[:10]
        assert panel["rank"] == 1 + best.index(world[0].queries[row].candidates[0])
        assert "without a prompt" in panel["prompt"] if prompt is None else (
            f"“{prompt}”" in panel["prompt"] if prompt else "no question" in
            panel["prompt"]
        )  # fmt: skip


@needs_browser
@each_reader
def test_a_reader_clicks_through_facet_query_and_method(tab, world, folder):
    own = QUESTIONS
    stumbled = problems(tab, (folder / "index.html").as_uri(), folder.as_uri())
    agrees(tab, world, 0, [None, own["animals"]])
    assert not tab.is_visible(".explorer-note")
    tab.select_option("[name=text]", label=world[0].queries[4].text.strip())
    agrees(tab, world, 4, [None, own["animals"]])
    tab.click("[name=next]")
    agrees(tab, world, 5, [None, own["animals"]])
    tab.click("[name=next]")
    agrees(tab, world, 4, [None, own["animals"]])
    tab.click("[name=previous]")
    agrees(tab, world, 5, [None, own["animals"]])
    menus = tab.locator("[name=method]")
    menus.nth(0).select_option(label="bare instruction")
    menus.nth(1).select_option(label="the question of weathers")
    agrees(tab, world, 5, ["", own["weathers"]])
    tab.select_option("[name=facet]", label="weathers")
    # What was a wrong question is this facet's own now.
    agrees(tab, world, 7, ["", own["weathers"]])
    tab.select_option("[name=query]", index=2)
    agrees(tab, world, 9, ["", own["weathers"]])
    tab.click("[name=add]")
    agrees(tab, world, 9, ["", own["weathers"], None])
    tab.locator("[name=remove]").nth(0).click()
    agrees(tab, world, 9, [own["weathers"], None])
    assert "made-up <world>" in tab.inner_text(".explorer-caption")
    assert stumbled == []
    wide = "document.scrollingElement.scrollWidth - innerWidth"
    assert tab.evaluate(wide) <= 0


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_keyboard_alone_is_enough(tab, world, folder):
    tab.goto((folder / "index.html").as_uri())
    reached = []
    for _ in range(8):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.name"))
        ring = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid", f"no ring around {reached[-1]}"
    assert reached == [
        *("facet", "text", "query", "previous", "next"),
        *("method", "method", "add"),
    ]

    def back_to(name):
        while tab.evaluate("document.activeElement.name") != name:
            tab.keyboard.press("Shift+Tab")

    back_to("text")
    tab.keyboard.press("ArrowDown")
    agrees(tab, world, 4, [None, QUESTIONS["animals"]])
    back_to("facet")
    tab.keyboard.press("ArrowDown")
    agrees(tab, world, 7, [None, QUESTIONS["weathers"]])
    for _ in range(2):
        tab.keyboard.press("Tab")
    tab.keyboard.press("ArrowDown")
    agrees(tab, world, 8, [None, QUESTIONS["weathers"]])
    for _ in range(2):
        tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    agrees(tab, world, 9, [None, QUESTIONS["weathers"]])
    tab.keyboard.press("Tab")
    tab.keyboard.press("ArrowDown")
    agrees(tab, world, 9, [QUESTIONS["weathers"], QUESTIONS["weathers"]])
    for _ in range(2):
        tab.keyboard.press("Tab")
    tab.keyboard.press("Space")
    assert tab.evaluate("document.activeElement.name") == "method"
    agrees(tab, world, 9, [QUESTIONS["weathers"], QUESTIONS["weathers"], None])
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.ariaLabel") == "Remove method 3"
    tab.keyboard.press("Enter")
    agrees(tab, world, 9, [QUESTIONS["weathers"], QUESTIONS["weathers"]])
    assert tab.evaluate("document.activeElement.name") == "add", "focus is not lost"


@needs_browser
@each_reader
def test_the_page_is_dark_where_its_words_are_light(tab, folder, scheme):
    tab.goto((folder / "index.html").as_uri())
    words = "getComputedStyle(document.querySelector('.explorer-rank')).color"
    ink = [int(part) for part in re.findall(r"\d+", tab.evaluate(words))[:3]]
    corner = Image.open(io.BytesIO(tab.screenshot())).convert("RGB").getpixel((2, 2))
    assert (min(ink) > 200, max(corner) < 50) == (scheme == "dark",) * 2


@needs_browser
def test_without_script_or_without_data_a_note_stays(chromium, folder, tmp_path):
    alone = tmp_path / "index.html"
    alone.write_text((folder / "index.html").read_text())
    for script, path in ((False, folder / "index.html"), (True, alone)):
        with chromium.new_context(java_script_enabled=script) as reader:
            page = reader.new_page()
            page.goto(path.as_uri())
            assert page.is_visible(".explorer-note")
            assert not page.is_visible("select")


@needs_browser
@needs_book
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_books_page_shows_the_ranks_that_were_saved(tab):
    content = json.loads(
        (browser.BOOK / "_static/explorer/data.js").read_text().split(" = ", 1)[1][:-2]
    )
    saved = pd.read_csv(RESULTS / "explorer.ranks.csv", keep_default_na=False)
    ranks = saved.set_index(["query", "retriever", "prompt", "mode"])["rank"]
    home = browser.BOOK.as_uri()
    stumbled = problems(tab, BOOK.as_uri(), home)
    promptable, dual = (content["methods"][n]["retriever"] for n in (0, -1))
    for name in tab.locator("[name=facet] option").all_inner_texts():
        tab.select_option("[name=facet]", label=name)
        tab.click("[name=next]")
        query = tab.inner_text(".explorer-caption").split("Query ")[1].split(";")[0]
        general, prompted = tab.evaluate(PANELS)
        question = FACETS[name].question
        assert general["rank"] == ranks[query, promptable, "", "general"]
        assert prompted["rank"] == ranks[query, promptable, question, "prompted"]
        tab.locator("[name=method]").nth(1).select_option(
            value=str(len(content["methods"]) - 1)
        )
        shown = tab.evaluate(PANELS)[1]
        assert shown["rank"] == ranks[query, dual, "", "general"]
        tab.locator("[name=method]").nth(1).select_option(value="1")
        for panel in (general, prompted, shown):
            (hit,) = [one for one in panel["pictures"] if one["hit"]]
            assert hit["place"] == panel["rank"]
    assert stumbled == []
