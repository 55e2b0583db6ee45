"""What entries and baselines recorded late make of a day's figures: as published, as known now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from enterprises.baselines import NOW_OR_LATER, Baseline, read_baselines
from reports.ratios import ratio
from reports.runs import PUBLISHED_BY_SQL
from reports.selectors.counts import Key, Metric, read_both_counts
from reports.selectors.days import eve, month_start, year_start
from reports.selectors.groups import groups_on
from reports.selectors.key_figures import Text, difference
from reports.selectors.reading import RATED_SETS
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
    def code(self) -> str:
        """That of its definition: what a stock changed by in a period is another figure."""
        return "net_change" if self.since and self.metric == Metric.MEMBERS else self.metric

    @property
    def difference(self) -> int:
        """Known now − published."""
        return self.known - self.published


@dataclass(frozen=True)
class RateVersion:
    """Members of a set and the baseline they are divided by, where there is one."""

    members: int
    baseline: Baseline | None

    @property
    def rate(self) -> Decimal | None:
        """None without a baseline."""
        return ratio(self.members, self.baseline.worker_count) if self.baseline else None


@dataclass(frozen=True)
class LateRate:
    """The enrolment rate of a set in both versions."""

    name: str
    groups: tuple[str, ...]  # codes of those in the set
    published: RateVersion
    known: RateVersion

    @property
    def difference(self) -> Decimal | None:
        """Known now − published, of the ratios as shown; None where one of them is unknown."""
        found = difference(self.known.rate, self.published.rate, "ratio")
        return None if found is None else Decimal(found)

    @property
    def sides(self) -> tuple[RateVersion, RateVersion]:
        """Published, then known now."""
        return self.published, self.known

    @property
    def is_other(self) -> bool:
        """The two do not rest on the same numbers."""
        return self.published != self.known


@dataclass(frozen=True)
class Late:
    """The figures of people and the rates, as published and as known now."""

    rows: list[LateRow]
    rates: list[LateRate]


def late_figures(union: Union, day: dt.date) -> Late:
    """Those of ``union`` on ``day``; four queries."""
    groups = groups_on(day)
    rated = [code for code in RATED_SETS if code in groups.sets]
    wanted = (
        (Metric.MEMBERS, _("Members"), None),
        (Metric.RETAINED, _("Retained members"), None),
        (Metric.JOINED, _("New this month"), month_start(day)),
        (Metric.JOINED, _("New this year"), year_start(day)),
        (Metric.MEMBERS, _("Net change this year"), year_start(day)),
    )
    keys: list[Key] = [(metric, "") for metric, _name, _since in wanted]
    keys += [(Metric.MEMBERS, group) for code in rated for group in groups.codes_of(code)]
    days = [day, *(eve(since) for _metric, _name, since in wanted if since)]
    versions = read_both_counts([union.pk], keys, days)
    baselines = [
        read_baselines(
            [union.pk], [groups.sets[code].pk for code in rated], [day], recorded_by=moment
        )
        for moment in (PUBLISHED_BY_SQL, NOW_OR_LATER)
    ]
    rates = [
        LateRate(
            groups.sets[code].name,
            tuple(groups.codes_of(code)),
            *(
                RateVersion(
                    counts.sum_at(union.pk, Metric.MEMBERS, groups.codes_of(code), day),
                    bases.of_set(union.pk, groups.sets[code].pk, day),
                )
                for counts, bases in zip(versions, baselines, strict=True)
            ),
        )
        for code in rated
    ]
    rows = [
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
    return Late(rows, rates)
