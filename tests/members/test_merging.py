"""Two records become one and two again; nobody gains a record, a scope or a log-in by it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.http import Http404
from django.test import Client

from audit.models import AuditEntry
from core.clock import local_today
from core.encryption import blind_index
from core.errors import RuleViolation
from members.likely_twins import twins_in_scope
from members.models import Member, MemberMerge, Membership, MembershipEvent, Message
from members.models.application import PHONE_CONTEXT
from members.own_data import people_behind
from members.reconciliation import membership_differences
from members.services.changes import retain_membership, withdraw_membership
from members.services.enrolment import check_person
from members.services.merging import MergeChoice, merge_members, undo_merge
from members.services.review import approve_application
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_union,
    person,
)
from unions.enums import Role

pytestmark = pytest.mark.django_db
KEEP = MergeChoice()
ALL_OTHER = MergeChoice("absorbed", "absorbed", "absorbed", "absorbed", "absorbed")


class Place:
    """A county with two townships; one person is recorded in both, with different documents."""

    def __init__(self) -> None:
        self.county = make_union("县总", "county_federation")
        self.left = make_union("甲镇工会", "township_union", self.county)
        self.right = make_union("乙镇工会", "township_union", self.county)
        self.official = make_official("county", self.county)
        self.left_official = make_official("left", self.left)
        self.who, self.again = person(1, name="王小明"), person(2, name="王晓明")
        self.kept = make_membership(self.left, self.who, on="2022-01-01").member
        self.absorbed = make_membership(self.right, self.again, on="2023-01-01").member

    def merge(self, choice: MergeChoice = KEEP) -> MemberMerge:
        """By the county."""
        return merge_members(self.kept, self.absorbed, choice=choice, actor=self.official)

    def state(self) -> list[dict[str, Any]]:
        """Both records and their memberships, but for the tokens, which differ each time."""
        rows: list[dict[str, Any]] = []
        for member in Member.objects.order_by("pk"):
            row = {
                field.attname: getattr(member, field.attname)
                for field in member._meta.concrete_fields
                if not field.attname.endswith("_encrypted")
            }
            row |= {"id": member.masked_id_number, "phone": member.masked_phone}
            row |= {name: bytes(row[name]) for name in ("id_number_hash", "phone_hash")}
            rows.append(row)
        rows += [dict(row) for row in Membership.objects.order_by("pk").values()]
        return rows


@pytest.fixture
def place() -> Place:
    """The county."""
    return Place()


def stock(union: Any, day: dt.date) -> int:
    """Active members of the ledger."""
    events = MembershipEvent.objects.filter(union=union, effective_on__lte=day)
    return sum(events.values_list("active_change", flat=True))


def in_order() -> bool:
    """Memberships and ledger agree."""
    assert list(membership_differences()) == []
    return True


def test_merged_the_person_counts_once_from_tomorrow(place: Place) -> None:
    today, tomorrow = local_today(), local_today() + dt.timedelta(days=1)
    events = list(MembershipEvent.objects.order_by("pk").values())
    merge = place.merge()
    assert list(MembershipEvent.objects.order_by("pk").values())[:2] == events
    assert [stock(place.left, today), stock(place.right, today)] == [1, 1]
    assert [stock(place.left, tomorrow), stock(place.right, tomorrow)] == [1, 0]
    added = MembershipEvent.objects.latest("pk")
    assert (added.type, added.effective_on, added.active_change, added.reason) == (
        "merged", tomorrow, -1, "duplicate",
    )  # fmt: skip
    place.kept.refresh_from_db()
    place.absorbed.refresh_from_db()
    assert (place.kept.name, place.kept.home_union, place.kept.merged_into) == (
        "王小明", place.left, None,
    )  # fmt: skip
    assert place.absorbed.merged_into == place.kept
    assert set(place.kept.memberships.values_list("union", "status", "ended_on")) == {
        (place.left.pk, "active", None),
        (place.right.pk, "ended", today),
    }
    assert merge.moved_memberships == [added.membership_id]
    assert in_order()


def test_every_value_of_the_other_record_can_be_taken(place: Place) -> None:
    place.merge(ALL_OTHER)
    place.kept.refresh_from_db()
    known = check_person(place.again)
    assert (place.kept.name, place.kept.birth_date, place.kept.home_union) == (
        "王晓明", known.birth_date, place.right,
    )  # fmt: skip
    assert bytes(place.kept.id_number_hash) == known.id_number_hash
    assert bytes(place.kept.phone_hash) == known.phone_hash
    open_spell = place.kept.memberships.get(ended_on=None)
    assert open_spell.union == place.right
    assert in_order()


@pytest.mark.parametrize("choice", [KEEP, ALL_OTHER, MergeChoice(document="absorbed")])
def test_undoing_restores_both_exactly(place: Place, choice: MergeChoice) -> None:
    before, days = place.state(), [local_today() + dt.timedelta(days=n) for n in (-1, 0, 1, 2)]
    counted = [(stock(place.left, day), stock(place.right, day)) for day in days]
    undo_merge(place.merge(choice), actor=place.official)
    assert place.state() == before
    assert [(stock(place.left, day), stock(place.right, day)) for day in days] == counted
    assert in_order()
    actions = AuditEntry.objects.filter(object_type="members.member").order_by("pk")
    assert [entry.action for entry in actions] == ["member.merged"] * 2 + ["member.unmerged"] * 2
    with pytest.raises(RuleViolation) as refusal:
        undo_merge(MemberMerge.objects.get(), actor=place.official)
    assert refusal.value.code == "undone"


def test_a_retained_member_comes_back_retained(place: Place) -> None:
    spell = place.absorbed.memberships.get()
    retain_membership(spell, reason="retired", actor=None)
    before = place.state()
    merge = place.merge()
    assert MembershipEvent.objects.latest("pk").retained_change == -1
    assert in_order()
    undo_merge(merge, actor=place.official)
    assert place.state() == before
    assert in_order()


def test_one_open_membership_moves_with_its_record(place: Place) -> None:
    withdraw_membership(place.kept.memberships.get(), actor=None)
    count = MembershipEvent.objects.count()
    place.merge()
    assert MembershipEvent.objects.count() == count
    place.kept.refresh_from_db()
    assert place.kept.home_union == place.right
    assert place.kept.memberships.get(ended_on=None).union == place.right
    assert in_order()


def test_a_duplicate_made_at_home_does_not_open_somebody_elses_record(place: Place) -> None:
    """What peers fell for: make a duplicate, merge, own the record."""
    attacker = place.left_official
    before = place.state()
    assert twins_in_scope(attacker) == []
    for kept, absorbed in ((place.kept, place.absorbed), (place.absorbed, place.kept)):
        with pytest.raises(Http404):
            merge_members(kept, absorbed, choice=ALL_OTHER, actor=attacker)
    client = Client()
    client.force_login(attacker)
    for kept, absorbed in ((place.kept, place.absorbed), (place.absorbed, place.kept)):
        page = f"/admin/members/membermerge/compare/{kept.pk}/{absorbed.pk}/"
        answers = [client.get(page), client.post(page, {"phone": "kept", "confirmed": "1"})]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert all(place.again.name not in answer.text for answer in answers)
    listed = client.get(f"/admin/members/membermerge/candidates/?member={place.absorbed.pk}")
    assert listed.status_code == 404
    assert place.state() == before
    assert MemberMerge.objects.count() == 0


def test_without_the_right_to_merge_at_both_unions_nothing_is_merged(place: Place) -> None:
    grassroots = make_official("grassroots", place.left, Role.GRASSROOTS_OFFICIAL)
    leader = make_official("leader", place.county, Role.LEADER)
    for actor in (grassroots, leader):
        with pytest.raises(Http404):
            merge_members(place.kept, place.absorbed, choice=KEEP, actor=actor)
    merge = place.merge()
    for actor in (grassroots, leader, place.left_official):
        with pytest.raises(Http404):
            undo_merge(merge, actor=actor)
    merge.refresh_from_db()
    assert merge.undone_at is None


def test_merging_widens_nobodys_scope(place: Place) -> None:
    """The record stays at one of its two unions: who saw neither sees neither afterwards."""
    stranger = make_official("stranger", make_union("邻县总", "county_federation"))
    place.merge(ALL_OTHER)
    assert list(Member.objects.visible_to(stranger, "members.view")) == []
    assert list(Member.objects.visible_to(place.left_official, "members.view")) == []
    right_official = make_official("right", place.right)
    seen = Member.objects.visible_to(right_official, "members.view")
    assert {member.pk for member in seen} == {place.kept.pk, place.absorbed.pk}


def test_the_other_phone_opens_nothing_any_more_and_both_are_told(place: Place) -> None:
    stays, goes = check_person(place.who).phone_hash, check_person(place.again).phone_hash
    Message.objects.all().delete()
    merge = place.merge()
    assert [p.member for p in people_behind(stays)] == [place.kept]
    assert people_behind(goes) == []
    assert {(bytes(m.phone_hash), m.template) for m in Message.objects.all()} == {
        (stays, "records_merged"), (goes, "records_merged_ends"),
    }  # fmt: skip
    undo_merge(merge, actor=place.official)
    assert [p.member for p in people_behind(goes)] == [place.absorbed]


def test_the_other_phone_opens_the_record_only_if_that_was_chosen(place: Place) -> None:
    Message.objects.all().delete()
    place.merge(MergeChoice(phone="absorbed"))
    stays, goes = check_person(place.again).phone_hash, check_person(place.who).phone_hash
    assert [p.member for p in people_behind(stays)] == [place.kept]
    assert people_behind(goes) == []
    assert {(bytes(m.phone_hash), m.template) for m in Message.objects.all()} == {
        (stays, "records_merged"), (goes, "records_merged_ends"),
    }  # fmt: skip
    entry = AuditEntry.objects.filter(action="member.merged").first()
    assert entry is not None
    assert entry.data["taken_from_absorbed"] == ["phone"]


@pytest.mark.parametrize("number", [1, 2])
def test_both_documents_lead_to_the_record_in_force(place: Place, number: int) -> None:
    place.merge()
    withdraw_membership(place.kept.memberships.get(ended_on=None), actor=None)
    again = make_application(make_join_code(place.right), person(number))
    assert approve_application(again, actor=None).member_id == place.kept.pk


def test_what_the_records_held_is_kept_encrypted(place: Place) -> None:
    merge = place.merge()
    with connection.cursor() as cursor:
        cursor.execute("SELECT m::text FROM members_membermerge m WHERE id = %s", [merge.pk])
        row = cursor.fetchone()[0]
    held = bytes(merge.before_encrypted)
    for who in (place.who, place.again):
        for secret in (who.id_number, who.phone, who.name):
            assert secret not in row
            assert secret.encode() not in held
            assert secret not in str(list(AuditEntry.objects.values_list("data", flat=True)))


def refused(merge: MemberMerge, place: Place, code: str) -> None:
    """Undoing is refused, and nothing is changed."""
    before, events = place.state(), MembershipEvent.objects.count()
    with pytest.raises(RuleViolation) as refusal:
        undo_merge(merge, actor=place.official)
    assert refusal.value.code == code
    assert (place.state(), MembershipEvent.objects.count()) == (before, events)


def test_no_undoing_after_a_later_event(place: Place) -> None:
    merge = place.merge()
    retain_membership(place.kept.memberships.get(ended_on=None), reason="retired", actor=None)
    refused(merge, place, "changed")


def test_no_undoing_after_a_correction_of_the_record(place: Place) -> None:
    merge = place.merge()
    Member.objects.filter(pk=place.kept.pk).update(name="王小敏")
    refused(merge, place, "changed")


def test_no_undoing_once_frozen(place: Place) -> None:
    merge = place.merge()
    MemberMerge.objects.update(before_encrypted=b"")
    merge.refresh_from_db()
    refused(merge, place, "frozen")


def test_merges_are_undone_newest_first(place: Place) -> None:
    first = place.merge()
    third = make_membership(place.left, person(3), on="2024-01-01").member
    second = merge_members(place.kept, third, choice=KEEP, actor=place.official)
    refused(first, place, "later_merge")
    undo_merge(second, actor=place.official)
    undo_merge(first, actor=place.official)
    assert Member.objects.filter(merged_into=None).count() == 3
    assert in_order()


def test_what_cannot_be_merged(place: Place) -> None:
    with pytest.raises(RuleViolation) as refusal:
        merge_members(place.kept, place.kept, choice=KEEP, actor=place.official)
    assert refusal.value.code == "same"
    place.merge()
    third = make_membership(place.left, person(3), on="2024-01-01").member
    with pytest.raises(RuleViolation) as refusal:
        merge_members(third, place.absorbed, choice=KEEP, actor=place.official)
    assert refusal.value.code == "merged"
    Member.objects.filter(pk=third.pk).update(frozen_at=dt.datetime.now(dt.UTC))
    with pytest.raises(RuleViolation) as refusal:
        merge_members(place.kept, third, choice=KEEP, actor=place.official)
    assert refusal.value.code == "frozen"


def test_likely_twins_share_a_phone_or_name_and_birthday(place: Place) -> None:
    third = make_membership(place.right, person(4, name="王小明")).member
    assert [
        (t.first, t.second, t.same_phone, t.same_person) for t in twins_in_scope(place.official)
    ] == [(place.kept, third, False, True)]  # person() gives neighbours the same birthday
    hashed = blind_index(place.who.phone, context=PHONE_CONTEXT)
    Member.objects.filter(pk=place.absorbed.pk).update(phone_hash=hashed)
    found = twins_in_scope(place.official, of=place.absorbed)
    assert [t for t in found if t.first != place.kept] == []


def test_an_official_compares_previews_merges_and_parts(place: Place, client: Client) -> None:
    client.force_login(place.official)
    page = f"/admin/members/membermerge/compare/{place.kept.pk}/{place.absorbed.pk}/"
    shown = client.get(page).text
    for who in (place.who, place.again):
        assert who.name in shown
        assert who.id_number not in shown
        assert who.phone.removeprefix("+86") not in shown
    choice = {
        "name": "absorbed",
        "document": "kept",
        "phone": "kept",
        "birth": "kept",
        "spell": "kept",
    }
    preview = client.post(page, choice)
    assert preview.context["preview"].name == "absorbed"
    assert MemberMerge.objects.count() == 0
    client.post(page, {**choice, "confirmed": "1"})
    merge = MemberMerge.objects.get()
    place.kept.refresh_from_db()
    assert place.kept.name == "王晓明"
    listed = client.get("/admin/members/member/").context["cl"].queryset
    assert set(listed) == {place.kept}
    assert client.get(f"/admin/members/membermerge/{merge.pk}/change/").status_code == 200
    client.post(f"/admin/members/membermerge/{merge.pk}/undo/")
    place.kept.refresh_from_db()
    assert place.kept.name == "王小明"
    assert set(client.get("/admin/members/member/").context["cl"].queryset) == {
        place.kept, place.absorbed,
    }  # fmt: skip
