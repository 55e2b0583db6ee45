"""What entries recorded late make of a day's figures: as published beside as known now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from reports.selectors.counts import Key, Metric, read_counts
from reports.selectors.days import eve, month_start, year_start
from reports.selectors.key_figures import Text
from unions.models import Union


@dataclass(frozen=True)
class LateRow:
    """A figure of people in both versions; of a period where ``since`` is set."""

    metric: str
    name: Text
    since: dt.date | None
    published: int
    known: int

    @property
    def difference(self) -> int:
        """Known now − published."""
        return self.known - self.published


def late_rows(union: Union, day: dt.date) -> list[LateRow]:
    """The figures of people of ``union`` on ``day``; three queries."""
    wanted = (
        (Metric.MEMBERS, _("Members"), None),
        (Metric.RETAINED, _("Retained members"), None),
        (Metric.JOINED, _("New this month"), month_start(day)),
        (Metric.JOINED, _("New this year"), year_start(day)),
        (Metric.MEMBERS, _("Net change this year"), year_start(day)),
    )
    keys: list[Key] = [(metric, "") for metric, _name, _since in wanted]
    days = [day, *(eve(since) for _metric, _name, since in wanted if since)]
    versions = [
        read_counts([union.pk], keys, days, known_now=known_now) for known_now in (False, True)
    ]
    return [
        LateRow(
            metric,
            name,
            since,
            *(
                counts.at(union.pk, metric, "", day)
                - (counts.at(union.pk, metric, "", eve(since)) if since else 0)
                for counts in versions
            ),
        )
        for metric, name, since in wanted
    ]
