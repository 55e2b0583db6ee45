"""Lists with full ID numbers and phones: asked for by one person, allowed by another.

Personal Information Protection Law art. 51 and GB/T 35273, 11.2: approval, least extent, record.
Nothing is stored: the rows are read and the workbook written while it is being downloaded, and only
what the asker may see at that moment is in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _, pgettext

from accounts.models import User
from audit.services import log
from core.encryption import decrypt
from core.errors import RuleViolation
from core.normalising import normalise_text
from members.models import Membership, PersonalExport
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from members.models.membership import MembershipQuerySet
from unions.models import Union
from unions.scope import Actor, access, can

VALID_DAYS = 7
SHORTEST_PURPOSE = 4
ASK, DECIDE = "personal_exports.ask", "personal_exports.decide"
Status = PersonalExport.Status


class Download(NamedTuple):
    """What is handed out: the rows, the first of which says to whom, why and when."""

    file_name: str
    title: str
    rows: Iterator[list[str]]


def ask_export(union: Union, *, purpose: str, actor: User) -> PersonalExport:
    """Ask for the list of the members of ``union`` and below, as far as ``actor`` sees them.

    Raises RuleViolation beside ``union`` or ``purpose``.
    """
    purpose = normalise_text(purpose)
    if not can(actor, ASK, union):
        raise RuleViolation(_("This union is not in your scope."), field="union")
    if len(purpose) < SHORTEST_PURPOSE:
        raise RuleViolation(_("Say what the list is for."), field="purpose", code="required")
    with transaction.atomic():
        export = PersonalExport.objects.create(union=union, purpose=purpose, asked_by=actor)
        log(actor, "personal_export.asked", export, {"purpose": purpose}, union_path=union.path)
    return export


def decide_export(export: PersonalExport, *, allow: bool, actor: User) -> PersonalExport:
    """Another official, in charge of the whole union, allows or refuses.

    Raises RuleViolation if ``actor`` asked for it (code ``own``) or somebody decided meanwhile
    (``decided``); Http404 out of scope.
    """
    with transaction.atomic():
        locked = access(
            PersonalExport.objects.select_related("union"),
            export.pk,
            actor=actor,
            permission=DECIDE,
            for_update=True,
        )
        if locked.asked_by_id == actor.pk:
            raise RuleViolation(_("Somebody else has to decide on what you ask for."), code="own")
        if locked.status != Status.ASKED:
            raise RuleViolation(_("This has been decided already."), code="decided")
        locked.status = Status.ALLOWED if allow else Status.REFUSED
        locked.decided_by, locked.decided_at = actor, timezone.now()
        locked.save(update_fields=["status", "decided_by", "decided_at"])
        log(actor, f"personal_export.{locked.status}", locked, union_path=locked.union.path)
    return locked


def why_not_download(export: PersonalExport, actor: Actor) -> str:
    """Why ``actor`` cannot download now; "" if they can. Rights are those of this moment."""
    if not isinstance(actor, User) or export.asked_by_id != actor.pk:
        return _("Only who asked for the list downloads it.")
    if export.status != Status.ALLOWED or export.decided_at is None:
        return _("This list has not been allowed.")
    if timezone.now() - export.decided_at > dt.timedelta(days=VALID_DAYS):
        return _("The permission has run out: ask again.")
    return ""


def start_download(export: PersonalExport, *, actor: Actor) -> Download:
    """Log the download and give the rows, which are read while they are sent.

    Raises Http404 where the asker has lost the rights over the union since, RuleViolation with
    what ``why_not_download`` says.
    """
    with transaction.atomic():
        locked = access(
            PersonalExport.objects.select_related("union", "asked_by", "decided_by"),
            export.pk,
            actor=actor,
            permission=ASK,
            for_update=True,
        )
        if refusal := why_not_download(locked, actor):
            raise RuleViolation(refusal, code="not_allowed")
        rows = exported_memberships(locked, actor)
        PersonalExport.objects.filter(pk=locked.pk).update(downloads=F("downloads") + 1)
        log(
            actor,
            "personal_export.downloaded",
            locked,
            {"rows": rows.count(), "purpose": locked.purpose},
            union_path=locked.union.path,
        )
    now = timezone.localtime()
    return Download(
        f"personal-export-{locked.pk}-{now:%Y%m%d%H%M}.xlsx",
        locked.union.name,
        _rows(locked, rows, now),
    )


def exported_memberships(export: PersonalExport, actor: Actor) -> MembershipQuerySet:
    """Open memberships at the union and below that ``actor`` may see today."""
    return (
        Membership.objects.visible_to(actor, "members.view")
        .filter(union__path__startswith=export.union.path, member__merged_into=None)
        .open()
        .select_related("member", "union", "worker_group")
        .order_by("union__path", "pk")
    )


def decidable_by(export: PersonalExport, actor: Actor) -> bool:
    """Would ``decide_export`` let ``actor`` decide now?"""
    return (
        isinstance(actor, User)
        and export.status == Status.ASKED
        and export.asked_by_id != actor.pk
        and can(actor, DECIDE, export.union)
    )


def _rows(
    export: PersonalExport, memberships: MembershipQuerySet, now: dt.datetime
) -> Iterator[list[str]]:
    mark = _("No. %(number)s · downloaded by %(who)s at %(at)s · allowed by %(decider)s") % {
        "number": export.pk,
        "who": export.asked_by,
        "at": now.strftime("%Y-%m-%d %H:%M"),
        "decider": export.decided_by,
    }
    yield [mark]
    yield [_("Purpose: %(purpose)s. Not to be passed on; to be deleted after use.")
           % {"purpose": export.purpose}]  # fmt: skip
    yield [
        pgettext("person", "Name"), _("Document"), _("ID number"), _("Phone"), _("Date of birth"),
        _("Union"), _("Worker group"), _("Member since"), _("Status"), _("Export"),
    ]  # fmt: skip
    for membership in memberships.iterator(chunk_size=1000):
        member = membership.member
        yield [
            member.name,
            str(member.get_id_type_display()),
            _plain(member.id_number_encrypted, ID_NUMBER_CONTEXT),
            _plain(member.phone_encrypted, PHONE_CONTEXT),
            member.birth_date.isoformat() if member.birth_date else "",
            membership.union.name,
            str(membership.worker_group),
            membership.started_on.isoformat(),
            str(membership.get_status_display()),
            f"{export.pk}/{export.asked_by}",
        ]


def _plain(token: bytes | memoryview, context: str) -> str:
    return decrypt(token, context=context) if token else ""
