"""Taking a decision back within a day, and the rule of the proven phone."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.http import Http404
from django.utils import timezone

from audit.models import AuditEntry
from core.errors import RuleViolation
from members.models import (
    Application,
    ApplicationStep,
    JoinCode,
    Membership,
    MembershipEvent,
    Message,
    RejectionReason,
    ReviewRules,
)
from members.services.changes import retain_membership
from members.services.review import approve_application, reject_application, undo_decision
from tests.builders import make_application, make_join_code, make_official, make_union, person
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.fixture
def union() -> Union:
    """A county that enrols members."""
    return make_union("县总", "county_federation", make_union("市总", "city_federation"))


@pytest.fixture
def code(union: Union) -> JoinCode:
    return make_join_code(union)


def state() -> tuple[Any, ...]:
    return (
        list(Application.objects.order_by("id").values_list("status", "decided_at")),
        list(Membership.objects.order_by("id").values_list("status", "ended_on", "application")),
        MembershipEvent.objects.count(),
        ApplicationStep.objects.count(),
        AuditEntry.objects.count(),
        Message.objects.count(),
    )


def refused(application: Application, **arguments: Any) -> RuleViolation:
    """Why it is refused; nothing may change."""
    before = state()
    with pytest.raises(RuleViolation) as refusal:
        undo_decision(application, **{"reason": "误操作", "actor": None, **arguments})
    assert state() == before
    return refusal.value


def test_an_approval_undone_never_counted(union: Union, code: JoinCode) -> None:
    application = make_application(code)
    official = make_official("official", union)
    membership = approve_application(application, actor=official)
    undone = undo_decision(application, reason="点错了", actor=official)
    assert (undone.status, undone.decided_at, undone.decided_by) == ("submitted", None, None)
    membership.refresh_from_db()
    assert (membership.status, membership.ended_on, membership.application) == (
        "annulled", membership.started_on, None,
    )  # fmt: skip
    sums = MembershipEvent.objects.aggregate(
        Sum("active_change"), Sum("retained_change"), Sum("joined_change")
    )
    assert set(sums.values()) == {0}
    assert list(ApplicationStep.objects.values_list("type", "note")) == [
        ("approved", ""), ("undone", "点错了"),
    ]  # fmt: skip
    assert AuditEntry.objects.get(action="application.undone").data == {
        "undone": "approved", "reason": "点错了",
    }  # fmt: skip
    assert list(Message.objects.order_by("id").values_list("template", flat=True)) == [
        "application_approved", "application_undone",
    ]  # fmt: skip
    # And decided again, rightly.
    again = approve_application(application, actor=official)
    assert (again.member, again.status) == (membership.member, "active")


def test_a_rejection_undone_waits_again(union: Union, code: JoinCode) -> None:
    application = make_application(code)
    reject_application(
        application, reason=RejectionReason.objects.all()[0], note="错了", actor=None
    )
    undone = undo_decision(application, reason="误操作", actor=None)
    assert (undone.status, undone.rejection_reason, undone.decision_note) == ("submitted", None, "")
    assert approve_application(application, actor=None).status == "active"


def test_only_within_the_time_of_the_rules(code: JoinCode) -> None:
    application = make_application(code)
    approve_application(application, actor=None)
    Application.objects.update(decided_at=timezone.now() - dt.timedelta(hours=23, minutes=59))
    ReviewRules.objects.update(undo_hours=23)
    assert refused(application).code == "too_late"
    ReviewRules.objects.update(undo_hours=24)
    assert undo_decision(application, reason="误操作", actor=None).status == "submitted"


def test_not_once_the_membership_has_moved_on(code: JoinCode) -> None:
    application = make_application(code)
    membership = approve_application(application, actor=None)
    retain_membership(membership, reason="retired", actor=None)
    assert refused(application).code == "moved_on"


def test_not_once_the_person_has_applied_again(code: JoinCode) -> None:
    who = person(5)
    application = make_application(code, who)
    reject_application(application, reason=RejectionReason.objects.all()[0], actor=None)
    make_application(code, who)
    assert refused(application).code == "moved_on"


def test_needs_a_decision_and_a_reason(code: JoinCode) -> None:
    application = make_application(code)
    assert refused(application).code == "not_decided"
    approve_application(application, actor=None)
    assert refused(application, reason=" ").field == "reason"


def test_out_of_scope_is_not_there(code: JoinCode) -> None:
    application = make_application(code)
    approve_application(application, actor=None)
    stranger = make_official("stranger", make_union("邻市总", "city_federation"))
    before = state()
    with pytest.raises(Http404):
        undo_decision(application, reason="看看", actor=stranger)
    assert state() == before


@pytest.mark.django_db(transaction=True)
def test_two_officials_undo_at_once_one_wins(union: Union, code: JoinCode) -> None:
    application = make_application(code)
    approve_application(application, actor=None)
    officials = [make_official("left", union), make_official("right", union)]
    start = threading.Barrier(2)
    results: list[str] = []

    def undo(official: Any) -> None:
        start.wait()
        try:
            undo_decision(application, reason="误操作", actor=official)
            results.append("undone")
        except RuleViolation as refusal:
            results.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=undo, args=(official,)) for official in officials]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(results) == ["not_decided", "undone"]
    assert MembershipEvent.objects.count() == 2
    assert ApplicationStep.objects.filter(type="undone").count() == 1


def test_a_proven_phone_where_the_rules_want_one(union: Union, code: JoinCode) -> None:
    ReviewRules.objects.update(requires_proven_phone=True)
    application = make_application(code)
    before = state()
    with pytest.raises(RuleViolation) as refusal:
        approve_application(application, actor=make_official("official", union))
    assert refusal.value.code == "phone_unproven"
    assert state()[:4] == before[:4]
    Application.objects.update(phone_proven_at=timezone.now())
    assert approve_application(application, actor=None).status == "active"
    # Who signed on paper has proven otherwise.
    on_paper = make_application(make_join_code(union, channel="paper"))
    assert approve_application(on_paper, actor=None).status == "active"
