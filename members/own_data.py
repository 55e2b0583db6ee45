"""One person's own data: who stands behind a proven phone, and everything kept about them.

Nothing here takes an actor: the reader is the person. A session belongs to exactly one person;
who shares a phone with others is told apart by the document number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.functional import cached_property

from core.clock import local_today
from core.encryption import blind_index, decrypt
from core.normalising import normalise_identifier
from members.models import Application, Consent, Member, Membership, MembershipEvent, Transfer
from members.models.application import ID_NUMBER_CONTEXT

LAST_CHARACTERS = 4
_MOST_MERGES = 10  # a chain of merges is short; a broken one must not hang a page


@dataclass(frozen=True)
class Person:
    """Somebody whose phone is proven: a member, or an applicant known by phone and document.

    ``records`` are the member's record and those merged into it; empty for applicants.
    ``is_certain`` is False when the phone alone does not say who it is.
    """

    phone_hash: bytes
    id_number_hash: bytes
    member: Member | None = None
    records: tuple[Member, ...] = ()
    is_certain: bool = True

    @cached_property
    def is_member_now(self) -> bool:
        """Whether a membership is open."""
        return current_membership(self) is not None

    @property
    def masked_name(self) -> str:
        """As it stands in the record, or in the newest application."""
        if self.member is not None:
            return self.member.masked_name
        newest = applications_of(self).order_by("-submitted_at").first()
        return newest.masked_name if newest is not None else ""


def kept_record(member: Member) -> Member:
    """The record into which ``member`` was merged; itself if it was not."""
    for _step in range(_MOST_MERGES):
        if member.merged_into is None:
            return member
        member = member.merged_into
    return member


def people_behind(phone_hash: bytes) -> list[Person]:
    """Everybody who is a member or has applied with this phone, members first."""
    found: dict[int, Person] = {}
    rows = Member.objects.filter(phone_hash=phone_hash, frozen_at=None).order_by("pk")
    for row in rows.select_related("merged_into"):
        kept = kept_record(row)
        if kept.frozen_at is None and kept.pk not in found:
            found[kept.pk] = _person_of(kept, phone_hash)
    known = {bytes(record.id_number_hash) for p in found.values() for record in p.records}
    applied = (
        Application.objects.filter(phone_hash=phone_hash, erased_at=None)
        .order_by()
        .values_list("id_number_hash", flat=True)
        .distinct()
    )
    hashes = sorted({bytes(value) for value in applied} - known)
    return [*found.values(), *(Person(phone_hash, value) for value in hashes)]


def find_person(
    phone_hash: bytes, *, member_id: int | None, id_number_hash: bytes
) -> Person | None:
    """The person of a session, as they are now; None if phone and record no longer belong together.

    A changed phone, a frozen or merged record: each ends the sessions begun before.
    """
    if member_id is None:
        person = Person(phone_hash, id_number_hash)
        # Approved meanwhile: the record is theirs if it was made with this phone.
        member = Member.objects.filter(
            id_number_hash=id_number_hash, phone_hash=phone_hash, frozen_at=None, merged_into=None
        ).first()
        if member is not None:
            return _person_of(member, phone_hash)
        return person if applications_of(person).exists() else None
    member = Member.objects.filter(pk=member_id, frozen_at=None, merged_into=None).first()
    if member is None:
        return None
    person = _person_of(member, phone_hash)
    numbers = {bytes(record.phone_hash) for record in person.records}
    return person if phone_hash in numbers else None


def who_ends_in(people: Iterable[Person], typed: str) -> Person | None:
    """The one whose document number ends in what was typed, or is it; None if not exactly one."""
    text = normalise_identifier(typed)
    if len(text) < LAST_CHARACTERS:
        return None
    matching = [
        person
        for person in people
        if person.id_number_hash == blind_index(text, context=ID_NUMBER_CONTEXT)
        or (len(text) == LAST_CHARACTERS and _number_of(person).endswith(text))
    ]
    return matching[0] if len(matching) == 1 else None


def applications_of(person: Person) -> QuerySet[Application]:
    """Applications with the person's document; an applicant sees those of the own phone only.

    Somebody may have typed another's document with a phone of their own: that must open nothing.
    """
    rows = Application.objects.filter(erased_at=None).select_related("union", "worker_group")
    if person.member is None:
        return rows.filter(id_number_hash=person.id_number_hash, phone_hash=person.phone_hash)
    return rows.filter(id_number_hash__in=[record.id_number_hash for record in person.records])


def sent_from_elsewhere(person: Person) -> set[int]:
    """Keys of the applications with the person's document that came with another phone."""
    rows = applications_of(person).exclude(phone_hash=person.phone_hash)
    return set(rows.values_list("pk", flat=True))


def memberships_of(person: Person) -> QuerySet[Membership]:
    """All spells, newest first."""
    return (
        Membership.objects.filter(member__in=person.records)
        .select_related("union", "worker_group")
        .order_by("-started_on", "-id")
    )


def events_of(person: Person) -> QuerySet[MembershipEvent]:
    """What happened to the memberships, newest first."""
    return (
        MembershipEvent.objects.filter(membership__member__in=person.records)
        .select_related("union", "counterpart", "worker_group")
        .order_by("-effective_on", "-id")
    )


def transfers_of(person: Person) -> QuerySet[Transfer]:
    """Moves asked for, newest first."""
    return (
        Transfer.objects.filter(membership__member__in=person.records)
        .select_related("from_union", "to_union", "membership")
        .order_by("-asked_at", "-id")
    )


def consents_of(person: Person) -> QuerySet[Consent]:
    """Consents given with the person's applications, newest first."""
    return (
        Consent.objects.filter(application__in=applications_of(person).values("pk"))
        .select_related("text", "application__union")
        .order_by("text__purpose", "-given_at", "-id")
    )


def current_membership(person: Person) -> Membership | None:
    """The open spell."""
    return memberships_of(person).filter(ended_on=None).first()


def begins_later(membership: Membership | None) -> dt.date | None:
    """The first day of a membership that has not begun: tomorrow, after a transfer today."""
    if membership is None or membership.started_on <= local_today():
        return None
    return membership.started_on


def _person_of(kept: Member, phone_hash: bytes) -> Person:
    records = (kept, *_absorbed_into(kept))
    return Person(
        phone_hash=phone_hash,
        id_number_hash=bytes(kept.id_number_hash),
        member=kept,
        records=records,
        # An old number of a merged record may belong to somebody else by now.
        is_certain=bytes(kept.phone_hash) == phone_hash,
    )


def _absorbed_into(kept: Member) -> list[Member]:
    found: list[Member] = []
    above = [kept.pk]
    for _step in range(_MOST_MERGES):
        rows = list(Member.objects.filter(merged_into__in=above))
        if not rows:
            break
        found += rows
        above = [row.pk for row in rows]
    return found


def _number_of(person: Person) -> str:
    """The document number; "" once erased."""
    source = person.member or applications_of(person).exclude(id_number_encrypted=b"").first()
    if source is None or not source.id_number_encrypted:
        return ""
    return decrypt(source.id_number_encrypted, context=ID_NUMBER_CONTEXT)
