"""Which entries of the ledger make a figure of people, and which came too late for it.

*Published*: an entry counts from the day it was posted on. *Known now*: from its own day. A stock
is that of the unions that stood below on the day; a joining belongs to where its union stood when
it counted.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce

from members.models import MembershipEvent
from reports.models import LatePosting, UnpostedEntry
from reports.models.counts import Metric
from reports.selectors.days import eve
from unions.history import with_path_on
from unions.models import PastPath, Union

if TYPE_CHECKING:
    from reports.selectors.rows import Figure

# Figures made of people → what an entry of the ledger adds to them.
PERSON_CHANGES = {
    Metric.MEMBERS: F("active_change"),
    Metric.RETAINED: F("retained_change"),
    Metric.JOINED: F("joined_change") - F("rejoined_change"),
    Metric.REJOINED: F("rejoined_change"),
}
# Sums over time: each entry belongs to where its union stood then. The others are stocks.
FLOWS = (Metric.JOINED, Metric.REJOINED, Metric.UNIONS_FOUNDED)

Entries = QuerySet[MembershipEvent, Any]
_WAITING = Exists(UnpostedEntry.objects.filter(event=OuterRef("pk")))
_LATE = Exists(LatePosting.objects.filter(event=OuterRef("pk")))


def published_entries(entries: Entries, figure: Figure) -> Entries:
    """Those of ``entries`` that make the published figure, with what each ``adds`` to it."""
    entries = entries.filter(~_WAITING)
    before = _posted_by(eve(figure.since)) if figure.since else None
    if not figure.anything_moved:
        entries = entries.filter(_posted_by(figure.day), _below_now(figure))
        return _adding(entries.exclude(before) if before else entries, figure)
    if figure.metric in FLOWS:
        entries = _with_places(entries.filter(_posted_by(figure.day)))
        entries = entries.filter(passes("path_posted", figure.union))
        return _adding(entries.exclude(before) if before else entries, figure)
    now = _posted_by(figure.day) & _below(figure, figure.day)
    if before is None or figure.since is None:
        return _adding(entries.filter(now), figure)
    # A stock also changes by unions that came or went with their members.
    before &= _below(figure, eve(figure.since))
    return _adding(entries.filter(now | before), figure, _one_if(now) - _one_if(before))


def late_entries(entries: Entries, figure: Figure) -> Entries:
    """Those of ``entries`` by which the figure known now differs from the published one.

    Recorded when a day of the figure was out already, whether posted since or waiting for its
    night. What they add up to is known − published.
    """
    entries = entries.filter(_WAITING | _LATE)
    if figure.anything_moved and figure.metric in FLOWS:
        entries = _with_places(entries)
    known, published = _known(figure, figure.day), _published(figure, figure.day)
    sign = _one_if(known) - _one_if(published)
    touched = known | published
    if figure.since is not None:
        known_before = _known(figure, eve(figure.since))
        published_before = _published(figure, eve(figure.since))
        sign = sign - _one_if(known_before) + _one_if(published_before)
        touched |= known_before | published_before
    return _adding(entries.filter(touched), figure, sign)


def _adding(entries: Entries, figure: Figure, sign: CombinedExpression | None = None) -> Entries:
    adds: Any = PERSON_CHANGES[Metric(figure.metric)]
    return entries.annotate(adds=adds * sign if sign is not None else adds).exclude(adds=0)


def _one_if(condition: Q) -> Case:
    return Case(When(condition, then=1), default=0)


def _posted_by(day: dt.date) -> Q:
    later = LatePosting.objects.filter(event=OuterRef("pk"), day__gt=day)
    return Q(effective_on__lte=day) & Q(~Exists(later))


def _published(figure: Figure, day: dt.date) -> Q:
    return _posted_by(day) & Q(~_WAITING) & _place(figure, day, "path_posted")


def _known(figure: Figure, day: dt.date) -> Q:
    return Q(effective_on__lte=day) & _place(figure, day, "path_effective")


def _place(figure: Figure, day: dt.date, path: str) -> Q:
    if not figure.anything_moved:
        return _below_now(figure)
    if figure.metric in FLOWS:
        return passes(path, figure.union)
    return _below(figure, day)


def passes(path: str, union: Union) -> Q:
    """The path of some day leads to ``union`` or below it, wherever that stood itself then."""
    return Q(**{f"{path}__startswith": f"{union.pk}/"}) | Q(
        **{f"{path}__contains": f"/{union.pk}/"}
    )


def _below_now(figure: Figure) -> Q:
    return Q(union__path__startswith=figure.union.path)


def _below(figure: Figure, day: dt.date) -> Q:
    """At a union that stood below the figure's on ``day``."""
    stood = with_path_on(Union.objects.all(), day).filter(passes("path_on", figure.union))
    return Q(union__in=stood.values("pk"))


def _with_places(entries: Entries) -> Entries:
    """With where the union of each stood when it was posted, and on its own day."""
    late = LatePosting.objects.filter(event=OuterRef("pk")).values("day")

    def path_on(day: str) -> Coalesce:
        then = PastPath.objects.filter(union=OuterRef("union"), until__gte=OuterRef(day))
        return Coalesce(Subquery(then.order_by("until").values("path")[:1]), F("union__path"))

    return entries.annotate(posted_on=Coalesce(Subquery(late), F("effective_on"))).annotate(
        path_posted=path_on("posted_on"), path_effective=path_on("effective_on")
    )
