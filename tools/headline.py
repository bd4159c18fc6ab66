"""Say where the built book is and what it found: the last lines of ``make book``."""

import csv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOUND = ROOT / "results/mini/default/prompted.findings.csv"


def main() -> None:
    """Print what a question changes, then the book's place."""
    if FOUND.is_file():
        with FOUND.open(encoding="utf-8", newline="") as file:
            rows = {row["key"]: row for row in csv.DictReader(file)}
        for row in (rows[key] for key in ("gain", "wrong") if key in rows):
            points = f"{100 * float(row['value']):+.1f} points"
            print(f"{row['contrast']}, {row['metric']}: {points}, {row['verdict']}")
    print(f"The book: {ROOT / '_build/html/index.html'}")
    print("To search its pictures in a browser: .venv/bin/cocofacet app")


if __name__ == "__main__":
    main()
