"""Targets of a union beside those below it, as a day knew them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from campaigns.models import Campaign, Indicator, Target
from campaigns.selectors.targets import VALUE_ON_DAY_SQL
from core.replica import reading_connection
from reports.selectors.embedding import embedded
from reports.selectors.progress import told_on
from unions.history import PATH_ON_SQL
from unions.kinds import HOLDING_POOL
from unions.models import Union

_PATH_THEN = PATH_ON_SQL.format(union="u", day="%(day)s::date")
# Counted is, as in ``_BELOW``, the nearest target on each way down: what has another between it
# and the union is ``covered``.
_CASCADES = f"""
    WITH told(id) AS MATERIALIZED ({{told}}),
    standing AS MATERIALIZED (
        SELECT t.id, t.indicator_id, t.union_id, t.period_start, t.period_end, on_day.value,
               string_to_array(rtrim({_PATH_THEN}, '/'), '/')::bigint[] AS way
        FROM campaigns_target t JOIN told USING (id)
        JOIN campaigns_indicator i ON i.id = t.indicator_id AND i.campaign_id = %(campaign)s
        JOIN unions_union u ON u.id = t.union_id
        CROSS JOIN LATERAL (
            SELECT {VALUE_ON_DAY_SQL.format(target="t.id", day="%(day)s::date")} AS value
        ) on_day
        WHERE on_day.value IS NOT NULL
    ),
    concerned AS MATERIALIZED (SELECT * FROM standing WHERE %(union)s = ANY(way)),
    covered AS (
        SELECT DISTINCT below.id
        FROM concerned below
        CROSS JOIN LATERAL unnest(below.way) AS step(union_id)
        JOIN concerned above ON above.union_id = step.union_id
            AND above.indicator_id = below.indicator_id
            AND above.period_start = below.period_start AND above.period_end = below.period_end
        WHERE above.id <> below.id AND above.union_id <> %(union)s
    ),
    asked AS (
        SELECT indicator_id, period_start, period_end,
               MAX(value) FILTER (WHERE union_id = %(union)s) AS value
        FROM concerned GROUP BY 1, 2, 3
    ),
    child AS MATERIALIZED (
        SELECT u.id FROM unions_union u
        WHERE (u.parent_id = %(union)s
               OR u.id IN (SELECT p.union_id FROM unions_pastpath p WHERE p.until >= %(day)s))
          AND (string_to_array(rtrim({_PATH_THEN}, '/'), '/')::bigint[])[
              cardinality(string_to_array(rtrim({_PATH_THEN}, '/'), '/')) - 1] = %(union)s
          AND u.status <> 'preparing' AND NOT u.ended_in_preparation
          AND u.kind_id <> '{HOLDING_POOL}'
          AND (u.founded_on IS NULL OR u.founded_on <= %(day)s)
          AND (u.closed_on IS NULL OR u.closed_on > %(day)s)
    )
    SELECT a.indicator_id, a.period_start, a.period_end, a.value, COUNT(b.id),
           COALESCE(SUM(b.value), 0), COUNT(b.id) FILTER (WHERE b.value <> a.value),
           (SELECT COUNT(*) FROM child),
           (SELECT COUNT(*) FROM child WHERE NOT EXISTS (
               SELECT FROM concerned c WHERE c.union_id = child.id
                   AND c.indicator_id = a.indicator_id
                   AND c.period_start = a.period_start AND c.period_end = a.period_end))
    FROM asked a
    LEFT JOIN concerned b ON b.indicator_id = a.indicator_id
        AND b.period_start = a.period_start AND b.period_end = a.period_end
        AND b.union_id <> %(union)s AND b.id NOT IN (SELECT id FROM covered)
    GROUP BY a.indicator_id, a.period_start, a.period_end, a.value
    ORDER BY a.indicator_id, a.period_start, a.period_end DESC
"""


@dataclass(frozen=True)
class Cascade:
    """What a union is to reach of an indicator in a period, beside the targets nearest below it.

    As they stood on a day. ``value`` is None where it has no target of its own; ``total`` where
    targets do not add up (ratios), then ``others`` is how many differ from the union's own.
    ``without`` of the ``children``, the unions directly below on the day, have no target.
    """

    indicator: Indicator
    period_start: dt.date
    period_end: dt.date
    value: Decimal | None
    count: int
    total: Decimal | None
    others: int
    children: int
    without: int

    @property
    def difference(self) -> Decimal | None:
        """Positive where more is promised below than above; None where there is no comparing."""
        if self.total is None or self.value is None or not self.count:
            return None
        return self.total - self.value

    @property
    def agrees(self) -> bool:
        """The targets below come to the union's own."""
        if self.value is None or not self.count:
            return False
        return not self.others if self.total is None else not self.difference


def cascades_of(campaign: Campaign, union: Union, day: dt.date) -> list[Cascade]:
    """``union``'s targets of ``campaign`` beside those below it, by indicator and period: those of
    which ``day`` knew.

    Also where only the union, or only unions below it, have a target. One query, besides the
    campaign's indicators. Whoever may see the union's figures may see these: they are sums over
    its subtree.
    """
    values: dict[str, Any] = {"campaign": campaign.pk, "union": union.pk, "day": day}
    told = told_on(Target.objects.filter(indicator__campaign=campaign), day)
    statement = _CASCADES.format(told=embedded(told.order_by().values_list("pk"), "told", values))
    with reading_connection().cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchall()
    indicators = {indicator.pk: indicator for indicator in campaign.indicators.all()}
    cascades = []
    for key, start, end, value, count, total, others, children, without in found:
        indicator = indicators[key]
        adds_up = total if indicator.is_divisible else None
        cascades.append(
            Cascade(indicator, start, end, value, count, adds_up, others, children, without)
        )
    return cascades
