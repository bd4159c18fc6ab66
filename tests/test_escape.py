"""What is read is shown as it is and does nothing, whatever it holds."""

import html
import json
import re
from html.parser import HTMLParser

import hostile
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from matplotlib import pyplot as plt

from cocofacet import cli, escape, program
from cocofacet.benchmark.facets import FACETS
from cocofacet.io import InputError
from cocofacet.report import figures, tables
from cocofacet.report.notebook import markdown, prose
from cocofacet.report.style import finished, use_style

# As the book renders Markdown, and as others do (tables, linked addresses).
FLAVOURS = [MarkdownIt("commonmark"), MarkdownIt("gfm-like", {"html": True})]
each_kind = pytest.mark.parametrize("text", hostile.TEXTS.values(), ids=hostile.TEXTS)


class Seen(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, *attributes))

    def handle_data(self, data):
        self.text += data


MATH = ("span", ("class", escape.NO_MATH))


@pytest.mark.parametrize("flavour", FLAVOURS, ids=["commonmark", "gfm"])
@pytest.mark.parametrize("around", ["{}", "**own** “{}”", "<small>{}</small>", "- {}"])
def test_markdown_shows_a_text_and_makes_nothing_of_it(flavour, around):
    own = Seen(flavour.render(around.format("x"))).elements
    for text in hostile.TEXTS.values():
        seen = Seen(flavour.render(markdown(around, text).data))
        assert [e for e in seen.elements if e != MATH] == own, text
        assert escape.plain(text) in seen.text


@pytest.mark.parametrize("flavour", FLAVOURS, ids=["commonmark", "gfm"])
@given(text=st.text("<>&`*_[]()!$\\|~#-+=.:/@1a \n\t\"'{}", max_size=12))
def test_no_text_is_mark_up(flavour, text):
    shown = Seen(flavour.render(markdown("a {} z", text).data))
    assert [e for e in shown.elements if e != MATH] == [("p",)]
    assert shown.text == f"a {escape.plain(text)} z\n"


def test_a_formula_has_no_sign_of_one_outside_an_element_that_is_left_alone():
    shown = escape.markdown(hostile.TEXTS["a formula"])
    alone = rf'<span class="{escape.NO_MATH}">&#\d+;</span>'
    rest = html.unescape(re.sub(alone, "", shown))
    assert "$" not in rest and "\\" not in rest


def test_an_address_is_not_fetched_and_a_file_is_not_read(tmp_path):
    (tmp_path / "file").write_text("its content")
    for text in (f"{tmp_path / 'file'}", "http://192.0.2.1/x"):
        for shown in (markdown("{}", text), prose(text), markdown(text)):
            assert Seen(FLAVOURS[0].render(shown.data)).text == f"{text}\n"


def test_sentences_have_paragraphs_and_lists_and_no_more():
    shown = prose("One:\n\n- a *b*\n- # c\n\n# d\n> e\n1. f\n    g").data
    (commonmark, _) = FLAVOURS
    kinds = [e[0] for e in Seen(commonmark.render(shown)).elements]
    assert kinds == ["p", "ul", "li", "li", "p"]


def test_ordinary_sentences_are_not_changed():
    said = (
        "Open_clip's Recall@5 (macro) is +1.5 points [−2, 3], 95 % of it: the facet's "
        "“question” > none, 3 of 4."
    )
    shown = escape.prose(said)
    assert html.unescape(shown) == said
    assert re.findall(r"&#\d+;", shown) == ["&#91;", "&#93;", "&#62;"]


@pytest.mark.parametrize(
    "text", [t for k, t in hostile.TEXTS.items() if "half" not in k]
)
def test_a_table_shows_texts_wherever_they_stand(text):
    index = pd.MultiIndex.from_tuples([(text, 1)], names=[text, "n"])
    table = pd.DataFrame({text: [text], "number": [1.5]}, index).rename_axis(
        columns=text
    )
    own = Seen(tables.shown(table.rename(columns={text: "x"}), "own").to_html())
    shown = tables.shown(table, "own").format(precision=1)  # as a notebook does
    seen = Seen(shown.to_html())
    kinds = [[element[0] for element in page.elements] for page in (seen, own)]
    assert kinds[0] == kinds[1]
    assert seen.text.count(escape.plain(text)) == 5
    assert f"dataframe wide grouped {escape.NO_MATH}" in shown.to_html()


def test_a_table_keeps_its_numbers_and_its_names():
    table = pd.DataFrame({"R@1": [1.25, None], "n": [1, 2]}, index=["a", "b"])
    seen = Seen(
        tables.shown(table, "t").format({"R@1": "{:.1f}"}, na_rep="?").to_html()
    )
    assert seen.text.split() == ["R@1", "n", "a", "1.2", "1", "b", "?", "2"]


@each_kind
def test_a_figure_can_hold_any_text(text, tmp_path):
    use_style()
    figure, axes = plt.subplots()
    axes.set_title(text.replace("\n", " "))
    axes.barh([escape.plain(text)], [1], label=f"x{text}")
    axes.legend()
    file = tmp_path / "figure.svg"
    finished(figure, text).savefig(file)
    Seen(file.read_text(encoding="utf-8"))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", file.read_text())
    assert all(not shown.get_parse_math() for shown in figure.findobj(plt.Text))
    plt.rcdefaults()


@each_kind
def test_the_command_line_writes_out_what_is_not_seen(text, monkeypatch, capsys):
    def refuse(*_, **__):
        cli.print(f"table\n{text}")
        raise InputError(f"{text}: file: is none.")

    monkeypatch.setattr(cli, "app", refuse)
    assert cli.main([]) == program.UNUSABLE
    for written in capsys.readouterr():
        assert re.sub("[\n\t]", "", written).isprintable()
    assert escape.plain("\t\x1b\u202e\ud83d") == r"\t\x1b\u202e\ud83d"


def test_nothing_is_shown_by_another_way():
    """Who shows text that was read goes through `cf.markdown`, `cf.prose`,
    `cf.tables.shown` and `print_plain`."""
    ways = {"Markdown(": {"report/notebook.py"}, "HTML(": {"chapters/explorer.py"}}
    ways["HTML("].add("notebooks/explorer.py")
    for path in (*package(), *notebooks()):
        for way, allowed in ways.items():
            calls = re.findall(rf"\b{re.escape(way)}", path.read_text())
            assert not calls or path.as_posix().endswith(tuple(allowed)), path


def test_every_file_that_prints_does_so_plainly():
    for path in package():
        text = path.read_text()
        if re.search(r"(?<![\w.`])print\(", text) and path.name != "escape.py":
            assert "import print_plain as print" in text, path


def package():
    return sorted(figures.Path(cli.__file__).parent.rglob("*.py"))


def notebooks():
    return sorted((figures.Path(__file__).parents[1] / "notebooks").glob("*.py"))


@each_kind
def test_benchmarks_are_compared_in_words_that_do_nothing(text, tmp_path, capsys):
    """Two folders of files whose places are called by the text."""
    if "\ud83d" in text:
        pytest.skip("a file that holds half a character is refused")
    scenes = FACETS["scenes"]
    images = [f"v7w_{n}.jpg" for n in range(100)]
    for name in ("released", "rebuilt"):
        wording = scenes.wording(f"at the {name[:2]} {text}")
        row = {"qry_text": wording, "tgt_img_path": images}
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{scenes.stem}.json").write_text(json.dumps([row]))
    folders = (str(tmp_path / name) for name in ("released", "rebuilt"))
    given = zip(("--released", "--rebuilt"), folders, strict=True)
    assert cli.main(["compare", *(word for pair in given for word in pair)]) == 0
    out, err = capsys.readouterr()
    assert err == "" and re.sub("[\n\t]", "", out).isprintable()
    assert "at the re" in out
