"""The crew of a night: threads with connections of their own, together and to the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from reports.crew import Crew


def connection_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def connections_open(numbers: list[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [numbers])
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_each_has_a_connection_that_lasts_as_long_as_the_crew() -> None:
    together = threading.Barrier(3)

    def at_the_same_time() -> int:
        together.wait(timeout=10)
        return connection_number()

    with Crew(3) as crew:
        first, second = (crew.at_once(*[at_the_same_time] * 3) for _turn in range(2))
        assert set(first) == set(second)
        assert (len(set(first)), first[-1]) == (3, connection_number())
    deadline = time.monotonic() + 10  # the server takes its leave of them in its own time
    while connections_open(first) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert connections_open(first) == 1


@pytest.mark.django_db(transaction=True)
def test_all_have_ended_when_one_has_failed() -> None:
    done: list[str] = []
    begun = threading.Event()

    def slow() -> None:
        begun.set()
        threading.Event().wait(0.2)
        done.append("slow")

    def failing() -> None:
        begun.wait(timeout=10)
        raise LookupError

    for tasks in ([slow, failing], [failing, slow]):
        with Crew(2) as crew, pytest.raises(LookupError):
            crew.at_once(*tasks)
    assert done == ["slow"] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("make", [lambda: Crew(1), lambda: Crew(0), lambda: Crew(4)])
def test_alone_or_in_a_transaction_one_after_the_other(make: Callable[[], Crew]) -> None:
    with transaction.atomic(), make() as crew:
        assert crew.size == 1
        assert crew.at_once(connection_number, connection_number) == [connection_number()] * 2
