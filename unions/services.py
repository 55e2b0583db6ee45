"""Writes on unions, coverage and appointments."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import changes_between, log
from core.errors import RuleViolation
from core.normalising import normalise_name
from unions import tree
from unions.enums import UnionStatus
from unions.models import Appointment, Union, UnionCoverage, UnionKind
from unions.scope import Actor, can, can_below

# Plain fields an official fills in. Name, kind and parent follow rules of their own.
DETAIL_FIELDS = (
    "short_name", "region", "code", "uscc", "status", "mode", "strategy", "driver", "channel",
    "is_nef", "approval_number", "prepared_on", "founded_on", "term_ends_on", "contact_name",
    "contact_phone", "address",
)  # fmt: skip


def create_union(
    *,
    name: str,
    kind: UnionKind,
    parent: Union | None,
    actor: Actor,
    is_demo: bool = False,
    **details: Any,
) -> Union:
    """Register a union under ``parent`` and return it.

    Raises RuleViolation beside the field: illegal or dissolved parent, parent below which the
    actor's scope does not reach, name taken under that parent, code taken. ``actor`` None stands
    for the system (demo, commands). Founding needs the approval of the union one level up (Trade
    Union Law art. 12): its number is recorded, not judged.
    """
    _refuse_unknown(details)
    union = Union(name=_clean_name(name), kind=kind, parent=parent, is_demo=is_demo, **details)
    with transaction.atomic():
        _ensure_may_write_below(actor, parent)
        tree.lock_tree()
        ensure_name_free(union.name, parent)
        _ensure_code_free(union.code)
        tree.attach(union)
        log(
            actor,
            "union.created",
            union,
            {"kind": kind.pk, "parent": parent.pk if parent else None},
            union_path=union.path,
        )
    return union


def update_union(union: Union, *, actor: Actor, **changes: Any) -> Union:
    """Change fields of ``union``; a changed ``parent`` moves the subtree.

    Accepts ``name``, ``kind``, ``parent`` and the detail fields. Raises RuleViolation beside the
    field as ``create_union`` does; then nothing is written.
    """
    moving = "parent" in changes
    parent = changes.pop("parent", None)
    kind = changes.pop("kind", None)
    name = changes.pop("name", None)
    _refuse_unknown(changes)
    with transaction.atomic():
        tree.lock_tree()
        locked = Union.objects.select_for_update(of=("self",)).get(pk=union.pk)
        _ensure_may_write(actor, locked)
        before = {key: getattr(locked, key) for key in (*changes, "name", "kind_id", "parent_id")}
        for key, value in changes.items():
            setattr(locked, key, value)
        if name is not None:
            locked.name = _clean_name(name)
        if kind is not None and kind.pk != locked.kind_id:
            tree.ensure_children_stay_legal(locked, kind.pk)
            locked.kind = kind
            tree.ensure_legal_parent(kind.pk, parent if moving else locked.parent)
        target = parent if moving else locked.parent
        ensure_name_free(locked.name, target, but=locked)
        _ensure_code_free(locked.code, but=locked)
        locked.save()
        if moving and (parent.pk if parent else None) != before["parent_id"]:
            _ensure_may_write_below(actor, parent)
            tree.move(locked, parent)
        after = {key: getattr(locked, key) for key in before}
        log(
            actor,
            "union.updated",
            locked,
            changes_between(before, after),
            union_path=locked.path,
        )
    union.refresh_from_db()
    return union


def _clean_name(name: str) -> str:
    """The name without what nobody sees, so that two that look alike are alike."""
    clean = normalise_name(name)
    if not clean:
        raise RuleViolation(_("This must be filled in."), field="name", code="required")
    return clean


def ensure_name_free(name: str, parent: Union | None, *, but: Union | None = None) -> None:
    """Raise RuleViolation (field ``name``) if a sibling that is not dissolved bears ``name``."""
    rows = Union.objects.filter(parent=parent, name=name).exclude(status=UnionStatus.DISSOLVED)
    if but is not None:
        rows = rows.exclude(pk=but.pk)
    if rows.exists():
        raise RuleViolation(
            _("A union of this name is already registered under the same parent."),
            field="name",
            code="duplicate",
        )


def cover_union(covering: Union, covered: Union, *, since: dt.date, actor: Actor) -> UnionCoverage:
    """Record that ``covering`` covers ``covered`` from ``since`` on. Raises RuleViolation."""
    with transaction.atomic():
        _ensure_may_write(actor, covering)
        try:
            with transaction.atomic():
                coverage = UnionCoverage.objects.create(
                    covering=covering, covered=covered, since=since
                )
        except IntegrityError as error:
            raise RuleViolation(
                _("This union is covered already."), field="covered", code="duplicate"
            ) from error
        log(
            actor,
            "union.covered",
            covering,
            {"covered": covered.pk, "since": since.isoformat()},
            union_path=covering.path,
        )
    return coverage


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


def _ensure_may_write(actor: Actor, union: Union) -> None:
    """``actor`` None is the system."""
    if actor is not None and not can(actor, "unions.change", union):
        raise RuleViolation(
            _("This union is not in your scope."), field="parent", code="out_of_scope"
        )


def _ensure_may_write_below(actor: Actor, parent: Union | None) -> None:
    """What is put under ``parent`` must stay in the scope of ``actor``.

    ``actor`` None is the system; only an operator may write at the top of the tree.
    """
    if actor is None:
        return
    if parent is None:
        if not (isinstance(actor, User) and actor.is_superuser):
            raise RuleViolation(_("Choose a parent union."), field="parent", code="required")
    elif not can_below(actor, "unions.change", parent):
        raise RuleViolation(
            _("Your scope does not reach below this union."), field="parent", code="out_of_scope"
        )


def _ensure_code_free(code: str, *, but: Union | None = None) -> None:
    rows = Union.objects.filter(code=code)
    if but is not None:
        rows = rows.exclude(pk=but.pk)
    if code and rows.exists():
        raise RuleViolation(_("This code is taken."), field="code", code="duplicate")


def _refuse_unknown(details: dict[str, Any]) -> None:
    if unknown := set(details) - set(DETAIL_FIELDS):
        raise TypeError(f"not a detail of a union: {sorted(unknown)}")
