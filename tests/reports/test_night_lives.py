"""Incremental equals full equals oracle: random entries, moves, missed and broken nights."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.clock import CHINA
from core.errors import RuleViolation
from members.enums import EventType
from members.models import Membership, MembershipEvent
from members.services.ledger import correct_event, record_event
from members.services.union_closing import start_merger
from reports import nightly
from reports.counting.verifying import find_differences
from reports.nightly import run_nightly
from reports.runs import PUBLISH
from reports.selectors.counts import read_counts
from tests.budgets import RANDOM_LIVES
from tests.builders import make_membership, make_union, person
from tests.reports.night_oracle import ONE_DAY, Entry, Oracle
from unions.models import Union
from unions.services import move_union

BEGIN = dt.date(2024, 3, 1)
GROUPS = ("courier", "carer")
METRICS = ("members", "retained", "joined")
_numbers = st.integers(0, 5)
_back = st.sampled_from((0, 0, 0, 1, 2, 5, 20, -1))  # days before today; -1 is tomorrow


class Crash(Exception):
    """A worker dies here."""


class Nights(RuleBasedStateMachine):
    """Each example lives in a transaction of its own that is rolled back."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        # A place corrected on the day of registration leaves no history: these are older.
        self.today = BEGIN - 30 * ONE_DAY
        self.clock = mock.patch.object(timezone, "now", self.now)
        self.clock.start()
        city = make_union("市总", "city_federation")
        self.counties = [make_union(f"{n}县总", "county_federation", city) for n in "甲乙"]
        self.towns = [
            make_union(f"{n}镇工会", "township_union", self.counties[0]) for n in "东西南"
        ]
        self.unions = [city, *self.counties, *self.towns]
        self.standing = list(self.unions)
        self.oracle = Oracle({union.pk: union.parent_id for union in self.unions})
        self.today = BEGIN
        self.oracle.end_day(BEGIN - ONE_DAY)
        self.people = 0

    @initialize(is_published=st.booleans())
    def begin(self, is_published: bool) -> None:
        """Everybody has a member, of yesterday; the books may have been opened already."""
        for where in range(len(self.unions)):
            self.join(where, GROUPS[where % 2], 1)
        if is_published:
            self.time_passes(1)
            self.night(is_over=True, breaks=None)

    def now(self) -> dt.datetime:
        """Noon of the day the story has come to."""
        return dt.datetime.combine(self.today, dt.time(12), tzinfo=CHINA)

    def teardown(self) -> None:
        """A last night finishes whatever was left half-way, and all agrees; then forget it."""
        try:
            self.time_passes(1)
            self.night(is_over=True, breaks=None)
        finally:
            self.clock.stop()
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def _noted(self, event: MembershipEvent) -> None:
        self.oracle.entries.append(
            Entry(
                event.union_id,
                event.worker_group_id,
                event.effective_on,
                event.active_change,
                event.retained_change,
                event.joined_change,
            )
        )

    @rule(where=_numbers, group=st.sampled_from(GROUPS), back=_back)
    def join(self, where: int, group: str, back: int) -> None:
        """Somebody joins, perhaps long ago by the paper that comes in today."""
        self.people += 1
        union = self.standing[where % len(self.standing)]
        day = self.today - back * ONE_DAY
        membership = make_membership(
            union, person(8_000 + self.people), group=group, on=day.isoformat()
        )
        self._noted(membership.events.get())

    @precondition(lambda self: self.people)
    @rule(
        who=_numbers,
        kind=st.sampled_from((EventType.RETAINED, EventType.WITHDRAWN, EventType.RESTORED)),
        back=_back,
    )
    def change(self, who: int, kind: str, back: int) -> None:
        """An entry of another kind: the figures follow the ledger, whatever it says."""
        membership = Membership.objects.order_by("pk")[who % self.people]
        self._noted(
            record_event(
                membership,
                kind,
                union=membership.union,
                effective_on=self.today - back * ONE_DAY,
                actor=None,
            )
        )

    @precondition(lambda self: self.people)
    @rule(which=_numbers)
    def correct(self, which: int) -> None:
        """An entry is taken back, on its own day."""
        events = MembershipEvent.objects.filter(corrects=None, corrections=None).order_by("pk")
        if found := events.count():
            self._noted(correct_event(events[which % found], actor=None))

    @rule(which=_numbers, to=_numbers)
    def move(self, which: int, to: int) -> None:
        """A town changes its county."""
        town = self.towns[which % len(self.towns)]
        county = self.counties[to % len(self.counties)]
        try:
            move_union(
                Union.objects.get(pk=town.pk), to_parent=county, reason="区划调整", actor=None
            )
        except RuleViolation:
            return  # it stands there already
        self.oracle.parents[town.pk] = county.pk

    @precondition(lambda self: len(self.towns) > 1)
    @rule(which=_numbers, into=_numbers)
    def merge(self, which: int, into: int) -> None:
        """A town becomes part of another: whoever is a member there is carried over."""
        newest = MembershipEvent.objects.latest("pk").pk
        source, target = (
            Union.objects.get(pk=self.towns[n % len(self.towns)].pk) for n in (which, into)
        )
        try:
            start_merger(source, into=target, reason="乡镇合并", actor=None)
        except RuleViolation:
            return  # it is the same town, or has entries of tomorrow
        self.towns.remove(source)
        self.standing.remove(source)
        for event in MembershipEvent.objects.filter(pk__gt=newest).order_by("pk"):
            self._noted(event)

    @rule(days=st.sampled_from((1, 1, 1, 2, 4)))
    def time_passes(self, days: int) -> None:
        """One day after the other; what nobody counts is missed."""
        for _ in range(days):
            self.oracle.end_day(self.today)
            self.today += ONE_DAY

    @rule(is_over=st.booleans(), breaks=st.sampled_from((None, None, "posting", "crown")))
    def night(self, is_over: bool, breaks: str | None) -> None:
        """The night for yesterday, or for the day that is not over; some die half-way."""
        with contextlib.ExitStack() as stack:
            for name, told in (
                ("count_history", lambda day: self.oracle.take(day, is_first=True)),
                ("post_changes", lambda day: self.oracle.take(day, is_first=False)),
                ("_publish", self.oracle.publish),
            ):
                stack.enter_context(
                    mock.patch.object(nightly, name, _telling(getattr(nightly, name), told))
                )
            if breaks:
                name = {"posting": "post_changes", "crown": "_count_crown"}[breaks]
                stack.enter_context(mock.patch.object(nightly, name, side_effect=Crash))
            with contextlib.suppress(Crash):
                outcomes = run_nightly(self.today - ONE_DAY if is_over else self.today)
                # A day that is out already is not looked at again, though its tree may change
                # until it is over.
                if any((one.step, one.state) == (PUBLISH, "done") for one in outcomes):
                    self.agrees()

    def agrees(self) -> None:
        """Every day that is out, as published and as known now; and the newest by the ledger."""
        keys = [(metric, group) for metric in METRICS for group in ("", *GROUPS)]
        unions, days = [union.pk for union in self.unions], sorted(self.oracle.published)
        for known_now in (False, True):
            counts = read_counts(unions, keys, days, known_now=known_now)
            for day in days:
                found = {
                    (union, metric, group): value
                    for union in unions
                    for metric, group in keys
                    if (value := counts.at(union, metric, group, day))
                }
                expected = (
                    self.oracle.figures(day, known_now=True)
                    if known_now
                    else self.oracle.published[day]
                )
                assert found == dict(expected), (day, known_now)
        if days:
            assert list(find_differences(days[-1])) == []


def _telling(work: Callable[..., Any], told: Callable[[dt.date], None]) -> Callable[..., Any]:
    """``work``, after which ``told`` hears of the day it was done for."""

    def both(day: dt.date, **options: Any) -> Any:
        result = work(day, **options)
        told(day)
        return result

    return both


@pytest.mark.django_db
def test_a_week_with_everything_in_it() -> None:
    """Moves with members, late entries around them, a day counted three times, crashes."""
    week = Nights()
    try:
        week.begin(is_published=True)
        east, courier = 3, "courier"
        week.move(0, 1)
        week.join(east, courier, 0)
        week.join(east, courier, 20)  # late: its county was another then
        week.night(is_over=False, breaks=None)
        week.move(0, 0)
        week.join(east, "carer", 2)
        week.night(is_over=False, breaks=None)
        week.change(1, EventType.WITHDRAWN, 0)
        week.time_passes(1)
        week.night(is_over=True, breaks="crown")
        week.join(east, courier, 1)
        week.night(is_over=True, breaks=None)
        week.correct(2)
        week.time_passes(2)
        week.move(0, 1)
        week.join(4, "carer", 4)
        week.night(is_over=True, breaks="posting")
        week.night(is_over=True, breaks=None)
        week.merge(1, 0)
        week.time_passes(2)
        week.night(is_over=True, breaks=None)
        assert len(week.oracle.published) == 6
    finally:
        week.teardown()


@pytest.mark.django_db
def test_nights_agree_with_the_oracle() -> None:
    run_state_machine_as_test(
        Nights,
        settings=settings(
            max_examples=8 * RANDOM_LIVES,
            stateful_step_count=14,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
