"""No limit tells, by when it comes or by how long it lasts, that the holder of a phone was here.

Somebody who knows a worker's name, number and phone tries every page that sends codes or counts
phones, up to the limits and beyond. The answers are those for a phone nobody ever used.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from core.encryption import blind_index
from members.models import JoinCode, Message
from members.models.application import PHONE_CONTEXT
from members.services import codes
from tests.builders import make_membership, person
from tests.members.joining import answers, code as code, union as union
from tests.members.own_page import browser_of, log_in
from tests.members.test_no_oracle import plain

pytestmark = pytest.mark.django_db

WHO = person(931, name="王小明")
LIMIT = 3
# Seconds before each try: too soon, in time, and again too soon once the limit is reached.
WAITS = (0, 5, 35, 61, 1, 61, 61, 20)
Seen = list[tuple[int, str, str]]


class Clock:
    """The time of the codes; it passes only when told to."""

    def __init__(self) -> None:
        self.time = timezone.now()

    def now(self) -> dt.datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += dt.timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Codes and their limits go by this clock; which code is sent is no chance."""
    clock = Clock()
    monkeypatch.setattr(codes, "secrets", SimpleNamespace(randbelow=lambda most: 424_242))
    monkeypatch.setattr(codes, "timezone", SimpleNamespace(now=clock.now))
    return clock


@pytest.fixture(autouse=True)
def _codes_and_limits(settings: Any) -> None:
    settings.SMS_SHOW_CODES = True
    settings.CODE_LIMIT_PER_PHONE = LIMIT
    settings.CODE_CALLS_PER_IP_WITHOUT_PROOF = settings.OWN_PAGE_LIMIT_PER_IP = 10_000


def browser(address: str = "203.0.113.20") -> Client:
    return Client(REMOTE_ADDR=address, HTTP_ACCEPT_LANGUAGE="en")


# -- what the worker did before -------------------------------------------------------------------


def nothing(code: JoinCode, clock: Clock) -> None:
    """Nobody ever used this phone."""


def applied(code: JoinCode, clock: Clock) -> Client:
    worker = browser("198.51.100.4")
    sent = worker.post(f"/join/{code.code}/", form())
    assert sent.headers["Location"] == "/join/received/"
    worker.get("/join/received/")
    return worker


def applied_a_moment_ago(code: JoinCode, clock: Clock) -> None:
    applied(code, clock)
    clock.wait(40)


def applied_an_hour_ago(code: JoinCode, clock: Clock) -> None:
    applied(code, clock)
    clock.wait(3600)


def applied_and_wanted_all_codes(code: JoinCode, clock: Clock) -> None:
    worker = applied(code, clock)
    for _ in range(LIMIT):
        clock.wait(61)
        worker.post("/join/received/resend/")
    assert Message.objects.count() == LIMIT
    clock.wait(3600)


def logged_in_a_moment_ago(code: JoinCode, clock: Clock) -> None:
    make_membership(code.union, WHO)
    assert log_in(browser("198.51.100.4"), WHO.phone).headers["Location"] == "/me/"
    clock.wait(40)


def logged_in_today(code: JoinCode, clock: Clock) -> None:
    applied_an_hour_ago(code, clock)
    assert log_in(browser("198.51.100.4"), WHO.phone).headers["Location"] == "/me/"
    clock.wait(7200)


DAYS = (
    applied_a_moment_ago, applied_an_hour_ago, applied_and_wanted_all_codes,
    logged_in_a_moment_ago, logged_in_today,
)  # fmt: skip


# -- what somebody else tries ---------------------------------------------------------------------


def form() -> dict[str, str]:
    return answers(name=WHO.name, id_number=WHO.id_number, phone=WHO.phone)


def seen(answer: Any) -> tuple[int, str, str]:
    text = plain(answer.content.decode())
    later = answer.headers.get("Retry-After", "")
    return answer.status_code, answer.headers.get("Location", "") + later, text


def try_logging_in(code: JoinCode, clock: Clock) -> Seen:
    spy = browser()
    found = [seen(spy.get("/me/login/"))]
    for wait in WAITS:
        clock.wait(wait)
        found.append(seen(spy.post("/me/login/", {"phone": WHO.phone})))
        found.append(seen(spy.get("/me/code/")))
        found.append(seen(spy.post("/me/code/", {"code": "000000"})))
    return found


def try_new_browsers(code: JoinCode, clock: Clock) -> Seen:
    """As one who clears the cookies each time, and has seven addresses."""
    found = []
    for number, wait in enumerate(WAITS):
        clock.wait(wait)
        spy = browser(f"203.0.113.{30 + number % 7}")
        spy.get("/me/login/")
        found.append(seen(spy.post("/me/login/", {"phone": WHO.phone})))
        found.append(seen(spy.get("/me/code/")))
    return found


def try_the_receipt(code: JoinCode, clock: Clock) -> Seen:
    spy = browser()
    found = [seen(spy.post(f"/join/{code.code}/", form())), seen(spy.get("/join/received/"))]
    for wait in WAITS:
        clock.wait(wait)
        found.append(seen(spy.post("/join/received/resend/")))
        found.append(seen(spy.post("/join/received/prove/", {"code": "000000"})))
    return found


def try_as_a_new_phone(code: JoinCode, clock: Clock) -> Seen:
    """A member who says that it is theirs."""
    member = make_membership(code.union, person(932)).member
    spy = browser_of(member)
    found = []
    for wait in WAITS:
        clock.wait(wait)
        found.append(seen(spy.post("/me/data/phone/", {"phone": WHO.phone})))
        found.append(seen(spy.get("/me/data/phone/code/")))
    return found


TRIES = (try_logging_in, try_new_browsers, try_the_receipt, try_as_a_new_phone)
Day = Callable[[JoinCode, Clock], None]
Try = Callable[[JoinCode, Clock], Seen]


@pytest.mark.parametrize("attempt", TRIES, ids=lambda attempt: attempt.__name__)
def test_limits_of_codes_come_when_the_asker_reached_them(
    code: JoinCode, clock: Clock, attempt: Try
) -> None:
    found: dict[str, Seen] = {}
    for day in (nothing, *DAYS):
        with transaction.atomic():
            day(code, clock)
            found[day.__name__] = attempt(code, clock)
            # In any case the phone was spared.
            phone_hash = blind_index(WHO.phone, context=PHONE_CONTEXT)
            assert Message.objects.filter(phone_hash=phone_hash).count() <= LIMIT
            transaction.set_rollback(True)
    nobody = found.pop("nothing")
    for name, answers_to_spy in found.items():
        assert answers_to_spy == nobody, name
    # The limits were reached, where one browser asked.
    told = [one for one in nobody if one[0] == 429 or "No more codes can be sent" in one[2]]
    assert bool(told) is (attempt is not try_new_browsers)


@pytest.mark.parametrize("count", [1, 5, 6, 7])
def test_forms_are_refused_as_if_the_worker_had_sent_none(code: JoinCode, count: int) -> None:
    worker, spy = browser("198.51.100.4"), browser()
    statuses = [worker.post(f"/join/{code.code}/", form()).status_code for _ in range(count)]
    assert statuses == [302, 302, 302, 302, 302, 302, 429][:count]
    found = [seen(spy.post(f"/join/{code.code}/", form())) for _ in range(7)]
    assert [(status, where) for status, where, _page in found] == [
        *[(302, "/join/received/")] * 6,
        (429, "600"),
    ]


@pytest.mark.parametrize("count", [1, 9, 11])
def test_questions_are_refused_as_if_the_worker_had_asked_none(code: JoinCode, count: int) -> None:
    question = {"receipt_number": "K7MP-X3QR-9TWA", "phone": WHO.phone}
    worker, spy = browser("198.51.100.4"), browser()
    for _ in range(count):
        worker.post("/join/status/", question)
    statuses = [spy.post("/join/status/", question).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
