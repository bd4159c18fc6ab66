"""The contact sheet: what it says, and how a browser shows it."""

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import browser
import hostile
import pandas as pd
import pytest
from page_problems import RENDERINGS, problems
from small_photos import paint

from cocofacet.io import InputError
from cocofacet.photos import sheet
from cocofacet.photos.files import shown
from cocofacet.photos.search import Found, Wish

# Names that a file may have: a slash ends one, and none is longer than 255 bytes.
NAMES = [text.replace("/", "\u2215") for text in hostile.TEXTS.values()]
NAMES = [name for name in NAMES if "\ud83d" not in name]
NAMES += ["a b.jpg", "new\nline.jpg", "50%25?x=#1.jpg", "日本.jpg", "x" * 240 + ".jpg"]
NAMES += [os.fsdecode(b"latin-\xe9.jpg")]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    return [paint(folder / name, n, 300, format="JPEG") for n, name in enumerate(NAMES)]


DUSK = Wish("<b>dusk</b>", "When?")


def found(files, standing_out=3, wishes=(DUSK,), how="rerank"):
    """General ranks them the other way round; the last is far behind there."""
    count = len(files)
    paths = [shown(file.name) for file in files]
    pictures = pd.DataFrame({"path": paths, "score": 0.5, "share": 0.75})
    pictures["general"] = pd.array([*range(count, 1, -1), None], "Int64")
    general = pd.DataFrame({"path": paths[::-1], "score": 0.25})
    general["asked"] = pd.array([*range(count, 1, -1), None], "Int64")
    ranked = (pictures, tuple(files), standing_out, general, tuple(files[::-1]))
    return Found(files[0].parent, *ranked, wishes, (how,) * len(wishes))


def test_moves_shares_and_ends_are_said(files):
    page = sheet.page(found(files), count=20, few=2)
    last = len(files)
    assert "3 stand out" in page and "The next do not" in page
    assert page.count("<li>") + page.count("<li class=hit>") == 1 + 2 * 5  # wish, lists
    assert f"▲ from {last}</span><span>share 0.75" in page
    assert f"▼ to {last}" in page and "far behind" not in page
    assert "asked “When?” (of the first 200 of the general ranking alone)" in page


@pytest.mark.parametrize(
    ("out", "said", "pictures"),
    [(0, "Nothing here stands out; the nearest", 2), (None, "The first 4", 4)],
)
def test_where_nothing_stands_out_and_where_there_is_no_scale(
    files, out, said, pictures
):
    page = sheet.page(found(files, out), count=4, few=2)
    assert said in page and "li class=hit" not in page
    assert page.count("data:image/jpeg") == 2 * pictures
    assert ("score 0.500" in page) == (out is None)


def test_without_a_question_there_is_one_ranking(files):
    page = sheet.page(found(files, None, (Wish("dusk"),), "general"), 4, 2)
    assert page.count("<section") == 1 and "from" not in page


def test_a_picture_that_is_gone_is_named(files, tmp_path):
    gone = [tmp_path / "gone.jpg", *files[1:]]
    page = sheet.page(found(gone), 4, 2)
    assert ">cannot be opened any more</a>" in page and "gone.jpg" in page


def test_a_sheet_that_cannot_be_written_is_one_line(files, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"sheet\.html"):
        sheet.write(tmp_path / "file" / "sheet.html", found(files), 4, 2)


# The least contrast of a text with what is behind it, as WCAG has it. A canvas turns
# any colour into red, green and blue.
CONTRAST = """() => {
  const pen = document.createElement('canvas').getContext('2d',
      {willReadFrequently: true});
  const light = (colours) => {
    for (const colour of colours) {
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
    }
    const part = [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => v / 255)
        .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
  };
  const ratio = (element) => {
    const behind = [];
    for (let e = element; e; e = e.parentElement) {
      behind.unshift(getComputedStyle(e).backgroundColor);
    }
    const paper = light(['Canvas', ...behind]);
    const ink = light(['Canvas', ...behind, getComputedStyle(element).color]);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  };
  pen.canvas.style.colorScheme = matchMedia('(prefers-color-scheme: dark)').matches
      ? 'dark' : 'light';
  document.body.append(pen.canvas);
  const own = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  const texts = [...document.querySelectorAll('article *')].filter(own);
  return Math.min(...texts.map(ratio));
}"""


@pytest.mark.parametrize(("width", "scheme"), RENDERINGS)
def test_in_a_browser(files, tmp_path, width, scheme):
    """Names and texts are shown as they are, nothing is loaded, links lead to files."""
    if browser.find_chromium() is None:
        pytest.skip("no Chromium: no page was opened")
    path = tmp_path / "sheet.html"
    sheet.write(path, found(files), 200, 200)
    with browser.chromium() as opened, browser.reader(opened, width, scheme) as reader:
        page = reader.new_page()
        page.set_default_timeout(browser.PATIENCE)
        assert problems(page, path.as_uri(), path.as_uri()) == []
        assert page.evaluate("window.ran") is None
        acting = "img[src=x], svg[onload], iframe, a:not([href^='file:'])"
        assert page.locator(acting).count() == 0
        assert page.locator("h1").text_content() == "“<b>dusk</b>”"
        names = page.locator("section").nth(1).locator(".sheet-name")
        assert names.all_text_contents() == [shown(file.name) for file in files]
        links = page.locator("section").nth(1).locator("li a").all()
        linked = [
            unquote_to_bytes(urlsplit(a.get_attribute("href")).path) for a in links
        ]
        assert [Path(os.fsdecode(each)) for each in linked] == files
        assert page.evaluate(CONTRAST) >= 4.5
        for address in [link.get_attribute("href") for link in links]:
            page.goto(address)
            assert page.evaluate("document.images[0].naturalWidth") == 300, address
