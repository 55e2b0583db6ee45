"""Who has looked at or changed somebody's data: the audit trail, as the person concerned reads it.

The official's union and role are shown, not their name: the union answers for its people, and a
name on every page would expose officials to whoever holds the phone. A union can name the official
from its own trail.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Min, Q
from django.utils.translation import gettext as _

from audit.labels import action_label
from audit.models import AuditEntry
from members.enums import ChangeReason
from members.models import DataRequest, PersonalExport
from members.own_data import Person, applications_of, memberships_of, transfers_of
from unions.enums import Role
from unions.models import Appointment, Union

MOST_ENTRIES = 200
EXPORT_DOWNLOADED = "personal_export.downloaded"
# Keys of an entry's details that hold words meant for the person concerned.
REASON_KEYS = ("reason", "purpose", "note")


@dataclass(frozen=True)
class Look:
    """One act on the person's data. ``is_own``: by the person."""

    at: dt.datetime
    action: str
    what: str
    union: str
    role: str
    reason: str
    is_own: bool


def looks_at(person: Person, *, most: int = MOST_ENTRIES) -> list[Look]:
    """What the trail holds about the person's records, newest first, ``most`` at most."""
    entries = list(
        AuditEntry.objects.filter(_records_of(person))
        .select_related("actor")
        .order_by("-id")[:most]
    )
    exports = list(_exports_with(person)[:most])
    merged = sorted([*entries, *exports], key=lambda entry: entry.pk, reverse=True)[:most]
    roles = _roles_of(merged)
    purposes = _purposes_of(exports)
    return [_look(entry, roles, purposes) for entry in merged]


def _records_of(person: Person) -> Q:
    """The entries of the person's member, membership, application, transfer and request rows."""
    keys: dict[str, list[int]] = {
        "members.member": [record.pk for record in person.records],
        "members.application": list(applications_of(person).values_list("pk", flat=True)),
    }
    if person.member is not None:
        keys["members.membership"] = list(memberships_of(person).values_list("pk", flat=True))
        keys["members.transfer"] = list(transfers_of(person).values_list("pk", flat=True))
        keys["members.datarequest"] = list(
            DataRequest.objects.filter(member__in=person.records).values_list("pk", flat=True)
        )
    found = Q(pk__in=[])
    for object_type, ids in keys.items():
        found |= Q(object_type=object_type, object_id__in=[str(key) for key in ids])
    return found


def _exports_with(person: Person) -> list[AuditEntry]:
    """Downloads of personal data of a union or one above it, while the person belonged to it."""
    if person.member is None:
        return []
    downloads = AuditEntry.objects.none()
    for spell in memberships_of(person):
        parts = [part for part in spell.union.path.split("/") if part]
        paths = ["/".join(parts[:end]) + "/" for end in range(1, len(parts) + 1)]
        rows = AuditEntry.objects.filter(
            action=EXPORT_DOWNLOADED, union_path__in=paths, at__date__gte=spell.started_on
        )
        # What was downloaded before the spell was recorded could not hold it.
        recorded = spell.events.aggregate(first=Min("recorded_at"))["first"]
        if recorded is not None:
            rows = rows.filter(at__gte=recorded)
        if spell.ended_on is not None:
            rows = rows.filter(at__date__lte=spell.ended_on)
        downloads = downloads | rows
    return list(downloads.select_related("actor").order_by("-id").distinct())


def _purposes_of(exports: list[AuditEntry]) -> dict[str, str]:
    keys = [entry.object_id for entry in exports if entry.object_id.isdigit()]
    rows = PersonalExport.objects.filter(pk__in=keys).values_list("pk", "purpose")
    return {str(pk): purpose for pk, purpose in rows}


def _roles_of(entries: list[AuditEntry]) -> dict[int, list[Appointment]]:
    users = {entry.actor_id for entry in entries if entry.actor_id is not None}
    held: dict[int, list[Appointment]] = {}
    # Leaders read figures, not people: it was never as a leader.
    rows = Appointment.objects.filter(user__in=users).exclude(role=Role.LEADER)
    for appointment in rows.select_related("union").order_by("-starts_on"):
        held.setdefault(appointment.user_id, []).append(appointment)
    return held


def _look(entry: AuditEntry, roles: dict[int, list[Appointment]], purposes: dict[str, str]) -> Look:
    union, role = _office(entry, roles)
    reason = next((str(entry.data[key]) for key in REASON_KEYS if entry.data.get(key)), "")
    # Acts on a membership keep the code of their reason.
    if reason in ChangeReason.values:
        reason = str(ChangeReason(reason).label)
    is_own = entry.actor_id is None and entry.data.get("by") == "member"
    return Look(
        at=entry.at,
        action=entry.action,
        what=action_label(entry.action),
        union=union,
        role=_("yourself") if is_own else role,
        reason=purposes.get(entry.object_id, reason)
        if entry.action == EXPORT_DOWNLOADED
        else reason,
        is_own=is_own,
    )


def _office(entry: AuditEntry, roles: dict[int, list[Appointment]]) -> tuple[str, str]:
    """Union and role by which the official had access on that day."""
    if entry.actor_id is None:
        is_form = entry.action == "application.submitted"
        return "", _("the public form") if is_form else _("the portal")
    day = entry.at.date()
    for appointment in roles.get(entry.actor_id, []):
        in_force = appointment.starts_on <= day and (
            appointment.ends_on is None or appointment.ends_on >= day
        )
        if in_force and entry.union_path.startswith(appointment.union.path):
            return appointment.union.name, appointment.get_role_display()
    if entry.actor is not None and entry.actor.is_superuser:
        return "", _("operator of the portal")
    union = Union.objects.filter(path=entry.union_path).first()
    return (union.name if union is not None else ""), _("official")
