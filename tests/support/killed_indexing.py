"""Index a folder again and again, dying at each moment in turn, as if by kill -9.

    python killed_indexing.py FOLDER STORES

A run counts what it does to files and device (a batch embedded, a file flushed,
renamed). The k-th run kills itself before its k-th such event, a file that is being
flushed cut in half first; then one goes on where it ended, in STORES/k. STORES/0 has a
run that lived. Each is a fork of this process, which started no thread. Segments hold
four pictures here.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from mean_colours import Means

from cocofacet.photos import make, pieces


class LastBits(Means):
    """Its vectors depend, visibly in halves, on what was asked together."""

    def embed_prepared(self, prepared):
        found = super().embed_prepared(prepared)
        return found + 0.01 * (len(prepared["prompts"]) + found.shape[1])


def run(folder: Path, store: Path, last: int) -> None:
    events = 0

    def counted(function):
        def call(*arguments):
            nonlocal events
            events += 1
            if events == last:
                if function is flush:
                    os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments)

        return call

    flush, retriever, pieces.LEAST = os.fsync, LastBits(), 4
    os.fsync, os.replace = counted(flush), counted(os.replace)
    retriever.embed_prepared = counted(retriever.embed_prepared)
    make.index_folder(folder, retriever, ["times"], store, tell=str)


def lived(*arguments) -> bool:
    """Run in a fork: whether it came to its end."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            run(*arguments)
            status = 0
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -signal.SIGKILL):
        raise SystemExit(f"status {status}")
    return status == 0


def main(folder: Path, stores: Path) -> None:
    lived(folder, stores / "0", 0)
    for last in count(1):
        if lived(folder, stores / str(last), last):
            break
        lived(folder, stores / str(last), 0)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
