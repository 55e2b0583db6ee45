"""Full numbers of a member: for a reason, logged, in scope, and not by the dozen."""

from __future__ import annotations

import datetime as dt

import pytest
from django.http import Http404
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEntry
from core.errors import RuleViolation
from members.models import Member
from members.services import revealing
from members.services.revealing import reveal_application, reveal_member
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_union,
    person,
)
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db
WHO = person(41)


@pytest.fixture
def union() -> Union:
    """A township's."""
    return make_union("镇工会", "township_union", make_union("县总", "county_federation"))


@pytest.fixture
def official(union: Union) -> User:
    """Of the township."""
    return make_official("official", union, Role.GRASSROOTS_OFFICIAL)


@pytest.fixture
def member(union: Union) -> Member:
    """One of its members."""
    return make_membership(union, WHO).member


def test_the_numbers_are_given_for_a_reason_and_logged(member: Member, official: User) -> None:
    with pytest.raises(RuleViolation) as refusal:
        reveal_member(member, reason="  ", actor=official)
    assert refusal.value.field == "reason"
    assert AuditEntry.objects.filter(actor=official).count() == 0
    shown = reveal_member(member, reason="电话核对", actor=official)
    assert shown == {"id_number": WHO.id_number, "phone": WHO.phone}
    entry = AuditEntry.objects.get(actor=official)
    assert (entry.action, entry.object_id, entry.data, entry.union_path) == (
        "member.revealed", str(member.pk), {"reason": "电话核对"}, member.home_union.path,
    )  # fmt: skip


def test_out_of_scope_there_is_nobody(member: Member) -> None:
    elsewhere = make_union("邻县总", "county_federation")
    stranger = make_official("stranger", elsewhere)
    leader = make_official("leader", member.home_union, Role.LEADER)
    for actor in (stranger, leader):
        with pytest.raises(Http404):
            reveal_member(member, reason="好奇", actor=actor)
    assert AuditEntry.objects.filter(action="member.revealed").count() == 0


def test_no_official_looks_at_numbers_by_the_dozen(
    member: Member, official: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revealing, "REVEALS_PER_HOUR", 3)
    application = make_application(make_join_code(member.home_union), person(42))
    reveal_member(member, reason="一", actor=official)
    reveal_application(application, reason="二", actor=official)
    reveal_member(member, reason="三", actor=official)
    for _attempt in range(2):
        with pytest.raises(RuleViolation) as refusal:
            reveal_member(member, reason="四", actor=official)
        assert refusal.value.code == "too_many"
    with pytest.raises(RuleViolation):
        reveal_application(application, reason="五", actor=official)
    tried = AuditEntry.objects.filter(action="reveal.refused").order_by("pk")
    assert [entry.data["reason"] for entry in tried] == ["四", "四", "五"]
    # Another official has an hour of their own; an hour later so has this one.
    other = make_official("other", member.home_union)
    assert reveal_member(member, reason="六", actor=other)["phone"] == WHO.phone
    monkeypatch.setattr(
        revealing.timezone, "now", lambda now=timezone.now: now() + dt.timedelta(minutes=61)
    )
    assert reveal_member(member, reason="七", actor=official)["phone"] == WHO.phone


def test_what_was_erased_is_shown_as_nothing(member: Member, official: User) -> None:
    Member.objects.update(id_number_encrypted=b"", phone_encrypted=b"")
    assert reveal_member(member, reason="看看", actor=official) == {"id_number": "", "phone": ""}


def test_the_page_shows_them_once_in_the_answer_to_a_post(
    client: Client, member: Member, official: User
) -> None:
    client.force_login(official)
    address = f"/admin/members/member/{member.pk}/reveal/"
    assert address in client.get(f"/admin/members/member/{member.pk}/change/").text
    assert WHO.id_number not in client.get(address).text
    refused = client.post(address, {"reason": ""})
    assert WHO.id_number not in refused.text
    assert refused.context["reveal_form"].errors["reason"]
    answer = client.post(address, {"reason": "核对"})
    assert WHO.id_number in answer.text
    assert WHO.phone in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert WHO.id_number not in client.get(address).text
