"""Index a folder and die at a chosen moment, as if by kill -9.

    python killed_indexing.py FOLDER STORE K

A run counts what it does to files and device (a batch embedded, a file flushed,
renamed), and before the K-th such event it kills itself; with K = 0 it lives. A file
that is being flushed is cut in half first. Segments hold four pictures here.
"""

import os
import signal
import sys
from pathlib import Path

from mean_colours import Means

from cocofacet.photos import make, pieces


class LastBits(Means):
    """Its vectors depend, visibly in halves, on what was asked together."""

    def embed_prepared(self, prepared):
        found = super().embed_prepared(prepared)
        return found + 0.01 * (len(prepared["prompts"]) + found.shape[1])


def main(folder: str, store: str, last: str) -> None:
    events = 0

    def counted(function):
        def run(*arguments):
            nonlocal events
            events += 1
            if events == int(last):
                if function is flush:
                    os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments)

        return run

    flush, retriever, pieces.LEAST = os.fsync, LastBits(), 4
    os.fsync, os.replace = counted(flush), counted(os.replace)
    retriever.embed_prepared = counted(retriever.embed_prepared)
    make.index_folder(Path(folder), retriever, ["times"], Path(store), tell=str)


if __name__ == "__main__":
    main(*sys.argv[1:])
