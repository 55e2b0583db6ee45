"""A piece of work in parts that do not wait for each other, taken up by several connections."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Self, TypeVar

from django.db import connection

PartT = TypeVar("PartT")
ResultT = TypeVar("ResultT")

_LAST = """
SELECT MAX(id) FROM (SELECT id FROM {table} WHERE id > %s ORDER BY id LIMIT %s) r
"""


class HandingOut(Generic[PartT, ResultT]):
    """The parts of a piece of work: who has it deals them out, others may help.

    As a context: when it is left, nobody is kept waiting.
    """

    def __init__(self, work: Callable[[PartT], ResultT]) -> None:
        self._work = work
        self._begun = threading.Event()
        self._left: deque[PartT] = deque()
        self._done: queue.SimpleQueue[ResultT | BaseException] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._left.clear()
        self._begun.set()

    def help(self) -> None:
        """Wait until parts are dealt out, and do what is left of them. In a thread, and with a
        connection, of its own."""
        self._begun.wait()
        while (part := self._next()) is not None:
            try:
                self._done.put(self._work(part))
            except BaseException as error:
                self._done.put(error)  # whoever collects the results must not wait for it
                raise

    def results(self, parts: Iterable[PartT]) -> Iterator[ResultT]:
        """What is made of ``parts``, in any order; raises what a helper raised."""
        self._left.extend(parts)
        dealt = len(self._left)
        self._begun.set()
        while (part := self._next()) is not None:
            yield self._work(part)
            dealt -= 1
        for _handed_on in range(dealt):
            result = self._done.get()
            if isinstance(result, BaseException):
                raise result
            yield result

    def _next(self) -> PartT | None:
        try:
            return self._left.popleft()
        except IndexError:
            return None


def ranges_of(table: str, rows: int) -> list[tuple[int, int]]:
    """The keys of ``table`` in ranges of so many ``rows`` that there are now: each begins after its
    first number and goes up to its last, the first from 0 on; the last may have fewer rows."""
    ranges: list[tuple[int, int]] = []
    after = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_LAST.format(table=table), [after, rows])
            (last,) = cursor.fetchone()
            if last is None:
                return ranges
            ranges.append((after, last))
            after = last
