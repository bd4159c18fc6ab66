"""Where a command writes: tried before its work, which takes long."""

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

LONGEST_NAME = 255  # bytes, on every common file system


def try_to_write(path: Path, folder: bool = True) -> None:
    """Raise OSError where ``path``, a folder or a file, cannot be written."""
    if not str(path).strip():
        raise OSError(errno.ENOENT, "it is empty")
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in path.parts):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(path.stat().st_mode) != folder:
            raise OSError(errno.EEXIST, "it is no folder" if folder else "a folder")
    real = Path(os.path.realpath(path))
    there = (real, *real.parents) if folder else real.parents
    with tempfile.TemporaryFile(dir=next(p for p in there if p.exists())):
        pass
