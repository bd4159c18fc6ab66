"""Make the README's picture from the built book: a part of three of its pages.

    .venv/bin/python tools/book_picture.py      # writes book/_static/book.png

Run it, look at what it wrote, and commit it, when a page that it shows has changed.
"""

import io
import sys

import browser
from PIL import Image
from playwright.sync_api import Page

from cocofacet.io import write_atomic

TARGET = browser.ROOT / "book/_static/book.png"
# Page, and what stands at the upper edge of its part.
PARTS = (
    ("book/index.html", "h1"),
    ("book/index.html", ".explorer-asked"),
    ("book/prompted.html", "#gain-by-facet"),
)
SIDE = 600  # pixels, of each square part
GAP, GROUND = 18, "#e9e6df"


def part(page: Page, first: str) -> Image.Image:
    """A square as wide as the page's text, its upper edge at an element."""
    text = page.locator("article").bounding_box()
    top = page.locator(f"article {first}").first.bounding_box()["y"]
    left, side = text["x"], text["width"]
    shot = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    cut = shot.crop((left, top - GAP, left + side, top - GAP + side))
    return cut.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def main() -> int:
    """Write the picture; 2 where there is nothing to take it of or with."""
    if not browser.pages() or browser.find_chromium() is None:
        problem = "error: no book in _build/html, or no Chromium. Run `make book`."
        print(problem, file=sys.stderr)
        return 2
    wide = len(PARTS) * (SIDE + GAP) + GAP
    sheet = Image.new("RGB", (wide, SIDE + 2 * GAP), GROUND)
    with browser.served(browser.BOOK) as address, browser.chromium() as chromium:
        reader = browser.reader(chromium, 1280, "light")
        for place, (path, first) in enumerate(PARTS):
            page = reader.new_page()
            browser.settle(page, address + path)
            page.wait_for_load_state("networkidle")
            sheet.paste(part(page, first), (GAP + place * (SIDE + GAP), GAP))
    small = io.BytesIO()
    sheet.quantize(128, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    write_atomic(TARGET, small.getvalue())
    print(f"{TARGET}: {len(small.getvalue()) / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
