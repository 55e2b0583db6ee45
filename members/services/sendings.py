"""Forms that came in more than once: whose proof counts, and what their senders do on their own.

Nobody knows whether the senders of two forms for the same person are the same. So the union decides
on both as one application, but neither sender sees or undoes what the other one does:

- who proves the phone becomes the applicant; the form that came before is a repeated sending then;
- who takes the form back, or corrects it, without having proven the phone, does so with an
  application of its own (``set_apart``).
"""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from audit.services import log
from enterprises.models import Employer
from members.models import (
    Application,
    ApplicationStep,
    Consent,
    ExtraAnswer,
    ExtraQuestion,
    RepeatedSending,
)
from members.models.application import OPEN_STATUSES
from members.receipts import Receipt, read_receipt, sending_of
from unions.models import Union

# What is the same by definition: both forms named this document and this phone.
_SHARED = (
    "id_type", "id_number_encrypted", "id_number_hash", "phone_encrypted", "phone_hash",
    "birth_date", "sex", "is_demo",
)  # fmt: skip


def lock_receipt(receipt: Receipt) -> Receipt:
    """What it opens now, its application locked. Raises Application.DoesNotExist."""
    number, found = receipt.number, receipt
    while True:
        locked = lock_application_row(found.application.pk)
        sending = sending_of(number)
        if (
            locked.receipt_number == number
            if sending is None
            else locked.pk == sending.application_id
        ):
            return Receipt(number, locked, sending)
        # Set apart, or proven, by somebody else at this moment: once more.
        again = read_receipt(number)
        if again is None:
            raise Application.DoesNotExist
        found = again


def lock_application_row(pk: int) -> Application:
    """The application with its union, locked."""
    rows = Application.objects.select_related("union").select_for_update(of=("self",))
    return rows.get(pk=pk)


def note_proof(receipt: Receipt) -> bool:
    """The phone is proven with this receipt (of ``lock_receipt``). False if it was before.

    The first proof makes the sender the applicant: the application gets this receipt and what was
    typed with it, and the form that came first becomes a repeated sending, which shows its sender
    what it showed before. The way of joining, the code and the date stay those of the first form.
    """
    if receipt.is_proven:
        return False
    application, sending, now = receipt.application, receipt.sending, timezone.now()
    if sending is None:
        application.phone_proven_at = now
        application.save(update_fields=["phone_proven_at"])
        return True
    if application.phone_proven_at is None and application.status in OPEN_STATUSES:
        # An application without a code was handed in by an official, with the person present.
        if application.join_code_id is None:
            sending.proven_at = now
        else:
            _exchange(application, sending)
        application.phone_proven_at = now
        application.save()
    else:
        sending.proven_at = now
    sending.save()
    return True


def _exchange(application: Application, sending: RepeatedSending) -> None:
    """What was typed in the one form for what was typed in the other; neither is saved here."""
    texts = list(application.consents.values_list("text", flat=True))
    given = {answer.question_id: answer.value for answer in application.extra_answers.all()}
    application.extra_answers.all().delete()
    _add_answers(application, sending)
    _add_consents(application, sending, but=texts)
    for name in ("receipt_number", "name", "worker_group_id", "employer_name"):
        first, later = getattr(application, name), getattr(sending, name)
        setattr(application, name, later)
        setattr(sending, name, first)
    # By which way and code a person came in stays what it was at first.
    if application.join_code is not None:
        sending.join_code = application.join_code
    application.employer = registered_employer(application.union, application.employer_name)
    sending.sent_at = application.submitted_at
    sending.text_ids = texts
    sending.answers = {str(question): value for question, value in given.items()}


def set_apart(receipt: Receipt, *, status: str) -> Application:
    """Make the sending of ``receipt`` an application of its own, as its sender knows it.

    Its application is locked by the caller, and if ``status`` is ``submitted`` no longer waits.
    """
    first, sending = receipt.application, receipt.sending
    if sending is None:
        raise ValueError("only a repeated sending can be set apart")
    is_open = status in OPEN_STATUSES
    apart = Application.objects.create(
        receipt_number=sending.receipt_number,
        name=sending.name,
        union=first.union,
        worker_group_id=sending.worker_group_id,
        employer=registered_employer(first.union, sending.employer_name),
        employer_name=sending.employer_name,
        channel=sending.join_code.channel,
        join_code=sending.join_code,
        status=status,
        submitted_at=sending.sent_at,
        decided_at=None if is_open else timezone.now(),
        **{name: getattr(first, name) for name in _SHARED},
    )
    _add_consents(apart, sending)
    _add_answers(apart, sending)
    ApplicationStep.objects.bulk_create(
        ApplicationStep(
            application=apart,
            type=step.type,
            at=step.at,
            actor_id=step.actor_id,
            note=step.note,
            fields=step.fields,
        )
        for step in receipt.steps()
    )
    sending.delete()
    log(None, "application.set_apart", apart, {"from": first.pk}, union_path=first.union.path)
    return apart


def set_others_apart(application: Application, *, status: str) -> None:
    """The applicant is acting: what came in unproven stays as it was, in one application of its
    own. To be called before the step is recorded; ``application`` as for ``set_apart``."""
    unproven = application.sendings.filter(proven_at=None).select_related("join_code")
    first, *others = unproven.select_for_update(of=("self",)) or [None]
    if first is None:
        return
    apart = set_apart(Receipt(first.receipt_number, application, first), status=status)
    keys = [sending.pk for sending in others if sending is not None]
    RepeatedSending.objects.filter(pk__in=keys).update(application=apart)


def registered_employer(union: Union, name: str) -> Employer | None:
    """The register's row of exactly this name that belongs to the union's own county or below."""
    if not name:
        return None
    belongs = Q(covering_union=union) | Q(keeper=union)
    if union.region_id:
        belongs |= Q(region__code__startswith=union.region_id[:6])
    return Employer.objects.filter(belongs, name=name).order_by("id").first()


def _add_consents(
    application: Application, sending: RepeatedSending, *, but: list[int] | None = None
) -> None:
    Consent.objects.bulk_create(
        Consent(application=application, text_id=text, given_at=sending.sent_at)
        for text in sending.text_ids
        if text not in (but or [])
    )


def _add_answers(application: Application, sending: RepeatedSending) -> None:
    known = ExtraQuestion.objects.filter(pk__in=[int(key) for key in sending.answers])
    ExtraAnswer.objects.bulk_create(
        ExtraAnswer(
            application=application, question=question, value=sending.answers[str(question.pk)]
        )
        for question in known
    )
