"""Engines fail in the middle of a rush: nothing acknowledged is lost, nothing is doubled, and
whoever is refused for a moment is told so politely."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from core.identity import demo_identity_number
from core.phone import demo_phone
from members.models import ConsentText
from tests.fault_stack import FaultStack, fault_stack, hashes

PEOPLE = 120
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
