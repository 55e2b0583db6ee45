"""Engines fail in the middle of a rush: nothing acknowledged is lost, nothing is doubled, and
whoever is refused for a moment is told so politely."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import socket
import time
from collections.abc import Iterator

import pytest

from core.identity import demo_identity_number
from core.phone import demo_phone
from members.models import ConsentText
from portal.benchmarks.web import Client
from tests.fault_stack import CODE, FaultStack, fault_stack, hashes

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


@pytest.mark.django_db
def test_a_web_process_is_killed(stack: FaultStack) -> None:
    """Who gets no answer sends the form again: it was taken in before or is now, never twice."""
    people = forms(6_000)
    before = stack.web_processes()
    load = stack.send(people, CLIENTS)
    for received in (PEOPLE // 4, PEOPLE // 2):
        load.wait_for(received)
        # One of the first each time: numbers begin anew, so a successor may have a lower one.
        os.kill(next(one for one in stack.web_processes() if one in before), signal.SIGKILL)
    asked = load.finish()
    assert asked.statuses == {302: PEOPLE}
    assert sorted(asked.received) == sorted(form["id_number"] for form in people)
    assert_each_once(stack, people)
    # Others stand in for those that died.
    after = stack.web_processes()
    assert (len(after), len(set(before) - set(after))) == (len(before), 2)


@pytest.mark.django_db
def test_hostile_bytes_get_a_status_and_leave_the_server_up(stack: FaultStack) -> None:
    """What never reaches a test's client: broken lengths, raw bytes, bodies nobody would type."""
    browser = Client(stack.port)
    token = browser.form_token(f"/join/{CODE}/")
    head = (
        "Host: 127.0.0.1\r\nConnection: close\r\n"
        f"Cookie: csrftoken={browser.cookies['csrftoken']}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
    ).encode()
    line = f"POST /join/{CODE}/ HTTP/1.1\r\n".encode() + head
    typed = f"csrfmiddlewaretoken={token}&name=".encode()

    def form(body: bytes, length: object = None) -> bytes:
        size = len(body) if length is None else length
        return line + f"Content-Length: {size}\r\n\r\n".encode() + body

    sent = {
        "NULs": (200, form(typed + b"\x00%00\x00")),
        "not UTF-8": (200, form(typed + b"\xff\xfe%c0%af%ed%a0%80")),
        "10 MB": (400, form(typed + b"x" * 10_000_000)),
        "longer than said": (200, form(typed + b"x" * 50, length=len(typed))),
        "shorter than said": (200, form(typed, length=len(typed) + 50)),
        "no number as length": (400, form(typed, length="many")),
        "negative length": (400, form(typed, length=-1)),
        "two lengths": (400, form(typed, length=f"1\r\nContent-Length: {len(typed)}")),
        "length and chunks": (
            400,
            form(typed, length=f"{len(typed)}\r\nTransfer-Encoding: chunked"),
        ),
        "broken chunk": (403, line + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"),
        "NUL in the path": (400, b"GET /join/\x00/ HTTP/1.1\r\n" + head + b"\r\n"),
        "NUL in the address": (404, b"GET /join/%00/?q=%00 HTTP/1.1\r\n" + head + b"\r\n"),
        "raw bytes in a cookie": (
            200,
            b"GET / HTTP/1.1\r\nCookie: join_receipt=\xff\xfe\x80\r\n" + head + b"\r\n",
        ),
        "another host": (400, b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
        "no HTTP": (400, b"\x16\x03\x01\x02\x00\x01\r\n\r\n"),
        "long header": (431, b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n"),
    }
    answers = {name: status_of(stack.port, request) for name, (_status, request) in sent.items()}
    assert answers == {name: status for name, (status, _request) in sent.items()}
    assert browser.request("GET", f"/join/{CODE}/")[0] == 200


def status_of(port: int, request: bytes) -> int:
    """The status answered to these very bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        with contextlib.suppress(OSError):  # who is refused early need not be read to the end
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while len(answer) < 12 and (part := connection.recv(4096)):
                answer += part
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.") else 0


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
