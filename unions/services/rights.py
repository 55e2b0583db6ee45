"""What an actor must hold to change the tree, and taking hold of what is to be changed."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import RuleViolation
from core.normalising import normalise_text
from unions.enums import UnionStatus
from unions.models import Union
from unions.scope import Actor, can, can_below, grants_of


def ensure_may_write(actor: Actor, union: Union) -> None:
    """Raise RuleViolation (field ``parent``) unless ``actor`` may change ``union``.

    ``actor`` None is the system.
    """
    if actor is not None and not can(actor, "unions.change", union):
        raise RuleViolation(
            _("This union is not in your scope."), field="parent", code="out_of_scope"
        )


def ensure_may_write_below(actor: Actor, parent: Union | None) -> None:
    """Raise RuleViolation unless what is put under ``parent`` stays in the scope of ``actor``.

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


def ensure_may_close(actor: Actor, union: Union) -> None:
    """Raise RuleViolation unless ``actor`` holds the rights at ``union`` and at the one above it.

    The union above approves a dissolution (Trade Union Law art. 13, Constitution art. 16); at the
    top of the tree only an operator may. ``actor`` None is the system.
    """
    if actor is None:
        return
    ensure_may_write(actor, union)
    if union.parent is None:
        allowed = isinstance(actor, User) and actor.is_superuser
    else:
        allowed = can(actor, "unions.change", union.parent)
    if not allowed:
        raise RuleViolation(
            _("A union is dissolved with the approval of the union above it."), code="not_above"
        )


def may_close(actor: Actor, union: Union) -> bool:
    """Would ``ensure_may_close`` let ``actor`` pass?"""
    try:
        ensure_may_close(actor, union)
    except RuleViolation:
        return False
    return True


def may_rearrange(actor: Actor, union: Union) -> bool:
    """May ``actor`` change ``union`` and what stands below some union, so as to move it there?"""
    reaches_below = any(grant.below for grant in grants_of(actor, "unions.change"))
    return reaches_below and can(actor, "unions.change", union)


def lock_standing(*unions: Union) -> list[Union]:
    """The rows as they are now, locked, in the order given; the tree is locked before.

    Raises RuleViolation (code ``dissolved``) if one of them has been dissolved.
    """
    # Not FOR UPDATE: whoever enrols a member at this moment refers to the row, and is waited for.
    rows = (
        Union.objects.select_for_update(of=("self",), no_key=True)
        .select_related("kind", "parent")
        .filter(pk__in=[union.pk for union in unions])
        .order_by("pk")
    )
    found = {row.pk: row for row in rows}
    locked = [found[union.pk] for union in unions]
    for union in locked:
        if union.status == UnionStatus.DISSOLVED:
            raise RuleViolation(
                _("“%(union)s” has been dissolved.") % {"union": union}, code="dissolved"
            )
    return locked


def clean_reason(reason: str) -> str:
    """The reason as kept. Raises RuleViolation (field ``reason``) without one."""
    clean = normalise_text(reason)[:200]
    if not clean:
        raise RuleViolation(_("Say why."), field="reason", code="required")
    return clean
