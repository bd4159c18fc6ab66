"""The live page as a reader sees it."""

from contextlib import contextmanager

import browser
import hostile
import pytest
from live_page import FREE, NIGHT
from page_problems import RENDERINGS


@contextmanager
def reading(chromium, server, width=1280, scheme="light"):
    """A page of it -> page and what was wrong: requests elsewhere, errors."""
    wrong = []
    with browser.reader(chromium, width, scheme) as context:
        page = context.new_page()
        home = (server.address, "data:")
        page.on("request", lambda r: r.url.startswith(home) or wrong.append(r.url))
        page.on("console", lambda m: m.type == "error" and wrong.append(m.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.set_default_timeout(browser.PATIENCE)
        page.goto(server.address)
        yield page, wrong


def status_says(page, words):
    page.locator(".search-status", has_text=words).wait_for()


@pytest.mark.parametrize(("width", "scheme"), RENDERINGS)
def test_a_reader_searches(width, scheme, chromium, server, opened):
    with reading(chromium, server, width, scheme) as (page, wrong):
        page.get_by_label("What a picture is to show").fill(NIGHT)
        page.get_by_label("Question asked of each picture").select_option("times")
        page.get_by_label("What a picture is to show").press("Enter")
        status_says(page, "stand out")
        assert "#text=an+image+taken+at+night&ask=times" in page.url
        panels = page.locator(".explorer-panel")
        assert panels.locator("h2").all_text_contents() == [
            "Asked: times",
            "In general",
        ]
        assert "from " in panels.first.locator("li").first.text_content()
        assert page.locator("li.beyond").count() == 1
        first, second = (each.bounding_box() for each in panels.locator("ol").all())
        assert first["y"] == second["y"] and first["x"] < second["x"]
        page.locator(".search-picture").first.click()
        large = page.locator("dialog img")
        large.wait_for()
        assert large.get_attribute("src").endswith("/large")
        page.keyboard.press("Escape")
        assert not large.is_visible()
        focused = "document.activeElement.className"
        assert page.evaluate(focused) == "search-picture"
        page.get_by_label("Question asked of each picture").select_option("own")
        page.get_by_label("Your question").fill(FREE)
        page.get_by_role("button", name="Search").click()
        status_says(page, "the list has no end")
        page.go_back()
        status_says(page, "stand out")
        assert page.get_by_label("Question asked").input_value() == "times"
        sideways = "document.scrollingElement.scrollWidth > innerWidth"
        assert not page.evaluate(sideways)
        assert wrong == []


def test_a_hostile_name_and_text_do_nothing(chromium, server, opened):
    with reading(chromium, server) as (page, wrong):
        page.get_by_label("Question asked").select_option("none")
        for text in hostile.TEXTS.values():
            if "\ud83d" in text or not text.isprintable():
                continue
            page.get_by_label("What a picture is to show").fill(text)
            page.get_by_role("button", name="Search").click()
            status_says(page, "pictures")
            page.wait_for_function("text => document.title.startsWith(text)", arg=text)
        page.get_by_label("Question asked").select_option("own")
        page.get_by_label("Your question").fill(hostile.TEXTS["an image"])
        page.get_by_role("button", name="Search").click()
        status_says(page, "the list has no end")
        found = page.locator(".search-picture[title*='<img src=x']")
        found.first.click()
        assert "<img src=x" in page.locator("dialog p").text_content()
        assert page.evaluate("window.ran ?? null") is None
        assert page.locator(hostile.ELEMENTS).count() == 0
        assert wrong == []


def test_a_link_holds_the_search_and_what_is_gone_is_said(chromium, server, opened):
    with reading(chromium, server) as (page, wrong):
        page.route("**/picture/**", lambda route: route.fulfill(status=410))
        page.get_by_role("link", name="night").click()
        page.get_by_text("changed or deleted").first.wait_for()
        assert page.get_by_label("What a picture").input_value().endswith("night.")
        assert all("410" in each for each in wrong)
