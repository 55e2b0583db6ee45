"""Erasure asked for: what goes at once, what the union decides on, what the roll keeps."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from audit.models import AuditEntry
from core.errors import RuleViolation
from members.models import (
    Application,
    Consent,
    DataRequest,
    ExtraAnswer,
    ExtraQuestion,
    Member,
    Membership,
    Message,
    RejectionReason,
)
from members.reconciliation import membership_differences
from members.retention import DATA_CLASSES
from members.services.data_requests import accept_request
from members.services.erasure import ask_erasure
from members.services.own_membership import leave_union
from members.services.review import approve_application, reject_application, undo_decision
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_union,
    person,
)
from tests.members.own_page import (
    browser_of,
    county as county,
    log_in,
    other_union as other_union,
    person_of,
    union as union,
)
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db
WHO = person(8_001, name="王小明")
PAGE = "/me/data/erase/"
ALL = {"extent": "all", "sure": "on"}


def refused(union: Union, phone: str = WHO.phone) -> Application:
    """An application of the person that was not approved."""
    who = person(8_001, name="王小明", phone=phone)
    reason = RejectionReason.objects.get(pk="outside_area")
    application = make_application(make_join_code(union), who)
    return reject_application(application, reason=reason, actor=None)


@pytest.fixture
def joined(union: Union) -> Membership:
    """王小明, who joined online, named an employer and answered a question."""
    application = make_application(make_join_code(union), WHO, employer_name="美团")
    question = ExtraQuestion.objects.create(union=union, kind="text", text_zh="车牌")
    ExtraAnswer.objects.create(application=application, question=question, value="鲁P12345")
    return approve_application(application, actor=None)


def test_who_stays_has_erased_what_the_membership_does_not_need(
    joined: Membership, other_union: Union
) -> None:
    own = refused(other_union)
    foreign = refused(make_union("闫寺街道工会", "township_union", other_union.parent),
                      person(8_002).phone)  # fmt: skip
    client = browser_of(joined.member)
    page = client.get(PAGE).content.decode()
    for said in ("Your document number.", "employer or platform.", "own questions.",
                 "came to nothing", "As long as you are a member"):  # fmt: skip
        assert said in page
    for typed in ({}, {"sure": "on"}, {"extent": "part"}, {"extent": "x", "sure": "on"}):
        assert "field-error" in client.post(PAGE, typed).content.decode()
    assert not DataRequest.objects.exists()
    shown = client.post(PAGE, {"extent": "part", "sure": "on"}, follow=True).content.decode()
    assert "What your membership does not need is erased." in shown
    joined.refresh_from_db()
    member = Member.objects.get(pk=joined.member_id)
    assert (joined.status, joined.employer_name, joined.employer) == ("active", "", None)
    assert bytes(member.id_number_encrypted) == b""
    assert (member.name, bool(member.phone_encrypted)) == ("王小明", True)
    assert bytes(member.id_number_hash) == bytes(joined.member.id_number_hash)
    assert not ExtraAnswer.objects.exists()
    own.refresh_from_db()
    foreign.refresh_from_db()
    # Who sent the other one with their own phone must not see that something was erased.
    assert (own.name, own.erased_at is None) == ("", False)
    assert (foreign.name, foreign.erased_at) == ("王小明", None)
    with pytest.raises(RuleViolation):
        undo_decision(own, reason="误判", actor=None)
    assert DataRequest.objects.get().status == "accepted"
    assert not Consent.objects.filter(text__purpose="id_number", withdrawn_at=None).exists()
    assert Consent.objects.filter(text__purpose="joining", withdrawn_at=None).exists()
    entry = AuditEntry.objects.get(action="erasure.asked")
    assert (entry.actor, entry.data) == (None, {"by": "member", "leaves": False})
    with pytest.raises(RuleViolation) as nothing:
        ask_erasure(person_of(joined.member))
    assert nothing.value.code == "nothing"


def test_who_leaves_asks_for_the_rest_and_the_union_freezes_the_record(
    joined: Membership, county: Union, other_union: Union
) -> None:
    client = browser_of(joined.member)
    assert "answers about the rest by" in client.post(PAGE, ALL, follow=True).content.decode()
    request = DataRequest.objects.get()
    joined.refresh_from_db()
    assert (joined.status, request.status, request.decided_at) == ("ended", "asked", None)
    assert "Your request waits for your union" in client.get(PAGE).content.decode()
    again = client.post(PAGE, {"sure": "on"}).content.decode()
    assert "Your request waits for your union" in again
    assert DataRequest.objects.count() == 1
    DataRequest.objects.update(asked_at=timezone.now() - dt.timedelta(days=32))
    assert "The day has passed" in client.get("/me/data/").content.decode()

    official = Client(headers={"Accept-Language": "en"})
    official.force_login(make_official("gongzuozhe", county))
    stranger = Client()
    stranger.force_login(make_official("linju", other_union, Role.GRASSROOTS_OFFICIAL))
    address = f"/admin/members/datarequest/{request.pk}/"
    assert "late" in official.get("/admin/").content.decode()
    assert "Request for erasure" in official.get(f"{address}change/").content.decode()
    assert stranger.post(f"{address}accept/", {"sure": "on"}).status_code == 404
    assert "Tick the box" in official.post(f"{address}accept/").content.decode()
    assert Member.objects.get().frozen_at is None
    assert official.post(f"{address}accept/", {"sure": "on"}).status_code == 302
    member = Member.objects.get()
    assert (member.name, member.frozen_at is None) == ("王小明", False)
    assert (bytes(member.phone_encrypted), member.birth_date) == (b"", None)
    assert [row.name for row in Application.objects.all()] == [""]
    request.refresh_from_db()
    assert (request.status, request.status_label) == ("accepted", "erased")
    assert Message.objects.filter(template="data_erased").count() == 1
    assert not Message.objects.filter(template="request_decided").exists()
    assert AuditEntry.objects.filter(action="member.erased").count() == 1
    record = official.get(
        f"/admin/members/member/{member.pk}/change/", headers={"Accept-Language": "zh-hans"}
    ).content.decode()
    assert "/phone/" not in record  # there is no number any more
    assert ("退会" in record, "左侧" in record) == (True, False)
    assert client.get("/me/data/").headers["Location"] == "/me/login/"
    assert list(membership_differences()) == []
    again_member = approve_application(
        make_application(make_join_code(county), WHO), actor=None
    ).member
    assert again_member.pk == member.pk


def test_a_refusal_gives_its_reason_and_the_request_can_be_taken_back(
    joined: Membership, union: Union
) -> None:
    leave_union(person_of(joined.member))
    client = browser_of(joined.member)
    assert "How far?" not in client.get(PAGE).content.decode()
    client.post(PAGE, {"sure": "on"})
    official = Client()
    official.force_login(make_official("gongzuozhe", union, Role.GRASSROOTS_OFFICIAL))
    request = DataRequest.objects.get()
    official.post(f"/admin/members/datarequest/{request.pk}/refuse/", {"note": "帮扶款未结清"})
    assert "帮扶款未结清" in client.get("/me/data/").content.decode()
    client.post(PAGE, {"sure": "on"})
    second = DataRequest.objects.get(status="asked")
    client.post(f"/me/data/requests/{second.pk}/cancel/")
    second.refresh_from_db()
    assert (second.status, Member.objects.get().frozen_at) == ("cancelled", None)


def test_who_has_come_back_is_not_erased_and_a_request_keeps_no_purge_waiting(
    joined: Membership, union: Union, county: Union
) -> None:
    official = make_official("gongzuozhe", county)
    request = ask_erasure(person_of(joined.member), leaves=True).request
    assert request is not None
    due = DATA_CLASSES["ended_membership"].due(timezone.now() + dt.timedelta(days=2))
    assert [row.pk for row in due] == [joined.member_id]
    approve_application(make_application(make_join_code(union), WHO), actor=None)
    with pytest.raises(RuleViolation) as refusal:
        accept_request(request, actor=official)
    assert refusal.value.code == "running"
    assert Member.objects.get().frozen_at is None
    kept = make_membership(union, person(8_004), on="2024-01-02").member
    leave_union(person_of(joined.member))
    Member.objects.filter(pk=joined.member_id).update(merged_into=kept)
    with pytest.raises(RuleViolation) as refusal:
        accept_request(request, actor=official)
    assert refusal.value.code == "merged"


def test_members_entered_without_a_consent_leave_all_the_same(union: Union) -> None:
    membership = make_membership(union, person(8_003), on="2024-01-02")
    done = ask_erasure(person_of(membership.member), leaves=True)
    membership.refresh_from_db()
    assert (membership.status, done.membership_ended) == ("ended", True)
    assert bytes(Member.objects.get().id_number_encrypted) == b""


def test_an_applicant_is_erased_at_once_and_logged_out(union: Union, other_union: Union) -> None:
    refused(union)
    waiting = make_application(make_join_code(other_union), WHO)
    client = Client(headers={"Accept-Language": "en"})
    log_in(client, WHO.phone)
    page = client.get(PAGE).content.decode()
    assert "Your application that waits is taken back." in page
    assert "How far?" not in page
    done = client.post(PAGE, {"sure": "on"}).content.decode()
    assert "Your data are erased" in done
    waiting.refresh_from_db()
    assert waiting.status == "cancelled"
    assert {row.name for row in Application.objects.all()} == {""}
    assert client.get("/me/").headers["Location"] == "/me/login/"
    assert AuditEntry.objects.filter(action="erasure.asked").count() == 1


def test_an_old_phone_of_a_member_erases_nothing(joined: Membership) -> None:
    Member.objects.update(phone_hash=b"x" * 32)  # the member has another number by now
    client = Client(headers={"Accept-Language": "en"})
    log_in(client, WHO.phone)
    assert "nothing that could be erased" in client.get(PAGE).content.decode()
    client.post(PAGE, {"sure": "on"})
    assert Application.objects.get().name == "王小明"
    assert Consent.objects.filter(withdrawn_at=None).count() == 2
    assert bytes(Member.objects.get().id_number_encrypted) != b""
