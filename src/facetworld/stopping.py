"""Ctrl-C and SIGTERM end a command in one line; what it was writing is removed."""

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

SAID = {130: "interrupted (Ctrl-C)", 143: "terminated (SIGTERM)"}
AGAIN = 3.0  # seconds in which a second signal is the same wish, as a parent's may be
LATER = 0.05  # seconds until a signal that came when none can be heard is tried again


def run(command: Callable[[], int | None]) -> int:
    """Run a command -> its exit status, 0 for None; 130 or 143 where it was stopped."""
    stopped: list[tuple[float, int]] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if _loading(frame):
            _send_again(number)
            return
        now = time.monotonic()
        again = [at for at, _ in stopped if now - at < AGAIN]
        stopped.append((now, 128 + number))
        if not again:
            raise KeyboardInterrupt

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
    try:
        return command() or 0
    except BaseException:  # cleaning up may fail in a way of its own
        if not stopped:
            raise
        print(SAID[stopped[0][1]], file=sys.stderr, flush=True)
        return stopped[0][1]
    finally:
        sys.unraisablehook = print_raised
        for number, handler in before.items():
            signal.signal(number, handler)


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
