"""Reminders and escalation: in working days, once each, through crashes and a dead mail server."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import override_settings

from accounts.models import User
from audit.models import AuditEntry
from core.clock import CHINA
from members.models import Application, ApplicationStep, Message, ReviewRules
from members.review_tasks import remind_reviewers_task
from members.services.deadlines import Reminders, remind_reviewers
from members.services.resubmission import request_correction, resubmit_application
from members.services.review import approve_application
from members.waiting import begun_before, working_days_waited
from members.working_days import working_days_between
from tests.builders import make_application, make_join_code, make_official, make_union
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db

MONDAY = dt.date(2024, 3, 4)  # an ordinary month: no holidays
WEEK = dt.timedelta(days=7)


@pytest.fixture
def union() -> Union:
    """A township under a county under a city, each with an official who has an address."""
    city = make_union("市总", "city_federation")
    county = make_union("县总", "county_federation", city)
    township = make_union("镇工会", "township_union", county)
    for place, role in (
        (city, Role.FEDERATION_OFFICIAL),
        (county, Role.FEDERATION_OFFICIAL),
        (township, Role.GRASSROOTS_OFFICIAL),
    ):
        official = make_official(place.name, place, role)
        User.objects.filter(pk=official.pk).update(email=f"u{place.pk}@example.org")
    return township


def address(union: Union) -> str:
    return f"u{union.pk}@example.org"


def sent_on(day: dt.date, union: Union, hour: int = 10) -> Application:
    application = make_application(make_join_code(union))
    at = dt.datetime.combine(day, dt.time(hour), tzinfo=CHINA)
    Application.objects.filter(pk=application.pk).update(submitted_at=at)
    application.refresh_from_db()
    return application


def steps() -> list[str]:
    return list(ApplicationStep.objects.order_by("id").values_list("type", flat=True))


def letters() -> list[tuple[str, str]]:
    return [(letter.to[0], str(letter.subject)) for letter in mail.outbox]


# -- working days ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "today", [dt.date(2024, 2, 18), dt.date(2024, 3, 9), dt.date(2024, 10, 8), dt.date(2024, 5, 1)]
)
def test_whoever_has_waited_so_long_began_before(today: dt.date) -> None:
    for days in range(12):
        cutoff = begun_before(days, today)
        for back in range(40):
            day = today - dt.timedelta(days=back)
            noon = dt.datetime.combine(day, dt.time(12), tzinfo=CHINA)
            assert (noon < cutoff) == (working_days_between(day, today) >= days), (days, day)


def test_age_counts_working_days_and_ends_with_the_decision(union: Union) -> None:
    # Spring Festival: 10 to 17 February off, the two Sundays around it worked.
    application = sent_on(dt.date(2024, 2, 8), union)
    assert working_days_waited(application, dt.date(2024, 2, 17)) == 1
    assert working_days_waited(application, dt.date(2024, 2, 21)) == 5
    application.decided_at = dt.datetime(2024, 2, 19, 9, tzinfo=CHINA)
    assert working_days_waited(application, dt.date(2024, 6, 1)) == 3


# -- reminders ------------------------------------------------------------------------------------


def test_reminds_after_five_escalates_after_ten_and_never_approves(union: Union) -> None:
    application = sent_on(MONDAY, union)
    assert remind_reviewers(MONDAY + dt.timedelta(days=6)) == Reminders()
    assert steps() == []
    assert remind_reviewers(MONDAY + WEEK) == Reminders(reminded=1)
    assert remind_reviewers(MONDAY + WEEK) == Reminders()
    assert letters() == [(address(union), "有入会申请待审核")]
    assert remind_reviewers(MONDAY + 2 * WEEK) == Reminders(escalated=1)
    assert remind_reviewers(MONDAY + 30 * WEEK) == Reminders()
    assert steps() == ["reminded", "escalated"]
    county = union.parent
    assert county is not None
    assert letters()[1:] == [
        (address(union), "有入会申请待审核"), (address(county), "下级工会有入会申请待审核"),
    ]  # fmt: skip
    assert "/admin/members/application/?waiting=to_us" in str(mail.outbox[-1].body)
    assert all(application.name not in str(letter.body) for letter in mail.outbox)
    assert Message.objects.filter(template="application_escalated").count() == 1
    assert list(
        AuditEntry.objects.filter(object_type="members.application", actor=None)
        .exclude(action="application.submitted").order_by("id").values_list("action", flat=True)
    ) == ["application.reminded", "application.escalated"]  # fmt: skip
    application.refresh_from_db()
    assert (application.status, application.decided_at) == ("submitted", None)


def test_one_letter_for_many_and_the_first_run_escalates_at_once(union: Union) -> None:
    for day in (0, 0, 7, 14):
        sent_on(MONDAY + dt.timedelta(days=day), union)
    assert remind_reviewers(MONDAY + 2 * WEEK) == Reminders(reminded=1, escalated=2)
    to_union, to_county = mail.outbox
    assert "1 份申请已等待 5 个工作日以上" in str(to_union.body)
    assert "2 份申请已等待 10 个工作日以上" in str(to_union.body)
    assert "镇工会有 2 份入会申请" in str(to_county.body)


def test_correction_stops_the_clock_and_sending_again_starts_it_anew(union: Union) -> None:
    application = sent_on(MONDAY, union)
    remind_reviewers(MONDAY + WEEK)
    request_correction(application, fields=["name"], actor=None)
    assert remind_reviewers(MONDAY + 2 * WEEK) == Reminders()
    resubmit_application(application, changes={"name": "王晓明"})
    assert remind_reviewers(MONDAY + 3 * WEEK) == Reminders()
    again = dt.datetime.combine(MONDAY + 3 * WEEK, dt.time(9), tzinfo=CHINA)
    Application.objects.update(resubmitted_at=again)
    assert remind_reviewers(MONDAY + 5 * WEEK) == Reminders(escalated=0, reminded=0)
    # The steps above were taken in the present (they cannot be dated back): a day after them.
    today = dt.date.today()
    Application.objects.update(resubmitted_at=dt.datetime.now(tz=CHINA))
    assert remind_reviewers(today + 3 * WEEK).escalated == 1


def test_decided_applications_are_left_alone(union: Union) -> None:
    approve_application(sent_on(MONDAY, union), actor=None)
    assert remind_reviewers(MONDAY + 2 * WEEK) == Reminders()


def test_rules_are_a_table(union: Union) -> None:
    ReviewRules.objects.update(remind_after_days=1, escalate_after_days=2)
    sent_on(MONDAY, union)
    assert remind_reviewers(MONDAY + dt.timedelta(days=1)) == Reminders(reminded=1)
    assert remind_reviewers(MONDAY + dt.timedelta(days=2)) == Reminders(escalated=1)


def test_who_gets_letters(union: Union) -> None:
    county = union.parent
    assert county is not None
    leader = make_official("leader", union, Role.LEADER)
    gone = make_official("gone", union, Role.GRASSROOTS_OFFICIAL)
    User.objects.filter(pk=leader.pk).update(email="leader@example.org")
    User.objects.filter(pk=gone.pk).update(email="gone@example.org", is_active=False)
    # Nobody at the county can be reached: the next above that can is told.
    User.objects.filter(email=address(county)).update(email="")
    sent_on(MONDAY, union)
    remind_reviewers(MONDAY + 2 * WEEK)
    assert county.parent is not None
    assert [to for to, _subject in letters()] == [address(union), address(county.parent)]


@override_settings(
    EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1",
    EMAIL_PORT=9, EMAIL_TIMEOUT=2,
)  # fmt: skip
def test_a_dead_mail_server_delays_but_does_not_lose(union: Union) -> None:
    sent_on(MONDAY, union)
    day = MONDAY + 2 * WEEK
    assert remind_reviewers(day) == Reminders(unsent=[union.pk])
    assert steps() == []
    assert Message.objects.count() == 0
    assert remind_reviewers(day, needs_mail=False) == Reminders(escalated=1)
    assert steps() == ["escalated"]


def test_the_task_does_the_same(union: Union) -> None:
    sent_on(MONDAY, union)
    assert remind_reviewers_task() == {"reminded": 0, "escalated": 1}
    assert remind_reviewers_task() == {"reminded": 0, "escalated": 0}


# -- at the same time -----------------------------------------------------------------------------


def in_thread(work: Any) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_do_it_once_and_leave_what_is_being_decided(union: Union) -> None:
    busy, free = sent_on(MONDAY, union), sent_on(MONDAY, union)
    locked, release = threading.Event(), threading.Event()

    def decide() -> None:
        with transaction.atomic():
            Application.objects.select_for_update(of=("self",)).get(pk=busy.pk)
            locked.set()
            release.wait(20)

    official = in_thread(decide)
    assert locked.wait(20)
    runs = [in_thread(lambda: remind_reviewers(MONDAY + 2 * WEEK)) for _ in range(3)]
    for run in runs:
        run.join(20)
    release.set()
    official.join(20)
    assert list(ApplicationStep.objects.values_list("application", "type")) == [
        (free.pk, "escalated")
    ]
    assert remind_reviewers(MONDAY + 2 * WEEK) == Reminders(escalated=1)
    assert ApplicationStep.objects.filter(application=busy).count() == 1
