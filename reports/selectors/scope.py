"""Whose dashboard a viewer may open, and what stands above and below it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, Subquery

from campaigns.models import Campaign, CampaignQuerySet, Target
from reports.selectors.marks import with_drifts
from unions.models import Union, UnionQuerySet
from unions.scope import Actor, access, grants_of, scope_filter

PERMISSION = "dashboard.view"
# Nobody is appointed at so many unions; it bounds the switcher for an operator of many trees.
MAX_HOME_UNIONS = 100


def begins_at(actor: Actor) -> Q:
    """The unions at which the viewer's sight begins. The viewer must hold the permission."""
    grants = grants_of(actor, PERMISSION)
    # An operator's grant is the empty path: everything, beginning at the tops of the tree.
    if any(grant.path == "" for grant in grants):
        return Q(parent__isnull=True)
    return Q(path__in=[grant.path for grant in grants])


def by_height(unions: Iterable[Union]) -> list[Union]:
    """The highest first; ``unions`` come with their kinds."""
    return sorted(unions, key=lambda union: (union.kind.level, union.path.count("/"), union.path))


def home_unions(actor: Actor) -> list[Union]:
    """The unions at which the viewer's sight begins, the highest first."""
    if not grants_of(actor, PERMISSION):
        return []
    rows = Union.objects.select_related("kind").filter(begins_at(actor))
    return by_height(rows[:MAX_HOME_UNIONS])


def dashboard_union(actor: Actor, pk: object, **along: Subquery) -> Union:
    """The union with key ``pk``, with its drifts and what else comes ``along``. Raises Http404
    where the viewer may not see its dashboard."""
    rows = with_drifts(Union.objects.select_related("kind", "region")).annotate(**along)
    return access(rows, pk, actor=actor, permission=PERMISSION)


def ids_on_path(path: str) -> list[int]:
    """The keys in a path, the top first ("1/23/" → [1, 23])."""
    return [int(key) for key in path.split("/") if key]


def visible_subtree(actor: Actor, union: Union) -> UnionQuerySet:
    """``union`` and what the viewer may see below it."""
    return Union.objects.visible_to(actor, PERMISSION).under(union)


def visible_campaigns(actor: Actor) -> CampaignQuerySet:
    """Published and closed campaigns that concern the viewer.

    Those owned in the viewer's scope, and those of a union above it that set a target inside it.
    """
    owned = scope_filter(actor, PERMISSION, "owner__path")
    if owned is None:
        return Campaign.objects.none()
    above = {key for grant in grants_of(actor, PERMISSION) for key in ids_on_path(grant.path)[:-1]}
    target_here = Target.objects.visible_to(actor, PERMISSION).filter(
        indicator__campaign=OuterRef("pk")
    )
    return Campaign.objects.public().filter(
        owned | (Q(owner_id__in=above) & Q(Exists(target_here)))
    )
