"""Which unions the public can join online, by place and name."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Case, IntegerField, Q, Value, When

from core.clock import local_today
from core.normalising import normalise_text
from members.enums import JoinChannel
from members.models import JoinCode
from members.models.join_code import JoinCodeQuerySet
from reference.codes import parent_code
from reference.enums import RegionLevel
from reference.models import Region
from reference.selectors import within
from unions.enums import UnionStatus
from unions.models import Union

MOST_RESULTS = 20

# Codes made for a platform's app, a collective registration and the like are not for everybody.
PUBLIC_CHANNELS = (JoinChannel.QR, JoinChannel.ONLINE)


class OpenUnion(NamedTuple):
    """A union that takes applications, and the code that leads to its form."""

    union: Union
    code: str


def public_codes() -> JoinCodeQuerySet:
    """The codes through which anybody may apply today."""
    return JoinCode.objects.usable_on(local_today()).filter(
        union__status=UnionStatus.ACTIVE, channel__in=PUBLIC_CHANNELS
    )


def online_first() -> Case:
    """An order in which a code made for joining online comes before the code of a sign.

    The way of joining stays with the membership for good.
    """
    return Case(
        When(channel=JoinChannel.ONLINE, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )


def open_counties() -> list[Region]:
    """The counties (or larger regions, for unions above them) that have an open union, by code."""
    regions = (
        public_codes()
        .filter(union__region__isnull=False)
        .order_by()
        .values_list("union__region_id", "union__region__level")
        .distinct()
    )
    codes = {_county_of(code, level) for code, level in regions}
    return list(Region.objects.filter(code__in=codes).order_by("code"))


def find_open_unions(text: str, county: str) -> tuple[list[OpenUnion], bool]:
    """At most MOST_RESULTS unions in the subtree of region `county` ("" for everywhere) whose name
    or region holds every word of `text`, and whether there are more. One query."""
    codes = public_codes().select_related("union__region")
    if county:
        codes = codes.filter(within(county, through="union__region"))
    for word in normalise_text(text).split():
        codes = codes.filter(
            Q(union__name__icontains=word)
            | Q(union__short_name__icontains=word)
            | Q(union__region__full_name__icontains=word)
        )
    # One code per union.
    found = list(
        codes.order_by("union__path", online_first(), "id").distinct("union__path")[
            : MOST_RESULTS + 1
        ]
    )
    results = [OpenUnion(code.union, code.code) for code in found[:MOST_RESULTS]]
    return results, len(found) > MOST_RESULTS


def _county_of(code: str, level: int) -> str:
    while level > RegionLevel.COUNTY and (above := parent_code(code)) is not None:
        code, level = above, level - 1
    return code
