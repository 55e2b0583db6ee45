"""Deciding what members asked to have corrected or erased."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.encryption import blind_index, decrypt, encrypt
from core.errors import RuleViolation
from core.identity import parse_identity
from core.normalising import normalise_identifier, normalise_text
from members.models import DataRequest, Member, Membership
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from members.models.request import REQUEST_CONTEXT
from members.services.correction import correct_worker_group
from members.services.erasure import erase_record
from members.services.messages import send_message
from reference.models import WorkerGroup
from unions.scope import Actor, access

PERMISSION = "members.change"
NOTE_LENGTH = 200


def requested_value(request: DataRequest) -> str:
    """What the member asked for: a name, ``type:number``, a group's code; "" once decided."""
    if not request.value_encrypted:
        return ""
    return decrypt(request.value_encrypted, context=REQUEST_CONTEXT)


def accept_request(request: DataRequest, *, typed_number: str = "", actor: Actor) -> DataRequest:
    """Write what was asked for into the record, or erase it, and tell the member.

    A document number is compared with ``typed_number``, which the official reads off the document:
    nobody needs to be shown what the member typed. Raises RuleViolation: ``decided`` meanwhile,
    ``differs`` (beside ``typed_number``), ``other_record`` (the number is another member's: the two
    are to be merged), or as ``correct_worker_group`` and ``erase_record``. Raises Http404 out of
    the actor's scope.
    """
    with transaction.atomic():
        locked = _lock(request, actor)
        if locked.is_erasure:
            return _erase(locked, actor)
        value = requested_value(locked)
        if locked.field == DataRequest.Field.NAME:
            Member.objects.filter(pk=locked.member_id).update(name=value)
        elif locked.field == DataRequest.Field.ID_NUMBER:
            _correct_number(locked, value, typed_number)
        else:
            _correct_group(locked, value, actor)
        log(
            actor,
            "member.corrected",
            locked.member,
            {"field": locked.field},
            union_path=locked.member.home_union.path,
        )
        _close(locked, DataRequest.Status.ACCEPTED, "", actor)
    return locked


def refuse_request(request: DataRequest, *, note: str, actor: Actor) -> DataRequest:
    """Leave the record as it is, with a ``note`` the member reads.

    Raises RuleViolation (``decided``; beside ``note`` without one), Http404 out of scope.
    """
    note = normalise_text(note)[:NOTE_LENGTH]
    if not note:
        raise RuleViolation(_("Say why."), field="note", code="required")
    with transaction.atomic():
        locked = _lock(request, actor)
        _close(locked, DataRequest.Status.REFUSED, note, actor)
    return locked


def correct_phone(member: Member, *, phone: str, reason: str, actor: Actor) -> Member:
    """Put another phone (E.164) into the record of somebody who came with their document.

    For members who have lost the number that opens their own page; the old one is told. Raises
    RuleViolation beside ``phone`` (``same``) or ``reason``, for a frozen or merged record
    (``frozen``); Http404 out of the actor's scope.
    """
    reason = normalise_text(reason)[:NOTE_LENGTH]
    if not reason:
        raise RuleViolation(_("Say why."), field="reason", code="required")
    phone_hash = blind_index(phone, context=PHONE_CONTEXT)
    with transaction.atomic():
        locked = access(
            Member.objects.select_related("home_union"),
            member.pk,
            actor=actor,
            permission=PERMISSION,
            for_update=True,
        )
        if locked.frozen_at is not None or locked.merged_into_id is not None:
            raise RuleViolation(_("This record is no longer in use."), code="frozen")
        if bytes(locked.phone_hash) == phone_hash:
            raise RuleViolation(_("This is the number we have."), field="phone", code="same")
        old = locked.phone_encrypted
        locked.phone_encrypted = encrypt(phone, context=PHONE_CONTEXT)
        locked.phone_hash = phone_hash
        locked.save(update_fields=["phone_encrypted", "phone_hash"])
        union = locked.home_union
        log(actor, "member.phone_corrected", locked, {"reason": reason}, union_path=union.path)
        if old:
            old_phone = decrypt(old, context=PHONE_CONTEXT)
            send_message(old_phone, "phone_changed", {"union": union.name})
    return locked


def _lock(request: DataRequest, actor: Actor) -> DataRequest:
    locked = access(
        DataRequest.objects.select_related("member__home_union"),
        request.pk,
        actor=actor,
        permission=PERMISSION,
        for_update=True,
    )
    if locked.status != DataRequest.Status.ASKED:
        raise RuleViolation(
            _("This has been decided already: %(status)s.")
            % {"status": locked.get_status_display()},
            code="decided",
        )
    return locked


def _erase(request: DataRequest, actor: Actor) -> DataRequest:
    member = request.member  # read before: it still knows the phone to be told
    erase_record(member)
    path = member.home_union.path
    log(actor, "member.erased", member, {"request": request.pk}, union_path=path)
    _close(request, DataRequest.Status.ACCEPTED, "", actor, template="data_erased")
    return request


def _correct_number(request: DataRequest, value: str, typed_number: str) -> None:
    id_type, _separator, number = value.partition(":")
    typed = normalise_identifier(typed_number)
    if not hmac.compare_digest(typed.encode(), number.encode()):
        raise RuleViolation(
            _("This is not the number the member asked for. Compare it with the document."),
            field="typed_number",
            code="differs",
        )
    document = parse_identity(id_type, number)
    number_hash = blind_index(document.number, context=ID_NUMBER_CONTEXT)
    if Member.objects.filter(id_number_hash=number_hash).exclude(pk=request.member_id).exists():
        raise RuleViolation(
            _("Another record has this number. The two records have to be merged."),
            code="other_record",
        )
    Member.objects.filter(pk=request.member_id).update(
        id_type=document.id_type,
        id_number_encrypted=encrypt(document.number, context=ID_NUMBER_CONTEXT),
        id_number_hash=number_hash,
        birth_date=document.birth_date,
        sex=document.sex,
    )


def _correct_group(request: DataRequest, value: str, actor: Actor) -> None:
    membership = Membership.objects.filter(member=request.member_id, ended_on=None).first()
    if membership is None:
        raise RuleViolation(_("There is no running membership to correct."), code="no_membership")
    correct_worker_group(membership, worker_group=WorkerGroup.objects.get(pk=value), actor=actor)


def _close(
    request: DataRequest,
    status: str,
    note: str,
    actor: Actor,
    *,
    template: str = "request_decided",
) -> None:
    request.status = status
    request.decision_note = note
    request.decided_at = timezone.now()
    request.decided_by = actor if isinstance(actor, User) else None
    # What was asked for is in the record now, or is nobody's business any more.
    request.value_encrypted = b""
    request.save(
        update_fields=["status", "decision_note", "decided_at", "decided_by", "value_encrypted"]
    )
    union = request.member.home_union
    log(actor, f"data_request.{status}", request, {"field": request.field}, union_path=union.path)
    if request.member.phone_encrypted:
        send_message(
            decrypt(request.member.phone_encrypted, context=PHONE_CONTEXT),
            template,
            {
                "address": settings.PUBLIC_BASE_URL + reverse("own_page:data"),
                "union": union.name,
            },
        )
