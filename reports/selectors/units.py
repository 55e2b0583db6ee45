"""The units behind an establishment rate: which of them had a union."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, Q, QuerySet

from reports.models import CountedEmployer
from reports.selectors.scope import PERMISSION
from unions.history import paths_on
from unions.models import Union
from unions.scope import Actor


def units_behind(actor: Actor, union: Union, day: dt.date) -> QuerySet[CountedEmployer, Any]:
    """The units kept in the subtree of ``union`` on ``day``, in the viewer's scope, by name.

    As the night of the day found them: ``covering_union``, ``is_covered``, ``staff_count`` are of
    that day; name, region and keeper of the ``employer`` are those of today.
    """
    path = paths_on(Union.objects.filter(pk=union.pk), day)[union.pk]
    return (
        CountedEmployer.objects.visible_to(actor, PERMISSION)
        .on_day(day)
        # A range of the index on paths: "0" follows the separator.
        .filter(path__gte=path, path__lt=path.rstrip("/") + "0")
        .select_related("covering_union", "employer__keeper", "employer__region")
        .order_by("employer__name", "employer_id")
    )


def sums_of(units: QuerySet[CountedEmployer, Any]) -> dict[str, int]:
    """How many ``units`` there are, and how many of them are ``covered``."""
    return units.order_by().aggregate(
        units=Count("pk"), covered=Count("pk", filter=Q(is_covered=True))
    )
