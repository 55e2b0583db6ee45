"""The purge: reports first, is confirmed, and never touches what is open or counted."""

from __future__ import annotations

import datetime as dt
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEntry
from core.clock import local_today
from core.encryption import encrypt
from core.errors import RuleViolation
from members.enums import EventType
from members.models import (
    Application,
    ExtraAnswer,
    ExtraQuestion,
    Member,
    Membership,
    MembershipEvent,
    Message,
    OneTimeCode,
    PurgeRun,
    RejectionReason,
    RetentionRule,
)
from members.models.application import PHONE_CONTEXT
from members.reconciliation import membership_differences
from members.retention import DATA_CLASSES
from members.services import retention
from members.services.enrolment import check_person
from members.services.ledger import record_event
from members.services.retention import confirm_purge, months_before, report_purge, run_purge
from members.services.review import approve_application, reject_application
from reports.models import DailyCount
from reports.nightly import run_nightly
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_union,
    make_user,
    person,
)
from unions.models import Union

pytestmark = pytest.mark.django_db
LONG_AGO = dt.timedelta(days=3000)


@pytest.fixture
def union() -> Union:
    """A township's."""
    return make_union("镇工会", "township_union", make_union("县总", "county_federation"))


@pytest.fixture
def operator() -> User:
    """Of the system."""
    return make_user("operator", is_superuser=True)


def left(union: Union, number: int, *, last_day: str = "2021-06-30") -> Member:
    """Somebody who was a member until ``last_day``."""
    spell = make_membership(union, person(number), on="2020-03-01")
    day = dt.date.fromisoformat(last_day)
    Membership.objects.filter(pk=spell.pk).update(status="ended", ended_on=day)
    record_event(
        spell,
        EventType.WITHDRAWN,
        union=union,
        effective_on=day + dt.timedelta(days=1),
        actor=None,
    )
    return spell.member


def rejected(union: Union, number: int, *, age: dt.timedelta = LONG_AGO) -> Application:
    """Turned down so long ago."""
    application = make_application(make_join_code(union), person(number), employer_name="某公司")
    reject_application(application, reason=RejectionReason.objects.earliest("pk"), actor=None)
    Application.objects.filter(pk=application.pk).update(decided_at=timezone.now() - age)
    application.refresh_from_db()
    return application


def confirmed(operator: User) -> PurgeRun:
    """A report that the operator confirmed."""
    run = report_purge()
    return confirm_purge(run, typed=str(retention.total_of(run)), actor=operator)


def figures() -> tuple[object, ...]:
    """The ledger, every membership, the daily counts, and what disagrees."""
    return (
        list(MembershipEvent.objects.order_by("pk").values()),
        list(Membership.objects.order_by("pk").values()),
        list(DailyCount.objects.order_by("pk").values()),
        list(membership_differences()),
    )


def test_every_class_of_the_table_has_its_code_and_every_code_its_rule() -> None:
    assert set(RetentionRule.objects.values_list("data_class", flat=True)) == set(DATA_CLASSES)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-05-31", 3, "2026-02-28"),
        ("2024-05-31", 3, "2024-02-29"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-12-31", 6, "2026-06-30"),
        ("2026-03-01", 24, "2024-03-01"),
    ],
)
def test_so_many_months_before(day: str, months: int, expected: str) -> None:
    assert months_before(dt.date.fromisoformat(day), months).isoformat() == expected


def test_a_report_counts_and_changes_nothing(union: Union) -> None:
    left(union, 1)
    application = rejected(union, 2)
    out = StringIO()
    call_command("purge", stdout=out)
    run = PurgeRun.objects.get()
    assert (run.status, run.erased, run.confirmed_by) == ("reported", {}, None)
    ended = run.found["ended_membership"]
    assert (ended["count"], ended["oldest"], ended["months"], ended["percent"]) == (
        1, "2021-06-30", 24, 100.0,
    )  # fmt: skip
    assert run.found["rejected_application"]["count"] == 1
    assert run.found["one_time_code"] == {
        "cutoff": months_before(local_today(), 1).isoformat(),
        "months": 1,
        "action": "erase",
        "count": 0,
        "oldest": None,
        "percent": 0,
    }
    assert "nothing was changed" in out.getvalue()
    application.refresh_from_db()
    assert application.erased_at is None
    assert Member.objects.get().frozen_at is None


def test_without_a_confirmation_nothing_is_done(union: Union) -> None:
    left(union, 1)
    run = report_purge()
    with pytest.raises(CommandError):
        call_command("purge", "--run", str(run.pk))
    assert Member.objects.get().frozen_at is None


def test_the_roll_stays_countable(union: Union, operator: User) -> None:
    gone, stays = left(union, 1), make_membership(union, person(2), on="2020-01-01").member
    run_nightly()
    before, hashes = figures(), list(Member.objects.order_by("pk").values_list("id_number_hash"))
    assert before[-1] == []
    run_purge(confirmed(operator).pk)
    run_nightly()
    assert figures() == before
    assert list(Member.objects.order_by("pk").values_list("id_number_hash")) == hashes
    gone.refresh_from_db()
    stays.refresh_from_db()
    assert gone.frozen_at is not None
    assert (bytes(gone.id_number_encrypted), bytes(gone.phone_encrypted), gone.birth_date) == (
        b"", b"", None,
    )  # fmt: skip
    assert (gone.masked_id_number, gone.masked_phone, gone.name) == ("", "", "张小明")
    assert bytes(gone.phone_hash) != check_person(person(1)).phone_hash
    assert stays.frozen_at is None
    assert stays.masked_phone != ""


def test_what_an_approved_application_held_goes_with_the_member(
    union: Union, operator: User
) -> None:
    application = make_application(make_join_code(union), person(1), employer_name="某公司")
    spell = approve_application(application, actor=None)
    old = dt.date(2021, 6, 30)
    Membership.objects.filter(pk=spell.pk).update(
        status="ended", started_on=dt.date(2020, 1, 1), ended_on=old
    )
    run_purge(confirmed(operator).pk)
    application.refresh_from_db()
    assert application.erased_at is not None
    assert (application.name, application.employer_name, application.masked_phone) == ("", "", "")
    assert application.status == "approved"


def test_an_application_erased_tells_nothing_of_the_person(union: Union, operator: User) -> None:
    first, second = rejected(union, 1), rejected(union, 2)
    recent = rejected(union, 3, age=dt.timedelta(days=20))
    question = ExtraQuestion.objects.create(union=union, kind="text", text_zh="常用站点")
    for application in (first, recent):
        ExtraAnswer.objects.create(application=application, question=question, value="南门")
    run_purge(confirmed(operator).pk)
    assert list(ExtraAnswer.objects.values_list("application", flat=True)) == [recent.pk]
    for application in (first, second):
        application.refresh_from_db()
        assert (application.name, application.masked_id_number, application.status) == (
            "", "", "rejected",
        )  # fmt: skip
    hashes = {bytes(a.id_number_hash) for a in (first, second)}
    assert len(hashes) == 2
    assert not hashes & {check_person(person(n)).id_number_hash for n in (1, 2)}
    recent.refresh_from_db()
    assert recent.erased_at is None
    # Columns of the row hold no trace, whatever they are called.
    with connection.cursor() as cursor:
        cursor.execute("SELECT a::text FROM members_application a WHERE id = %s", [first.pk])
        row = cursor.fetchone()[0]
    assert "张小明" not in row
    assert "某公司" not in row


def test_nothing_open_is_ever_touched(union: Union, operator: User) -> None:
    """Peers lost live data to an automatic clean-up: age alone is no reason."""
    ancient = timezone.now() - LONG_AGO
    make_membership(union, person(1), on="2001-01-01")
    waiting = make_application(make_join_code(union), person(2))
    Application.objects.filter(pk=waiting.pk).update(submitted_at=ancient)
    applying_again = left(union, 3)
    make_application(make_join_code(union), person(3))
    asked_lately = make_application(make_join_code(union), person(4))
    Application.objects.filter(pk=asked_lately.pk).update(status="correction")
    queued = Message.objects.create(
        key=uuid.uuid4(),
        template="x",
        phone_encrypted=encrypt("+8613800000001", context=PHONE_CONTEXT),
        phone_hash=b"h",
        body_encrypted=b"b",
        next_attempt_at=timezone.now(),
    )
    Message.objects.filter(pk=queued.pk).update(created_at=ancient, status="queued")
    Message.objects.exclude(pk=queued.pk).delete()
    run = report_purge()
    assert {code: item["count"] for code, item in run.found.items()} == dict.fromkeys(
        DATA_CLASSES, 0
    )
    run_purge(confirm_purge(run, actor=operator).pk)
    applying_again.refresh_from_db()
    assert applying_again.frozen_at is None
    assert Application.objects.filter(erased_at=None).count() == 3


def test_a_correction_that_never_came_is_closed_and_erased(union: Union, operator: User) -> None:
    application = make_application(make_join_code(union), person(1))
    Application.objects.filter(pk=application.pk).update(
        status="correction", submitted_at=timezone.now() - LONG_AGO
    )
    run_purge(confirmed(operator).pk)
    application.refresh_from_db()
    assert (application.status, application.name) == ("cancelled", "")
    assert application.decided_at is not None


def test_messages_and_codes(operator: User) -> None:
    ancient = timezone.now() - LONG_AGO
    message = Message.objects.create(
        key=uuid.uuid4(),
        template="x",
        phone_encrypted=encrypt("+8613800000001", context=PHONE_CONTEXT),
        phone_hash=b"h",
        body_encrypted=b"body",
        status="sent",
        next_attempt_at=ancient,
    )
    Message.objects.filter(pk=message.pk).update(created_at=ancient)
    for at in (ancient, timezone.now()):
        OneTimeCode.objects.create(
            purpose="join", phone_hash=b"p", code_hash=b"c", created_at=at, expires_at=at
        )
    run_purge(confirmed(operator).pk)
    message.refresh_from_db()
    assert (bytes(message.phone_encrypted), bytes(message.body_encrypted)) == (b"", b"")
    assert message.template == "x"
    assert OneTimeCode.objects.count() == 1


def test_who_joins_again_is_the_same_person_filled_anew(union: Union, operator: User) -> None:
    member = left(union, 1)
    run_purge(confirmed(operator).pk)
    again = make_application(make_join_code(union), person(1, name="张小明改"))
    spell = approve_application(again, actor=None)
    assert spell.member_id == member.pk
    member.refresh_from_db()
    assert (member.frozen_at, member.name, member.birth_date) == (
        None, "张小明改", dt.date(1990, 1, 1),
    )  # fmt: skip
    assert bytes(member.phone_hash) == check_person(person(1)).phone_hash
    assert member.masked_id_number != ""


def test_a_purge_that_dies_goes_on_where_it_stopped(
    union: Union, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 6):
        left(union, number)
    monkeypatch.setattr(retention, "BATCH", 2)
    run = confirmed(operator)

    def die(code: str, rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_purge(run.pk, on_progress=die)
    run.refresh_from_db()
    assert (run.status, run.erased) == ("confirmed", {"ended_membership": 2})
    call_command("purge", "--run", str(run.pk), stdout=StringIO())
    run.refresh_from_db()
    assert (run.status, run.erased) == ("done", {"ended_membership": 5})
    assert Member.objects.filter(frozen_at=None).count() == 0
    assert run_purge(run.pk).erased == {"ended_membership": 5}


def test_never_more_than_was_reported(union: Union, operator: User) -> None:
    left(union, 1)
    run = confirmed(operator)
    left(union, 2)
    with pytest.raises(RuleViolation) as refusal:
        run_purge(run.pk)
    assert refusal.value.code == "grown"
    assert Member.objects.filter(frozen_at=None).count() == 2


def test_who_may_confirm_and_when(union: Union, operator: User) -> None:
    left(union, 1)
    run = report_purge()
    with pytest.raises(RuleViolation):
        confirm_purge(run, typed="1", actor=make_user("somebody"))
    for typed in ("", "2", "yes"):
        with pytest.raises(RuleViolation) as refusal:
            confirm_purge(run, typed=typed, actor=operator)
        assert (refusal.value.code, refusal.value.field) == ("typed", "typed")
    PurgeRun.objects.update(reported_at=timezone.now() - dt.timedelta(days=7, minutes=1))
    with pytest.raises(RuleViolation) as refusal:
        confirm_purge(run, typed="1", actor=operator)
    assert refusal.value.code == "too_old"
    ahead = report_purge(day=local_today() + dt.timedelta(days=1))
    with pytest.raises(RuleViolation) as refusal:
        confirm_purge(ahead, typed="1", actor=operator)
    assert refusal.value.code == "ahead"
    newer = report_purge()
    run.refresh_from_db()
    assert run.status == "dropped"
    confirm_purge(newer, typed="1", actor=operator)
    with pytest.raises(RuleViolation) as refusal:
        confirm_purge(newer, typed="1", actor=operator)
    assert refusal.value.code == "closed"
    assert list(
        AuditEntry.objects.filter(object_type="members.purgerun")
        .order_by("pk")
        .values_list("action", flat=True)
    ) == ["purge.reported", "purge.reported", "purge.reported", "purge.confirmed"]


def test_an_operator_reports_and_confirms_on_the_page(
    client: Client, union: Union, operator: User
) -> None:
    left(union, 1)
    client.force_login(operator)
    assert "report/" in client.get("/admin/members/purgerun/").text
    page = client.post("/admin/members/purgerun/report/", follow=True)
    run = PurgeRun.objects.get()
    assert page.context["total"] == 1
    assert "2021-06-30" in page.text
    refused = client.post(f"/admin/members/purgerun/{run.pk}/confirm/", {"typed": "7"})
    assert refused.context["fault"]
    run.refresh_from_db()
    assert run.status == "reported"
    client.post(f"/admin/members/purgerun/{run.pk}/confirm/", {"typed": "1"})
    run.refresh_from_db()
    assert (run.status, run.confirmed_by) == ("confirmed", operator)
    assert Member.objects.get().frozen_at is None  # the page itself erases nothing
