"""A small tree in which the nights are run beside the oracle, some of them broken off."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.db import transaction
from django.utils import timezone

from campaigns.models import Campaign, CampaignStatus, Indicator, Target, Unit as TargetUnit
from core.clock import CHINA
from core.errors import RuleViolation
from enterprises.models import Employer
from enterprises.services import record_employer
from members.models import Membership, MembershipEvent
from reports import nightly
from reports.counting import posting
from reports.counting.verifying import find_differences
from reports.models import CampaignProgress, NightPart, ReportRun
from reports.models.counts import PERSON_METRICS, Metric
from reports.nightly import run_nightly
from reports.runs import DELTAS, PUBLISH
from reports.selectors.counts import read_counts
from reports.selectors.coverage_rates import read_units
from tests.builders import make_region
from tests.reports.night_oracle import ONE_DAY, Body, Entry, Oracle, Unit
from unions.models import Union, UnionClosing, UnionKind
from unions.services import create_union

BEGIN = dt.date(2024, 3, 1)
TARGETS_SINCE = BEGIN - 10 * ONE_DAY
GROUPS = ("courier", "carer")
STATION_KINDS = ("union_station", "drivers_home")
UNION_KINDS = (
    "city_federation", "county_federation", "township_union", "grassroots_union", "joint_union",
    "holding_pool",
)  # fmt: skip
KEYS = [
    *((str(metric), group) for metric in PERSON_METRICS for group in ("", *GROUPS)),
    *(
        (str(metric), kind)
        for metric in (Metric.UNIONS, Metric.UNIONS_FOUNDED, Metric.NEF_UNIONS)
        for kind in ("", *UNION_KINDS)
    ),
    *((str(Metric.STATIONS), kind) for kind in ("", *STATION_KINDS)),
]
# Where a night dies: a work of ``reports.nightly`` has done everything, and nothing of it is kept;
# or one part of the tree has been counted and is kept, and the next is begun.
BREAKS = {
    "posting": ("count_history", "post_changes"),
    "part": ("count_next_part",),
    "crown": ("_count_crown",),
    "establishment": ("count_establishment_history", "count_establishment"),
    "progress": ("measure_history", "measure_progress"),
    "publish": ("_publish",),
}
# After this a claim of a dead worker has run out (settings.NIGHTLY_LEASE_SECONDS).
LEASE_MINUTES = 16


class Crash(Exception):
    """A step fails, and says so."""


class Killed(BaseException):
    """The worker is gone: nobody writes down that the step has failed."""


class NightWorld:
    """Lives in a transaction of its own that is rolled back."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        # These stand before the story begins; what it registers is new.
        self.today, self.minutes = BEGIN - 30 * ONE_DAY, 0
        self.patches = contextlib.ExitStack()
        self.patches.enter_context(mock.patch.object(timezone, "now", self.now))
        # Else a tree as small as this one has no parts.
        self.patches.enter_context(mock.patch.object(posting, "ENOUGH_PARTS", 2))
        self.oracle = Oracle({})
        self.noted: dict[int, Entry] = {}
        self.unions: list[Union] = []
        self.standing: list[Union] = []
        self.parts_broken_off = 0
        self.region = make_region("3715", "聊城市", make_region("37", "山东省"))
        city = self.register("市总", "city_federation", None)
        self.counties = [self.register(f"{n}县总", "county_federation", city) for n in "甲乙"]
        self.towns = [
            self.register(f"{n}镇工会", "township_union", self.counties[0]) for n in "东西南"
        ]
        self.movable = list(self.towns)
        self.movable.append(
            self.register("联合工会", "grassroots_union", self.towns[0], is_nef=True)
        )
        self.employers = [
            self.enter(f"{n}店", self.unions[n], self.unions[n + 1]) for n in (0, 2, 3, 4)
        ]
        self.targets = {name: self.promise(name) for name in ("new_members", "unions_established")}
        self.today = BEGIN
        self.oracle.end_day(BEGIN - ONE_DAY)

    def now(self) -> dt.datetime:
        """Noon of the day the story has come to, or a little later."""
        noon = dt.datetime.combine(self.today, dt.time(12), tzinfo=CHINA)
        return noon + dt.timedelta(minutes=self.minutes)

    def registers(self) -> list[object]:
        """What a refused act must leave as it was."""
        return [
            list(Union.objects.order_by("pk").values_list("pk", "path", "status", "closed_on")),
            list(Membership.objects.order_by("pk").values_list("pk", "status", "union")),
            list(Employer.objects.order_by("pk").values_list("keeper", "covering_union")),
            MembershipEvent.objects.count(),
            UnionClosing.objects.count(),
        ]

    def end(self) -> None:
        """Forget everything."""
        self.patches.close()
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    def register(
        self, name: str, kind: str, parent: Union | None,
        *, founded_on: dt.date | None = dt.date(2020, 1, 1), **details: Any,
    ) -> Union:  # fmt: skip
        """A new union, in the register and for the oracle."""
        union = create_union(
            name=name, kind=UnionKind.objects.get(pk=kind), parent=parent, actor=None,
            founded_on=founded_on, **details,
        )  # fmt: skip
        self.unions.append(union)
        self.standing.append(union)
        self.oracle.parents[union.pk] = union.parent_id
        self.oracle.bodies[union.pk] = Body(
            kind, self.today, founded_on, union.is_nef, union.status == "preparing"
        )
        return union

    def enter(self, name: str, keeper: Union, covering: Union) -> Employer:
        """A new employer, in the register and for the oracle."""
        employer = record_employer(
            name=name, region=self.region, keeper=keeper, covering_union=covering, actor=None
        )
        self.oracle.employers[employer.pk] = Unit(keeper.pk, covering.pk)
        return employer

    def promise(self, metric: str) -> Target:
        """A target of the first county, over all groups."""
        campaign, _ = Campaign.objects.get_or_create(
            owner=self.counties[0], name="集中行动", starts_on=TARGETS_SINCE,
            ends_on=dt.date(2024, 12, 31), status=CampaignStatus.PUBLISHED,
        )  # fmt: skip
        indicator = Indicator.objects.create(
            campaign=campaign, metric=metric, name=metric, unit=TargetUnit.PERSON
        )
        return Target.objects.create(
            indicator=indicator, union=campaign.owner, period_start=TARGETS_SINCE,
            period_end=campaign.ends_on, value=10,
        )  # fmt: skip

    def pass_days(self, days: int) -> None:
        """One day after the other; what nobody counts is missed."""
        for _ in range(days):
            self.oracle.end_day(self.today)
            self.today += ONE_DAY
        self.minutes = 0

    def run_night(self, day: dt.date, breaks: str | None, death: type[BaseException]) -> None:
        """The night for ``day``, broken off by ``death`` where ``breaks`` says; else all agrees."""
        died = False
        with contextlib.ExitStack() as stack:
            for name, told in (
                ("count_history", partial(self.oracle.take, is_first=True)),
                ("post_changes", partial(self.oracle.take, is_first=False)),
                ("count_establishment_history", self.oracle.cover),
                ("count_establishment", self.oracle.cover),
                ("_count_crown", None),
                ("measure_history", None),
                ("measure_progress", None),
                ("_publish", self.oracle.publish),
            ):
                dies = breaks is not None and name in BREAKS[breaks]
                work = _telling(getattr(nightly, name), told, death if dies else None)
                stack.enter_context(mock.patch.object(nightly, name, work))
            if breaks == "part":
                work = _once(nightly.count_next_part, death)
                stack.enter_context(mock.patch.object(nightly, "count_next_part", work))
            try:
                outcomes = run_nightly(day)
            except (Crash, Killed):
                died = True
        if died:
            self.minutes += LEASE_MINUTES
            parts = NightPart.objects.order_by("-day").values_list("is_done", flat=True)
            self.parts_broken_off += breaks == "part" and {*parts} == {True, False}
        # A day that is out already is not looked at again, though its tree may change until it
        # is over.
        elif any((one.step, one.state) == (PUBLISH, "done") for one in outcomes):
            self.agrees()

    def agrees(self) -> None:
        """Every day that is out, as published and as known now; and the newest by the ledger."""
        unions, days = [union.pk for union in self.unions], sorted(self.oracle.published)
        for known_now in (False, True):
            counts = read_counts(unions, KEYS, days, known_now=known_now)
            for day in days:
                found = {
                    (union, metric, kind): value
                    for union in unions
                    for metric, kind in KEYS
                    if (value := counts.at(union, metric, kind, day))
                }
                expected = (
                    self.oracle.figures(day, known_now=True)
                    if known_now
                    else self.oracle.published[day]
                )
                differing = {
                    key: (found.get(key, 0), expected[key])
                    for key in {*found, *expected}
                    if found.get(key, 0) != expected[key]
                }
                assert not differing, (day, known_now, differing)
        covered = read_units(unions, days)
        for day in days:
            expected = self.oracle.covered[day]
            for union in unions:
                units = covered[union, day]
                assert (units.units, units.covered) == (
                    expected[union, "units", ""],
                    expected[union, "covered", ""],
                ), (day, union)
        self._targets_agree(days)
        if days:
            self._stands_behind(days[-1])

    def _stands_behind(self, day: dt.date) -> None:
        """The books of ``day``, the newest that is out, are what the ledger says."""
        posted = ReportRun.objects.filter(report=DELTAS, cut_off__isnull=False, day__gt=day)
        if posted.exists():
            # A later night has posted and broken off: the books are its books.
            with pytest.raises(RuleViolation, match="is not over"):
                list(find_differences(day))
        else:
            assert list(find_differences(day)) == []

    def _targets_agree(self, days: list[dt.date]) -> None:
        before = self.oracle.figures(TARGETS_SINCE - ONE_DAY, known_now=False)
        for name, metric in (("new_members", "joined"), ("unions_established", "unions_founded")):
            target = self.targets[name]
            rows = CampaignProgress.objects.filter(target=target, day__in=days)
            key = (target.union_id, metric, "")
            assert dict(rows.values_list("day", "value")) == {
                day: self.oracle.published[day][key] - before[key] for day in days
            }, name


def _telling(
    work: Callable[..., Any],
    told: Callable[[dt.date], None] | None,
    death: type[BaseException] | None,
) -> Callable[..., Any]:
    """``work``, after which ``told`` hears of the day it was done for; unless ``death`` comes."""

    def both(day: dt.date, **options: Any) -> Any:
        result = work(day, **options)
        if death is not None:
            raise death
        if told is not None:
            told(day)
        return result

    return both


def _once(work: Callable[[dt.date], Any], death: type[BaseException]) -> Callable[..., Any]:
    """``work``, which is done once; who wants it again dies."""
    done: list[dt.date] = []

    def first(day: dt.date) -> Any:
        if done:
            raise death
        done.append(day)
        return work(day)

    return first
