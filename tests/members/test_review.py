"""Deciding on applications: one transaction, one winner, one open membership per person."""

import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.http import Http404

from audit.models import AuditEntry
from core.clock import local_today
from core.errors import RuleViolation
from members.models import Application, Member, Membership, MembershipEvent, RejectionReason
from members.services.revealing import reveal_application as reveal
from members.services.review import approve_application, approve_many, reject_application
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_union,
    person,
)
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.fixture
def union() -> Union:
    """A union that enrols members, under a county and a city."""
    city = make_union("市总", "city_federation")
    county = make_union("县总", "county_federation", city)
    return make_union("镇工会", "township_union", county)


def counts() -> tuple[int, int, int]:
    return Member.objects.count(), Membership.objects.count(), MembershipEvent.objects.count()


def test_approval_writes_member_membership_event_and_audit(union: Union) -> None:
    code = make_join_code(union)
    application = make_application(code)
    official = make_official("official", union)
    membership = approve_application(application, actor=official)
    application.refresh_from_db()
    assert (application.status, application.decided_by) == ("approved", official)
    assert (membership.union, membership.join_code, membership.status) == (union, code, "active")
    assert bytes(membership.member.id_number_hash) == bytes(application.id_number_hash)
    assert membership.member.masked_phone == application.masked_phone
    event = membership.events.get()
    assert (event.type, event.effective_on, event.actor) == ("joined", local_today(), official)
    assert (event.active_change, event.retained_change, event.joined_change) == (1, 0, 1)
    entry = AuditEntry.objects.get(action="application.approved")
    assert (entry.actor, entry.union_path) == (official, union.path)


def test_second_official_is_told_who_decided(union: Union) -> None:
    application = make_application(make_join_code(union))
    first, second = make_official("first", union), make_official("second", union)
    approve_application(application, actor=first)
    before = counts()
    with pytest.raises(RuleViolation, match="first") as refusal:
        approve_application(application, actor=second)
    assert refusal.value.code == "decided"
    assert counts() == before


def test_one_open_membership_per_person(union: Union) -> None:
    who = person(1)
    make_membership(union, who)
    application = make_application(make_join_code(union), who)
    before = counts()
    with pytest.raises(RuleViolation) as refusal:
        approve_application(application, actor=None)
    assert refusal.value.code == "already_member"
    application.refresh_from_db()
    assert application.status == "submitted"
    assert counts() == before


def test_database_holds_one_open_membership(union: Union) -> None:
    membership = make_membership(union)
    with pytest.raises(IntegrityError, match="open_once"), transaction.atomic():
        Membership.objects.create(
            member=membership.member,
            union=union,
            worker_group_id="courier",
            channel="qr",
            started_on=local_today(),
        )


def test_ledger_is_append_only(union: Union) -> None:
    make_membership(union)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        MembershipEvent.objects.update(type="withdrawn")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        MembershipEvent.objects.all().delete()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.all().delete()


def test_out_of_scope_application_does_not_exist(union: Union) -> None:
    application = make_application(make_join_code(union))
    stranger = make_official("stranger", make_union("邻市总", "city_federation"))
    before = counts()
    reason = RejectionReason.objects.create(code="x", text_zh="x", text_en="x")
    for act in (
        lambda: approve_application(application, actor=stranger),
        lambda: reject_application(application, reason=reason, actor=stranger),
        lambda: reveal(application, reason="看看", actor=stranger),
    ):
        with pytest.raises(Http404):
            act()
    application.refresh_from_db()
    assert application.status == "submitted"
    assert counts() == before
    assert not AuditEntry.objects.filter(actor=stranger).exists()


def test_rejection_keeps_reason_and_note(union: Union) -> None:
    application = make_application(make_join_code(union))
    official = make_official("official", union)
    reason = RejectionReason.objects.create(code="area", text_zh="不在本会范围", text_en="Not here")
    reject_application(application, reason=reason, note=" 请找邻镇 ", actor=official)
    application.refresh_from_db()
    assert (application.status, application.rejection_reason, application.decision_note) == (
        "rejected", reason, "请找邻镇",
    )  # fmt: skip
    assert counts() == (0, 0, 0)


def test_rejected_person_may_apply_again(union: Union) -> None:
    code, who = make_join_code(union), person(7)
    first = make_application(code, who)
    reason = RejectionReason.objects.create(code="area", text_zh="x", text_en="x")
    reject_application(first, reason=reason, actor=None)
    second = make_application(code, who)
    assert second.pk != first.pk
    assert approve_application(second, actor=None).status == "active"


def test_bulk_approval_goes_on_past_a_refusal(union: Union) -> None:
    code, who = make_join_code(union), person(3)
    make_membership(union, who)
    applications = [make_application(code), make_application(code, who), make_application(code)]
    outcome = approve_many(applications, actor=make_official("official", union))
    assert outcome.done == [applications[0], applications[2]]
    assert [application for application, _why in outcome.refused] == [applications[1]]


def test_reveal_needs_a_reason_and_is_logged(union: Union) -> None:
    who = person(5)
    application = make_application(make_join_code(union), who)
    official = make_official("official", union)
    with pytest.raises(RuleViolation) as refusal:
        reveal(application, reason=" ", actor=official)
    assert refusal.value.field == "reason"
    shown = reveal(application, reason="电话核对", actor=official)
    assert shown == {"id_number": who.id_number, "phone": who.phone}
    entry = AuditEntry.objects.get(action="application.revealed")
    assert entry.data == {"reason": "电话核对"}


@pytest.mark.django_db(transaction=True)
def test_two_officials_at_once_one_wins(union: Union) -> None:
    application = make_application(make_join_code(union))
    officials = [make_official("left", union), make_official("right", union)]
    start = threading.Barrier(2)
    results: list[str] = []

    def decide(official: object) -> None:
        start.wait()
        try:
            approve_application(Application.objects.get(pk=application.pk), actor=official)  # type: ignore[arg-type]
            results.append("approved")
        except RuleViolation as refusal:
            results.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(official,)) for official in officials]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(results) == ["approved", "decided"]
    assert counts() == (1, 1, 1)


def test_bulk_decision_names_what_is_out_of_scope_and_goes_on(union: Union) -> None:
    stranger = make_union("邻市总", "city_federation")
    elsewhere = make_union("邻县总", "county_federation", stranger)
    applications = [
        make_application(make_join_code(elsewhere)),
        make_application(make_join_code(union)),
    ]
    outcome = approve_many(applications, actor=make_official("official", union))
    assert outcome.done == [applications[1]]
    assert [application for application, _why in outcome.refused] == [applications[0]]
    applications[0].refresh_from_db()
    assert applications[0].status == "submitted"


def test_code_of_a_dissolved_union_takes_no_application(union: Union) -> None:
    code = make_join_code(union)
    Union.objects.filter(pk=union.pk).update(status="dissolved")
    code.refresh_from_db()
    with pytest.raises(RuleViolation) as refusal:
        make_application(code)
    assert refusal.value.code == "code_closed"
    assert Application.objects.count() == 0
