"""Writing a plain record that a union keeps: permission, lock, constraint, trail in one place.

Used by the services of the apps above for employers, baselines, stations, campaigns and figures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils.translation import gettext as _

from audit.services import changes_between, log
from core.constraints import Refusals, refusing
from core.errors import RuleViolation
from core.normalising import normalise_text
from unions.models import Union
from unions.scope import Actor, ScopedQuerySet, can

RecordT = TypeVar("RecordT", bound=models.Model)


def keeper_of(record: models.Model) -> Union:
    """The union whose scope ``record`` belongs to, along the path of its scoped queryset."""
    rows = type(record)._default_manager.all()
    if not isinstance(rows, ScopedQuerySet):
        raise TypeError(f"{type(record).__name__} belongs to no union")
    *steps, _path = rows.scope_path.split("__")
    keeper: Any = reduce(getattr, steps, record)
    if not isinstance(keeper, Union):
        raise TypeError(f"{rows.scope_path} leads to no union")
    return keeper


def ensure_may(actor: Actor, permission: str, union: Union, *, field: str | None = None) -> None:
    """Raise RuleViolation (``field``) unless ``actor`` holds ``permission`` at ``union``.

    ``actor`` None stands for the system: demo, commands, the night.
    """
    if actor is not None and not can(actor, permission, union):
        raise RuleViolation(_("This union is not in your scope."), field=field, code="out_of_scope")


def insert_record(
    record: RecordT,
    *,
    permission: str,
    action: str,
    actor: Actor,
    refusals: Refusals,
    keeper_field: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> RecordT:
    """Store the new ``record`` with its audit entry. Raises RuleViolation; then nothing is written.

    ``keeper_field`` is where the refusal stands if the record's union is out of scope.
    """
    with transaction.atomic():
        keeper = keeper_of(record)
        ensure_may(actor, permission, keeper, field=keeper_field)
        with refusing(refusals):
            record.save(force_insert=True)
        log(actor, action, record, details or {}, union_path=keeper.path)
    return record


def change_record(
    record: RecordT,
    changes: Mapping[str, Any],
    *,
    permission: str,
    action: str,
    actor: Actor,
    refusals: Refusals,
    keeper_field: str | None = None,
) -> RecordT:
    """Set ``changes`` on the locked row and log what differs. Raises RuleViolation.

    Both the union that kept the record and the one that keeps it afterwards must be in scope.
    Returns the row as stored; changes that change nothing write nothing.
    """
    with transaction.atomic():
        rows = type(record)._default_manager.select_for_update(of=("self",))
        locked = rows.get(pk=record.pk)
        ensure_may(actor, permission, keeper_of(locked), field=keeper_field)
        before = {name: getattr(locked, name) for name in changes}
        differing = {name: value for name, value in changes.items() if before[name] != value}
        if not differing:
            return locked
        for name, value in differing.items():
            setattr(locked, name, value)
        keeper = keeper_of(locked)
        ensure_may(actor, permission, keeper, field=keeper_field)
        with refusing(refusals):
            locked.save(update_fields=list(differing))
        log(
            actor,
            action,
            locked,
            changes_between({name: before[name] for name in differing}, differing),
            union_path=keeper.path,
        )
    return locked


def required_text(text: str, field: str) -> str:
    """``text`` as one clean line. Raises RuleViolation (``field``) when nothing is left of it."""
    clean = normalise_text(text)
    if not clean:
        raise RuleViolation(_("This must be filled in."), field=field, code="required")
    return clean


def refuse_unknown(given: Collection[str], known: Collection[str]) -> None:
    """Raise TypeError for a field that a service does not write: a mistake of the caller."""
    if unknown := set(given) - set(known):
        raise TypeError(f"not a field: {sorted(unknown)}")
