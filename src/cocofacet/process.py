"""Commands that run in a process of their own and never outlive the one that waits."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

from cocofacet import program

PROGRAM = (sys.executable, "-m", "cocofacet")  # this one, again
_PR_SET_PDEATHSIG = 1


def run(command: Sequence[str], tell: Callable[[str], None] | None = None) -> int:
    """Run a command to its end -> its exit status, -N where signal N ended it.

    tell: is given each line that it prints, as in a notebook, where the output of
    another process is not seen; without, it prints for itself.
    """
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(
        command,
        env=os.environ | {program.PART: "1"},
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        **(piped if tell else {}),
    )
    try:
        for line in process.stdout or ():
            tell(line.rstrip("\n"))
        return process.wait()
    finally:
        if process.poll() is None:  # this process was interrupted
            process.terminate()
            process.communicate()  # what it still prints would fill the pipe


def _end_with_parent() -> None:
    """Be terminated when the parent is gone, even where it was killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
