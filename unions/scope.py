"""The security model: what an actor may see, for lists, objects, figures, exports, API and jobs.

There is one implementation. Every queryset of scoped rows derives from ``ScopedQuerySet`` and
starts from ``visible_to(actor)``; single objects are fetched by ``access``. What is out of scope
does not exist: 404.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, models
from django.db.models import Q
from django.http import Http404

from accounts.models import User
from core.clock import local_today
from unions.permissions import POLICY, Extent, roles_with

if TYPE_CHECKING:
    from unions.models import Union

Actor = User | AnonymousUser | None
ModelT = TypeVar("ModelT", bound=models.Model)


class Grant(NamedTuple):
    """One piece of scope: a tree path and whether it reaches below it."""

    path: str
    below: bool


def grants_of(actor: Actor, permission: str | None = None) -> list[Grant]:
    """Where ``actor`` holds ``permission`` today (any role's reach when None).

    Anonymous and inactive users hold nothing. A superuser (operator of the system) holds
    everything. Answers are kept on the user object for the life of the request.
    """
    if not isinstance(actor, User) or not actor.is_active:
        return []
    if actor.is_superuser:
        return [Grant("", True)]
    kept: dict[str | None, list[Grant]] = actor.__dict__.setdefault("_grants", {})
    if permission not in kept:
        kept[permission] = _read_grants(actor, permission)
    return kept[permission]


def reach_of(actor: Actor) -> str:
    """All that decides what ``actor`` may see today, as text: alike for whoever sees the same."""
    if not isinstance(actor, User) or not actor.is_active:
        return ""
    return "*" if actor.is_superuser else repr(sorted(_appointed(actor)))


def _read_grants(actor: User, permission: str | None) -> list[Grant]:
    roles = roles_with(permission)
    found = {
        Grant(path, POLICY[role][0] is Extent.BELOW)
        for path, role in _appointed(actor)
        if path and role in roles
    }
    # A path under another granted subtree adds nothing but SQL.
    return sorted(
        g for g in found if not any(o.below and o != g and g.path.startswith(o.path) for o in found)
    )


def _appointed(actor: User) -> list[tuple[str, str]]:
    """Tree path and role of each appointment in force: read once, asked about many permissions."""
    from unions.models.appointment import APPOINTED_SQL

    if "_appointed" not in actor.__dict__:
        # From the database itself, also where figures are read from a replica.
        with connection.cursor() as cursor:
            cursor.execute(APPOINTED_SQL, {"user": actor.pk, "day": local_today()})
            actor.__dict__["_appointed"] = cursor.fetchall()
    kept: list[tuple[str, str]] = actor.__dict__["_appointed"]
    return kept


def scope_filter(actor: Actor, permission: str | None, field: str) -> Q | None:
    """A condition on ``field`` (a tree path) for ``actor``; None when nothing is visible."""
    grants = grants_of(actor, permission)
    if not grants:
        return None
    conditions = [
        Q(**{f"{field}__startswith": g.path}) if g.below else Q(**{field: g.path}) for g in grants
    ]
    return reduce(or_, conditions)


class ScopedQuerySet(models.QuerySet[ModelT]):
    """A queryset whose rows belong to a union; subclasses name the path field."""

    scope_path = "union__path"

    def visible_to(self, actor: Actor, permission: str | None = None) -> Self:
        """The rows in the actor's scope, of those the queryset holds."""
        condition = scope_filter(actor, permission, self.scope_path)
        return self.none() if condition is None else self.filter(condition)


def can(actor: Actor, permission: str, union: Union | None = None) -> bool:
    """Does ``actor`` hold ``permission`` at ``union`` (anywhere at all when None)?"""
    grants = grants_of(actor, permission)
    if union is None:
        return bool(grants)
    return any(union.path.startswith(g.path) if g.below else union.path == g.path for g in grants)


def can_any(actor: Actor, permissions: frozenset[str]) -> bool:
    """Does ``actor`` hold one of ``permissions`` anywhere at all?"""
    if not isinstance(actor, User) or not actor.is_active:
        return False
    return actor.is_superuser or any(
        path and POLICY[role][1] & permissions for path, role in _appointed(actor)
    )


def can_below(actor: Actor, permission: str, union: Union) -> bool:
    """Does ``actor`` hold ``permission`` at ``union`` and at every union below it?

    Then what is put under ``union`` stays in the actor's scope; with ``can`` alone it may not.
    """
    return any(g.below and union.path.startswith(g.path) for g in grants_of(actor, permission))


def access(
    queryset: ScopedQuerySet[ModelT],
    pk: object,
    *,
    actor: Actor,
    permission: str | None = None,
    for_update: bool = False,
) -> ModelT:
    """The row with key ``pk`` in the actor's scope, locked when ``for_update``.

    Raises Http404 when it does not exist or is out of scope: the two are told apart nowhere.
    """
    rows = queryset.visible_to(actor, permission)
    if for_update:
        rows = rows.select_for_update(of=("self",))
    try:
        return rows.get(pk=pk)
    except (ObjectDoesNotExist, ValueError, TypeError) as error:
        raise Http404 from error
