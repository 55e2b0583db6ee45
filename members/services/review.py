"""Deciding on applications: approval writes the member, the membership and the ledger at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import log
from core.clock import local_today
from core.errors import RuleViolation
from members.enums import (
    ApplicationStatus,
    ChangeReason,
    EventType,
    JoinChannel,
    MembershipStatus,
)
from members.ledger_reading import first_free_day
from members.models import Application, Member, Membership, RejectionReason
from members.models.application import PersonalData
from members.models.review import StepType
from members.services.correction import annul_membership
from members.services.ledger import record_event
from members.services.messages import tell_applicant
from members.services.returning import welcome_back
from members.services.steps import record_step
from members.waiting import rules_of_review
from unions.enums import UnionStatus
from unions.scope import Actor, access, can

UNDOABLE = (ApplicationStatus.APPROVED, ApplicationStatus.REJECTED)
PERSONAL_COLUMNS = tuple(
    f.attname for f in PersonalData._meta.get_fields() if hasattr(f, "attname")
)


@dataclass
class BulkOutcome:
    """What became of each application of a bulk decision."""

    done: list[Application] = field(default_factory=list)
    refused: list[tuple[Application, str]] = field(default_factory=list)


def approve_application(application: Application, *, actor: Actor) -> Membership:
    """Approve: the applicant becomes a member of the union from today.

    Writes Member (or finds the person by ID hash), Membership, the ledger entry and the audit
    entry in one transaction. Raises RuleViolation if somebody decided meanwhile (code
    ``decided``), if the person already has an open membership (``already_member``), if the phone
    must be proven and is not (``phone_unproven``), or if the union no longer stands; then nothing
    is written. Raises Http404 out of the actor's scope.
    """
    with transaction.atomic():
        locked = lock_waiting(application, actor)
        if locked.union.status != UnionStatus.ACTIVE:
            raise RuleViolation(_("This union is not established."), code="union_closed")
        _ensure_phone_proven(locked)
        member, is_new = _find_or_create_member(locked)
        try:
            with transaction.atomic():
                membership = Membership.objects.create(
                    member=member,
                    union=locked.union,
                    worker_group=locked.worker_group,
                    employer=locked.employer,
                    employer_name=locked.employer_name,
                    channel=locked.channel,
                    join_code=locked.join_code,
                    application=locked,
                    # Who left today is a member until midnight: nobody counts twice on any day.
                    started_on=local_today() if is_new else first_free_day(member),
                )
        except IntegrityError as error:
            raise RuleViolation(
                _("This person already is a member; a transfer is needed instead."),
                code="already_member",
            ) from error
        if not is_new:
            Member.objects.filter(pk=member.pk).update(home_union=locked.union)
        record_event(
            membership,
            EventType.JOINED,
            union=locked.union,
            effective_on=membership.started_on,
            actor=actor,
        )
        _decide(locked, ApplicationStatus.APPROVED, actor)
        log(
            actor,
            "application.approved",
            locked,
            {"membership": membership.pk, "member": member.pk, "rejoined": not is_new},
            union_path=locked.union.path,
        )
        record_step(locked, StepType.APPROVED, actor=actor)
        tell_applicant(locked, "application_approved")
    return membership


def reject_application(
    application: Application, *, reason: RejectionReason, note: str = "", actor: Actor
) -> Application:
    """Turn down with a reason the applicant will read.

    Raises RuleViolation if somebody decided meanwhile, Http404 out of scope.
    """
    with transaction.atomic():
        locked = lock_waiting(application, actor)
        locked.rejection_reason = reason
        locked.decision_note = note.strip()
        _decide(locked, ApplicationStatus.REJECTED, actor)
        log(
            actor,
            "application.rejected",
            locked,
            {"reason": reason.pk},
            union_path=locked.union.path,
        )
        record_step(locked, StepType.REJECTED, actor=actor)
        tell_applicant(locked, "application_rejected")
    return locked


def undo_decision(application: Application, *, reason: str, actor: Actor) -> Application:
    """Take the approval or rejection back: the application waits for review again.

    Within ``ReviewRules.undo_hours`` of the decision. An approval is undone by a correcting entry
    of the ledger: the membership never counted. Raises RuleViolation (field ``reason``) without a
    reason, ``not_decided`` if there is nothing to undo, ``too_late`` after the time, ``moved_on``
    if the membership has changed since or the person has applied again; then nothing is written.
    Http404 out of scope.
    """
    if not reason.strip():
        raise RuleViolation(_("Say why it is undone."), field="reason", code="required")
    with transaction.atomic():
        locked = lock_application(application, actor)
        if locked.status not in UNDOABLE:
            raise RuleViolation(_("There is no decision to undo."), code="not_decided")
        if not may_still_undo(locked):
            raise RuleViolation(
                _("It is too late to undo this decision: correct the membership instead.")
                if locked.status == ApplicationStatus.APPROVED
                else _("It is too late to undo this decision: the applicant may apply again."),
                code="too_late",
            )
        undone = locked.status
        if undone == ApplicationStatus.APPROVED:
            _annul_membership_of(locked, actor)
        locked.status = ApplicationStatus.SUBMITTED
        locked.decided_at = locked.decided_by = locked.rejection_reason = None
        locked.decision_note = ""
        try:
            with transaction.atomic():
                locked.save()
        except IntegrityError as error:
            raise RuleViolation(
                _("This person has applied again since: decide on that application."),
                code="moved_on",
            ) from error
        record_step(locked, StepType.UNDONE, actor=actor, note=reason)
        log(
            actor,
            "application.undone",
            locked,
            {"undone": undone, "reason": reason.strip()[:200]},
            union_path=locked.union.path,
        )
        tell_applicant(locked, "application_undone")
    return locked


def may_still_undo(application: Application) -> bool:
    """Is the decision on ``application`` young enough to be taken back?"""
    if application.decided_at is None or application.status not in UNDOABLE:
        return False
    if application.erased_at is not None:  # the person had it erased
        return False
    window = dt.timedelta(hours=rules_of_review().undo_hours)
    return timezone.now() - application.decided_at < window


def _annul_membership_of(application: Application, actor: Actor) -> None:
    membership = Membership.objects.filter(application=application).first()
    if (
        membership is None
        or membership.status != MembershipStatus.ACTIVE
        or membership.union_id != application.union_id
        or membership.events.exclude(type=EventType.JOINED).exists()
    ):
        raise RuleViolation(
            _("The membership has changed since: correct it instead."), code="moved_on"
        )
    annul_membership(
        membership, reason=ChangeReason.UNDONE, actor=actor, permission="applications.review"
    )


def approve_many(applications: Iterable[Application], *, actor: Actor) -> BulkOutcome:
    """Approve each in its own transaction: one that cannot be approved stops no other."""
    outcome = BulkOutcome()
    for application in applications:
        try:
            approve_application(application, actor=actor)
            outcome.done.append(application)
        except RuleViolation as refusal:
            outcome.refused.append((application, str(refusal)))
        except Http404:
            outcome.refused.append((application, _("It is not in your scope.")))
    return outcome


def reject_many(
    applications: Iterable[Application], *, reason: RejectionReason, note: str = "", actor: Actor
) -> BulkOutcome:
    """Turn down each in its own transaction."""
    outcome = BulkOutcome()
    for application in applications:
        try:
            reject_application(application, reason=reason, note=note, actor=actor)
            outcome.done.append(application)
        except RuleViolation as refusal:
            outcome.refused.append((application, str(refusal)))
        except Http404:
            outcome.refused.append((application, _("It is not in your scope.")))
    return outcome


def lock_waiting(application: Application, actor: Actor) -> Application:
    """The row, locked, still waiting and in scope. ``actor`` None is the system.

    Raises RuleViolation (``decided``) if somebody decided meanwhile, Http404 out of scope.
    """
    locked = lock_application(application, actor)
    if locked.status == ApplicationStatus.CORRECTION:
        raise RuleViolation(
            _("The applicant has been asked to correct this application."), code="correction"
        )
    if locked.status != ApplicationStatus.SUBMITTED:
        decider = locked.decided_by or _("somebody")
        raise RuleViolation(
            _("%(who)s has decided on this application already: %(status)s.")
            % {"who": decider, "status": locked.get_status_display()},
            code="decided",
        )
    return locked


def lock_application(application: Application, actor: Actor) -> Application:
    """The row, locked and in scope; ``actor`` None is the system. Raises Http404 out of scope."""
    if actor is None:
        return Application.objects.select_for_update(of=("self",)).get(pk=application.pk)
    return access(
        Application.objects.all(),
        application.pk,
        actor=actor,
        permission="applications.review",
        for_update=True,
    )


def _ensure_phone_proven(application: Application) -> None:
    """Where the rules ask for a proven phone; who signed on paper has proven otherwise."""
    if application.phone_proven_at is not None or application.channel == JoinChannel.PAPER:
        return
    if rules_of_review().requires_proven_phone:
        raise RuleViolation(
            _("The phone of this application is not proven: the applicant enters the code on the "
              "receipt page first."),
            code="phone_unproven",
        )  # fmt: skip


def _find_or_create_member(application: Application) -> tuple[Member, bool]:
    """The person of this ID number, and whether the row is new. Safe against a concurrent twin."""
    personal = {name: getattr(application, name) for name in PERSONAL_COLUMNS}
    member, is_new = Member.objects.get_or_create(
        id_number_hash=personal.pop("id_number_hash"),
        defaults={**personal, "home_union": application.union, "is_demo": application.is_demo},
    )
    return (member if is_new else welcome_back(member, application)), is_new


def _decide(application: Application, status: str, actor: Actor) -> None:
    application.status = status
    application.decided_at = timezone.now()
    application.decided_by = actor if actor is not None and actor.is_authenticated else None
    application.save(
        update_fields=[
            "status", "decided_at", "decided_by", "rejection_reason", "decision_note",
        ]
    )  # fmt: skip


def can_review(actor: Actor, application: Application) -> bool:
    """May ``actor`` decide on ``application``?"""
    return can(actor, "applications.review", application.union)
