"""Erasing on request, with the effects that ``members.erasure`` states beforehand (PIPL art. 47).

What no membership and no law needs goes at once. The rest goes when an official of the person's
union has agreed (``members.services.data_requests``), and only once no membership is open.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import log
from core.clock import local_today
from core.errors import RuleViolation
from members.erasure import NEVER_ACCEPTED, erasure_of, open_erasure, sent_with_own_phone
from members.models import (
    Application,
    CollectiveEntry,
    ConsentText,
    DataRequest,
    ExtraAnswer,
    Member,
    Membership,
    RepeatedSending,
)
from members.models.application import OPEN_STATUSES
from members.own_data import (
    Person,
    applications_of,
    consents_of,
    current_membership,
    find_person,
)
from members.retention import erase_applications, erase_entries, freeze_members
from members.services.consents import erase_number, withdraw_consent
from members.services.own_membership import leave_union
from members.services.own_page import BY_MEMBER, log_own_act, take_back_open

Purpose = ConsentText.Purpose


@dataclass(frozen=True)
class Erasure:
    """What was done. ``request`` waits for the union; None for members who stay, whose request is
    answered with it, and for applicants, of whom nothing is left to decide on."""

    taken_back: int
    applications: int
    membership_ended: bool
    request: DataRequest | None


def ask_erasure(person: Person, *, leaves: bool = False) -> Erasure:
    """Erase at once what may go, and ask the union for the rest unless a membership stays open.

    ``leaves``: end the open membership first, as ``leave_union``. Consents to what is erased are
    withdrawn. One transaction. Raises RuleViolation if a request waits already (``waiting``) or
    there is nothing that could be erased (``nothing``).
    """
    if open_erasure(person) is not None:
        raise _waits_already()
    with transaction.atomic():
        is_member = current_membership(person) is not None
        ends = is_member and leaves
        if is_member and not ends and not erasure_of(person).at_once:
            raise RuleViolation(_("There is nothing that could be erased."), code="nothing")
        taken_back = take_back_open(applications_of(person))
        if ends or not is_member:
            _withdraw(person, Purpose.JOINING)
        if ends and current_membership(person) is not None:
            leave_union(person)  # no consent was recorded: entered from a list or on paper
        _withdraw(person, Purpose.ID_NUMBER)
        now = _as_of_now(person)
        # Before the applications go: they may be all that is known of the person.
        log_own_act(now, "erasure.asked", {"leaves": ends})
        erased = _erase_at_once(now)
        if now.member is None and not erased:
            raise RuleViolation(_("There is nothing that could be erased."), code="nothing")
        request = _file_request(now) if now.member is not None else None
    return Erasure(
        taken_back=taken_back,
        applications=erased,
        membership_ended=ends,
        request=request if request is not None and request.decided_at is None else None,
    )


def erase_record(member: Member) -> None:
    """Freeze the record before its period ends: the roll stays, the rest goes.

    Inside a transaction. Raises RuleViolation: ``running`` while a membership or an application of
    the person is open (they have come back), ``merged`` if it is part of another record by now,
    whose union may be another one.
    """
    locked = Member.objects.select_for_update(of=("self",)).get(pk=member.pk)
    if locked.merged_into_id is not None:
        raise RuleViolation(
            _("This record was merged into another one: refuse, and the person can ask again."),
            code="merged",
        )
    running = Membership.objects.filter(
        Q(ended_on=None) | Q(ended_on__gt=local_today()), member=locked
    )
    waiting = Application.objects.filter(
        id_number_hash=locked.id_number_hash, status__in=OPEN_STATUSES
    )
    if running.exists() or waiting.exists():
        raise RuleViolation(
            _("The person is a member or has applied again: their data are needed for it."),
            code="running",
        )
    freeze_members([locked.pk])


def _withdraw(person: Person, purpose: str) -> None:
    if consents_of(person).filter(text__purpose=purpose, withdrawn_at=None).exists():
        withdraw_consent(person, purpose)


def _as_of_now(person: Person) -> Person:
    """Approved a moment ago by an official? Then there is a record by now."""
    found = find_person(
        person.phone_hash,
        member_id=person.member.pk if person.member is not None else None,
        id_number_hash=person.id_number_hash,
    )
    return found or person


def _erase_at_once(person: Person) -> int:
    """Number, employer, answers, and applications that came to nothing; how many of these."""
    own = sent_with_own_phone(person).order_by()
    gone = list(
        own.filter(status__in=NEVER_ACCEPTED)
        .select_for_update(of=("self",))
        .values_list("pk", flat=True)
    )
    erase_applications(gone)
    if person.member is None:
        return len(gone)
    erase_number(person)
    left = list(own.values_list("pk", flat=True))
    ExtraAnswer.objects.filter(application__in=left).delete()
    RepeatedSending.objects.filter(application__in=left).update(employer_name="", answers={})
    entries = CollectiveEntry.objects.filter(application__in=left)
    erase_entries(list(entries.values_list("pk", flat=True)))
    Application.objects.filter(pk__in=left).update(employer=None, employer_name="")
    spells = Membership.objects.filter(member__in=person.records)
    spells.update(employer=None, employer_name="")
    return len(gone)


def _file_request(person: Person) -> DataRequest:
    """A request for the rest; answered already for who stays a member."""
    member = person.member
    assert member is not None
    now = timezone.now()
    stays = current_membership(person) is not None
    try:
        with transaction.atomic():
            request = DataRequest.objects.create(
                member=member,
                union=member.home_union,
                field=DataRequest.Field.ERASURE,
                value_encrypted=b"",
                asked_at=now,
                status=DataRequest.Status.ACCEPTED if stays else DataRequest.Status.ASKED,
                decided_at=now if stays else None,
            )
            log(
                None,
                "data_request.asked",
                request,
                {**BY_MEMBER, "field": request.field},
                union_path=member.home_union.path,
            )
    except IntegrityError as error:
        raise _waits_already() from error
    return request


def _waits_already() -> RuleViolation:
    return RuleViolation(_("A request for this waits for your union already."), code="waiting")
