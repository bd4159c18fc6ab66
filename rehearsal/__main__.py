"""`python -m rehearsal`: `full`, `colab` and a search of photographs, rehearsed.

They run on random weights, from a loopback hub.

Nothing is downloaded from elsewhere. What is written lies in one folder outside the
repository, every table and figure says "random weights", and none is a result.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from cocofacet import program
from cocofacet.io import InputError, check_output
from rehearsal import models, photos
from rehearsal.hub import Hub
from rehearsal.installed import ROOT, install
from rehearsal.rehearsal import CUT, RUN, STAMP, WHOLE, Outcome, Rehearsal


def rehearse(folder: Path, cut: bool) -> list[Outcome]:
    """Prepare what the parts need below a folder, and run them, one after another."""
    parts, commands = (CUT, photos.CUT) if cut else (WHOLE, photos.COMMANDS)
    with Hub() as hub:
        rehearsal = Rehearsal.prepare(folder, install(folder), hub, parts)
        models.offer(hub, photos.ROWS, folder / "models")
        found = photos.run(rehearsal, photos.pictures(folder), commands)
        return [outcome for part in parts for outcome in rehearsal.run(part)] + found


def table(found: Sequence[Outcome]) -> str:
    """A line a notebook: its profile, whether it ran, seconds, peak memory, why not."""
    lines = [f"{'profile':<8}{'notebook':<18}{'ok':<5}{'seconds':>8}{'peak GB':>9}"]
    for one in found:
        line = f"{one.profile:<8}{one.name:<18}{'yes' if one.ok else 'NO':<5}"
        line += f"{one.seconds:>8.0f}{one.peak / 1e9:>9.2f}  {one.reason}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """0 if all ran, 1 if something failed, 2 if it cannot start, 130 and 143 where it
    was stopped."""
    return program.run(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser("python -m rehearsal", description=__doc__)
    parser.add_argument("--out", type=Path, help="folder; default: a new temporary one")
    parser.add_argument(
        "--cut", action="store_true", help="few retrievers, notebooks and searches"
    )
    given = parser.parse_args(argv)
    if given.out:
        check_output(given.out, "--out", folder=True)
    if given.out and given.out.resolve().is_relative_to(ROOT):
        raise InputError(f"--out: {given.out} lies in the repository.")
    folder = given.out or Path(tempfile.mkdtemp(prefix="cocofacet-rehearsal-"))
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    found = rehearse(folder, given.cut)
    lines = [table(found), "", f"{STAMP}: no result, a test that everything runs"]
    lines.append(f"{time.monotonic() - began:.0f} s in all; run {RUN!r} in {folder}")
    print("\n" + "\n".join(lines))
    (folder / "table.txt").write_text("\n".join(lines) + "\n")
    return 0 if all(one.ok for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
