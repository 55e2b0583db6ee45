"""Who else an applicant may be: the same ID number, the same phone, the same name and birthday."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Exists, OuterRef, Q

from members.models import Application, Member, Membership
from members.models.application import OPEN_STATUSES, ApplicationQuerySet, PersonalData
from unions.scope import Actor

SHOWN = 12
Record = TypeVar("Record", bound=PersonalData)


@dataclass(frozen=True)
class Likeness:
    """What a record has in common with an application."""

    same_id: bool
    same_phone: bool
    same_person: bool  # name and date of birth

    @classmethod
    def of(cls, record: PersonalData, application: PersonalData) -> Likeness:
        """Compare by the keyed hashes; an erased record has none."""
        return cls(
            same_id=bytes(record.id_number_hash) == bytes(application.id_number_hash),
            same_phone=bytes(record.phone_hash) == bytes(application.phone_hash),
            same_person=record.name == application.name
            and record.birth_date is not None
            and record.birth_date == application.birth_date,
        )


def members_like(application: Application) -> list[Member]:
    """Records of members who may be the applicant, those of the same ID number first."""
    like = Q(id_number_hash=application.id_number_hash) | Q(phone_hash=application.phone_hash)
    if application.birth_date is not None:
        like |= Q(name=application.name, birth_date=application.birth_date)
    rows = Member.objects.filter(like, merged_into__isnull=True).select_related("home_union")
    return _nearest_first(list(rows.order_by("-id")[:SHOWN]), application)


def applications_like(application: Application) -> list[Application]:
    """Other applications that may be the same person's; of the same name, those still open."""
    like = Q(id_number_hash=application.id_number_hash) | Q(phone_hash=application.phone_hash)
    if application.birth_date is not None:
        like |= Q(
            name=application.name,
            birth_date=application.birth_date,
            status__in=OPEN_STATUSES,
        )
    rows = Application.objects.filter(like).exclude(pk=application.pk)
    rows = rows.select_related("union", "worker_group").order_by("-submitted_at", "-id")
    return _nearest_first(list(rows[:SHOWN]), application)


def _nearest_first(records: list[Record], application: Application) -> list[Record]:
    return sorted(records, key=lambda record: not Likeness.of(record, application).same_id)


def with_doubts(rows: ApplicationQuerySet, actor: Actor) -> ApplicationQuerySet:
    """Each row with what an official should look at before approving it with many others.

    ``is_member``: the person has an open membership, so approval would be refused.
    ``has_twin``: another open application, or a member's record, may be the same person's. Out of
    the actor's scope only a member with the same phone counts, as on the page of the application.
    """
    members = Member.objects.filter(merged_into__isnull=True).exclude(
        id_number_hash=OuterRef("id_number_hash")
    )
    others = (
        Application.objects.visible_to(actor, "applications.view")
        .filter(status__in=OPEN_STATUSES)
        .exclude(pk=OuterRef("pk"))
    )
    same_phone = Q(phone_hash=OuterRef("phone_hash"))
    same_person = Q(name=OuterRef("name"), birth_date=OuterRef("birth_date"))
    return rows.annotate(
        is_member=Exists(
            Membership.objects.open().filter(member__id_number_hash=OuterRef("id_number_hash"))
        ),
        has_twin=Exists(others.filter(id_number_hash=OuterRef("id_number_hash")))
        | Exists(others.filter(same_phone))
        | Exists(others.filter(same_person))
        | Exists(members.filter(same_phone))
        | Exists(members.visible_to(actor, "members.view").filter(same_person)),
        is_proven=Q(phone_proven_at__isnull=False),
    )
