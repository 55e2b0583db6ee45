"""Who counts in a night: this thread, and others beside it with connections of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

from django.db import connection, connections

ResultT = TypeVar("ResultT")


class Crew:
    """``size`` workers at most, kept until the night is over: a connection is slow at first.

    In a transaction of the caller's there are no others: they would not see what it has written.
    """

    def __init__(self, size: int) -> None:
        self.size = 1 if connection.in_atomic_block else max(size, 1)
        self._others = ThreadPoolExecutor(self.size - 1) if self.size > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._others is None:
            return
        # Each of the others must come once: a connection is closed by the thread that opened it.
        everyone = threading.Barrier(self.size - 1)

        def leave() -> None:
            everyone.wait()
            connections.close_all()

        for leaving in [self._others.submit(leave) for _ in range(self.size - 1)]:
            leaving.result()
        self._others.shutdown()

    def at_once(self, *tasks: Callable[[], ResultT]) -> list[ResultT]:
        """Do tasks that do not wait for each other, the last of them here; what they return.

        All have ended when this returns, or raises what one of them raised.
        """
        if self._others is None:
            return [task() for task in tasks]
        *handed_on, own = tasks
        waiting = [self._others.submit(task) for task in handed_on]
        try:
            result = own()
        finally:
            for other in waiting:
                other.exception()  # waits
        return [*(other.result() for other in waiting), result]
