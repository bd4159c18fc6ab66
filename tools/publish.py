"""Prepare the built book for publishing.

    python tools/publish.py address https://github.com/OWNER/NAME
    python tools/publish.py site --commit SHA

``address`` writes the project's public address where it is kept, ``repository.url`` in
``_config.yml``, and nowhere else. ``site`` copies the built book to ``_build/site`` and
writes address and commit into the Colab cell of each notebook there, so that Colab
installs the very code that made the page.
"""

import argparse
import json
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = re.compile(r'^(  url: )"([^"\n]*)"$', re.MULTILINE)
COLAB_CELL = re.compile(r'^REPOSITORY, COMMIT = "", "main"$', re.MULTILINE)


class Refused(ValueError):
    """Something is missing; the message says what to do first."""


def address(config: Path) -> str:
    """The project's public address, or "" while it has none."""
    found = ADDRESS.search(config.read_text())
    if not found:
        raise Refused(f'{config.name}: repository: no line `  url: ""`. Restore it.')
    return found[2]


def set_address(config: Path, url: str) -> None:
    """Write the address into the configuration, leaving the rest as it is."""
    if not re.fullmatch(r"https://[\w.-]+/[\w.-]+/[\w.-]+", url):
        raise Refused(f"{url!r}: write it like https://github.com/OWNER/NAME.")
    address(config)
    text = config.read_text()
    config.write_text(ADDRESS.sub(rf'\g<1>"{url}"', text, count=1))


def address_notebook(notebook: dict, url: str, commit: str) -> dict:
    """Fill in the notebook's Colab cell; exactly one must have it."""
    filled = 0
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        text, count = COLAB_CELL.subn(
            f'REPOSITORY, COMMIT = "{url}", "{commit}"', source
        )
        filled += count
        cell["source"] = text.splitlines(keepends=True)
    if filled != 1:
        raise Refused(f"{filled} Colab cells where one was expected.")
    return notebook


def site(root: Path, commit: str) -> Path:
    """Copy the built book to ``_build/site``, its notebooks ready for Colab."""
    url = address(root / "_config.yml")
    if not url:
        raise Refused("_config.yml: repository.url: empty. Run the command `address`.")
    built, out = root / "_build/html", root / "_build/site"
    if not (built / "index.html").is_file():
        raise Refused(f"{built}: no book is built there. Run `make book`.")
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(built, out)
    for path in [*out.glob("notebooks/*.ipynb"), *out.glob("_sources/**/*.ipynb")]:
        try:
            notebook = address_notebook(json.loads(path.read_text()), url, commit)
        except Refused as refusal:
            raise Refused(f"{path.relative_to(out)}: {refusal}") from None
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    (out / ".nojekyll").touch()  # else Pages would leave out every _folder
    return out


def main(argv: list[str] | None = None) -> int:
    """Do one of the two; 2 if it was refused."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("address", help="set it").add_argument("url")
    commands.add_parser("site", help="copy the book").add_argument(
        "--commit", required=True, help="the commit the book was built from"
    )
    given = parser.parse_args(argv)
    try:
        if given.command == "address":
            set_address(ROOT / "_config.yml", given.url)
        else:
            print(site(ROOT, given.commit))
    except Refused as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
