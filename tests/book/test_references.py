"""Each work that the book names can be found, and has a sentence of its own."""

import re
from collections import Counter
from pathlib import Path

import pytest
from pybtex.database import parse_file

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = parse_file(str(ROOT / "book/references.bib")).entries
PROSE = [ROOT / "README.md", *ROOT.glob("book/*.md"), *ROOT.glob("notebooks/*.py")]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text() for path in PROSE}
DATA_AND_MODELS = {  # whose data or weights are used
    *("li2025highlighting", "lin2014coco", "caesar2018stuff", "zhu2016visual7w"),
    *("das2017visdial", "radford2021clip", "cherti2023openclip", "wang2024qwen2vl"),
    "jiang2025vlm2vec",
}


def cited(text):
    """The keys in MyST's roles cite, cite:t and cite:p."""
    roles = re.findall(r"\{cite(?::\w+)?\}`([^`]*)`", text)
    return {key.strip() for role in roles for key in role.split(",")}


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_says_who_what_when_and_where(key):
    entry = ENTRIES[key]
    assert entry.persons["author"]
    assert {"title", "year", "eprint"} <= set(entry.fields)
    assert "url" not in entry.fields  # the eprint is the address, and is shown as one
    number = re.fullmatch(r"(\d\d)(0[1-9]|1[0-2])\.\d{4,5}", entry.fields["eprint"])
    preprint = 2000 + int(number[1])
    year = int(entry.fields["year"])
    assert preprint <= year <= preprint + 2  # as a preprint, or where it came out
    first = entry.persons["author"][0].last_names[0].lower()
    assert re.match(rf"{first}{year}[a-z0-9]+$", key)


def test_no_work_stands_there_twice():
    numbers = Counter(entry.fields["eprint"] for entry in ENTRIES.values())
    assert [number for number, times in numbers.items() if times > 1] == []


def test_what_is_cited_or_linked_is_an_entry():
    numbers = {entry.fields["eprint"] for entry in ENTRIES.values()}
    missing = [
        (name, what)
        for name, text in TEXTS.items()
        for what in cited(text) - set(ENTRIES)
        | set(re.findall(r"arxiv\.org/\w+/(\d{4}\.\d{4,5})", text)) - numbers
    ]
    assert missing == []


def test_every_neighbour_has_a_sentence():
    assert cited(TEXTS["book/references.md"]) == set(ENTRIES) - DATA_AND_MODELS


def test_a_notebook_links_and_does_not_cite():
    """Jupyter and Colab show a role as it is written."""
    notebooks = [name for name in TEXTS if name.startswith("notebooks/")]
    assert {name for name in notebooks if "{cite" in TEXTS[name]} == set()
