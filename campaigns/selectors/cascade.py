"""A proposal how a target is shared among the unions directly below; nothing is written."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection, models
from django.utils.translation import gettext as _, gettext_lazy

from campaigns.cascade import divide
from campaigns.models import Metric, Target, Unit
from core.clock import local_today
from core.errors import RuleViolation
from enterprises.baselines import baselines_of
from reference.models import GroupSet
from unions.enums import UnionStatus
from unions.kinds import HOLDING_POOL
from unions.models import Union, UnionQuerySet


class CascadeBy(models.TextChoices):
    """What the shares follow."""

    BASELINE = "baseline", gettext_lazy("workforce baseline")
    LAST_YEAR = "last_year", gettext_lazy("last year's result")
    EVENLY = "evenly", gettext_lazy("evenly")
    BY_HAND = "by_hand", gettext_lazy("by hand")


@dataclass(frozen=True)
class Share:
    """What one union would get.

    ``weight`` is what it was reckoned by (workers, new members a year before; None: not known),
    ``source`` the day and paper of a baseline. ``existing`` is its target today. ``value`` None:
    nothing, until somebody enters it. ``is_kept``: it stays as it is, and so does one that was
    withdrawn, which has no value.
    """

    union: Union
    weight: int | None
    source: str
    existing: Target | None
    value: Decimal | None
    is_kept: bool
    is_withdrawn: bool = False


@dataclass(frozen=True)
class Proposal:
    """The shares of ``target`` with their sum; ``without`` are those nothing is known of."""

    target: Target
    by: CascadeBy
    shares: list[Share]
    without: list[Union] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """Sum of what stands and what is proposed."""
        return sum((share.value for share in self.shares if share.value is not None), Decimal(0))


def children_to_share(target: Target) -> UnionQuerySet:
    """The unions directly below the target's that have not been dissolved; a pool of members is
    none."""
    rows = Union.objects.filter(parent=target.union).exclude(status=UnionStatus.DISSOLVED)
    rows = rows.exclude(kind=HOLDING_POOL)
    return rows.select_related("kind").order_by("kind__level", "code", "name", "pk")


def existing_targets(target: Target) -> dict[int, Target]:
    """By union: what the unions below have for the same indicator and period, withdrawn or not."""
    rows = Target.objects.filter(
        union__parent=target.union,
        indicator=target.indicator,
        period_start=target.period_start,
        period_end=target.period_end,
    ).select_related("union")
    return {row.union_id: row for row in rows}


def propose(
    target: Target,
    *,
    by: CascadeBy,
    kind: str = "",
    replaces: bool = False,
    group_set: GroupSet | None = None,
    day: dt.date | None = None,
) -> Proposal:
    """Share ``target`` among the children of its union, of ``kind`` only if one is given.

    Without ``replaces`` the targets that exist are kept, and what is left of the target after them
    is shared among the others; the sum is the target's. With it, a union nothing is known of keeps
    what it has until another value is entered. A target that was withdrawn stays so; that of a
    union that was dissolved counts until it is withdrawn. Baselines are the newest up to ``day``
    (default today) of ``group_set`` (default the indicator's). A ratio is copied. Raises
    RuleViolation (``by``) where nothing is known to go by, or what has been set below exceeds the
    target.
    """
    children = list(children_to_share(target))
    existing = existing_targets(target)
    held = {pk: row for pk, row in existing.items() if row.withdrawn_on is None}
    free = [
        child
        for child in children
        if (not kind or child.kind_id == kind)
        and (child.pk not in existing or (replaces and child.pk in held))
    ]
    weights, sources = _weights(target, by, children, group_set, day or local_today())
    values = _values(target, by, free, weights, held)
    freed = {child.pk for child in free}
    shown = {child.pk for child in children}
    gone = [row.union for pk, row in held.items() if pk not in shown]
    shares = []
    for child in (*children, *gone):
        row = held.get(child.pk)
        if child.pk not in freed and child.pk not in existing:
            continue
        value = values.get(child.pk, row.value if row else None)
        shares.append(
            Share(
                child, weights.get(child.pk), sources.get(child.pk, ""), row, value,
                is_kept=child.pk not in freed,
                is_withdrawn=child.pk in existing and row is None,
            )
        )  # fmt: skip
    without = [
        child
        for child in free
        if by != CascadeBy.BY_HAND and child.pk not in values and child.pk not in held
    ]
    return Proposal(target, by, shares, without)


def _weights(
    target: Target,
    by: CascadeBy,
    children: list[Union],
    group_set: GroupSet | None,
    day: dt.date,
) -> tuple[dict[int, int], dict[int, str]]:
    """What is known of each child, and where from; nothing where nothing is divided."""
    if not target.indicator.is_divisible:
        return {}, {}
    if by == CascadeBy.BASELINE:
        usual = target.indicator.group_set_id or target.indicator.campaign.group_set_id
        set_id = group_set.pk if group_set else usual
        if set_id is None:
            raise RuleViolation(
                _("The indicator names no group set: there is no baseline to go by."), field="by"
            )
        found = baselines_of([child.pk for child in children], set_id, day)
        return (
            {pk: baseline.worker_count for pk, baseline in found.items()},
            {pk: f"{base.counted_on.isoformat()} · {base.source}" for pk, base in found.items()},
        )
    if by == CascadeBy.LAST_YEAR:
        if target.indicator.metric != Metric.NEW_MEMBERS:
            raise RuleViolation(_("Last year's result is known for new members only."), field="by")
        results = joined_a_year_before(target)
        return {child.pk: results.get(child.pk, 0) for child in children}, {}
    if by == CascadeBy.EVENLY:
        return {child.pk: 1 for child in children}, {}
    return {}, {}


def _values(
    target: Target,
    by: CascadeBy,
    free: list[Union],
    weights: dict[int, int],
    held: dict[int, Target],
) -> dict[int, Decimal]:
    """The value of each child something is known of."""
    if by == CascadeBy.BY_HAND:
        return {}
    if not target.indicator.is_divisible:
        return {child.pk: target.value for child in free}
    known = [child.pk for child in free if weights.get(child.pk)]
    scale = 100 if target.indicator.unit == Unit.YUAN else 1
    new = set(known)
    kept = sum((row.value for pk, row in held.items() if pk not in new), Decimal(0))
    rest = (target.value - kept) * scale
    if rest < 0:
        raise RuleViolation(
            _("What is kept below comes to more than the target: replace it, or enter by hand."),
            field="by",
            code="exceeded",
        )
    if rest != rest.to_integral_value():
        raise RuleViolation(_("The target cannot be divided exactly."), field="by")
    if rest and free and not known:
        raise RuleViolation(_("Nothing is known to go by: choose another way."), field="by")
    if not known:
        return {}
    parts = divide(int(rest), [weights[pk] for pk in known])
    return {pk: Decimal(part) / scale for pk, part in zip(known, parts, strict=True)}


_A_YEAR_BEFORE = """
    SELECT split_part(substr(u.path, length(%(path)s) + 1), '/', 1)::bigint,
           SUM(e.joined_change - e.rejoined_change)
    FROM members_membershipevent e
    JOIN unions_union u ON u.id = e.union_id
    WHERE u.path LIKE %(below)s
      AND e.effective_on BETWEEN %(first)s AND %(last)s
      AND (%(group_set)s::bigint IS NULL OR e.worker_group_id IN (
          SELECT workergroup_id FROM reference_groupset_groups WHERE groupset_id = %(group_set)s))
    GROUP BY 1
"""


def joined_a_year_before(target: Target) -> dict[int, int]:
    """By child: new members of its subtree in the same days of the year before, never below 0."""
    path = target.union.path
    with connection.cursor() as cursor:
        cursor.execute(
            _A_YEAR_BEFORE,
            {
                "path": path,
                "below": f"{path}_%",
                "first": year_before(target.period_start),
                "last": year_before(target.period_end),
                "group_set": target.indicator.group_set_id,
            },
        )
        return {pk: max(int(count), 0) for pk, count in cursor.fetchall()}


def year_before(day: dt.date) -> dt.date:
    """The same day a year earlier; of 29 February the 28th. Before the first year is nothing: a day
    of it stays itself."""
    if day.year == dt.MINYEAR:
        return day
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
