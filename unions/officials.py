"""Officials as one federation hands their accounts to the next: made, appointed, switched off."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import create_official
from audit.services import changes_between, log
from core.errors import RuleViolation
from unions.models import Appointment, Union
from unions.scope import Actor
from unions.services import appoint


def users_visible_to(actor: Actor, permission: str = "appointments.view") -> QuerySet[User]:
    """The users who hold or held an appointment in the actor's scope; operators see everybody."""
    if isinstance(actor, User) and actor.is_active and actor.is_superuser:
        return User.objects.all()
    in_scope = Appointment.objects.visible_to(actor, permission).filter(user=OuterRef("pk"))
    return User.objects.filter(Exists(in_scope), is_superuser=False)


def may_administer(actor: Actor, user: User) -> bool:
    """May ``actor`` set the password of ``user`` or switch them off?

    Only if everything that ``user`` was ever appointed to lies in the actor's scope: who also
    serves a foreign union is not ours to lock out or to impersonate. Never oneself, never an
    operator.
    """
    if not isinstance(actor, User) or not actor.is_active:
        return False
    if actor.is_superuser:
        return True
    if user.is_superuser or user.pk == actor.pk:
        return False
    held = Appointment.objects.filter(user=user)
    ours = held.visible_to(actor, "appointments.change").count()
    return ours > 0 and ours == held.count()


def appoint_new_official(
    *,
    username: str,
    display_name: str,
    password: str,
    union: Union,
    role: str,
    starts_on: dt.date,
    ends_on: dt.date | None = None,
    actor: Actor,
) -> Appointment:
    """Make a user and appoint them in one transaction. Raises RuleViolation beside the field."""
    with transaction.atomic():
        user = create_official(username=username, display_name=display_name, password=password)
        log(actor, "official.created", user, {"union": union.pk}, union_path=union.path)
        return appoint(
            user, union=union, role=role, starts_on=starts_on, ends_on=ends_on, actor=actor
        )


def update_official(user: User, *, actor: Actor, **changes: Any) -> User:
    """Change ``display_name``, ``email`` or ``is_active`` of an official. Raises RuleViolation."""
    if unknown := set(changes) - {"display_name", "email", "is_active"}:
        raise TypeError(f"not changed here: {sorted(unknown)}")
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        _ensure_may_administer(actor, locked)
        before = {name: getattr(locked, name) for name in changes}
        for name, value in changes.items():
            setattr(locked, name, value)
        locked.save(update_fields=list(changes))
        log(
            actor,
            "official.changed",
            locked,
            changes_between(before, changes),
            union_path=_path_of(locked),
        )
    return locked


def reset_password(user: User, *, password: str, actor: Actor) -> None:
    """Give an official a new password (already validated). Raises RuleViolation."""
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        _ensure_may_administer(actor, locked)
        locked.set_password(password)
        locked.save(update_fields=["password"])
        log(actor, "official.password_reset", locked, union_path=_path_of(locked))


def _ensure_may_administer(actor: Actor, user: User) -> None:
    if actor is not None and not may_administer(actor, user):
        raise RuleViolation(
            _("This person also serves unions outside your scope."), code="out_of_scope"
        )


def _path_of(user: User) -> str:
    """The union of the newest appointment, for reading the trail in scope."""
    newest = Appointment.objects.filter(user=user).select_related("union").order_by("-pk").first()
    return newest.union.path if newest else ""
