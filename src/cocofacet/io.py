"""The doors for files: errors a user can act on, writing whole files, reading JSON."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

# Results that are shipped with the package, because chapters read them.
COMMITTED = Path(__file__).parent / "results"
_KINDS = {dict: "JSON object", list: "list"}


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message names the file, the field and the remedy; the command line prints it
    without a traceback and exits with status 2.
    """


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write ``content`` to ``path``: the old file or the new one, never a part.

    The temporary file lies in the same folder, because a rename is atomic only
    within one file system.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files private; give them the mode an ordinary write would.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, content: object) -> None:
    """Write JSON that is the same, byte for byte, whenever the content is."""
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    write_atomic(path, text + "\n")


def read_json(path: Path, kind: type, remedy: str = "Use the official file.") -> object:
    """Parse a JSON file whose top level must be a ``kind`` (dict or list).

    Raises:
        InputError: the file is missing, is not JSON or is cut short, or holds
            something else (then ``remedy`` is said).
    """
    try:
        content = json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: file: not found. Check the path.") from None
    except OSError as error:
        raise InputError(f"{path}: file: {error.strerror}. Check the path.") from None
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: file: not JSON, or cut short ({error}). Fetch it again."
        ) from None
    if not isinstance(content, kind):
        raise InputError(f"{path}: top level: is not a {_KINDS[kind]}. {remedy}")
    return content


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
