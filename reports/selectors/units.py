"""The units behind an establishment rate: which of them have a union."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Case, Count, Q, QuerySet, Value, When

from enterprises.models import Employer
from reports.selectors.scope import PERMISSION
from unions.enums import UnionStatus
from unions.models import Union
from unions.scope import Actor


def units_behind(
    actor: Actor, union: Union, day: dt.date, *, covered: bool | None = None
) -> QuerySet[Employer, Any]:
    """The units kept in the subtree of ``union``, in the viewer's scope, by name.

    ``is_covered``: the union that covers a unit today stood on ``day``, as the rate counts.
    ``covered`` leaves the others out.
    """
    rows = (
        Employer.objects.visible_to(actor, PERMISSION)
        .filter(keeper__path__startswith=union.path)
        .annotate(is_covered=Case(When(_stood(day), then=Value(True)), default=Value(False)))
        .select_related("covering_union", "keeper", "region")
        .order_by("name", "pk")
    )
    return rows if covered is None else rows.filter(is_covered=covered)


def sums_of(units: QuerySet[Employer, Any], day: dt.date) -> dict[str, int]:
    """How many ``units`` there are, and how many of them are ``covered`` on ``day``."""
    return units.order_by().aggregate(units=Count("pk"), covered=Count("pk", filter=_stood(day)))


def _stood(day: dt.date) -> Q:
    """As ``UnionQuerySet.standing_on``, of the covering union."""
    return (
        Q(covering_union__isnull=False)
        & ~Q(covering_union__status=UnionStatus.PREPARING)
        & (Q(covering_union__founded_on__isnull=True) | Q(covering_union__founded_on__lte=day))
        & (Q(covering_union__closed_on__isnull=True) | Q(covering_union__closed_on__gt=day))
    )
