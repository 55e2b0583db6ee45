"""Members whom a federation brings in itself (直接发展)."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from accounts.models import User
from core.errors import RuleViolation
from core.identity import parse_identity
from members.enums import JoinChannel
from members.models import Application, Membership
from members.services.enrolment import PersonInput
from members.services.look_ups import ensure_looks_left, note_refused_enrolment
from members.services.recording import record_application
from members.services.review import approve_application
from reference.models import WorkerGroup
from unions.models import Union
from unions.scope import can


def enrol_directly(
    union: Union,
    *,
    person: PersonInput,
    worker_group: WorkerGroup,
    employer_name: str = "",
    has_consented: bool,
    answers: Mapping[int, str] | None = None,
    at_once: bool = False,
    actor: User,
) -> tuple[Application, Membership | None]:
    """Record an application of somebody whom an official met, and approve it if ``at_once``.

    Otherwise it waits in the queue for a colleague. Approving at once needs the right to review at
    that union; application and approval stand apart in the trail, both under the official's name.
    Raises RuleViolation as ``record_application`` and ``approve_application`` do; then nothing is
    written, but that somebody turned out to be a member already is entered in the trail, and such
    answers are few an hour (``too_many``).
    """
    try:
        with transaction.atomic():
            if at_once:
                ensure_looks_left(actor)
            approves = at_once and can(actor, "applications.review", union)
            application = record_application(
                union,
                person=person,
                worker_group=worker_group,
                employer_name=employer_name,
                channel=JoinChannel.DIRECT,
                has_consented=has_consented,
                answers=answers,
                is_decided_at_once=approves,
                actor=actor,
            )
            if approves:
                return application, approve_application(application, actor=actor)
    except RuleViolation as refusal:
        if refusal.code == "already_member":
            # Nothing else is left of the attempt, and the answer told of somebody.
            document = parse_identity(person.id_type, person.id_number)
            note_refused_enrolment(document.number, union=union, actor=actor)
        raise
    return application, None
