"""Targets beside those below them, and how they came to be what they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import OuterRef, Q, Subquery

from campaigns.models import Campaign, Indicator, Target, TargetVersion
from campaigns.models.target import TargetVersionQuerySet
from unions.scope import Actor


@dataclass(frozen=True)
class Comparison:
    """A target and those set below it for the same indicator and period.

    Counted is the nearest target on each way down: what stands below such a one is its own affair.
    ``total`` and ``difference`` (total − target) are None where targets do not add up (ratios);
    then ``others`` is how many differ from the target.
    """

    target: Target
    count: int
    total: Decimal | None
    others: int

    @property
    def difference(self) -> Decimal | None:
        """Positive where more is promised below than above."""
        return None if self.total is None else self.total - self.target.value

    @property
    def agrees(self) -> bool:
        """The targets below come to the one above, or nothing is set below."""
        if not self.count:
            return True
        return not self.others if self.difference is None else not self.difference


# All at once: each target with the unions on its way up, and of those with a target the lowest.
_NEAREST = """
    WITH standing AS MATERIALIZED (
        SELECT t.id, t.indicator_id, t.union_id, t.period_start, t.period_end, t.value, u.path
        FROM campaigns_target t JOIN unions_union u ON u.id = t.union_id
        WHERE t.indicator_id = ANY(%(indicators)s) AND t.withdrawn_on IS NULL
    ),
    nearest AS (
        SELECT DISTINCT ON (below.id) above.id, above.indicator_id, above.value AS asked,
            below.value
        FROM standing below
        CROSS JOIN LATERAL unnest(string_to_array(rtrim(below.path, '/'), '/')::bigint[])
            WITH ORDINALITY AS step(union_id, depth)
        JOIN standing above ON above.union_id = step.union_id
            AND above.indicator_id = below.indicator_id
            AND above.period_start = below.period_start AND above.period_end = below.period_end
        WHERE above.id <> below.id
        ORDER BY below.id, step.depth DESC
    )
"""
_BELOW = f"""{_NEAREST}
    SELECT id, COUNT(*), SUM(value), COUNT(*) FILTER (WHERE value <> asked)
    FROM nearest GROUP BY id
"""  # noqa: S608 -- put together of constants alone
# By indicator: targets with others below them; of those, whose sum is another, and with a different
# one below.
_DIFFERING = f"""{_NEAREST}
    SELECT indicator_id, COUNT(*), COUNT(*) FILTER (WHERE total <> asked),
        COUNT(*) FILTER (WHERE others > 0)
    FROM (
        SELECT id, indicator_id, asked, SUM(value) AS total,
            COUNT(*) FILTER (WHERE value <> asked) AS others
        FROM nearest GROUP BY 1, 2, 3
    ) above GROUP BY 1
"""  # noqa: S608 -- put together of constants alone
_Below = dict[int, tuple[int, Decimal, int]]  # how many, what they come to, how many differ


def compare(targets: Iterable[Target]) -> list[Comparison]:
    """Each of ``targets`` (with their indicators) beside the targets below it, in one query."""
    rows = list(targets)
    if not rows:
        return []
    return _beside(rows, _read_below({row.indicator_id for row in rows}))


def _read_below(indicators: Iterable[int]) -> _Below:
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, {"indicators": sorted(indicators)})
        return {key: (count, total, others) for key, count, total, others in cursor.fetchall()}


def _beside(targets: Iterable[Target], below: _Below) -> list[Comparison]:
    compared = []
    for row in targets:
        count, total, others = below.get(row.pk, (0, Decimal(0), 0))
        adds_up = row.indicator.is_divisible
        compared.append(Comparison(row, count, total if adds_up else None, others))
    return compared


def compare_campaign(campaign: Campaign, actor: Actor) -> list[Comparison]:
    """The owner's targets of ``campaign``, and those in the actor's scope with others below."""
    below = _read_below(campaign.indicators.values_list("pk", flat=True))
    targets = (
        Target.objects.visible_to(actor, "campaigns.view")
        .in_force()
        .filter(indicator__campaign=campaign)
        .filter(Q(pk__in=list(below)) | Q(union=campaign.owner_id))
        .select_related("indicator", "union")
        .order_by("indicator", "period_start", "union__path")
    )
    return _beside(targets, below)


def disagreements(campaigns: Sequence[Campaign]) -> dict[int, tuple[int, int]]:
    """By campaign: targets with others below them, and how many of those do not come to it.

    Two queries, and nothing to be loaded, however many targets there are.
    """
    indicators = Indicator.objects.filter(campaign__in=campaigns).in_bulk()
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERING, {"indicators": list(indicators)})
        rows = cursor.fetchall()
    found = {campaign.pk: (0, 0) for campaign in campaigns}
    for key, with_others, of_another_sum, of_others in rows:
        indicator = indicators[key]
        before, different = found[indicator.campaign_id]
        differing = of_another_sum if indicator.is_divisible else of_others
        found[indicator.campaign_id] = (before + with_others, different + differing)
    return found


def versions_of(target: Target) -> TargetVersionQuerySet:
    """The versions of ``target``, the newest first, with who made them; none while a draft."""
    return target.versions.select_related("made_by").order_by("-number")


def versions_of_campaign(campaign: Campaign, actor: Actor) -> TargetVersionQuerySet:
    """What was changed after publishing, in the actor's scope (dashboard), the newest first.

    Each with ``state_before`` and ``value_before``, those of the version before it.
    """
    before = TargetVersion.objects.filter(target=OuterRef("target"), number=OuterRef("number") - 1)
    return (
        TargetVersion.objects.visible_to(actor, "dashboard.view")
        .filter(target__indicator__campaign=campaign, number__gt=1)
        .annotate(
            state_before=Subquery(before.values("state")),
            value_before=Subquery(before.values("value")),
        )
        .select_related("target__union", "target__indicator", "made_by")
        .order_by("-made_at", "-pk")
    )


# The value of target {target} as it stood at the end of {day}; before the first version it is the
# first one's, and a draft, which has no version, has its own. NULL while withdrawn. Whatever tells
# or measures a day asks for it here, so that all of them say the same.
VALUE_ON_DAY_SQL = """(
    SELECT CASE WHEN v.state = 'set' THEN v.value END FROM (
        SELECT number, state, value FROM campaigns_targetversion
        WHERE target_id = {target} AND (valid_from <= {day} OR number = 1)
        UNION ALL
        SELECT 0, 'set', value FROM campaigns_target WHERE id = {target}
    ) v ORDER BY v.number DESC LIMIT 1
)"""
