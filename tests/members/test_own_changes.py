"""Correcting, moving, leaving: by the person, of the own record, and of no other."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from audit.models import AuditEntry
from core.encryption import decrypt
from core.errors import RuleViolation
from core.phone import demo_phone
from members.enums import ApplicationStatus, EventType
from members.models import DataRequest, Membership, MembershipEvent, Message, Transfer
from members.models.message import BODY_CONTEXT
from members.models.transfer import TransferStatus
from members.services.data_requests import accept_request, refuse_request
from members.services.own_page import ask_correction
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    person,
)
from tests.members.own_page import (
    browser_of,
    county as county,
    last_code,
    membership as membership,
    number_of,
    other_union as other_union,
    person_of,
    phone_of,
    union as union,
)
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db
NEW = demo_phone(88_000_001)


def newest_text(template: str) -> str:
    """The text of the newest message of a kind."""
    message = Message.objects.filter(template=template).first()
    assert message is not None
    return decrypt(message.body_encrypted, context=BODY_CONTEXT)


@pytest.fixture
def neighbour(union: Union) -> Membership:
    """Somebody else of the same union."""
    return make_membership(union, person(6_001, name="李四海"), on="2024-01-02")


# -- phone ----------------------------------------------------------------------------------------


def test_a_new_phone_is_proven_by_a_code_and_the_old_one_is_told(membership: Membership) -> None:
    old = phone_of(membership.member)
    client = browser_of(membership.member)
    elsewhere = Client()
    elsewhere.cookies["own_page"] = client.cookies["own_page"].value
    assert client.post("/me/data/phone/", {"phone": NEW}).status_code == 302
    code = last_code(NEW)
    wrong = "000000" if code != "000000" else "111111"
    assert client.post("/me/data/phone/code/", {"code": wrong}).status_code == 200
    membership.member.refresh_from_db()
    assert phone_of(membership.member) == old
    assert client.post("/me/data/phone/code/", {"code": code}).status_code == 302
    membership.member.refresh_from_db()
    assert phone_of(membership.member) == NEW
    told = Message.objects.get(template="phone_changed")
    assert decrypt(told.phone_encrypted, context="members.phone") == old
    assert NEW[-4:] not in newest_text("phone_changed")
    assert client.get("/me/data/").status_code == 200
    assert elsewhere.get("/me/data/").headers["Location"] == "/me/login/"


def test_a_log_in_code_proves_no_new_phone(membership: Membership) -> None:
    client = browser_of(membership.member)
    other = Client()
    other.post("/me/login/", {"phone": NEW})
    stolen = last_code(NEW)
    client.post("/me/data/phone/", {"phone": NEW})
    if last_code(NEW) != stolen:
        assert client.post("/me/data/phone/code/", {"code": stolen}).status_code == 200
    membership.member.refresh_from_db()
    assert phone_of(membership.member) != NEW


def test_the_present_phone_is_no_new_one(membership: Membership) -> None:
    client = browser_of(membership.member)
    answer = client.post("/me/data/phone/", {"phone": phone_of(membership.member)})
    assert "This is the number we have." in answer.content.decode()


# -- employer, requests ---------------------------------------------------------------------------


def test_the_employer_changes_at_once(membership: Membership) -> None:
    client = browser_of(membership.member)
    client.post("/me/data/employer/", {"employer_name": "  顺丰速运 "})
    membership.refresh_from_db()
    assert membership.employer_name == "顺丰速运"
    entry = AuditEntry.objects.get(action="membership.employer_changed")
    assert (entry.actor, entry.data) == (None, {"by": "member"})
    assert client.post("/me/data/employer/", {"employer_name": "x" * 121}).status_code == 200


def test_a_name_is_corrected_by_the_union(membership: Membership, county: Union) -> None:
    official = make_official("gongzuozhe", county)
    client = browser_of(membership.member)
    client.post("/me/data/correct/", {"field": "name", "name": "王晓明", "note": "错字"})
    request = DataRequest.objects.get()
    assert "王晓明".encode() not in bytes(request.value_encrypted)
    again = client.post("/me/data/correct/", {"field": "name", "name": "王小铭"})
    assert "waits for your union already" in again.content.decode()
    accept_request(request, actor=official)
    membership.member.refresh_from_db()
    request.refresh_from_db()
    assert (membership.member.name, request.status) == ("王晓明", "accepted")
    assert bytes(request.value_encrypted) == b""
    assert Message.objects.filter(template="request_decided").count() == 1
    with pytest.raises(RuleViolation):
        refuse_request(request, note="不对", actor=official)


def test_a_document_number_is_corrected_only_against_the_document(
    membership: Membership, neighbour: Membership, county: Union
) -> None:
    official = make_official("gongzuozhe", county)
    right = person(6_002)
    who = person_of(membership.member)
    request = ask_correction(who, field="id_number", value=f"resident_id:{right.id_number}")
    with pytest.raises(RuleViolation) as refusal:
        accept_request(request, typed_number=person(6_003).id_number, actor=official)
    assert refusal.value.field == "typed_number"
    accept_request(request, typed_number=right.id_number.lower(), actor=official)
    membership.member.refresh_from_db()
    assert number_of(membership.member) == right.id_number
    taken = number_of(neighbour.member)
    request = ask_correction(who, field="id_number", value=f"resident_id:{taken}")
    with pytest.raises(RuleViolation) as refusal:
        accept_request(request, typed_number=taken, actor=official)
    assert refusal.value.code == "other_record"


def test_a_group_is_corrected_in_the_ledger(membership: Membership, county: Union) -> None:
    request = ask_correction(
        person_of(membership.member), field="worker_group", value="truck_driver"
    )
    accept_request(request, actor=make_official("gongzuozhe", county))
    membership.refresh_from_db()
    assert membership.worker_group_id == "truck_driver"
    corrected = MembershipEvent.objects.filter(type=EventType.CORRECTED)
    assert corrected.count() == 1


def test_officials_decide_on_the_page_of_the_request(membership: Membership, union: Union) -> None:
    official = Client(headers={"Accept-Language": "en"})
    official.force_login(make_official("gongzuozhe", union, Role.GRASSROOTS_OFFICIAL))
    wanted = person(6_004).id_number
    who = person_of(membership.member)
    request = ask_correction(who, field="id_number", value=f"resident_id:{wanted}")
    address = f"/admin/members/datarequest/{request.pk}/"
    page = official.get(f"{address}change/").content.decode()
    assert wanted not in page
    assert wanted[-4:] in page
    refused = official.post(f"{address}accept/", {"typed_number": "1"})
    assert "not the number the member asked for" in refused.content.decode()
    assert official.post(f"{address}refuse/", {"note": ""}).status_code == 200
    assert official.post(f"{address}refuse/", {"note": "请携带证件"}).status_code == 302
    request.refresh_from_db()
    assert (request.status, request.decision_note) == ("refused", "请携带证件")
    assert "请携带证件" in browser_of(membership.member).get("/me/data/").content.decode()


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"field": "nonsense"},
        {"field": "name", "name": "123"},
        {"field": "name", "name": ""},
        {"field": "id_number", "id_type": "resident_id", "id_number": "1"},
        {"field": "id_number", "id_type": "nonsense", "id_number": "1"},
        {"field": "worker_group"},
        {"field": "worker_group", "worker_group": "nonsense"},
    ],
)
def test_a_wrong_request_comes_back_with_the_reason(
    membership: Membership, typed: dict[str, str]
) -> None:
    answer = browser_of(membership.member).post("/me/data/correct/", typed)
    assert answer.status_code == 200
    assert "field-error" in answer.content.decode()
    assert not DataRequest.objects.exists()


# -- moving and leaving ---------------------------------------------------------------------------


def test_a_member_asks_to_move_sees_it_and_takes_it_back(
    membership: Membership, other_union: Union
) -> None:
    code = make_join_code(other_union)
    client = browser_of(membership.member)
    found = client.get("/me/move/?q=新区").content.decode()
    assert f"?code={code.code}" in found
    answer = client.post("/me/move/", {"code": code.code, "reason": ""})
    assert "Say briefly why" in answer.content.decode()
    client.post("/me/move/", {"code": code.code, "reason": "搬家", "employer_name": "美团"})
    transfer = Transfer.objects.get()
    assert (transfer.to_union, transfer.asked_by, transfer.actor) == (other_union, "member", None)
    page = client.get("/me/move/").content.decode()
    assert "Your move is under way" in page
    again = client.post("/me/move/", {"code": code.code, "reason": "搬家"})
    assert again.status_code == 200
    assert Transfer.objects.count() == 1
    client.post(f"/me/move/{transfer.pk}/cancel/")
    transfer.refresh_from_db()
    membership.refresh_from_db()
    assert (transfer.status, membership.status) == (TransferStatus.CANCELLED, "active")


def test_a_move_needs_a_union_that_takes_members(membership: Membership) -> None:
    client = browser_of(membership.member)
    answer = client.post("/me/move/", {"code": "NOPE2345", "reason": "搬家"})
    assert "Choose the union you are moving to." in answer.content.decode()
    own = make_join_code(membership.union)
    answer = client.post("/me/move/", {"code": own.code, "reason": "搬家"})
    assert answer.status_code == 200
    assert not Transfer.objects.exists()


def test_leaving_states_its_effects_and_needs_nobodys_approval(
    membership: Membership, other_union: Union
) -> None:
    client = browser_of(membership.member)
    code = make_join_code(other_union)
    client.post("/me/move/", {"code": code.code, "reason": "搬家"})
    page = client.get("/me/leave/").content.decode()
    assert "Nobody has to agree." in page
    assert "erased 24 months later" in page
    assert client.post("/me/leave/").status_code == 200
    membership.refresh_from_db()
    assert membership.ended_on is None
    assert "You have left" in client.post("/me/leave/", {"sure": "on"}).content.decode()
    membership.refresh_from_db()
    assert membership.status == "ended"
    assert Transfer.objects.get().status == TransferStatus.CANCELLED
    event = MembershipEvent.objects.get(type=EventType.WITHDRAWN)
    assert (event.actor, event.reason) == (None, "own_wish")
    entry = AuditEntry.objects.get(action="membership.left_by_member")
    assert (entry.actor, entry.data) == (None, {"by": "member"})
    assert membership.union.name in newest_text("membership_left")
    assert client.get("/me/leave/").headers["Location"] == "/me/"
    assert client.post("/me/leave/", {"sure": "on"}).headers["Location"] == "/me/"
    assert MembershipEvent.objects.filter(type=EventType.WITHDRAWN).count() == 1


# -- others' records ------------------------------------------------------------------------------


def test_nobody_reaches_anothers_application_move_or_request(
    membership: Membership, neighbour: Membership, other_union: Union
) -> None:
    who = person_of(neighbour.member)
    request = ask_correction(who, field="name", value="李四")
    application = make_application(make_join_code(other_union), person(6_005))
    theirs = browser_of(neighbour.member)
    code = make_join_code(other_union)
    theirs.post("/me/move/", {"code": code.code, "reason": "搬家"})
    transfer = Transfer.objects.get()
    client = browser_of(membership.member)
    for address in (
        f"/me/applications/{application.pk}/cancel/",
        f"/me/data/requests/{request.pk}/cancel/",
        f"/me/move/{transfer.pk}/cancel/",
        "/me/applications/0/cancel/",
        "/me/move/99999999999999999/cancel/",
    ):
        assert client.post(address).status_code == 302, address
    found: list[Any] = [request, application, transfer]
    for row in found:
        row.refresh_from_db()
    assert [row.status for row in found] == ["asked", ApplicationStatus.SUBMITTED, "open"]


def test_an_own_application_and_request_are_taken_back(
    membership: Membership, other_union: Union
) -> None:
    who = person(name="王小明", id_number=number_of(membership.member),
                 phone=phone_of(membership.member))  # fmt: skip
    application = make_application(make_join_code(other_union), who)
    request = ask_correction(person_of(membership.member), field="name", value="王晓明")
    client = browser_of(membership.member)
    client.post(f"/me/applications/{application.pk}/cancel/")
    client.post(f"/me/data/requests/{request.pk}/cancel/")
    application.refresh_from_db()
    request.refresh_from_db()
    assert (application.status, request.status) == (ApplicationStatus.CANCELLED, "cancelled")
    assert application.decided_by is None


def test_the_own_number_is_shown_on_demand_and_that_is_logged(membership: Membership) -> None:
    client = browser_of(membership.member)
    number = number_of(membership.member)
    assert number not in client.get("/me/data/").content.decode()
    assert number in client.post("/me/data/").content.decode()
    assert AuditEntry.objects.filter(action="member.shown_to_self").count() == 1


def test_the_union_enters_the_new_phone_of_who_lost_the_old_one(
    membership: Membership, union: Union
) -> None:
    old = phone_of(membership.member)
    own = browser_of(membership.member)
    official = Client(headers={"Accept-Language": "en"})
    official.force_login(make_official("gongzuozhe", union, Role.GRASSROOTS_OFFICIAL))
    address = f"/admin/members/member/{membership.member_id}/phone/"
    assert official.post(address, {"phone": NEW, "reason": ""}).status_code == 200
    assert official.post(address, {"phone": old, "reason": "x"}).status_code == 200
    assert not AuditEntry.objects.filter(action="member.phone_corrected").exists()
    assert official.post(address, {"phone": NEW, "reason": "出示身份证"}).status_code == 302
    membership.member.refresh_from_db()
    assert phone_of(membership.member) == NEW
    told = Message.objects.get(template="phone_changed")
    assert decrypt(told.phone_encrypted, context="members.phone") == old
    assert own.get("/me/").headers["Location"] == "/me/login/"
    assert "出示身份证" in browser_of(membership.member).get("/me/looked/").content.decode()
