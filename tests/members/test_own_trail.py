"""Who has looked at one's data, when and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone, translation

from audit.models import AuditEntry
from audit.services import log
from core.errors import RuleViolation
from members.models import Application, Membership, PersonalExport
from members.own_trail import EXPORT_DOWNLOADED, looks_at
from members.services.direct import enrol_directly
from members.services.enrolment import PersonInput
from members.services.look_ups import LOOKS_PER_HOUR
from members.services.revealing import reveal_member
from members.services.review import approve_application
from members.services.viewing import log_view
from reference.models import WorkerGroup
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_user,
    person,
)
from tests.members.own_page import (
    browser_of,
    county as county,
    membership as membership,
    other_union as other_union,
    person_of,
    union as union,
)
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db


def admin_browser(username: str, union: Union) -> Client:
    """An official in the officials' site."""
    client = Client()
    client.force_login(make_official(username, union, Role.GRASSROOTS_OFFICIAL))
    return client


def test_pages_of_a_record_are_entered_once_an_hour_and_lists_are_not(
    membership: Membership, union: Union
) -> None:
    application = make_application(make_join_code(union), person(7_001))
    client = admin_browser("gongzuozhe", union)
    for model in ("member", "membership", "application"):
        client.get(f"/admin/members/{model}/")
    assert not AuditEntry.objects.filter(action__endswith=".viewed").exists()
    for _ in range(2):
        client.get(f"/admin/members/member/{membership.member_id}/change/")
        client.get(f"/admin/members/membership/{membership.pk}/change/")
        client.get(f"/admin/members/application/{application.pk}/change/")
    found = AuditEntry.objects.filter(action__endswith=".viewed").order_by("pk")
    assert [entry.action for entry in found] == [
        "member.viewed", "membership.viewed", "application.viewed",
    ]  # fmt: skip
    assert {entry.union_path for entry in found} == {union.path}
    assert {entry.actor.username for entry in found if entry.actor} == {"gongzuozhe"}


@pytest.mark.parametrize("name", ["correction", "reject", "undo", "reveal"])
def test_a_form_that_comes_back_is_a_look_too(union: Union, name: str) -> None:
    application = make_application(make_join_code(union), person(7_001))
    client = admin_browser("gongzuozhe", union)
    answer = client.post(f"/admin/members/application/{application.pk}/{name}/")
    assert application.name in answer.text
    looks = AuditEntry.objects.filter(actor__username="gongzuozhe")
    assert [(look.action, look.object_id) for look in looks] == [
        ("application.viewed", str(application.pk))
    ]


def test_two_records_side_by_side_are_a_look_at_each(membership: Membership, union: Union) -> None:
    other = make_membership(union, person(7_002)).member
    client = Client()
    client.force_login(make_official("hebing", union, Role.FEDERATION_OFFICIAL))
    client.get(f"/admin/members/membermerge/compare/{membership.member_id}/{other.pk}/")
    looks = AuditEntry.objects.filter(action="member.viewed", actor__username="hebing")
    assert {look.object_id for look in looks} == {str(membership.member_id), str(other.pk)}


def test_nobody_learns_unseen_by_enrolling_who_is_a_member_elsewhere(
    union: Union, other_union: Union
) -> None:
    membership = make_membership(union, person(7_004))
    official = make_official("curious", other_union)

    def enrol(who: PersonInput) -> str:
        with pytest.raises(RuleViolation) as refusal:
            enrol_directly(
                other_union,
                person=replace(who, name="谁也不是"),
                worker_group=WorkerGroup.objects.get(pk="courier"),
                has_consented=True,
                at_once=True,
                actor=official,
            )
        return refusal.value.code

    assert enrol(person(7_004)) == "already_member"
    assert Application.objects.count() == 0
    (look,) = AuditEntry.objects.filter(actor=official)
    assert (look.action, look.object_id) == (
        "member.enrolment_refused", str(membership.member_id),
    )  # fmt: skip
    newest = looks_at(person_of(membership.member))[0]
    assert (newest.action, newest.union) == ("member.enrolment_refused", other_union.name)
    AuditEntry.objects.bulk_create(
        AuditEntry(action="transfer.looked_up", actor=official, object_type="x", object_id="1")
        for _ in range(LOOKS_PER_HOUR - 1)
    )
    # Whoever it is, a member or not.
    assert [enrol(person(7_004)), enrol(person(7_003))] == ["too_many", "too_many"]
    assert AuditEntry.objects.filter(action="member.enrolment_refused").count() == 1


def test_a_page_out_of_scope_enters_nothing(membership: Membership, other_union: Union) -> None:
    client = admin_browser("elsewhere", other_union)
    answer = client.get(f"/admin/members/member/{membership.member_id}/change/")
    assert answer.status_code == 404
    assert not AuditEntry.objects.filter(action="member.viewed").exists()


def test_another_official_and_another_hour_are_entered_again(
    membership: Membership, union: Union, county: Union
) -> None:
    first, second = make_official("a", union), make_official("b", county)
    member = membership.member
    assert log_view(member, "member.viewed", union=union, actor=first)
    assert not log_view(member, "member.viewed", union=union, actor=first)
    assert log_view(member, "member.viewed", union=union, actor=second)
    with transaction.atomic():
        entry = log(first, "membership.viewed", membership, union_path=union.path)
    assert entry.at > timezone.now() - dt.timedelta(minutes=1)
    assert not log_view(member, "member.viewed", union=union, actor=None)


def test_the_person_reads_union_role_and_reason_but_no_name(
    membership: Membership, union: Union
) -> None:
    official = make_official("gongzuozhe", union, Role.GRASSROOTS_OFFICIAL)
    official.display_name = "李干部"
    official.save()
    reveal_member(membership.member, reason="核对证件", actor=official)
    with translation.override("en"):
        (look, *_rest) = looks_at(person_of(membership.member))
        assert (look.union, look.role, look.reason, look.is_own) == (
            union.name, str(Role.GRASSROOTS_OFFICIAL.label), "核对证件", False,
        )  # fmt: skip
    page = browser_of(membership.member).get("/me/looked/").content.decode()
    assert "核对证件" in page
    assert union.name in page
    assert "李干部" not in page
    assert "gongzuozhe" not in page


def test_a_former_appointment_still_explains_the_look_of_its_time(
    membership: Membership, union: Union
) -> None:
    official = make_official("gongzuozhe", union, Role.GRASSROOTS_OFFICIAL)
    log_view(membership.member, "member.viewed", union=union, actor=official)
    official.appointments.update(ends_on=timezone.now().date())
    operator = make_user("operator", is_superuser=True, is_staff=True)
    log_view(membership.member, "member.viewed", union=union, actor=operator)
    with translation.override("en"):
        looks = looks_at(person_of(membership.member))
        assert [(look.union, look.role) for look in looks[:2]] == [
            ("", "operator of the portal"),
            (union.name, Role.GRASSROOTS_OFFICIAL.label),
        ]


def test_decisions_on_the_own_application_are_listed_and_those_on_others_are_not(
    union: Union,
) -> None:
    official = make_official("gongzuozhe", union)
    code = make_join_code(union)
    mine = approve_application(make_application(code, person(7_002)), actor=official)
    approve_application(make_application(code, person(7_003)), actor=official)
    make_membership(union, person(7_004))
    actions = [look.action for look in looks_at(person_of(mine.member))]
    assert actions == ["application.approved", "application.submitted"]


def test_what_was_downloaded_before_the_person_was_recorded_is_not_theirs(county: Union) -> None:
    official = make_official("gongzuozhe", county)
    with transaction.atomic():
        log(official, EXPORT_DOWNLOADED, county, union_path=county.path)
    member = make_membership(county, person(7_005)).member
    with transaction.atomic():
        log(official, "membership.annulled", member, {"reason": "undone"}, union_path=county.path)
    with translation.override("zh-hans"):
        looks = looks_at(person_of(member))
    assert [(look.action, look.reason) for look in looks] == [("membership.annulled", "撤销批准")]


def test_exports_that_held_the_person_are_listed_with_their_purpose(
    membership: Membership, county: Union, other_union: Union
) -> None:
    asker, decider = make_official("asker", county), make_official("decider", county)
    for exported in (county, other_union):
        export = PersonalExport.objects.create(
            union=exported,
            purpose=f"慰问名单 {exported.name}",
            asked_by=asker,
            decided_by=decider,
            status=PersonalExport.Status.ALLOWED,
        )
        with transaction.atomic():
            log(asker, EXPORT_DOWNLOADED, export, union_path=exported.path)
    looks = looks_at(person_of(membership.member))
    assert [(look.union, look.reason) for look in looks] == [
        (county.name, f"慰问名单 {county.name}")
    ]
