"""The explorer as a reader's browser runs it, from the file system."""

import io
import json
import re
from html import unescape
from urllib.parse import parse_qs

import browser
import pandas as pd
import pytest
import small_explorer
from page_problems import problems
from PIL import Image
from small_explorer import QUESTIONS, first_by_hand

from cocofacet.benchmark.facets import FACETS
from cocofacet.report.explorer import data, page
from cocofacet.report.explorer.page import link

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
    ways, found = small_explorer.find(world)
    cases = data.cases(world[0], *found[:2])
    content = data.content(world[0], ways, found, cases, "made-up <world>", 0)
    pictures = small_explorer.draw(made / "images")
    few = (ways[:2], found[:2], cases.loc[[*FEW]], "made-up <world>", FEW[0])
    few = data.content(world[0], *few)
    made_by = "<small>made by hand</small>"
    page.write(made / "page", content, pictures, made_by, few)
    front = "<!doctype html><link rel='icon' href='data:,'><article>{}</article>"
    smallest = page.fragment(".", "index.html")
    (made / "page/front.html").write_text(front.format(smallest), "utf-8")
    return made / "page"


@pytest.fixture
def tab(chromium, width, scheme):
    with browser.reader(chromium, width, scheme) as reader:
        yield reader.new_page()


each_reader = pytest.mark.parametrize(
    ("width", "scheme"), [(w, s) for w in browser.WIDTHS for s in browser.SCHEMES]
)

# The queries of the smallest form: the second dog and the third storm.
FEW = (5, 12)

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


# Resolves when the page has heard of its new address.
FOLLOW = """(hash) => new Promise((done) => {
  addEventListener('hashchange', () => setTimeout(done), { once: true });
  location.hash = hash;
})"""


def reads(page, query, most=10):
    """Check that a page is about this query: its text, its positive, its ranks, and the
    first ``most`` pictures."""
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
        assert places[:most] == list(range(1, most + 1))
        assert places[most:] == ([panel["rank"]] if panel["rank"] > most else [])
    page.wait_for_function(ALL_LOADED, timeout=browser.PATIENCE)
    return panels


def agrees(page, world, row, prompts, most=10):
    """Check the panels against the plain sort under these prompts, one a panel, and
    that each shows its first ``most``, then the positive where it is not among them."""
    panels = reads(page, world[0].queries[row], most)
    for panel, prompt in zip(panels, prompts, strict=True):
        best = first_by_hand(world, prompt, row)
        positive = world[0].queries[row].candidates[0]
        beyond = [] if positive in best[:most] else [positive]
        assert [one["path"] for one in panel["pictures"]] == best[:most] + beyond
        assert panel["rank"] == 1 + best.index(positive)
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
    while reached[-1:] != ["add"] and len(reached) < 50:
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.name"))
        ring = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid", f"no ring around {reached[-1]}"
    pictures = [len(panel["pictures"]) for panel in tab.evaluate(PANELS)]
    assert reached == [
        *("facet", "text", "query", "previous", "next", "enlarge", "method"),
        *["enlarge"] * pictures[0],
        *("method", *["enlarge"] * pictures[1], "add"),
    ]

    def go_to(name, key):
        tab.keyboard.press(key)
        while tab.evaluate("document.activeElement.name") != name:
            tab.keyboard.press(key)

    def back_to(name):
        go_to(name, "Shift+Tab")

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
    go_to("next", "Tab")
    tab.keyboard.press("Enter")
    agrees(tab, world, 9, [None, QUESTIONS["weathers"]])
    go_to("method", "Tab")
    tab.keyboard.press("ArrowDown")
    agrees(tab, world, 9, [QUESTIONS["weathers"], QUESTIONS["weathers"]])
    go_to("add", "Tab")
    tab.keyboard.press("Space")
    assert tab.evaluate("document.activeElement.name") == "method"
    agrees(tab, world, 9, [QUESTIONS["weathers"], QUESTIONS["weathers"], None])
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.ariaLabel") == "Remove method 3"
    tab.keyboard.press("Enter")
    agrees(tab, world, 9, [QUESTIONS["weathers"], QUESTIONS["weathers"]])
    assert tab.evaluate("document.activeElement.name") == "add", "focus is not lost"


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_picture_is_enlarged_and_shut_again(tab, folder):
    """By a click and by a key; shut by Escape, by its button, and beside it."""
    tab.goto((folder / "index.html").as_uri())
    pictures = tab.locator(".explorer-enlarge")
    sizes = [one.bounding_box()["width"] for one in pictures.locator("img").all()]
    assert min(sizes) >= 160
    for number, way in enumerate(("click", "Enter", "Space")):
        picture = pictures.nth(number)
        shown = picture.locator("img").get_attribute("src")
        if way == "click":
            picture.click()
        else:
            picture.focus()
            tab.keyboard.press(way)
        large = tab.locator("dialog[open] img")
        assert large.get_attribute("src") == shown
        assert large.get_attribute("alt") in tab.inner_text("dialog p")
        assert large.bounding_box()["width"] > 1.5 * min(sizes)
        if way == "click":
            tab.keyboard.press("Escape")
            focused = "document.activeElement.querySelector('img').getAttribute('src')"
            assert tab.evaluate(focused) == shown, "the focus is where it was"
        elif way == "Enter":
            tab.click("[name=close]")
        else:
            tab.mouse.click(3, 3)
        assert not tab.is_visible("dialog")


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light")])
def test_the_address_holds_the_state(tab, world, folder):
    start, own = (folder / "index.html").as_uri(), QUESTIONS
    tab.goto(start)
    assert tab.url == start, "nothing was chosen yet"
    steps = []

    def step(row, prompts):
        agrees(tab, world, row, prompts)
        steps.append((tab.url, row, prompts))

    step(0, [None, own["animals"]])
    tab.select_option("[name=text]", index=1)
    step(4, [None, own["animals"]])
    tab.click("[name=next]")
    step(5, [None, own["animals"]])
    tab.locator("[name=method]").nth(0).select_option(label="bare instruction")
    step(5, ["", own["animals"]])
    tab.select_option("[name=facet]", label="weathers")
    step(7, ["", own["weathers"]])
    tab.click("[name=add]")
    step(7, ["", own["weathers"], None])
    tab.locator("[name=remove]").nth(0).click()
    step(7, [own["weathers"], None])
    assert len({url for url, *_ in steps}) == len(steps)
    for url, row, prompts in reversed(steps[:-1]):
        tab.go_back()
        assert tab.url == url
        agrees(tab, world, row, prompts)
    tab.go_forward()
    agrees(tab, world, *steps[1][1:])
    for url, row, prompts in steps:
        with tab.context.new_page() as other:
            other.goto(url)
            agrees(other, world, row, prompts)
            assert other.url == url


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light")])
def test_a_link_is_the_one_that_the_page_writes(tab, world, folder):
    """For a query of each text, and each of its methods."""
    ways = data.methods(QUESTIONS, "promptable", "dual")
    tab.goto((folder / "index.html").as_uri())
    for row, number in ((5, 2), (11, 2)):
        query = world[0].queries[row]
        for way in (way for way in ways if query.facet in way.prompts):
            address = link(query.facet, query.label, way.name, number)
            tab.evaluate(FOLLOW, address)
            agrees(tab, world, row, [None, way.prompts[query.facet]])
            tab.click("[name=next]")
            tab.click("[name=previous]")
            assert tab.evaluate("location.hash") == address, "written as it was read"
    for address, row in {
        link("animals", "cat"): 0,
        link("animals", world[0].queries[5].text, picture=2): 5,
        link("weathers", "snowy", "weathers"): 7,
        "#facet=weathers&text=stormy&question=weathers": 10,
        "#facet=weathers&amp;text=snowy&amp;picture=2": 8,
    }.items():
        query = world[0].queries[row]
        tab.evaluate(FOLLOW, address)
        agrees(tab, world, row, [None, QUESTIONS[query.facet]])


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "light")])
@pytest.mark.parametrize(
    "bad",
    [
        "#facet=nothing&text=dog",
        "#facet=animals",
        "#facet=animals&text=unicorn",
        "#facet=animals&text=dog&picture=99",
        "#facet=animals&text=dog&picture=one",
        "#facet=animals&text=dog&question=none&question=bird",
        "#facet=%E0%A4%A&text=%",
        "#some-heading",
        "#",
    ],
)
def test_a_bad_link_shows_the_opening_case(tab, world, folder, bad):
    start = (folder / "index.html").as_uri()
    assert problems(tab, start + bad, folder.as_uri()) == []
    agrees(tab, world, 0, [None, QUESTIONS["animals"]])
    tab.goto(start + link("animals", "dog"))
    agrees(tab, world, 4, [None, QUESTIONS["animals"]])
    tab.evaluate(FOLLOW, bad)
    stays = bad == "#some-heading"  # a heading of the page is no case
    agrees(tab, world, 4 if stays else 0, [None, QUESTIONS["animals"]])


@needs_browser
@each_reader
def test_the_smallest_form(tab, world, folder):
    stumbled = problems(tab, (folder / "front.html").as_uri(), folder.as_uri())
    own = QUESTIONS
    agrees(tab, world, 5, [None, own["animals"]], most=4)
    assert not tab.locator(".explorer :is(select, [name=add]):visible").count()
    current = tab.locator(".explorer-cases [aria-current]")
    assert world[0].queries[5].text.strip() in current.inner_text()
    links = tab.locator(".explorer-cases a")
    assert links.count() == len(FEW)
    links.nth(1).click()
    agrees(tab, world, 12, [None, own["weathers"]], most=4)
    assert world[0].queries[12].text.strip() in current.inner_text()
    tab.locator(".explorer-enlarge").nth(1).click()
    assert tab.is_visible("dialog img")
    tab.keyboard.press("Escape")
    tab.go_back()
    agrees(tab, world, 5, [None, own["animals"]], most=4)
    with tab.expect_navigation(wait_until="load"):
        tab.click(".explorer-whole")
    assert "index.html" in tab.url
    agrees(tab, world, 5, [None, own["animals"]])
    assert stumbled == []


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


@needs_book
def test_the_answers_to_its_exercises_are_true():
    ranks = pd.read_csv(RESULTS / "explorer.ranks.csv", keep_default_na=False)
    ranks = ranks[(ranks.retriever == "tiny-qwen2vl") & (ranks["mode"] != "bare")]

    def middle(facet, prompt, text=""):
        chosen = ranks[(ranks.facet == facet) & (ranks.prompt == prompt)]
        return chosen[chosen.text.str.contains(text)]["rank"].median()

    question = {name: FACETS[name].question for name in FACETS}
    dusk = {
        name: middle("times", prompt, "dusk")
        for name, prompt in {**question, "none": ""}.items()
    }
    assert dusk["weathers"] <= 10 < 40 < min(dusk["none"], dusk["people"])
    assert middle("objects", "") == 1
    assert middle("objects", question["times"]) > 40


@needs_browser
@needs_book
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark")])
def test_the_front_page_has_the_smallest_form_and_it_is_small(tab):
    shown = browser.BOOK / "_static/explorer"
    script = (shown / "smallest.js").read_text()
    images = json.loads(script.split(" = ", 1)[1][:-2])["images"]
    size = sum((shown / "pictures" / name).stat().st_size for name in images)
    assert len(script.encode()) + size <= 400_000
    tab.goto((browser.BOOK / "book/index.html").as_uri())
    assert tab.locator(".explorer-cases a").count() == 4
    for number in range(4):
        tab.locator(".explorer-cases a").nth(number).click()
        assert {len(p["pictures"]) for p in tab.evaluate(PANELS)} <= {4, 5}
    tab.wait_for_function(ALL_LOADED, timeout=browser.PATIENCE)
    looked_for = re.search("Query .*;", tab.inner_text(".explorer-caption"))[0]
    with tab.expect_navigation(wait_until="load"):
        tab.click(".explorer-whole")
    assert "notebooks/explorer.html#facet=" in tab.url
    assert looked_for in tab.inner_text(".explorer-caption")


@needs_browser
@needs_book
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light")])
def test_every_link_to_a_case_in_the_book_is_understood(tab):
    found = set()
    for path in browser.pages():
        text = (browser.BOOK / path).read_text(encoding="utf-8")
        found |= set(re.findall(r'href="[^"#]*(#facet=[^"]*)"', text))
    assert found, "no page links to a case"
    tab.goto(BOOK.as_uri())
    chosen = (
        "name => document.querySelector(`[name=${name}] option:checked`).textContent"
    )
    labels = {
        (facet["name"], text["text"]): text["label"]
        for facet in json.loads(
            (browser.BOOK / "_static/explorer/data.js")
            .read_text()
            .split(" = ", 1)[1][:-2]
        )["facets"]
        for text in facet["texts"]
    }
    for address in sorted(found):
        # Twice, where MyST wrote it: the page understands that as well.
        said = parse_qs(unescape(unescape(address))[1:])
        said = {key: values[0] for key, values in said.items()}
        tab.evaluate(FOLLOW, unescape(address))
        facet, text = tab.evaluate(chosen, "facet"), tab.evaluate(chosen, "text")
        assert facet == said["facet"]
        assert said["text"] in (text, labels[facet, text])
        assert tab.evaluate(chosen, "query").startswith(f"{said.get('picture', 1)} of")
