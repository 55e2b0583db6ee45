"""The way of an application, step by step: what its applicant reads."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from accounts.models import User
from members.models import Application, ApplicationStep
from members.models.review import StepType
from unions.scope import Actor

NOTE_LENGTH = 300


def record_step(
    application: Application,
    step_type: StepType,
    *,
    actor: Actor,
    note: str = "",
    fields: Sequence[str] = (),
) -> ApplicationStep:
    """Append one step; to be called in the transaction that takes it.

    ``actor`` is kept but never shown to the applicant. ``fields``: what is to be corrected, or was.
    """
    return ApplicationStep.objects.create(
        application=application,
        type=step_type,
        at=timezone.now(),
        actor=actor if isinstance(actor, User) else None,
        note=note.strip()[:NOTE_LENGTH],
        fields=list(fields),
    )
