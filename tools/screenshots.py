"""Take a picture of every page of the built book, for people to look at.

    .venv/bin/python tools/screenshots.py [PAGE ...]

Laptop and phone, light and dark, into ``_build/screenshots``. A page is named as in its
address, for example ``notebooks/benchmark.html``.
"""

import argparse
import sys

import browser

OUT = browser.ROOT / "_build/screenshots"


def main() -> int:
    """Write the pictures; 2 where there is nothing to take them of or with."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", nargs="*", help="default: all but source listings")
    known = [page for page in browser.pages() if not page.startswith("_modules/")]
    wanted = parser.parse_args().pages or known
    if not known:
        print("error: no book in _build/html. Run `make book`.", file=sys.stderr)
        return 2
    unknown = [page for page in wanted if page not in known]
    if unknown:
        listed = ", ".join(known)
        print(f"error: no page {unknown[0]!r}. There are: {listed}.", file=sys.stderr)
        return 2
    if browser.find_chromium() is None:
        print("error: Chromium is not installed.", file=sys.stderr)
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    with browser.served(browser.BOOK) as address, browser.chromium() as chromium:
        for width in browser.WIDTHS:
            for scheme in browser.SCHEMES:
                page = browser.reader(chromium, width, scheme).new_page()
                for path in wanted:
                    browser.settle(page, address + path)
                    name = path.removesuffix(".html").replace("/", "-")
                    file = OUT / f"{name}-{width}-{scheme}.png"
                    page.screenshot(path=file, full_page=True)
    print(OUT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
