"""Deciding on applications: approval writes the member, the membership and the ledger at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import log
from core.clock import local_today
from core.encryption import decrypt
from core.errors import RuleViolation
from members.enums import ApplicationStatus, EventType
from members.models import Application, Member, Membership, RejectionReason
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT, PersonalData
from members.services.ledger import record_event
from unions.enums import UnionStatus
from unions.scope import Actor, access, can

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
    ``decided``), if the person already has an open membership (``already_member``), or if the
    union no longer stands; then nothing is written. Raises Http404 out of the actor's scope.
    """
    with transaction.atomic():
        locked = _lock_waiting(application, actor)
        if locked.union.status != UnionStatus.ACTIVE:
            raise RuleViolation(_("This union is not established."), code="union_closed")
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
                    started_on=local_today(),
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
    return membership


def reject_application(
    application: Application, *, reason: RejectionReason, note: str = "", actor: Actor
) -> Application:
    """Turn down with a reason the applicant will read.

    Raises RuleViolation if somebody decided meanwhile, Http404 out of scope.
    """
    with transaction.atomic():
        locked = _lock_waiting(application, actor)
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
    return locked


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


def _lock_waiting(application: Application, actor: Actor) -> Application:
    """The row, locked, still waiting and in scope. ``actor`` None is the system."""
    if actor is None:
        locked = Application.objects.select_for_update(of=("self",)).get(pk=application.pk)
    else:
        locked = access(
            Application.objects.all(),
            application.pk,
            actor=actor,
            permission="applications.review",
            for_update=True,
        )
    if locked.status != ApplicationStatus.SUBMITTED:
        decider = locked.decided_by or _("somebody")
        raise RuleViolation(
            _("%(who)s has decided on this application already: %(status)s.")
            % {"who": decider, "status": locked.get_status_display()},
            code="decided",
        )
    return locked


def _find_or_create_member(application: Application) -> tuple[Member, bool]:
    """The person of this ID number, and whether the row is new. Safe against a concurrent twin."""
    personal = {name: getattr(application, name) for name in PERSONAL_COLUMNS}
    return Member.objects.get_or_create(
        id_number_hash=personal.pop("id_number_hash"),
        defaults={**personal, "home_union": application.union, "is_demo": application.is_demo},
    )


def _decide(application: Application, status: str, actor: Actor) -> None:
    application.status = status
    application.decided_at = timezone.now()
    application.decided_by = actor if actor is not None and actor.is_authenticated else None
    application.save(
        update_fields=[
            "status", "decided_at", "decided_by", "rejection_reason", "decision_note",
        ]
    )  # fmt: skip


def reveal(application: Application, *, reason: str, actor: Actor) -> dict[str, str]:
    """The full ID number and phone of one application, for a stated reason, logged.

    Raises RuleViolation (field ``reason``) without a reason, Http404 out of scope.
    """
    if not reason.strip():
        raise RuleViolation(_("Say why you need to see it."), field="reason", code="required")
    with transaction.atomic():
        seen = access(
            Application.objects.all(), application.pk, actor=actor, permission="applications.review"
        )
        log(
            actor,
            "application.revealed",
            seen,
            {"reason": reason.strip()[:200]},
            union_path=seen.union.path,
        )
    return {
        "id_number": decrypt(seen.id_number_encrypted, context=ID_NUMBER_CONTEXT),
        "phone": decrypt(seen.phone_encrypted, context=PHONE_CONTEXT),
    }


def can_review(actor: Actor, application: Application) -> bool:
    """May ``actor`` decide on ``application``?"""
    return can(actor, "applications.review", application.union)
