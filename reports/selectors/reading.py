"""What pages of figures read: the counts and baselines of a few unions on a few days."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

from enterprises.baselines import NOW_OR_LATER, Baseline, read_baselines
from reports.ratios import ratio
from reports.runs import PUBLISHED_BY_SQL
from reports.selectors.counts import Key, Metric, read_counts
from reports.selectors.days import eve, month_start, year_start
from reports.selectors.groups import Groups, groups_on

# The sets that are shown with their enrolment rates, in this order.
RATED_SETS = ("set4", "set8", "set9", "nef")
# Kinds of union that are reported on their own.
FLEXIBLE_KINDS = ("flexible_township", "flexible_village", "flexible_community")


def month_ago(day: dt.date) -> dt.date:
    """The same day of the month before, or its last day: 31 March → 29 February."""
    before = eve(month_start(day))
    return before.replace(day=min(day.day, before.day))


def year_ago(day: dt.date) -> dt.date:
    """The same day of the year before; 29 February → 28 February."""
    if day.year == dt.MINYEAR:
        return day
    last = calendar.monthrange(day.year - 1, day.month)[1]
    return day.replace(year=day.year - 1, day=min(day.day, last))


def days_behind(day: dt.date) -> set[dt.date]:
    """The days whose counts the figures of ``day`` and their changes rest on."""
    shown = (day, month_ago(day), year_ago(day))
    return {eve(month_start(day)), *shown, *(eve(year_start(one)) for one in shown)}


class Reading:
    """Counts and baselines of ``union_ids`` for the figures of ``days``: three queries.

    ``known_now`` takes counts and baselines as they are known today, late entries included, not as
    they were published. The sets are those valid on the last of the days, so that days can be
    compared. The counts are read of the days ``also``.
    """

    def __init__(
        self,
        union_ids: Sequence[int],
        days: Iterable[dt.date],
        *,
        known_now: bool = False,
        also: Iterable[dt.date] = (),
    ) -> None:
        shown = sorted(set(days))
        self.groups: Groups = groups_on(shown[-1])
        keys: list[Key] = [(metric, "") for metric in Metric]
        keys += [(Metric.UNIONS, kind) for kind in FLEXIBLE_KINDS]
        keys += [(m, g.pk) for m in (Metric.MEMBERS, Metric.JOINED) for g in self.groups.groups]
        wanted = {*also, *(behind for day in shown for behind in days_behind(day))}
        self._counts = read_counts(union_ids, keys, wanted, known_now=known_now)
        rated = [self.groups.sets[code].pk for code in RATED_SETS if code in self.groups.sets]
        compared = {one for day in shown for one in (day, month_ago(day), year_ago(day))}
        self._baselines = read_baselines(
            union_ids,
            rated,
            compared,
            recorded_by=NOW_OR_LATER if known_now else PUBLISHED_BY_SQL,
        )

    def count(self, union_id: int, metric: str, day: dt.date, breakdown: str = "") -> int:
        """A count of a day."""
        return self._counts.at(union_id, metric, breakdown, day)

    def members_of_set(self, union_id: int, code: str, day: dt.date) -> int:
        """Members of the groups of a set."""
        groups = self.groups.codes_of(code)
        return self._counts.sum_at(union_id, Metric.MEMBERS, groups, day)

    def joined(self, union_id: int, first: dt.date, day: dt.date, breakdown: str = "") -> int:
        """Persons who joined from ``first`` to ``day``: a difference of the cumulative count."""
        upto = self.count(union_id, Metric.JOINED, day, breakdown)
        return upto - self.count(union_id, Metric.JOINED, eve(first), breakdown)

    def net_change(self, union_id: int, first: dt.date, day: dt.date) -> int:
        """The stock at the end of ``day`` less that before ``first``."""
        upto = self.count(union_id, Metric.MEMBERS, day)
        return upto - self.count(union_id, Metric.MEMBERS, eve(first))

    def set_baseline(self, union_id: int, code: str, day: dt.date) -> Baseline | None:
        """The workers of a set; None where nobody counted, or the set was not valid."""
        found = self.groups.sets.get(code)
        return self._baselines.of_set(union_id, found.pk, day) if found else None

    def group_baseline(self, union_id: int, group: str, day: dt.date) -> Baseline | None:
        """The workers of a single group."""
        return self._baselines.of_group(union_id, group, day)

    def set_rate(self, union_id: int, code: str, day: dt.date) -> Decimal | None:
        """Enrolment rate of a set; None without a baseline."""
        baseline = self.set_baseline(union_id, code, day)
        if baseline is None:
            return None
        return ratio(self.members_of_set(union_id, code, day), baseline.worker_count)
