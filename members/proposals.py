"""Memberships somebody should look at. A proposal is a list: nothing ends or changes by itself.

The Constitution of the Chinese trade unions (art. 7) counts six months without dues or activity as
leaving, after education in vain. Nobody is put out by a program here: what the records give are
hints, and an official decides one by one. Activity is not recorded yet and so gives no hint.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.clock import local_today
from members.enums import ChangeReason, EventType, MembershipStatus
from members.models import Membership, MembershipEvent
from unions.enums import UnionStatus

POOL_DAYS = 183
RETAINED_DAYS = 365
_MALE, _FEMALE = "1", "2"

PROPOSALS = {
    "retirement": _("retirement age passed"),
    "pool": _("over six months in the holding pool"),
    "retained": _("retained without work for over a year"),
    "union": _("union no longer stands"),
}


def proposed(
    memberships: QuerySet[Membership], kind: str, today: dt.date | None = None
) -> QuerySet[Membership]:
    """Of ``memberships`` the open ones that give this hint (a key of ``PROPOSALS``)."""
    today = today or local_today()
    rows = memberships.filter(ended_on=None)
    if kind == "retirement":
        reached = Q(member__sex=_MALE, member__birth_date__lte=born_by(today, female=False)) | Q(
            member__sex=_FEMALE, member__birth_date__lte=born_by(today, female=True)
        )
        return rows.filter(reached, status=MembershipStatus.ACTIVE)
    if kind == "pool":
        return rows.filter(
            union__kind="holding_pool", started_on__lt=today - dt.timedelta(days=POOL_DAYS)
        )
    if kind == "retained":
        since = MembershipEvent.objects.filter(
            membership=OuterRef("pk"),
            type=EventType.RETAINED,
            corrections=None,
            effective_on__gte=today - dt.timedelta(days=RETAINED_DAYS),
        )
        retired = MembershipEvent.objects.filter(
            membership=OuterRef("pk"), type=EventType.RETAINED, reason=ChangeReason.RETIRED
        )
        return rows.filter(~Exists(since), ~Exists(retired), status=MembershipStatus.RETAINED)
    if kind == "union":
        return rows.exclude(union__status=UnionStatus.ACTIVE)
    raise KeyError(kind)


def retires_on(born: dt.date, *, female: bool) -> dt.date:
    """The statutory retirement day under the decision of 13 September 2024, raised step by step.

    Men: 60 years, one month more for every four months of birth from January 1965, at most 63.
    Women: 55 years, likewise from January 1970, at most 58. Women workers may retire from 50 (later
    55); the record does not tell them apart, so the later age is taken.
    """
    first_year, years = (1970, 55) if female else (1965, 60)
    months_after = (born.year - first_year) * 12 + born.month - 1
    delay = min(36, months_after // 4 + 1) if months_after >= 0 else 0
    months = born.year * 12 + born.month - 1 + years * 12 + delay
    return dt.date(months // 12, months % 12 + 1, min(born.day, 28))


def born_by(today: dt.date, *, female: bool) -> dt.date:
    """Who was born on this day or before has reached the retirement age by ``today``."""
    day = today.replace(year=today.year - (58 if female else 63), day=1)
    # Later births retire later, so the first month that has not is the end.
    while retires_on(_next_month(day), female=female) <= today.replace(day=1):
        day = _next_month(day)
    return _next_month(day) - dt.timedelta(days=1)


def _next_month(day: dt.date) -> dt.date:
    return (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
