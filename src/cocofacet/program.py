"""What a command is to the shell: its output, its signals and its exit status."""

import atexit
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TextIO

from cocofacet.escape import print_plain as print
from cocofacet.io import InputError

# Exit statuses; the last two are a shell's: 128 + the number of the signal.
DONE, FAILED, UNUSABLE, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143
SAID = {INTERRUPTED: "interrupted (Ctrl-C)", TERMINATED: "terminated (SIGTERM)"}
# What torch (its CPU allocator, CUDA, cuBLAS), safetensors and the system say; the last
# where a library itself cannot be loaded.
_NO_MEMORY = {"MemoryError", "OutOfMemoryError"}
_SAID_THEN = (
    "can't allocate memory",
    "cannot allocate memory",
    "out of memory",
    "alloc_failed",
    "failed to map segment",
)
# Set for a command that another one started, and speaks for.
PART = "COCOFACET_PART"
# Seconds in which a second signal is the same wish: a terminal and a parent both send
# one, and what cleans up must come to its end.
AGAIN = 3.0
LATER = 0.05  # seconds until a signal that came when none can be heard is tried again


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory ran out.

    >>> ran_out(OSError(12, "Cannot allocate memory")), ran_out(OSError("damaged"))
    (True, False)
    """
    said, kinds = str(error).lower(), {kind.__name__ for kind in type(error).__mro__}
    return not kinds.isdisjoint(_NO_MEMORY) or any(word in said for word in _SAID_THEN)


def run(command: Callable[[], int | None]) -> int:
    """Run a command -> its exit status; None of it counts as done.

    ``InputError``, Ctrl-C and SIGTERM end in one line on standard error. The last two
    are raised as exceptions, so that temporary files are removed and processes ended.
    Whoever reads its output may go, as ``head`` does: the rest is not shown.
    """
    stopped: list[tuple[float, int]] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if _loading(frame):
            _send_again(number)
            return
        now = time.monotonic()
        again = [at for at, _ in stopped if now - at < AGAIN]
        stopped.append((now, 128 + number))
        if not again:
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit

    def unheard(raised) -> None:
        """Where an object is removed, Python prints what is raised and goes on."""
        if stopped and isinstance(raised.exc_value, (KeyboardInterrupt, SystemExit)):
            _send_again(stopped[0][1] - 128)
            stopped.clear()
        else:
            print_raised(raised)

    # What runs in a shell's background ignores Ctrl-C, and goes on doing so.
    numbers = [signal.SIGINT, signal.SIGTERM]
    heard = [n for n in numbers if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    # All is done by then, and Python no longer raises: a signal would end it unsaid.
    for number in heard:
        atexit.register(signal.signal, number, signal.SIG_IGN)
    print_raised, sys.unraisablehook = sys.unraisablehook, unheard
    _open_what_is_closed()
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_lasting, streams)
    try:
        status = _ended(command, stopped)
        if status != DONE and stopped:
            status = stopped[0][1]
            if PART not in os.environ:
                print(SAID[status], file=sys.stderr, flush=True)
        return status
    finally:
        sys.stdout, sys.stderr = streams
        sys.unraisablehook = print_raised
        for number, handler in before.items():
            signal.signal(number, handler)


def _open_what_is_closed() -> None:
    """What a shell closed (``>&-``) leads nowhere: else the next file that is opened
    would take its number, and what is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number, which this is
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def _check_here() -> None:
    """InputError where the current folder is gone: libraries would end the process."""
    try:
        os.getcwd()
    except OSError as error:
        raise InputError(
            f"current folder: {error.strerror}. Change to a folder that is there."
        ) from None


def _send_again(number: int) -> None:
    """The signal once more, to this process, when it may be heard."""
    again = threading.Timer(LATER, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()


def _loading(frame: FrameType | None) -> bool:
    """Whether a module is being loaded: an exception within a library of C++ would
    abort the process, so it waits."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _ended(command: Callable[[], int | None], stopped: list) -> int:
    try:
        _check_here()
        status = command() or DONE
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        return status
    except InputError as error:
        if not stopped:
            print(f"error: {error}", file=sys.stderr, flush=True)
        return UNUSABLE
    except Exception as error:
        if stopped:
            return FAILED
        if not ran_out(error):
            raise
        said = "memory: ran out. Free some, or allow more (`ulimit -v`)."
        print(f"error: {said}", file=sys.stderr, flush=True)
        return UNUSABLE
    except BaseException:
        # What is cleaned up may fail in a way of its own: the signal came first.
        if not stopped:
            raise
        return FAILED


def _lasting(stream: TextIO | None) -> TextIO | None:
    """The same stream, for as long as the command runs; what is no file as it is."""
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    if not isinstance(raw, io.FileIO):
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(raw)),
        encoding=stream.encoding,
        errors="backslashreplace",  # a file's name may hold what no encoding has
        line_buffering=stream.line_buffering or buffer is raw,
    )


class _Output(io.RawIOBase):
    """A file that is written to until its reader goes, and no longer."""

    def __init__(self, raw: io.FileIO):
        self._raw, self._lost = raw, False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, data) -> int:
        if self._lost:
            return len(data)
        try:
            return self._raw.write(data)
        except BrokenPipeError:
            self._lost = True
            return len(data)
        except OSError as error:
            self._lost = True  # it is flushed once more at the end
            what = f"output: cannot be written ({error.strerror})"
            raise InputError(
                f"{what}. Free some space, or send it elsewhere."
            ) from None
