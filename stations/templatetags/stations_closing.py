"""Stations on the page of a union that ended: the apps below cannot ask for them themselves."""

from __future__ import annotations

from typing import Any

from django import template

from stations.models import Station
from stations.selectors import successor_of
from unions.models import Union
from unions.scope import can

register = template.Library()


@register.inclusion_tag("admin/stations/_left_behind.html", takes_context=True)
def stations_left_behind(context: template.Context, union: Union) -> dict[str, Any]:
    """How many stations still stand with ``union``, and who may move them to its successor."""
    user = context["request"].user
    into = successor_of(union)
    return {
        "union": union,
        "into": into,
        "left": Station.objects.of_union(union).count(),
        "may_move": into is not None
        and can(user, "stations.change", union)
        and can(user, "stations.change", into),
        "csrf_token": context.get("csrf_token"),
    }
