"""The address in one place, and the notebooks that Colab opens."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import make_notebooks
import nbformat
import public_address
import publish
import pytest

ROOT = Path(__file__).parents[2]
URL = "https://example.org/somebody/something"


# A page whose prose says wombat.
NOTEBOOK = """# %% [markdown]
# # One
#
# A wombat.
#
# | a | b |
# |---|---|
# | numbat | 1 |

# %% tags=["parameters"]
profile = "mini"

# %%
profile
"""


@pytest.fixture
def book(tmp_path):
    """A repository whose book is built, with every real notebook unrun."""
    (tmp_path / "_config.yml").write_text((ROOT / "_config.yml").read_text())
    for folder in ("notebooks", "_sources/notebooks"):
        out = tmp_path / "_build/html" / folder
        out.mkdir(parents=True)
        for source in ROOT.glob("notebooks/*.py"):
            make_notebooks.write(source, out / f"{source.stem}.ipynb")
    (tmp_path / "_build/html/index.html").write_text("<title>The book</title>")
    return tmp_path


def colab_cells(folder):
    for path in sorted(folder.rglob("*.ipynb")):
        cells = json.loads(path.read_text())["cells"]
        sources = ["".join(cell["source"]) for cell in cells]
        yield next(source for source in sources if "COLAB_RELEASE_TAG" in source)


def test_the_repository_itself_has_no_address_yet_or_a_whole_one():
    found = publish.address(ROOT / "_config.yml")
    assert found == "" or found.startswith("https://")


def test_setting_the_address_changes_that_line_only(book):
    before = (book / "_config.yml").read_text().splitlines()
    publish.set_address(book / "_config.yml", URL)
    after = (book / "_config.yml").read_text().splitlines()
    assert publish.address(book / "_config.yml") == URL
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [f'  url: "{URL}"']


@pytest.mark.parametrize("bad", ["", "somebody/something", "http://a/b/c", "https://a"])
def test_half_an_address_is_refused(book, bad):
    with pytest.raises(publish.Refused, match="OWNER/NAME"):
        publish.set_address(book / "_config.yml", bad)


def test_every_published_notebook_installs_the_commit_it_was_made_from(book):
    publish.set_address(book / "_config.yml", URL)
    out = publish.site(book, "abc123")
    cells = list(colab_cells(out))
    assert len(cells) == 2 * len(list(ROOT.glob("notebooks/*.py")))
    for cell in cells:
        assert f'REPOSITORY, COMMIT = "{URL}", "abc123"' in cell
        assert '%pip install -q "cocofacet @ git+{REPOSITORY}@{COMMIT}"' in cell
    assert (out / ".nojekyll").exists()
    # The built book itself stays as it was.
    for cell in colab_cells(book / "_build/html"):
        assert 'REPOSITORY, COMMIT = "", "main"' in cell


def test_nothing_is_published_without_an_address_or_a_book(book, tmp_path_factory):
    with pytest.raises(publish.Refused, match=r"repository\.url"):
        publish.site(book, "abc123")
    empty = tmp_path_factory.mktemp("empty")
    (empty / "_config.yml").write_text(f'repository:\n  url: "{URL}"\n')
    with pytest.raises(publish.Refused, match="make book"):
        publish.site(empty, "abc123")
    assert not (book / "_build/site").exists()


def test_a_notebook_without_the_colab_cell_is_refused():
    notebook = {"cells": [{"source": ["print(1)\n"]}]}
    with pytest.raises(publish.Refused, match="0 Colab cells"):
        publish.address_notebook(notebook, URL, "abc123")


def test_the_badge_says_of_each_profile_what_every_notebook_says():
    sizes = re.findall(r"T4|\d+ GB", public_address.BADGE)
    notebooks = [path.read_text() for path in ROOT.glob("notebooks/*.py")]
    told = [re.findall(r'^profile = .*("colab".*)', text, re.M) for text in notebooks]
    assert any(told)
    for line in (line for lines in told for line in lines):
        assert sorted(re.findall(r"T4|\d+ GB", line)) == sorted(sizes)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", marks=pytest.mark.more),
        "https://github.com/somebody/something",
    ],
)
def test_pages_link_to_the_repository_only_when_it_has_an_address(tmp_path, url):
    config = (ROOT / "_config.yml").read_text()
    (tmp_path / "_config.yml").write_text(config)
    if url:
        publish.set_address(tmp_path / "_config.yml", url)
    shutil.copytree(ROOT / "book/_static", tmp_path / "book/_static")
    shutil.copytree(ROOT / "book/_ext", tmp_path / "book/_ext")
    shutil.copy(ROOT / "book/references.bib", tmp_path / "book")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "book/index.md").write_text("# A book\n\nWith a page.\n")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n  - file: notebooks/one\n"
    )
    (tmp_path / "notebooks").mkdir()
    notebook = jupytext.reads(NOTEBOOK, fmt="py:percent")
    shown = {"text/html": "<table><tr><td>okapi</td></tr></table>"}
    said = {"text/markdown": "An output says quokka."}
    notebook.cells[-1].outputs = [
        nbformat.v4.new_output("display_data", data) for data in (shown, said)
    ]
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "language": "python",
        "display_name": "Python 3",
    }
    jupytext.write(notebook, tmp_path / "notebooks/one.ipynb")
    command = Path(sys.executable).with_name("jupyter-book")
    build = [command, "build", tmp_path, "-W", "--keep-going", "-q"]
    done = subprocess.run(build, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "_build/html/notebooks/one.html").read_text()
    links = set(re.findall(r'href="(https://(?:github|colab)[^"]*)"', page))
    found = (tmp_path / "_build/html/searchindex.js").read_text()
    words = ("wombat", "quokka", "okapi", "numbat")
    assert [word in found for word in words] == [True, True, False, False]
    assert all(word in page for word in words)
    blob = "/github/somebody/something/blob/gh-pages/notebooks/one.ipynb"
    badges = re.findall(r'<p class="colab">.*?</p>\n(?=<div class="cell tag_p)', page)
    assert len(badges) == bool(url)
    if url:
        assert f'href="https://colab.research.google.com{blob}"' in badges[0]
        assert url in links
        assert f"https://colab.research.google.com{blob}" in links
    else:
        assert links == set()
