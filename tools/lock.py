"""Write the locks: every package of the environment with the sha256 of its files.

    make lock                      # after changing pyproject.toml
    make lock ARGS="--upgrade-package papermill"

Versions that are locked stay, unless uv is told otherwise: arguments go to
`uv pip compile`. The locks hold for Linux, macOS and Windows, from Python 3.11 on:

    requirements.lock        everything but CUDA
    requirements-cuda.lock   what PyPI's torch for Linux needs beside it

A CPU build of torch comes from other places than PyPI, so its sha256 is added: of the
file that pip takes here, and those that the lock had for the same version.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
CUDA_LOCK = ROOT / "requirements-cuda.lock"
CUDA = re.compile(r"(cuda|nvidia)-|triton==")
SHA256 = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
HEADER = "# {}\n# Written by `make lock`, installed by tools/install.py.\n"
WHAT = {
    LOCK: "Every package of the environment, as installed and tested together.",
    CUDA_LOCK: "What a CUDA build of torch (PyPI's for Linux) needs beside it.",
}


def blocks(path: Path) -> list[str]:
    """A requirement each: the line that pins it, its hashes, who asked for it."""
    found = re.split(r"^(?=[a-z0-9])", path.read_text(), flags=re.MULTILINE)
    return [block for block in found if "==" in block]


def hashes(block: str) -> set[str]:
    return set(SHA256.findall(block))


def with_hashes(block: str, more: set[str]) -> str:
    """The requirement with further files allowed."""
    asked_by = block.splitlines()[-1]
    allowed = [f"    --hash={one}" for one in sorted(hashes(block) | more)]
    return " \\\n".join([requirement(block), *allowed]) + f"\n{asked_by}\n"


def requirement(block: str) -> str:
    """``name==version``, and for which machines."""
    return block.splitlines()[0].rstrip(" \\")


def taken_here(requirement: str) -> str:
    """The sha256 of the file that pip installs here for a requirement."""
    report = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
    report += ["--no-deps", "--ignore-installed", "--report", "-", requirement]
    said = subprocess.run(report, check=True, capture_output=True, text=True).stdout
    (found,) = json.loads(said)["install"]
    return f"sha256:{found['download_info']['archive_info']['hashes']['sha256']}"


def resolved(arguments: list[str]) -> list[str]:
    """What uv resolves, keeping the versions that are locked."""
    if not shutil.which("uv"):
        raise SystemExit("error: uv is not installed. Run `pip install uv`.")
    both = ROOT / "_build" / "both.lock"
    both.parent.mkdir(exist_ok=True)
    both.write_text("".join(path.read_text() for path in WHAT if path.exists()))
    command = ["uv", "pip", "compile", "pyproject.toml", "--all-extras"]
    command += ["--group", "dev", "--universal", "--python-version", "3.11"]
    command += ["--fork-strategy", "fewest", "--generate-hashes", "--no-header"]
    command += ["--annotation-style", "line", "--quiet"]
    command += ["--output-file", str(both), *arguments]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return blocks(both)


def main(arguments: list[str]) -> None:
    old = {requirement(block): block for block in blocks(LOCK)}
    found = resolved(arguments)
    for number, block in enumerate(found):
        if (name := requirement(block)).startswith("torch=="):
            more = hashes(old.get(name, "")) | {taken_here(name)}
            found[number] = with_hashes(block, more)
    for path, what in WHAT.items():
        kept = [b for b in found if bool(CUDA.match(b)) == (path == CUDA_LOCK)]
        path.write_text(HEADER.format(what) + "".join(kept))
        print(f"{path.name}: {len(kept)} packages")


if __name__ == "__main__":
    main(sys.argv[1:])
