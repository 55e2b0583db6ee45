"""Withdrawing a consent, with the effects that ``members.consents`` states beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import RuleViolation
from members.models import Application, Consent, ConsentText, DataRequest, Member, MemberMerge
from members.own_data import (
    Person,
    applications_of,
    consents_of,
    current_membership,
    find_person,
)
from members.services.own_membership import leave_union
from members.services.own_page import log_own_act, take_back_open


@dataclass(frozen=True)
class Withdrawal:
    """What was done."""

    taken_back: int
    membership_ended: bool
    number_erased: bool


def withdraw_consent(person: Person, purpose: str) -> Withdrawal:
    """Withdraw every consent of ``purpose`` the person has given, and do what follows from it.

    Applications that wait are taken back. ``joining``: an open membership ends today.
    ``id_number``: the number is erased wherever it is kept readable; its keyed hash stays. One
    transaction. Raises RuleViolation if nothing is left to withdraw.
    """
    with transaction.atomic():
        given = Consent.objects.filter(
            pk__in=consents_of(person).order_by().values("pk"),
            text__purpose=purpose,
            withdrawn_at=None,
        )
        count = given.update(withdrawn_at=timezone.now())
        if not count:
            raise RuleViolation(_("There is no consent to withdraw."), code="nothing")
        taken_back = take_back_open(applications_of(person))
        # Approved a moment ago by an official? Then there is a membership by now.
        now = (
            find_person(
                person.phone_hash,
                member_id=person.member.pk if person.member is not None else None,
                id_number_hash=person.id_number_hash,
            )
            or person
        )
        ends = purpose == ConsentText.Purpose.JOINING and current_membership(now) is not None
        if ends:
            leave_union(now)
        erases = purpose == ConsentText.Purpose.ID_NUMBER
        if erases:
            erase_number(now)
        log_own_act(now, "consent.withdrawn", {"purpose": purpose, "consents": count})
    return Withdrawal(taken_back=taken_back, membership_ended=ends, number_erased=erases)


def erase_number(person: Person) -> None:
    """Empty the document number wherever it is kept readable. Inside a transaction."""
    Member.objects.filter(pk__in=[record.pk for record in person.records]).update(
        id_number_encrypted=b""
    )
    Application.objects.filter(pk__in=applications_of(person).order_by().values("pk")).update(
        id_number_encrypted=b""
    )
    # A merge could otherwise be undone to the number; from now on it cannot be undone.
    merges = MemberMerge.objects.filter(Q(kept__in=person.records) | Q(absorbed__in=person.records))
    merges.update(before_encrypted=b"")
    requests = DataRequest.objects.filter(
        member__in=person.records, field=DataRequest.Field.ID_NUMBER
    )
    requests.update(value_encrypted=b"")
    requests.filter(status=DataRequest.Status.ASKED).update(
        status=DataRequest.Status.CANCELLED, decided_at=timezone.now()
    )
