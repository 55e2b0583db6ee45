"""Engines fail in the middle of a rush: nothing acknowledged is lost, nothing is doubled, and
whoever is refused for a moment is told so politely."""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from collections.abc import Iterator

import pytest

from core.identity import demo_identity_number
from core.phone import demo_phone
from members.models import ConsentText
from tests.fault_stack import FaultStack, fault_stack, hashes

PEOPLE = 60
CLIENTS = 8


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, subprocess_environment: dict[str, str]
) -> Iterator[FaultStack]:
    with fault_stack(tmp_path_factory.mktemp("faults"), subprocess_environment) as parts:
        yield parts


def forms(first: int) -> list[dict[str, str]]:
    consents = {f"consent_{text.purpose}": str(text.pk) for text in ConsentText.objects.all()}
    return [
        {
            "name": "张小明",
            "id_type": "resident_id",
            "id_number": demo_identity_number(
                "371500", dt.date(1980, 1, 1) + dt.timedelta(days=number), 1
            ),
            "phone": demo_phone(50_000_000 + number),
            "worker_group": "courier",
            "employer_name": "某快递公司",
            **consents,
        }
        for number in range(first, first + PEOPLE)
    ]


@pytest.mark.django_db
def test_redis_is_stopped(stack: FaultStack) -> None:
    people = forms(0)
    load = stack.send(people, CLIENTS)
    load.wait_for(PEOPLE // 4)
    stack.stop_valkey()
    load.wait_for(PEOPLE // 2)
    stack.start_valkey()
    asked = load.finish()
    # Limits are a courtesy: without Redis nobody is even asked to wait.
    assert asked.statuses == {302: PEOPLE}
    assert_each_once(stack, people)


@pytest.mark.django_db
def test_postgresql_is_restarted(stack: FaultStack) -> None:
    people = forms(2_000)
    load = stack.send(people, CLIENTS)
    load.wait_for(PEOPLE // 4)
    stack.stop_postgres()
    load.wait_for_refusal()
    stack.start_postgres()
    asked = load.finish()
    assert asked.impolite == []
    assert asked.statuses[302] == PEOPLE
    assert sorted(asked.received) == sorted(form["id_number"] for form in people)
    assert_each_once(stack, people)


@pytest.mark.django_db
def test_the_worker_is_killed(stack: FaultStack) -> None:
    """A code goes to each applicant's phone though the worker dies in the midst of sending."""
    people = forms(4_000)
    before = stack.rows("SELECT coalesce(max(id), 0) FROM members_message")[0][0]
    given = set(stack.delivered)
    with stack.worker() as worker:
        load = stack.send(people, CLIENTS)
        wait_until_delivered(stack, len(given) + PEOPLE // 4)
        os.killpg(worker.pid, signal.SIGKILL)
        asked = load.finish()
    assert asked.statuses == {302: PEOPLE}
    assert_each_once(stack, people)
    # What the dead worker had in hand is free again when its lease has run out.
    stack.write("UPDATE members_message SET next_attempt_at = now() WHERE status = 'sending'")
    stack.run(
        "from members.services.messages import deliver_due_messages as deliver\n"
        "while deliver(): pass"
    )
    messages = stack.rows(
        f"SELECT key::text, status FROM members_message WHERE id > {before} AND template = 'code'"
    )
    assert [status for _key, status in messages] == ["sent"] * PEOPLE
    # Each was handed to the gateway; the one in hand at that moment perhaps twice, under one key.
    times = [stack.delivered[str(key)] for key, _status in messages]
    assert sorted(times)[:-1] == [1] * (PEOPLE - 1)
    assert times.count(2) <= 1


def wait_until_delivered(stack: FaultStack, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(stack.delivered) < count:
        assert time.monotonic() < deadline, f"{len(stack.delivered)} delivered"
        time.sleep(0.01)


def assert_each_once(stack: FaultStack, people: list[dict[str, str]]) -> None:
    stored = stack.applications_by_person()
    wanted = hashes([form["id_number"] for form in people])
    assert {key: stored.get(key, 0) for key in wanted} == dict.fromkeys(wanted, 1)
    incomplete = stack.rows(
        "SELECT a.id FROM members_application a WHERE"
        " (SELECT count(*) FROM members_consent c WHERE c.application_id = a.id) <> 2 OR"
        " (SELECT count(*) FROM audit_auditentry e WHERE e.object_id = a.id::text"
        "  AND e.action = 'application.submitted') <> 1"
    )
    assert incomplete == []
