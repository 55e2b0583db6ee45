"""What an applicant does after sending in: correct what the union asks for, or take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from audit.services import log
from core.encryption import decrypt
from core.errors import RuleViolation
from core.normalising import normalise_text
from members.enums import ApplicationStatus
from members.models import Application
from members.models.application import ID_NUMBER_CONTEXT, OPEN_STATUSES, PHONE_CONTEXT
from members.models.review import CorrectableField, StepType
from members.receipts import Receipt
from members.selectors import fields_to_correct
from members.services.enrolment import PersonInput, check_person
from members.services.messages import tell_applicant
from members.services.review import lock_waiting
from members.services.sendings import (
    lock_application_row,
    lock_receipt,
    registered_employer,
    set_apart,
    set_others_apart,
)
from members.services.steps import NOTE_LENGTH, record_step
from unions.scope import Actor

# Who the person is may be changed only where the union asks for it.
OF_THE_PERSON = frozenset(
    {CorrectableField.NAME, CorrectableField.ID_NUMBER, CorrectableField.PHONE}
)
ALWAYS_OPEN = frozenset({CorrectableField.WORKER_GROUP, CorrectableField.EMPLOYER_NAME})


def request_correction(
    application: Application, *, fields: Sequence[str], note: str = "", actor: Actor
) -> Application:
    """Give it back to the applicant, who reads which ``fields`` to correct, and the ``note``.

    The union's time stands still until it is sent again. Raises RuleViolation (field ``fields``)
    when none or an unknown one is named, or if somebody decided meanwhile (code ``decided``);
    Http404 out of scope.
    """
    asked = [field for field in CorrectableField.values if field in set(fields)]
    if not asked or len(asked) != len(set(fields)):
        raise RuleViolation(_("Say what is to be corrected."), field="fields", code="required")
    if len(note.strip()) > NOTE_LENGTH:
        raise RuleViolation(_("This is too long."), field="note", code="max_length")
    with transaction.atomic():
        locked = lock_waiting(application, actor)
        locked.status = ApplicationStatus.CORRECTION
        locked.save(update_fields=["status"])
        record_step(locked, StepType.CORRECTION, actor=actor, note=note, fields=asked)
        log(
            actor,
            "application.correction_asked",
            locked,
            {"fields": asked},
            union_path=locked.union.path,
        )
        # The note may say anything: it is read on the page, not in the message.
        with translation.override("zh-hans"):
            reason = "、".join(str(CorrectableField(field).label) for field in asked)
        tell_applicant(locked, "application_correction", reason=reason)
    return locked


def resubmit_application(
    application: Application, *, changes: Mapping[str, Any], actor: Actor = None
) -> Application:
    """Send it again with ``changes``; what is not among them stays as it was.

    ``changes`` may hold what was asked for, and ``worker_group`` and ``employer_name`` always; with
    ``id_number`` goes ``id_type``. By the applicant (``actor`` None). A new phone is unproven. That
    another open application holds the same numbers is neither checked nor told: a stranger must
    not learn it, and the official sees both side by side.

    Raises RuleViolation beside the field, or with code ``not_asked`` if nothing is asked for (any
    more); then nothing is written.
    """
    with transaction.atomic():
        locked = lock_application_row(application.pk)
        if locked.status != ApplicationStatus.CORRECTION:
            raise RuleViolation(_("No correction is asked for any more."), code="not_asked")
        asked = fields_to_correct(locked)
        allowed = set(asked) | ALWAYS_OPEN
        if stray := (set(changes) - {"id_type"}) - allowed:
            raise RuleViolation(
                _("This is not to be corrected."), field=min(stray), code="not_asked"
            )
        set_others_apart(locked, status=locked.status)
        changed = _apply_person(locked, changes) + _apply_work(locked, changes)
        locked.status = ApplicationStatus.SUBMITTED
        locked.resubmitted_at = timezone.now()
        locked.save()
        record_step(locked, StepType.RESUBMITTED, actor=actor, fields=changed)
        log(
            actor,
            "application.resubmitted",
            locked,
            {"fields": changed},
            union_path=locked.union.path,
        )
    return locked


def cancel_application(application: Application, *, actor: Actor = None) -> Application:
    """The applicant takes it back. Raises RuleViolation (``decided``) if it is decided already.

    With a proven phone that ends what came in again from others too: the phone's owner does not
    want it. Otherwise what they sent waits on, as an application of its own.
    """
    with transaction.atomic():
        locked = lock_application_row(application.pk)
        if (before := locked.status) not in OPEN_STATUSES:
            raise RuleViolation(_("This application has been decided already."), code="decided")
        locked.status = ApplicationStatus.CANCELLED
        locked.decided_at = timezone.now()
        locked.save(update_fields=["status", "decided_at"])
        if locked.phone_proven_at is None:
            set_others_apart(locked, status=before)
        record_step(locked, StepType.CANCELLED, actor=actor)
        log(actor, "application.cancelled", locked, union_path=locked.union.path)
    return locked


def resubmit_with_receipt(receipt: Receipt, *, changes: Mapping[str, Any]) -> None:
    """``resubmit_application`` by the holder of a receipt; that of a repeated sending that is not
    proven corrects what was sent with it, as an application of its own."""
    with transaction.atomic():
        receipt = lock_receipt(receipt)
        application = receipt.application
        if not receipt.is_whole and application.status == ApplicationStatus.CORRECTION:
            application = set_apart(receipt, status=application.status)
        resubmit_application(application, changes=changes)


def cancel_with_receipt(receipt: Receipt) -> None:
    """``cancel_application`` by the holder of a receipt; that of a repeated sending that is not
    proven takes back nothing but what was sent with it."""
    with transaction.atomic():
        receipt = lock_receipt(receipt)
        if receipt.is_whole or not receipt.is_open:
            cancel_application(receipt.application)
            return
        apart = set_apart(receipt, status=ApplicationStatus.CANCELLED)
        record_step(apart, StepType.CANCELLED, actor=None)
        log(None, "application.cancelled", apart, union_path=apart.union.path)


def _apply_person(application: Application, changes: Mapping[str, Any]) -> list[str]:
    """Set what is new about the person; the names of what changed."""
    given: dict[str, Any] = {name: changes[name] for name in OF_THE_PERSON if name in changes}
    if not given:
        return []
    before = {
        CorrectableField.NAME: application.name,
        CorrectableField.ID_NUMBER: bytes(application.id_number_hash),
        CorrectableField.PHONE: bytes(application.phone_hash),
    }
    stored_number = decrypt(application.id_number_encrypted, context=ID_NUMBER_CONTEXT)
    stored_phone = decrypt(application.phone_encrypted, context=PHONE_CONTEXT)
    person = check_person(
        PersonInput(
            name=given.get("name", application.name),
            id_type=changes.get("id_type", application.id_type)
            if "id_number" in given
            else application.id_type,
            id_number=given.get("id_number", stored_number),
            phone=given.get("phone", stored_phone),
        )
    )
    for column, value in person.columns().items():
        setattr(application, column, value)
    after = {
        CorrectableField.NAME: person.name,
        CorrectableField.ID_NUMBER: person.id_number_hash,
        CorrectableField.PHONE: person.phone_hash,
    }
    if before[CorrectableField.PHONE] != after[CorrectableField.PHONE]:
        application.phone_proven_at = None
    return [field.value for field in before if before[field] != after[field]]


def _apply_work(application: Application, changes: Mapping[str, Any]) -> list[str]:
    """Set what is new about the work; the names of what changed."""
    changed = []
    group = changes.get("worker_group", application.worker_group)
    if group != application.worker_group:
        application.worker_group = group
        changed.append(CorrectableField.WORKER_GROUP.value)
    employer_name = normalise_text(changes.get("employer_name", application.employer_name))
    if employer_name != application.employer_name:
        application.employer_name = employer_name
        application.employer = registered_employer(application.union, employer_name)
        changed.append(CorrectableField.EMPLOYER_NAME.value)
    return changed
