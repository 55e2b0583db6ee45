"""Members who may be recorded twice: the same phone, or the same name and date of birth."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Q

from members.models import Member
from members.models.membership import MemberQuerySet
from unions.scope import Actor

# Looked at: the newest records in scope, each compared with all in scope. Older pairs are found
# when one of the two is looked up.
NEWEST = 2_000
SHOWN = 100


class Twins(NamedTuple):
    """Two records, the older one first, and what they share."""

    first: Member
    second: Member
    same_phone: bool
    same_person: bool


def twins_in_scope(actor: Actor, *, of: Member | None = None) -> list[Twins]:
    """Pairs both of which ``actor`` may merge, newest first; ``of``: only those with this one."""
    rows = mergeable(actor)
    newest = [of] if of is not None else list(rows.order_by("-pk")[:NEWEST])
    if not newest:
        return []
    by_phone: dict[bytes, list[Member]] = {}
    by_person: dict[tuple[str, object], list[Member]] = {}
    like = Q(phone_hash__in=[member.phone_hash for member in newest])
    named = [member for member in newest if member.birth_date is not None]
    like |= Q(name__in={m.name for m in named}, birth_date__in={m.birth_date for m in named})
    for row in rows.filter(like).select_related("home_union").order_by("pk"):
        by_phone.setdefault(bytes(row.phone_hash), []).append(row)
        if row.birth_date is not None:
            by_person.setdefault((row.name, row.birth_date), []).append(row)
    found: dict[tuple[int, int], Twins] = {}
    for member in newest:
        same_phone = by_phone.get(bytes(member.phone_hash), [])
        same_person = by_person.get((member.name, member.birth_date), [])
        for other in (*same_phone, *same_person):
            if other.pk == member.pk:
                continue
            first, second = sorted((member, other), key=lambda record: record.pk)
            found[first.pk, second.pk] = Twins(
                first, second, other in same_phone, other in same_person
            )
    return sorted(found.values(), key=lambda pair: -pair.second.pk)[:SHOWN]


def mergeable(actor: Actor) -> MemberQuerySet:
    """The records in force that ``actor`` may merge."""
    rows = Member.objects.visible_to(actor, "members.merge")
    return rows.filter(merged_into=None, frozen_at=None).select_related("home_union")
