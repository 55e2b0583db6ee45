"""Consents: given, withdrawn, and exactly what was stated beforehand."""

from __future__ import annotations

import datetime as dt

import pytest

from audit.models import AuditEntry
from core.clock import local_today
from core.errors import RuleViolation
from members.enums import ApplicationStatus
from members.models import Application, Consent, Member, Membership
from members.own_data import people_behind
from members.reconciliation import membership_differences
from members.services.consents import withdraw_consent
from members.services.merging import MergeChoice, merge_members, undo_merge
from members.services.review import approve_application
from members.services.transfer import ask_transfer, decide_transfer
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
    number_of,
    other_union as other_union,
    person_of,
    union as union,
)
from unions.models import Union

pytestmark = pytest.mark.django_db
WHO = person(5_001, name="王小明")


@pytest.fixture
def joined(union: Union) -> Membership:
    """王小明, who joined online and gave both consents."""
    return approve_application(make_application(make_join_code(union), WHO), actor=None)


def test_withdrawing_the_consent_to_joining_ends_the_membership_and_takes_back_applications(
    joined: Membership, other_union: Union
) -> None:
    waiting = make_application(make_join_code(other_union), WHO)
    client = browser_of(joined.member)
    page = client.get("/me/consents/joining/").content.decode()
    assert "Your application that waits is taken back." in page
    assert "Your membership ends today" in page
    assert "erased 24 months from now" in page
    assert client.post("/me/consents/joining/").status_code == 200  # without the tick
    assert Consent.objects.filter(withdrawn_at=None).count() == 4
    done = client.post("/me/consents/joining/", {"sure": "on"}).content.decode()
    assert "Your membership has ended." in done
    joined.refresh_from_db()
    waiting.refresh_from_db()
    assert joined.status == "ended"
    assert waiting.status == ApplicationStatus.CANCELLED
    withdrawn = Consent.objects.filter(withdrawn_at__isnull=False)
    assert {consent.text.purpose for consent in withdrawn} == {"joining"}
    assert withdrawn.count() == 2
    # The roll keeps name and numbers until their period ends.
    assert Member.objects.get().masked_id_number
    entry = AuditEntry.objects.get(action="consent.withdrawn")
    assert (entry.actor, entry.data) == (
        None,
        {"by": "member", "purpose": "joining", "consents": 2},
    )


def test_whoever_was_transferred_today_withdraws_and_leaves_with_the_first_day_elsewhere(
    joined: Membership, other_union: Union
) -> None:
    decide_transfer(
        ask_transfer(
            joined, to_union=other_union, reason="换了站点", asked_by="releasing", actor=None
        ),
        side="receiving",
        agree=True,
        actor=None,
    )
    tomorrow = local_today() + dt.timedelta(days=1)
    client = browser_of(joined.member)
    for address in ("/me/consents/joining/", "/me/leave/"):
        page = client.get(address).content.decode()
        assert f"begins only on {tomorrow}; it ends with that day." in page
        assert "ends today" not in page
    done = client.post("/me/consents/joining/", {"sure": "on"}).content.decode()
    assert "Your membership has ended." in done
    spell = Membership.objects.get(union=other_union)
    assert (spell.status, spell.started_on, spell.ended_on) == ("ended", tomorrow, tomorrow)
    assert list(membership_differences()) == []
    again = approve_application(make_application(make_join_code(other_union), WHO), actor=None)
    assert again.started_on == tomorrow + dt.timedelta(days=1)


def test_withdrawing_the_consent_to_the_number_erases_it_and_keeps_the_membership(
    joined: Membership,
) -> None:
    number = number_of(joined.member)
    number_hash = bytes(joined.member.id_number_hash)
    client = browser_of(joined.member)
    page = client.get("/me/consents/id_number/").content.decode()
    assert "The number is erased from your record and your applications" in page
    assert "Your membership and your card go on." in page
    client.post("/me/consents/id_number/", {"sure": "on"})
    member = Member.objects.get()
    joined.refresh_from_db()
    assert (bytes(member.id_number_encrypted), joined.status) == (b"", "active")
    assert [bytes(row.id_number_encrypted) for row in Application.objects.all()] == [b""]
    # The keyed hash stays: the same number still finds this person.
    assert bytes(member.id_number_hash) == number_hash
    again = make_application(make_join_code(joined.union), WHO)
    with pytest.raises(RuleViolation) as refusal:
        approve_application(again, actor=None)
    assert refusal.value.code == "already_member"
    # Every page still works, and none shows it.
    for address in ("/me/", "/me/data/", "/me/consents/", "/me/looked/"):
        assert number not in client.get(address).content.decode(), address
    assert client.post("/me/data/").status_code == 200


def test_an_applicant_withdraws_and_the_application_is_taken_back(union: Union) -> None:
    application = make_application(make_join_code(union), WHO)
    (applicant,) = people_behind(bytes(application.phone_hash))
    done = withdraw_consent(applicant, "id_number")
    application.refresh_from_db()
    assert (done.taken_back, done.membership_ended, done.number_erased) == (1, False, True)
    assert application.status == ApplicationStatus.CANCELLED
    assert bytes(application.id_number_encrypted) == b""


def test_there_is_nothing_to_withdraw_twice(joined: Membership) -> None:
    withdraw_consent(person_of(joined.member), "id_number")
    with pytest.raises(RuleViolation):
        withdraw_consent(person_of(joined.member), "id_number")
    assert AuditEntry.objects.filter(action="consent.withdrawn").count() == 1
    client = browser_of(joined.member)
    assert client.get("/me/consents/id_number/").status_code == 302
    assert client.get("/me/consents/nonsense/").status_code == 404
    text = client.get("/me/consents/").content.decode()
    assert "withdrawn" in text


def test_a_new_application_with_a_new_consent_brings_the_number_back(joined: Membership) -> None:
    withdraw_consent(person_of(joined.member), "id_number")
    withdraw_consent(person_of(joined.member), "joining")
    Membership.objects.update(started_on="2024-01-01", ended_on="2024-02-01")
    again = approve_application(make_application(make_join_code(joined.union), WHO), actor=None)
    assert again.member == joined.member
    assert number_of(Member.objects.get()) == WHO.id_number


def test_a_merge_is_not_undone_to_an_erased_number(joined: Membership, union: Union) -> None:
    official = make_official("gongzuozhe", union)
    twin = make_membership(union, person(5_002, name="王小明"), on="2024-01-02").member
    merge = merge_members(joined.member, twin, choice=MergeChoice(), actor=official)
    withdraw_consent(person_of(Member.objects.get(pk=joined.member_id)), "id_number")
    assert [bytes(row.id_number_encrypted) for row in Member.objects.all()] == [b"", b""]
    with pytest.raises(RuleViolation) as refusal:
        undo_merge(merge, actor=official)
    assert refusal.value.code == "frozen"
    with pytest.raises(RuleViolation) as refusal:
        merge_members(
            joined.member,
            make_membership(union, person(5_003), on="2024-01-02").member,
            choice=MergeChoice(),
            actor=official,
        )
    assert refusal.value.code == "frozen"
