"""Incremental equals full equals oracle: random entries, moves, missed and broken nights."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from enterprises.models import Employer
from enterprises.services import update_employer
from members.enums import EventType, MembershipStatus
from members.models import Membership, MembershipEvent
from members.services.ledger import correct_event, record_event
from stations.models import Station, StationKind, StationStatus
from stations.services import open_station, update_station
from tests.budgets import RANDOM_LIVES
from tests.builders import make_membership, person
from tests.reports.night_oracle import ONE_DAY, Place
from tests.reports.night_unions import UnionActs
from tests.reports.night_world import (
    BREAKS,
    GROUPS,
    STATION_KINDS,
    Crash,
    Killed,
)

_numbers = st.integers(0, 9)
_back = st.sampled_from((0, 0, 0, 1, 2, 5, 20, -1))  # days before today; -1 is tomorrow


class Nights(UnionActs, RuleBasedStateMachine):
    """What may happen in any order, and the nights between."""

    people = 0

    @initialize(is_published=st.booleans())
    def begin(self, is_published: bool) -> None:
        """Everybody has a member, of yesterday; the books may have been opened already."""
        for where in range(len(self.unions)):
            self.join(where, GROUPS[where % 2], 1)
        if is_published:
            self.time_passes(1)
            self.night(is_over=True)

    def teardown(self) -> None:
        """A last night finishes whatever was left half-way, and all agrees; then forget it."""
        try:
            self.time_passes(1)
            self.night(is_over=True)
        finally:
            self.end()

    @rule(where=_numbers, group=st.sampled_from(GROUPS), back=_back)
    def join(self, where: int, group: str, back: int) -> None:
        """Somebody joins, perhaps long ago by the paper that comes in today."""
        self.people += 1
        union = self.standing[where % len(self.standing)]
        day = self.today - back * ONE_DAY
        membership = make_membership(
            union, person(8_000 + self.people), group=group, on=day.isoformat()
        )
        self._note(membership.events.get())

    @rule(who=_numbers, where=_numbers, group=st.sampled_from(GROUPS), back=_back)
    def rejoin(self, who: int, where: int, group: str, back: int) -> None:
        """Somebody who left yesterday joins again; by an old paper it may be the first joining."""
        rows = Membership.objects.open().filter(started_on__lt=self.today).order_by("pk")
        if not rows:
            return
        left = rows[who % len(rows)]
        last_day = self.today - ONE_DAY
        Membership.objects.filter(pk=left.pk).update(
            status=MembershipStatus.ENDED, ended_on=last_day
        )
        self._note(
            record_event(
                left, EventType.WITHDRAWN, union=left.union, effective_on=self.today, actor=None
            )
        )
        day = self.today - back * ONE_DAY
        spells = Membership.objects.filter(member=left.member_id)
        was_member = any(spell.started_on < day for spell in spells)
        membership = make_membership(
            self.standing[where % len(self.standing)],
            member=left.member,
            group=group,
            on=day.isoformat(),
        )
        self._note(membership.events.get(), rejoined=int(was_member))

    @rule(
        who=_numbers,
        kind=st.sampled_from((EventType.RETAINED, EventType.WITHDRAWN, EventType.RESTORED)),
        back=_back,
    )
    def change(self, who: int, kind: str, back: int) -> None:
        """An entry of another kind: the figures follow the ledger, whatever it says."""
        membership = Membership.objects.order_by("pk")[who % self.people]
        self._note(
            record_event(
                membership,
                kind,
                union=membership.union,
                effective_on=self.today - back * ONE_DAY,
                actor=None,
            )
        )

    @rule(which=_numbers)
    def correct(self, which: int) -> None:
        """An entry is taken back, on its own day."""
        events = MembershipEvent.objects.filter(corrects=None, corrections=None).order_by("pk")
        if found := events.count():
            wrong = events[which % found]
            self._note(correct_event(wrong, actor=None), rejoined=-self.noted[wrong.pk].rejoined)

    @rule(where=_numbers, kind=st.sampled_from(STATION_KINDS), back=_back)
    def open(self, where: int, kind: str, back: int) -> None:
        """A station opens."""
        union = self.standing[where % len(self.standing)]
        opened_on = self.today - back * ONE_DAY
        station = open_station(
            name=f"驿站{len(self.oracle.stations)}",
            kind=StationKind.objects.get(pk=kind),
            host_union=union,
            region=self.region,
            address="人民路 1 号",
            opened_on=opened_on,
            actor=None,
        )
        self.oracle.stations[station.pk] = Place(union.pk, kind, opened_on)

    @precondition(lambda self: self.oracle.stations)
    @rule(which=_numbers, where=_numbers, is_closed=st.booleans())
    def change_station(self, which: int, where: int, is_closed: bool) -> None:
        """A station is closed from today on, or goes to another union."""
        station = Station.objects.order_by("pk")[which % len(self.oracle.stations)]
        place = self.oracle.stations[station.pk]
        if is_closed and place.closed_on is None and place.opened_on <= self.today:
            update_station(station, status=StationStatus.CLOSED, actor=None)
            place.closed_on = self.today
        elif not is_closed:
            union = self.standing[where % len(self.standing)]
            update_station(station, host_union=union, actor=None)
            place.host = union.pk

    @rule(which=_numbers, where=_numbers, keeps=st.booleans())
    def hand_over(self, which: int, where: int, keeps: bool) -> None:
        """A unit is kept or covered by another union."""
        employer = Employer.objects.order_by("pk")[which % len(self.employers)]
        union = self.standing[where % len(self.standing)]
        unit = self.oracle.employers[employer.pk]
        if keeps:
            update_employer(employer, keeper=union, actor=None)
            unit.keeper = union.pk
        else:
            update_employer(employer, covering_union=union, actor=None)
            unit.covering = union.pk

    @rule(days=st.sampled_from((1, 1, 1, 2, 4)))
    def time_passes(self, days: int) -> None:
        """One day after the other; what nobody counts is missed."""
        self.pass_days(days)

    @rule(
        is_over=st.booleans(),
        breaks=st.none() | st.sampled_from(sorted(BREAKS)),
        death=st.sampled_from((Crash, Killed)),
    )
    def night(
        self, is_over: bool, breaks: str | None = None, death: type[BaseException] = Crash
    ) -> None:
        """The night for yesterday, or for the day that is not over; some die half-way."""
        self.run_night(self.today - ONE_DAY if is_over else self.today, breaks, death)


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
        week.night(is_over=False)
        week.move(0, 0)
        week.join(east, "carer", 2)
        week.night(is_over=False)
        week.change(1, EventType.WITHDRAWN, 0)
        week.time_passes(1)
        week.night(is_over=True, breaks="crown")
        week.join(east, courier, 1)
        week.night(is_over=True)
        week.correct(2)
        week.time_passes(2)
        week.move(0, 1)
        week.join(4, "carer", 4)
        week.night(is_over=True, breaks="posting")
        week.night(is_over=True)
        week.merge(1, 0)
        week.time_passes(2)
        week.night(is_over=True)
        assert len(week.oracle.published) == 6
        standing = len(week.standing)
        week.dissolve(1, to=5, retains=True, back=None)  # a county with towns: refused
        week.dissolve(3, to=None, retains=True, back=None)  # members, and nobody takes them
        assert len(week.standing) == standing
        week.dissolve(3, to=3, retains=True, back=None)
        assert len(week.standing) == standing - 1
        week.time_passes(2)
        week.night(is_over=True)
    finally:
        week.teardown()


@pytest.mark.django_db
@pytest.mark.parametrize("is_first", [True, False])
def test_foundings_of_a_day_that_is_counted_again(is_first: bool) -> None:
    """Moved alone and with what stands above, of another kind, put off and founded once more."""
    life, new, last = Nights(), 4, 0
    try:
        life.begin(is_published=not is_first)
        life.found(2, 0, True, "grassroots_union", False)
        life.join(7, "courier", 0)
        life.night(is_over=False)
        life.move(new, 2)  # to a town
        life.night(is_over=False, breaks="crown")
        life.change_kind(new, "joint_union")
        life.move(0, 1)  # and the town to the other county
        life.night(is_over=False)
        life.found(3, 0, False, "grassroots_union", False)
        life.time_passes(1)
        life.night(is_over=True)
        life.move(0, 0)
        life.change_kind(new, "grassroots_union")
        life.date_anew(last, -1, False)
        life.night(is_over=False)
        life.move(new + 1, 3)
        life.time_passes(1)
        life.night(is_over=True)
        life.date_anew(last + 1, 3, True)
        life.time_passes(1)
        life.night(is_over=True)
        city, east, west, town, other = (union.pk for union in life.unions[:5])
        newest = [life.movable[new].pk, life.movable[new + 1].pk]
        assert [
            (found.kind, found.line, found.taken_back_on is None)
            for found in life.oracle.foundings
            if found.union in newest
        ] == [
            ("joint_union", [newest[0], town, west, city], False),
            ("grassroots_union", [newest[1], town, west, city], False),
            ("grassroots_union", [newest[1], other, east, city], True),
        ]
    finally:
        life.teardown()


@pytest.mark.django_db
@pytest.mark.parametrize("is_first", [True, False])
def test_what_ends_in_preparation_is_in_no_figure(is_first: bool) -> None:
    """Dissolved or merged before or after a night, whatever day was set for the founding."""
    life = Nights()
    try:
        life.begin(is_published=not is_first)
        for back in (None, 3, -3, 0):
            life.found(2, back, True, "grassroots_union", True)
        never = {union.pk for union in life.movable[4:]}
        last = len(life.counties) + len(life.movable) - 1
        life.dissolve(last, to=None, retains=False, back=None)
        if not is_first:
            life.time_passes(1)
            life.night(is_over=True)
        life.dissolve(last - 1, to=None, retains=False, back=-1)
        life.dissolve(last - 2, to=None, retains=False, back=0)
        life.merge(4, 3)
        assert never.isdisjoint(union.pk for union in life.standing)
        life.time_passes(2)
        life.night(is_over=True)
        assert never.isdisjoint(found.union for found in life.oracle.foundings)
    finally:
        life.teardown()


@pytest.mark.django_db
@pytest.mark.parametrize(("is_first", "death"), [(True, Killed), (False, Crash)])
def test_a_night_that_dies_anywhere_is_finished_by_the_next(
    is_first: bool, death: type[BaseException]
) -> None:
    """In the first night and in a later one, in every step that counts; changes come meanwhile."""
    life = Nights()
    try:
        life.begin(is_published=not is_first)
        for place, breaks in enumerate(sorted(BREAKS)):
            life.join(3 + place % 2, GROUPS[place % 2], place)
            life.join(2, "carer", 0)
            life.rejoin(place, place, "carer", 0)
            life.found(3, 0, True, "grassroots_union", False)
            life.open(1, "drivers_home", 0)
            life.hand_over(place, place, False)
            life.time_passes(1)
            outs = len(life.oracle.published)
            life.night(is_over=True, breaks=breaks, death=death)
            life.move(place, place)
            life.join(4, "courier", 2)
            life.night(is_over=True)
            if not is_first:
                assert len(life.oracle.published) == outs + 1
        assert life.parts_broken_off == 1
    finally:
        life.teardown()


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
