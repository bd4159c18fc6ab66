"""One stage of a run at a time: a second one is told who is at it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from cocofacet.io import InputError, read_json, write_json, writing
from cocofacet.workspace import Workspace


@contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """Hold the run's lock, which ends with this process however that ends.

    Raises InputError, which names the holder, where another process has it.
    """
    # Beside the data and not among the results, which people keep and share.
    lock = workspace.data / f"embedding-{workspace.run}.lock"
    holder = lock.with_name(f"{lock.name}.json")
    with writing(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(lock).acquire(blocking=False)
    except Timeout:
        raise InputError(
            f"run {workspace.run}: is being embedded by {_named(holder)}. Wait for it, "
            "or end it first: what is done is kept."
        ) from None
    except (OSError, NotImplementedError):
        held = nullcontext()  # its file system has no locks; the store needs none
    with held:
        since = datetime.now().isoformat(" ", "seconds")
        host = socket.gethostname()
        write_json(holder, {"process": os.getpid(), "host": host, "since": since})
        try:
            yield
        finally:
            holder.unlink(missing_ok=True)


def _named(holder: Path) -> str:
    try:
        found = read_json(holder, dict)
        return "process {process} on {host} since {since}".format(**found)
    except (InputError, KeyError):  # it has not written it yet
        return "another process"
