"""Write the pages on the helper's modules, one for each room, from the package itself.

What a page says is what the docstrings say; no list of modules is kept by hand. The
pages are written before Sphinx looks which pages there are (`_toc.yml` names them all).
"""

import ast
import re
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

import cocofacet

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(cocofacet.__file__).parent
PAGES = ROOT / "book/api"


def name_of(path: Path) -> str:
    """The module in a file, a package for its __init__.py."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def rooms() -> dict[str, list[Path]]:
    """Room -> its files in the order of their names; "cocofacet" is what lies above.

    Rooms stand in the order of their levels, from the annotations to the chapters.
    """
    found = {"cocofacet": sorted(PACKAGE.glob("*.py"))}
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    (levels, *_) = contracts["importlinter"]["contracts"]
    order = re.findall(r"\w+", " ".join(reversed(levels["layers"])))
    inits = PACKAGE.glob("*/__init__.py")
    for init in sorted(inits, key=lambda path: order.index(path.parent.name)):
        files = init.parent.rglob("*.py")
        found[init.parent.name] = sorted(f for f in files if f.read_text().strip())
    return found


def page(room: str, files: list[Path]) -> str:
    """A room's page: what it is for, a table of its modules, then each of them."""
    names = [name_of(file) for file in files]
    lines = [f"# {room}", "", "```{eval-rst}", ".. autosummary::", ""]
    lines += [*(f"   {name}" for name in names), "```", ""]
    for name in names:
        heading = name.removeprefix("cocofacet.")
        lines += [f"## {heading}", "", "```{eval-rst}", f".. automodule:: {name}"]
        if name == "cocofacet":  # what it offers is documented where it lives
            lines += ["```", "", *public(), ""]
        else:
            lines += ["   :members:", "```", ""]
    return "\n".join(lines)


def public() -> list[str]:
    """A table of the names that ``cocofacet`` offers, and where each lives."""
    rows = [f"| `cf.{name}` | `{place}` |" for name, place in cocofacet.PUBLIC.items()]
    return ["| name | lives in |", "|---|---|", *rows]


def index(found: dict[str, list[Path]]) -> str:
    """The first page: every room with its purpose, the first line of its docstring."""
    lines = ["# The helper's parts", "", INTRODUCTION, "", "## Rooms", ""]
    for room, files in found.items():
        purpose = ast.get_docstring(ast.parse(files[0].read_text())).split("\n")[0]
        lines.append(f"- [{room}](api/{room}.md): {purpose}")
    return "\n".join([*lines, "", "## By name", "", PUBLIC, ""])


INTRODUCTION = (
    "One folder for each stage of one sentence: *annotations become a benchmark, "
    "retrievers turn its images and queries into embeddings, embeddings become ranks, "
    "and ranks become every table and figure.*"
)
PUBLIC = (
    "`import cocofacet as cf` offers the names that a notebook needs, each loaded when "
    "it is first used: they stand on the page [cocofacet](api/cocofacet.md)."
)


def write_pages() -> None:
    """Write what changed; remove the page of a room that is gone."""
    found = rooms()
    pages = {PAGES / f"{room}.md": page(room, files) for room, files in found.items()}
    pages[PAGES.with_suffix(".md")] = index(found)
    PAGES.mkdir(exist_ok=True)
    for old in set(PAGES.glob("*.md")) - set(pages):
        old.unlink()
    for path, text in pages.items():
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages while Sphinx is still being set up."""
    write_pages()
    return {"parallel_read_safe": True, "parallel_write_safe": True}
