"""Collective registration (集体登记): an official's list, on which nobody counts before confirming.

Each person gets a link on their own phone. Only a keyed hash of what stands in the link is kept.
The page behind a link that was used, ran out or never existed says the same for all of them.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.encryption import blind_index, decrypt
from core.errors import RuleViolation
from members.collective_table import ListRow
from members.enums import JoinChannel
from members.models import (
    Application,
    CollectiveEntry,
    CollectiveRegistration,
    ConsentText,
)
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from members.receipts import read_receipt
from members.services.enrolment import PersonInput, apply_to_join
from members.services.join_codes import create_join_code
from members.services.messages import send_message
from members.services.recording import ensure_may_enrol
from members.services.sendings import lock_receipt, note_proof
from unions.models import Union
from unions.scope import Actor, access

TOKEN_CONTEXT = "members.collective_token"  # noqa: S105 -- names the purpose, is no secret
LINK_DAYS = 14
# A link is sent again at most once a day: nobody's phone is flooded by an official.
RESEND_AFTER = dt.timedelta(days=1)
Status = CollectiveEntry.Status


class Progress(NamedTuple):
    """How many of a list are where."""

    invited: int
    confirmed: int
    declined: int
    expired: int

    @property
    def total(self) -> int:
        """All rows of the list."""
        return sum(self)


def register_list(
    union: Union,
    rows: Sequence[ListRow],
    *,
    file_name: str,
    actor: User,
    is_demo: bool = False,
) -> CollectiveRegistration:
    """Keep a checked list and send everybody on it their link: all of them or, on a fault, none.

    Raises RuleViolation (field ``union`` or ``import_file``).
    """
    ensure_may_enrol(union, actor)
    if not rows or any(row.faults or row.person is None for row in rows):
        raise RuleViolation(_("The list has faults."), field="import_file", code="faulty")
    with transaction.atomic():
        code = create_join_code(
            union,
            actor=actor,
            label=_("Collective registration"),
            channel=JoinChannel.COLLECTIVE,
            is_demo=is_demo,
        )
        registration = CollectiveRegistration.objects.create(
            union=union, join_code=code, file_name=file_name[-120:], uploaded_by=actor
        )
        expires_at = timezone.now() + dt.timedelta(days=LINK_DAYS)
        for row in rows:
            person, group = row.person, row.worker_group
            if person is None or group is None:
                continue
            token = secrets.token_urlsafe(16)
            CollectiveEntry.objects.create(
                registration=registration,
                row_number=row.line,
                worker_group=group,
                employer_name=row.employer_name,
                token_hash=_hash(token),
                expires_at=expires_at,
                **person.columns(),
            )
            _send_link(person.phone, union, token)
        log(
            actor,
            "collective.registered",
            registration,
            {"rows": len(rows), "join_code": code.code},
            union_path=union.path,
        )
    return registration


def entry_of(token: str) -> CollectiveEntry | None:
    """The entry that a link leads to while it waits for an answer; None for every other link."""
    return (
        CollectiveEntry.objects.select_related("registration__union__region", "worker_group")
        .filter(token_hash=_hash(token), status=Status.INVITED, expires_at__gt=timezone.now())
        .first()
    )


def confirm_entry(
    token: str, *, agreed_text_ids: set[int], texts: list[ConsentText] | None = None
) -> Application | None:
    """The person's own yes: the application goes to the queue, its phone proven by the link.

    None for a link that no longer waits. Raises RuleViolation beside ``consent_…`` when a text is
    not agreed to, or if the union takes nobody any more; then nothing is written. The actor in the
    trail is nobody: it is the person.
    """
    with transaction.atomic():
        entry = _lock(token)
        if entry is None:
            return None
        registration = entry.registration
        taken = apply_to_join(
            registration.join_code,
            person=PersonInput(
                name=entry.name,
                id_type=entry.id_type,
                id_number=decrypt(entry.id_number_encrypted, context=ID_NUMBER_CONTEXT),
                phone=decrypt(entry.phone_encrypted, context=PHONE_CONTEXT),
            ),
            worker_group=entry.worker_group,
            employer_name=entry.employer_name,
            agreed_text_ids=agreed_text_ids,
            texts=texts,
        )
        found = read_receipt(taken.receipt_number)
        if found is None:
            raise Application.DoesNotExist
        receipt = lock_receipt(found)
        note_proof(receipt)
        application = entry.application = receipt.application
        entry.status = Status.CONFIRMED
        entry.save(update_fields=["application", "status"])
        _log_answer(entry, "collective.confirmed")
    return application


def decline_entry(token: str) -> bool:
    """The person's own no. False for a link that no longer waits."""
    with transaction.atomic():
        entry = _lock(token)
        if entry is None:
            return False
        entry.status = Status.DECLINED
        entry.save(update_fields=["status"])
        _log_answer(entry, "collective.declined")
    return True


def expire_entries() -> int:
    """Mark the links that ran out; how many."""
    return CollectiveEntry.objects.filter(
        status=Status.INVITED, expires_at__lte=timezone.now()
    ).update(status=Status.EXPIRED)


def resend_links(registration: CollectiveRegistration, *, actor: User) -> int:
    """Send everybody who has not answered a new link; the one before stops working. How many.

    Whoever was sent one within a day is left out, and so is whose data were erased. Raises
    Http404 out of scope, RuleViolation if the code was closed.
    """
    with transaction.atomic():
        seen = access(
            CollectiveRegistration.objects.select_related("union", "join_code"),
            registration.pk,
            actor=actor,
            permission="enrolment.change",
            for_update=True,
        )
        if not seen.join_code.is_usable:
            raise RuleViolation(_("This list is closed."), code="code_closed")
        now = timezone.now()
        sent_before = now - RESEND_AFTER + dt.timedelta(days=LINK_DAYS)
        entries = seen.entries.select_for_update().filter(
            status__in=(Status.INVITED, Status.EXPIRED), expires_at__lte=sent_before
        )
        count = 0
        for entry in entries:
            if not entry.phone_encrypted:
                continue
            token = secrets.token_urlsafe(16)
            entry.token_hash = _hash(token)
            entry.status = Status.INVITED
            entry.expires_at = now + dt.timedelta(days=LINK_DAYS)
            entry.save(update_fields=["token_hash", "status", "expires_at"])
            _send_link(decrypt(entry.phone_encrypted, context=PHONE_CONTEXT), seen.union, token)
            count += 1
        log(actor, "collective.resent", seen, {"links": count}, union_path=seen.union.path)
    return count


def progress_of(registration: CollectiveRegistration) -> Progress:
    """Where the people on a list stand. One query."""
    ran_out = Q(status=Status.EXPIRED) | Q(status=Status.INVITED, expires_at__lte=timezone.now())
    counts = registration.entries.aggregate(
        invited=Count("pk", filter=Q(status=Status.INVITED) & ~ran_out),
        confirmed=Count("pk", filter=Q(status=Status.CONFIRMED)),
        declined=Count("pk", filter=Q(status=Status.DECLINED)),
        expired=Count("pk", filter=ran_out),
    )
    return Progress(**counts)


def _lock(token: str) -> CollectiveEntry | None:
    return (
        CollectiveEntry.objects.select_for_update(of=("self",))
        .select_related("registration__union", "registration__join_code", "worker_group")
        .filter(token_hash=_hash(token), status=Status.INVITED, expires_at__gt=timezone.now())
        .first()
    )


def _log_answer(entry: CollectiveEntry, action: str) -> None:
    registration = entry.registration
    nobody: Actor = None
    log(
        nobody,
        action,
        registration,
        {"row": entry.row_number},
        union_path=registration.union.path,
    )


def _send_link(phone: str, union: Union, token: str) -> None:
    address = settings.PUBLIC_BASE_URL + reverse("members:confirm", args=[token])
    send_message(phone, "collective_confirm", {"union": union.name, "address": address})


def _hash(token: str) -> bytes:
    return blind_index(token, context=TOKEN_CONTEXT)
