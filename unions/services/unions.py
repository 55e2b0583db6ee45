"""Registering unions, changing their records, moving them in the tree."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from audit.services import changes_between, log
from core.errors import RuleViolation
from core.normalising import normalise_name
from unions import tree
from unions.enums import UnionStatus
from unions.models import Union, UnionKind
from unions.scope import Actor
from unions.services.rights import (
    clean_reason,
    ensure_may_write,
    ensure_may_write_below,
    lock_standing,
)

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
        ensure_may_write_below(actor, parent)
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
        ensure_may_write(actor, locked)
        if changes.get("status") == UnionStatus.DISSOLVED != locked.status:
            raise RuleViolation(
                _("Dissolving a union is an act of its own."), field="status", code="dissolving"
            )
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
            _hang(locked, parent, actor)
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


def move_union(union: Union, *, to_parent: Union | None, reason: str, actor: Actor) -> Union:
    """Hang ``union`` with all below it under ``to_parent`` from today on; past days stay.

    The actor must reach ``union`` and everything below ``to_parent``. Raises RuleViolation beside
    ``reason`` (missing) or ``parent`` (``same_parent``, out of scope, and as ``tree.move``).
    """
    reason = clean_reason(reason)
    with transaction.atomic():
        tree.lock_tree()
        (locked,) = lock_standing(union)
        check_move(locked, to_parent, actor=actor)
        old_parent, old_path = locked.parent_id, locked.path
        count = _hang(locked, to_parent, actor)
        data = {"parent_id": [old_parent, locked.parent_id], "reason": reason, "unions": count}
        # In the trail of both places: each may ask where it went, or came from.
        log(actor, "union.moved", locked, data, union_path=old_path)
        log(actor, "union.arrived", locked, data, union_path=locked.path)
    union.refresh_from_db()
    return union


def check_move(union: Union, to_parent: Union | None, *, actor: Actor) -> None:
    """Raise RuleViolation as ``move_union`` does, but for the reason."""
    ensure_may_write(actor, union)
    ensure_may_write_below(actor, to_parent)
    if (to_parent.pk if to_parent else None) == union.parent_id:
        raise RuleViolation(_("It stands there already."), field="parent", code="same_parent")
    tree.ensure_may_hang(union, to_parent)
    ensure_name_free(union.name, to_parent, but=union)


def _hang(locked: Union, parent: Union | None, actor: Actor) -> int:
    ensure_may_write_below(actor, parent)
    return tree.move(locked, parent)


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


def _ensure_code_free(code: str, *, but: Union | None = None) -> None:
    rows = Union.objects.filter(code=code)
    if but is not None:
        rows = rows.exclude(pk=but.pk)
    if code and rows.exists():
        raise RuleViolation(_("This code is taken."), field="code", code="duplicate")


def _refuse_unknown(details: dict[str, Any]) -> None:
    if unknown := set(details) - set(DETAIL_FIELDS):
        raise TypeError(f"not a detail of a union: {sorted(unknown)}")
