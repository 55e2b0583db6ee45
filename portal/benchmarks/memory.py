"""How much memory processes hold while something goes on."""

from __future__ import annotations

import threading

import psutil

MEGABYTE = 1024 * 1024
EVERY_SECONDS = 0.1


class PeakMemory:
    """The most that one process held (resident, MB) of ``pid`` and those below it, looked at
    every ``EVERY_SECONDS`` from the beginning of the block to its end."""

    def __init__(self, pid: int) -> None:
        self.megabytes = 0.0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        try:
            process = psutil.Process(self._pid)
            family = (process, *process.children(recursive=True))
        except psutil.NoSuchProcess:
            return
        for one in family:
            try:
                self.megabytes = max(self.megabytes, one.memory_info().rss / MEGABYTE)
            except psutil.NoSuchProcess:
                continue
