"""A net under a change that should alter no result: hash them before and after.

    make execute                                # the published run, or `make book`
    python tools/compare_outputs.py record before.json
    ...                                         # change the code, execute again
    python tools/compare_outputs.py record after.json
    python tools/compare_outputs.py compare before.json after.json

Two views of each thing are kept. ``bytes``: the file, the output of a cell or what a
command prints, as it is. ``numbers``: the numbers in it, which stay when words and
column names change. Set SOURCE_DATE_EPOCH for both runs, or figures carry their dates.
The hashes are of one machine and one set of packages, so they are not committed. Times
that a run measured differ from run to run; two records of one commit show which.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from html import unescape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NUMBER = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
TAG = re.compile(r"<[^>]*>")
# What each command prints on the rendered world; {world} and {out} are folders.
COMMANDS = (
    "build --annotations {world} --images {world}/images --out {out}",
    "compare --released {out} --rebuilt {out}",
    "evaluate --benchmark {out} --images {world}/images --retriever tiny-clip "
    "--store {store}",
    "runs --profile mini --results {root}/results",
    "retrievers",
    "retrievers tiny-qwen2vl",
    "retrievers e5-v",
    "fetch --list",
)


def short(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return hashlib.sha256(data).hexdigest()[:16]


def views(text: str) -> dict[str, str]:
    """The two views of a text."""
    return {"bytes": short(text), "numbers": short(" ".join(NUMBER.findall(text)))}


def of_results(folder: Path) -> dict[str, dict]:
    """Every file that the run left."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        try:
            found[f"results/{name}"] = views(path.read_text())
        except UnicodeDecodeError:  # a picture
            found[f"results/{name}"] = {"bytes": short(path.read_bytes())}
    return found


def of_notebook(path: Path) -> dict[str, dict]:
    """Each output of an executed notebook: by its place, or by the name it is glued."""
    found, name, place = {}, path.stem, 0
    for cell in json.loads(path.read_text())["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if glued := output.get("metadata", {}).get("scrapbook"):
                found[f"glue/{name}/{glued['name']}"] = views(
                    "".join(next(iter(data.values())))
                )
                continue
            text = "".join(output.get("text", ()))
            for kind in ("text/html", "text/markdown", "image/svg+xml", "text/plain"):
                if kind in data:
                    text = "".join(data[kind])
                    break
            seen = views(text)
            if "text/html" in data:  # ids and classes hold digits that say nothing
                seen["numbers"] = views(unescape(TAG.sub(" ", text)))["numbers"]
            if "image/svg+xml" in data:
                seen.pop("numbers")  # a drawing: compared by eye, its table by hash
            found[f"notebook/{name}/output {place:02d}"] = seen
            place += 1
    return found


def of_commands(root: Path) -> dict[str, dict]:
    """What each command prints, without the line that says how long it took."""
    found = {}
    with tempfile.TemporaryDirectory() as out:
        places = {
            "world": root / "data/mini/world",
            "store": root / "data/mini/store",
            "out": Path(out) / "benchmark",
            "root": root,
        }
        for command in COMMANDS:
            words = command.format(**places).split()
            done = subprocess.run(
                [root / ".venv/bin/cocofacet", *words], capture_output=True, text=True
            )
            printed = f"{done.returncode}\n{done.stdout}{done.stderr}"
            for place in (out, str(root)):
                printed = printed.replace(place, "")
            lines = [line for line in printed.splitlines() if " s, " not in line]
            found[f"command/{command}"] = views("\n".join(lines))
        for path in sorted((Path(out) / "benchmark").glob("*.json")):
            found[f"built/{path.name}"] = views(path.read_text())
    return found


def record(root: Path) -> dict[str, dict]:
    """All views of a tree whose published run was executed."""
    executed = root / "_build/executed/mini/default"
    found = of_results(root / "results/mini/default")
    for path in sorted(executed.glob("*.ipynb")):
        if not path.stem.startswith("failed-"):
            found |= of_notebook(path)
    return found | of_commands(root)


def differences(before: dict, after: dict, view: str) -> list[str]:
    """One line for each thing that is not the same in a view."""
    lines = [f"gone     {key}" for key in before.keys() - after.keys()]
    lines += [f"new      {key}" for key in after.keys() - before.keys()]
    for key in before.keys() & after.keys():
        if before[key].get(view) != after[key].get(view):
            lines.append(f"differs  {key}")
    return sorted(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="hash this tree's published run")
    recording.add_argument("file", type=Path)
    recording.add_argument("--root", type=Path, default=ROOT, help="another checkout")
    comparing = commands.add_parser("compare", help="set two records side by side")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--view", choices=("bytes", "numbers"), default="bytes")
    given = parser.parse_args()
    if given.command == "record":
        found = record(given.root.resolve())
        given.file.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
        print(f"{len(found)} things in {given.file}")
        return 0
    before, after = (json.loads(p.read_text()) for p in (given.before, given.after))
    lines = differences(before, after, given.view)
    print("\n".join([*lines, f"{len(lines)} of {len(before)} differ ({given.view})"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
