"""Targets beside those below them, and how they came to be what they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import OuterRef, Subquery

from campaigns.models import Campaign, Target, TargetVersion
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
_BELOW = """
    WITH standing AS MATERIALIZED (
        SELECT t.id, t.indicator_id, t.union_id, t.period_start, t.period_end, t.value, u.path
        FROM campaigns_target t JOIN unions_union u ON u.id = t.union_id
        WHERE t.indicator_id = ANY(%(indicators)s) AND t.withdrawn_on IS NULL
    ),
    nearest AS (
        SELECT DISTINCT ON (below.id) above.id, above.value AS asked, below.value
        FROM standing below
        CROSS JOIN LATERAL unnest(string_to_array(rtrim(below.path, '/'), '/')::bigint[])
            WITH ORDINALITY AS step(union_id, depth)
        JOIN standing above ON above.union_id = step.union_id
            AND above.indicator_id = below.indicator_id
            AND above.period_start = below.period_start AND above.period_end = below.period_end
        WHERE above.id <> below.id
        ORDER BY below.id, step.depth DESC
    )
    SELECT id, COUNT(*), SUM(value), COUNT(*) FILTER (WHERE value <> asked)
    FROM nearest GROUP BY id
"""


def compare(targets: Iterable[Target]) -> list[Comparison]:
    """Each of ``targets`` (with their indicators) beside the targets below it, in one query."""
    rows = list(targets)
    if not rows:
        return []
    indicators = sorted({row.indicator_id for row in rows})
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, {"indicators": indicators})
        found = {key: (count, total, others) for key, count, total, others in cursor.fetchall()}
    compared = []
    for row in rows:
        count, total, others = found.get(row.pk, (0, Decimal(0), 0))
        adds_up = row.indicator.is_divisible
        compared.append(Comparison(row, count, total if adds_up else None, others))
    return compared


def compare_campaign(campaign: Campaign, actor: Actor) -> list[Comparison]:
    """The targets of ``campaign`` in the actor's scope that have others below them."""
    targets = (
        Target.objects.visible_to(actor, "campaigns.view")
        .in_force()
        .filter(indicator__campaign=campaign)
        .select_related("indicator", "union")
        .order_by("indicator", "period_start", "union__path")
    )
    own = campaign.owner_id
    return [row for row in compare(targets) if row.count or row.target.union_id == own]


def disagreements(campaigns: Sequence[Campaign]) -> dict[int, tuple[int, int]]:
    """By campaign: targets with others below them, and how many of those do not come to it."""
    targets = Target.objects.in_force().filter(indicator__campaign__in=campaigns)
    found = {campaign.pk: (0, 0) for campaign in campaigns}
    for row in compare(targets.select_related("indicator")):
        if row.count:
            with_others, different = found[row.target.indicator.campaign_id]
            found[row.target.indicator.campaign_id] = (
                with_others + 1,
                different + (not row.agrees),
            )
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
