"""Say where the built book is and what it found: the last lines of ``make book``."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Print the headline sentences the notebooks wrote, then the book's place."""
    found = ROOT / "results/mini/default/headline.json"
    if found.is_file():
        for sentence in json.loads(found.read_text())["sentences"]:
            print(sentence)
    print(f"The book: {ROOT / '_build/html/index.html'}")
    print("To search its pictures in a browser: .venv/bin/cocofacet app")


if __name__ == "__main__":
    main()
