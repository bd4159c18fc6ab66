"""How much memory the processes below one take, as time goes by."""

import threading
import time

import psutil

INTERVAL = 0.25  # seconds


class Watch:
    """Samples the resident memory of all descendants of a process, until it is left.

    Pages that processes share count in each of them."""

    def __init__(self, pid: int):
        self.samples: list[tuple[float, int]] = []  #: (time, bytes)
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
                for child in self._process.children(recursive=True):
                    try:
                        total += child.memory_info().rss
                    except psutil.NoSuchProcess:
                        continue
            except psutil.NoSuchProcess:
                return
            self.samples.append((time.time(), total))
