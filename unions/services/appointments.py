"""Writes on appointments."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.errors import RuleViolation
from unions.models import Appointment, Union
from unions.scope import Actor, can


def appoint(
    user: User,
    *,
    union: Union,
    role: str,
    starts_on: dt.date,
    ends_on: dt.date | None = None,
    actor: Actor,
) -> Appointment:
    """Appoint ``user`` at ``union``; both dates inclusive. Raises RuleViolation."""
    if ends_on is not None and ends_on < starts_on:
        raise RuleViolation(_("The end lies before the beginning."), field="ends_on")
    with transaction.atomic():
        if actor is not None and not can(actor, "appointments.change", union):
            raise RuleViolation(_("This union is not in your scope."), field="union")
        try:
            with transaction.atomic():
                appointment = Appointment.objects.create(
                    user=user, union=union, role=role, starts_on=starts_on, ends_on=ends_on
                )
        except IntegrityError as error:
            raise RuleViolation(
                _("This person already holds this role here."), field="user", code="duplicate"
            ) from error
        log(
            actor,
            "appointment.made",
            appointment,
            {"user": user.pk, "union": union.pk, "role": role},
            union_path=union.path,
        )
    return appointment


def end_appointment(appointment: Appointment, *, ends_on: dt.date, actor: Actor) -> Appointment:
    """Let ``appointment`` end on ``ends_on`` (its last day). Raises RuleViolation."""
    if ends_on < appointment.starts_on:
        raise RuleViolation(_("The end lies before the beginning."), field="ends_on")
    with transaction.atomic():
        if actor is not None and not can(actor, "appointments.change", appointment.union):
            raise RuleViolation(_("This union is not in your scope."), field="union")
        appointment.ends_on = ends_on
        appointment.save(update_fields=["ends_on"])
        log(
            actor,
            "appointment.ended",
            appointment,
            {"ends_on": ends_on.isoformat()},
            union_path=appointment.union.path,
        )
    return appointment
