"""What people do to their own data: no official stands between (PIPL art. 44 to 47).

The actor of every entry is None; the trail says ``"by": "member"``.
"""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import log
from core.encryption import blind_index, decrypt, encrypt
from core.errors import RuleViolation
from core.normalising import normalise_text
from enterprises.models import Employer
from members.enums import ApplicationStatus
from members.models import Application, DataRequest, Member, Membership
from members.models.application import ID_NUMBER_CONTEXT, OPEN_STATUSES, PHONE_CONTEXT
from members.models.request import REQUEST_CONTEXT
from members.models.review import StepType
from members.own_data import Person, applications_of, current_membership
from members.services.locking import lock_membership
from members.services.messages import active_language, send_message
from members.services.steps import record_step
from unions.models import Union

BY_MEMBER = {"by": "member"}
REASON_LENGTH = 200


def log_own_act(person: Person, action: str, data: dict[str, Any] | None = None) -> None:
    """Write that the person did something with the own record. Inside a transaction."""
    if person.member is not None:
        log(
            None,
            action,
            person.member,
            {**BY_MEMBER, **(data or {})},
            union_path=person.member.home_union.path,
        )
        return
    newest = applications_of(person).order_by("-submitted_at").first()
    if newest is not None:
        log(None, action, newest, {**BY_MEMBER, **(data or {})}, union_path=newest.union.path)


def show_own_number(person: Person) -> str:
    """The own document number in full, logged as an own look; "" once erased."""
    with transaction.atomic():
        log_own_act(person, "member.shown_to_self")
    member = member_of(person)
    if not member.id_number_encrypted:
        return ""
    return decrypt(member.id_number_encrypted, context=ID_NUMBER_CONTEXT)


def change_phone(person: Person, *, phone: str) -> None:
    """Put a new phone (E.164, proven by the caller) into the record, and tell the old one.

    Raises RuleViolation beside ``phone`` when it is the old one.
    """
    phone_hash = blind_index(phone, context=PHONE_CONTEXT)
    with transaction.atomic():
        member = Member.objects.select_for_update(of=("self",)).get(pk=member_of(person).pk)
        if bytes(member.phone_hash) == phone_hash:
            raise RuleViolation(_("This is the number we have."), field="phone", code="same")
        old = (
            decrypt(member.phone_encrypted, context=PHONE_CONTEXT) if member.phone_encrypted else ""
        )
        member.phone_encrypted = encrypt(phone, context=PHONE_CONTEXT)
        member.phone_hash = phone_hash
        member.save(update_fields=["phone_encrypted", "phone_hash"])
        log(None, "member.phone_changed", member, BY_MEMBER, union_path=member.home_union.path)
        if old:
            send_message(
                old, "phone_changed", {"union": member.home_union.name}, language=active_language()
            )


def change_employer(person: Person, *, employer_name: str) -> Membership:
    """Write the employer or platform into the open membership.

    Raises RuleViolation without an open membership.
    """
    name = normalise_text(employer_name)
    running = current_membership(person)
    if running is None:
        raise no_membership()
    with transaction.atomic():
        membership = lock_membership(running, actor=None)
        membership.employer_name = name
        membership.employer = _registered_employer(membership.union, name)
        membership.save(update_fields=["employer_name", "employer"])
        log(
            None,
            "membership.employer_changed",
            membership,
            BY_MEMBER,
            union_path=membership.union.path,
        )
    return membership


def ask_correction(person: Person, *, field: str, value: str, note: str = "") -> DataRequest:
    """Ask the union to correct ``field`` (``DataRequest.Field``) to ``value``.

    The caller has normalised the value: a name, ``type:number`` of a document, or the code of a
    worker group. Raises RuleViolation if a request for this field waits already.
    """
    member = member_of(person)
    membership = current_membership(person)
    union = membership.union if membership is not None else member.home_union
    try:
        with transaction.atomic():
            request = DataRequest.objects.create(
                member=member,
                union=union,
                field=field,
                value_encrypted=encrypt(value, context=REQUEST_CONTEXT),
                note=normalise_text(note)[:REASON_LENGTH],
                asked_at=timezone.now(),
            )
            log(
                None,
                "data_request.asked",
                request,
                {**BY_MEMBER, "field": field},
                union_path=union.path,
            )
    except IntegrityError as error:
        raise RuleViolation(
            _("A request for this waits for your union already."), field="field", code="waiting"
        ) from error
    return request


def take_back_request(person: Person, request_id: int) -> None:
    """Close an own request that nobody has decided. Raises RuleViolation if there is none."""
    with transaction.atomic():
        request = (
            DataRequest.objects.select_for_update(of=("self",))
            .filter(pk=request_id, member__in=person.records, status=DataRequest.Status.ASKED)
            .select_related("union")
            .first()
        )
        if request is None:
            raise RuleViolation(_("It has been decided meanwhile."), code="decided")
        request.status = DataRequest.Status.CANCELLED
        request.decided_at = timezone.now()
        request.save(update_fields=["status", "decided_at"])
        log(None, "data_request.cancelled", request, BY_MEMBER, union_path=request.union.path)


def take_back_application(person: Person, application_id: int) -> None:
    """Take back an own application that waits. Raises RuleViolation if there is none."""
    with transaction.atomic():
        if not take_back_open(applications_of(person).filter(pk=application_id)):
            raise RuleViolation(_("It has been decided meanwhile."), code="decided")


def take_back_open(applications: QuerySet[Application]) -> int:
    """Close those of ``applications`` that wait, and say how many. Inside a transaction."""
    waiting = list(applications.filter(status__in=OPEN_STATUSES).select_for_update(of=("self",)))
    for application in waiting:
        application.status = ApplicationStatus.CANCELLED
        application.decided_at = timezone.now()
        application.save(update_fields=["status", "decided_at"])
        record_step(application, StepType.CANCELLED, actor=None)
        log(
            None, "application.cancelled", application, BY_MEMBER, union_path=application.union.path
        )
    return len(waiting)


def member_of(person: Person) -> Member:
    """The record. Raises RuleViolation for applicants, who have none."""
    if person.member is None:
        raise no_membership()
    return person.member


def _registered_employer(union: Union, name: str) -> Employer | None:
    """The register's row of exactly this name that belongs to the union."""
    if not name:
        return None
    belongs = Q(covering_union=union) | Q(keeper=union)
    if union.region_id:
        belongs |= Q(region__code__startswith=union.region_id[:6])
    return Employer.objects.filter(belongs, name=name).first()


def no_membership() -> RuleViolation:
    """Why somebody without an open spell cannot do it."""
    return RuleViolation(_("You have no running membership."), code="no_membership")
