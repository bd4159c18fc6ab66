"""Text that was read (annotations, answers, names of files and models) is escaped where
it is shown, so that it is seen as it is and does nothing: the one place for that."""

import builtins
import html as _html
import re

# Control characters, halves of surrogate pairs, and what turns the direction of text:
# on a terminal, in a page and in a figure they would act and not be seen.
_UNSEEN = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
_UNSEEN += "\ud800-\udfff"
# What Markdown may take for more than a character; "_" within a word is none.
_MARKDOWN = re.compile(
    r"[&<>`*\[\]~|]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.|(?<=\w)@(?=\w+\.)|^[-+#=]|^\s|^\d+[.)]",
    re.IGNORECASE,
)
# MathJax leaves elements of these classes alone, in a notebook and in the book.
NO_MATH = "tex2jax_ignore mathjax_ignore"


def plain(text: object, keep: str = "") -> str:
    r"""A text whose unseen characters are written out, for a terminal or a figure.

    keep: those that stay, such as the line feeds of a table.

    >>> plain("red\x1b[31m")
    'red\\x1b[31m'
    """

    def written(found: re.Match) -> str:
        one = found[0]
        return one if one in keep else one.encode("unicode_escape").decode()

    return re.sub(f"[{_UNSEEN}]", written, str(text))


def without_password(text: str) -> str:
    """A text whose addresses name no user and no password.

    >>> without_password("http://me:secret@example.org/a.zip: not there")
    'http://...@example.org/a.zip: not there'
    """
    return re.sub(r"(?<=://)[^\s/?#'\"]*@", "...@", text)


def html(text: str) -> str:
    """A text as HTML, for an element of a class of `NO_MATH` or an attribute."""
    return _html.escape(plain(text))


def markdown(text: str) -> str:
    """A text as Markdown and as HTML alike, within an element and not an attribute:
    no mark-up, no link, no formula."""
    # The last character alone, for "1." at the beginning; "$" after the others, as what
    # stands for it holds an "&" itself.
    text = _MARKDOWN.sub(lambda m: f"{m[0][:-1]}&#{ord(m[0][-1])};", plain(text))
    math = f'<span class="{NO_MATH}">&#{{}};</span>'
    return re.sub(r"[$\\]", lambda found: math.format(ord(found[0])), text)


def prose(text: str) -> str:
    """Whole sentences as Markdown, their numbers and names among them: only paragraphs
    and lists ("- " in front of a line) are more than text."""
    lines = []
    for line in text.split("\n"):
        bullet = "- " if line.startswith("- ") else ""
        lines.append(bullet + markdown(line.removeprefix(bullet)))
    return "\n".join(lines)


def print_plain(*words: object, **how: object) -> None:
    """`print`, but what is not seen is written out; line feeds and tabs stay."""
    builtins.print(*(plain(word, keep="\n\t") for word in words), **how)
