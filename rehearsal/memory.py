"""How much memory a process and those below it take, as time goes by."""

import threading
import time

import psutil

INTERVAL = 0.25  # seconds


class Watch:
    """Samples the resident memory of a process and its descendants until it is left.

    itself: whether the process counts. Pages that processes share count in each."""

    def __init__(self, pid: int, itself: bool = True):
        self.samples: list[tuple[float, int]] = []  #: (time, bytes)
        self._itself = itself
        self._process, self._over = psutil.Process(pid), threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def peak(self, began: float, ended: float) -> int:
        """The most bytes between two times; 0 without a sample."""
        return max(
            (size for at, size in self.samples if began <= at <= ended), default=0
        )

    def _sample(self) -> None:
        while not self._over.wait(INTERVAL):
            total = 0
            try:
                processes = [self._process] if self._itself else []
                for process in processes + self._process.children(recursive=True):
                    try:
                        total += process.memory_info().rss
                    except psutil.NoSuchProcess:
                        continue
            except psutil.NoSuchProcess:
                return
            self.samples.append((time.time(), total))
