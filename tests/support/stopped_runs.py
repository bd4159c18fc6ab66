"""Commands that are stopped by a real signal, and what they leave behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

SAID = {
    signal.SIGINT: (130, "interrupted (Ctrl-C)\n"),
    signal.SIGTERM: (143, "terminated (SIGTERM)\n"),
}
ROOT = Path(__file__).parents[2]
PATH = os.pathsep.join(str(ROOT / part) for part in ("src", ".", "tools"))
# The moment counts from here on, not from the start of Python.
PROGRAM = (
    "import sys, importlib; program = importlib.import_module(sys.argv[1]);"
    "del sys.argv[1]; print('ready', flush=True); sys.exit(program.main())"
)


class Ended(NamedTuple):
    status: int
    said: str  # on standard error
    stopped: bool  # by the signal, before it came to its end


def run(folder: Path, module: str, *words, stop=None, after: float = 0.0) -> Ended:
    """Run a module's ``main`` in ``folder``, and ``after`` seconds send ``stop``."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, module, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=os.environ | {"COCOFACET_HOME": str(folder), "PYTHONPATH": PATH},
        # What a shell starts in the background has Ctrl-C ignored, tests included.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.readline() == "ready\n"
    if stop:
        time.sleep(after)
        process.send_signal(stop)
    _, said = process.communicate(timeout=120)
    return Ended(process.returncode, said, bool(stop) and process.returncode != 0)


def processes(folder: Path) -> list[str]:
    """Those that a run in this folder started and left, by their command lines."""
    mark, found = f"COCOFACET_HOME={folder}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text())
        except OSError:  # it has ended meanwhile
            continue
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
