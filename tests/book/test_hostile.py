"""A world whose annotations hold hostile texts, its notebooks executed, their pages
opened in a browser: no script runs, no element is made, and the texts are seen."""

import json
import os
import re
import subprocess
import sys

import browser
import execute
import hostile
import pytest
from chat_endpoint import SECRET, Stub, said

from cocofacet import escape
from cocofacet.benchmark.build import build
from cocofacet.benchmark.locations import normalise
from cocofacet.benchmark.query import RELEASED
from cocofacet.benchmark.sources import OFFICIAL, locate
from cocofacet.retrieval.endpoint import KEY, MODEL, URL

pytestmark = [
    pytest.mark.more,
    pytest.mark.skipif(
        browser.find_chromium() is None, reason="no Chromium: no page was opened"
    ),
]
NOTEBOOKS = ("benchmark", "explorer", "choosing", "answers")
# What reaches a page goes through the door for JSON, which refuses half a character.
TEXTS = [text for kind, text in hostile.TEXTS.items() if "half" not in kind]
EVERYTHING = " ".join(text for text in TEXTS if text.isprintable())
CHANGES = {
    "shown_as": EVERYTHING,
    "folder": "world",
    "fetch": [],
    "pools": [],
    "facets": ["scenes", "animals"],
    "duals": ["tiny-clip"],
    "promptables": ["tiny-qwen2vl"],
    "answerer": "tiny-answers",
    "longest": 4,
    "low_side": 48,
    "device": "cpu",
    "precision": "fp32",
    "ahead": False,
}
CONF = """
extensions = ["myst_nb"]
nb_execution_mode = "off"
smartquotes = False  # to compare quotes as they are
html_static_path = [{static!r}]
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {{"options": {{"enableMenu": False}}}}
def setup(app):
    app.set_html_assets_policy("always")  # MathJax too, as if each had a formula
"""


def make_world(folder):
    """A part of the rendered world; every place is called by a half of the texts,
    too; returns the places that are asked for."""
    command = [*(sys.executable, "-m", "facetworld", "write"), "--out", str(folder)]
    subprocess.run([*command, "--fraction", "0.4"], check=True, capture_output=True)
    path = folder / OFFICIAL["visual7w"]
    content = json.loads(path.read_text())
    for image in content["images"]:
        for pair in image["qa_pairs"]:
            if pair["question"] == "Where is this scene?":
                answer = pair["answer"].rstrip(".")
                half = TEXTS[image["image_id"] % 2 :: 2]
                pair["answer"] = " ".join([answer, *half])
    path.write_text(json.dumps(content))
    # What is released is what is built here, by another seed: so they are compared.
    released = build(locate(folder), 1, facets=CHANGES["facets"])
    released.save(folder / RELEASED)
    labels = {query.label for query in released.of("scenes")}
    for text in TEXTS:
        assert any(normalise(text) in label for label in labels), text
    return labels


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The folder of the pages, and the names of places in them."""
    home = tmp_path_factory.mktemp("hostile")
    labels = make_world(home / "data/world")
    endpoint, executed = Stub(), home / "executed"
    endpoint.replies = [said("D", model=EVERYTHING)]
    arguments = [str(execute.NOTEBOOKS / f"{name}.py") for name in NOTEBOOKS]
    arguments += ["--profile", "full", "--cwd", str(home), "--out", str(executed)]
    for name, value in (CHANGES | {"choosers": ["chat"], "heard": 12}).items():
        arguments += ["-p", f"{name}={json.dumps(value)}"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ((URL, endpoint.url), (MODEL, EVERYTHING), (KEY, SECRET)):
            patch.setenv(name, value)
        patch.setenv("COCOFACET_HOME", str(home))
        assert execute.main(arguments) == 0
    endpoint.stop()
    static = str(browser.ROOT / "book/_static")
    (executed / "conf.py").write_text(CONF.format(static=static))
    toc = "\n".join(NOTEBOOKS)
    (executed / "index.md").write_text(f"# All\n\n```{{toctree}}\n{toc}\n```\n")
    html = home / "html"
    sphinx = [sys.executable, "-m", "sphinx", "-q", str(executed), str(html)]
    subprocess.run(sphinx, check=True, env=os.environ, capture_output=True)
    results = home / "results/full/default/explorer"
    # Where the notebook's page looks for it; it is a page by itself, too.
    (html / "_static/explorer").symlink_to(results)
    return html, labels


def harm(page):
    """Which scripts ran; how many elements and formulas the texts made."""
    return page.evaluate(
        "(kinds) => [window.ran ?? null, ...[kinds, 'mjx-container']"
        ".map((kind) => document.querySelectorAll(kind).length)]",
        hostile.ELEMENTS,
    )


def words(text):
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("name", [*NOTEBOOKS, "_static/explorer/index"])
def test_nothing_runs_and_the_texts_are_seen(pages, chromium, name):
    folder, labels = pages
    with browser.served(folder) as home, chromium.new_context() as reader:
        page, elsewhere = reader.new_page(), []
        page.on("dialog", lambda dialog: elsewhere.append(dialog.message))
        page.on("request", lambda one: elsewhere.append(one.url))
        browser.settle(page, f"{home}{name}.html")
        page.wait_for_load_state("networkidle")
        elsewhere = [one for one in elsewhere if not one.startswith((home, "data:"))]
        assert elsewhere == []
        assert harm(page) == [None, 0, 0]
        # The explorer shows a facet at a time.
        for facet in page.locator("select[name=facet]").all():
            facet.select_option(label="scenes")
        assert harm(page) == [None, 0, 0]
        seen = words(page.evaluate("document.body.textContent"))
        assert words(EVERYTHING) in seen
        if name != "choosing":  # which has no labels, but the endpoint's model
            assert [one for one in labels if words(escape.plain(one)) not in seen] == []
