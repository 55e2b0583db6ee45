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

from core.errors import RuleViolation
from enterprises.models import Employer
from enterprises.services import update_employer
from members.enums import EventType, MembershipStatus
from members.models import Membership, MembershipEvent
from members.services.ledger import correct_event, record_event
from members.services.union_closing import start_dissolution, start_merger
from stations.models import Station, StationKind, StationStatus
from stations.services import open_station, update_station
from tests.budgets import RANDOM_LIVES
from tests.builders import make_membership, person
from tests.reports.night_oracle import ONE_DAY, Entry, Place
from tests.reports.night_world import (
    BREAKS,
    GROUPS,
    STATION_KINDS,
    Crash,
    Killed,
    NightWorld,
)
from unions.enums import UnionStatus
from unions.models import Union
from unions.services import move_union, update_union

_numbers = st.integers(0, 9)
_back = st.sampled_from((0, 0, 0, 1, 2, 5, 20, -1))  # days before today; -1 is tomorrow


class Nights(NightWorld, RuleBasedStateMachine):
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

    def _note(self, event: MembershipEvent, *, rejoined: int = 0) -> None:
        self.noted[event.pk] = Entry(
            event.union_id,
            event.worker_group_id,
            event.effective_on,
            event.active_change,
            event.retained_change,
            event.joined_change - rejoined,
            rejoined,
        )
        self.oracle.entries.append(self.noted[event.pk])

    def _note_after(self, newest: int) -> None:
        for event in MembershipEvent.objects.filter(pk__gt=newest).order_by("pk"):
            self._note(event)

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

    @rule(where=_numbers, back=st.sampled_from((None, 0, 0, 3, -1)), is_nef=st.booleans(),
          kind=st.sampled_from(("grassroots_union", "grassroots_union", "holding_pool")),
          is_preparing=st.booleans())  # fmt: skip
    def found(
        self, where: int, back: int | None, is_nef: bool, kind: str, is_preparing: bool
    ) -> None:
        """A union is registered: founded then, earlier, tomorrow, or still being prepared."""
        parent = self.standing[where % len(self.standing)]
        try:
            union = self.register(
                f"新会{len(self.unions)}",
                kind,
                Union.objects.get(pk=parent.pk),
                founded_on=None if back is None else self.today - back * ONE_DAY,
                is_nef=is_nef,
                status=UnionStatus.PREPARING if is_preparing else UnionStatus.ACTIVE,
            )
        except RuleViolation:
            return  # nothing of this kind may stand there
        self.movable.append(union)

    @rule(which=_numbers, is_nef=st.booleans())
    def update(self, which: int, is_nef: bool) -> None:
        """A union is established if it was not, and marked as one of new forms or not."""
        union = self.standing[-1 - which % len(self.standing)]
        update_union(union, actor=None, status=UnionStatus.ACTIVE, is_nef=is_nef)
        body = self.oracle.bodies[union.pk]
        body.is_preparing, body.is_nef = False, is_nef

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

    @rule(which=_numbers, to=_numbers)
    def move(self, which: int, to: int) -> None:
        """A town changes its county, a smaller union its town."""
        union = self.movable[which % len(self.movable)]
        places = [*self.counties, *self.movable]
        place = places[to % len(places)]
        if self.counted_at_once.intersection(self.oracle.below(union.pk)):
            return
        try:
            move_union(
                Union.objects.get(pk=union.pk),
                to_parent=Union.objects.get(pk=place.pk),
                reason="区划调整",
                actor=None,
            )
        except RuleViolation:
            return  # it stands there already, or may not
        self.oracle.parents[union.pk] = place.pk

    @precondition(lambda self: len(self.movable) > 1)
    @rule(which=_numbers, into=_numbers)
    def merge(self, which: int, into: int) -> None:
        """A union becomes part of another: members and what stands below it are carried over."""
        newest = MembershipEvent.objects.latest("pk").pk
        source, target = (
            Union.objects.get(pk=self.movable[n % len(self.movable)].pk) for n in (which, into)
        )
        if self.counted_at_once.intersection(self.oracle.below(source.pk)[1:]):
            return
        before = self.registers()
        try:
            start_merger(source, into=target, reason="乡镇合并", actor=None)
        except RuleViolation:
            assert self.registers() == before
            return  # it is the same, or may not take what is below, or has entries of tomorrow
        source.refresh_from_db()
        self._closed(source, newest)
        self.oracle.merge(source.pk, target.pk, source.closed_on)

    @rule(
        which=_numbers,
        to=st.none() | _numbers,
        retains=st.booleans(),
        back=st.sampled_from((None, None, 0, 1, -1)),
    )
    def dissolve(self, which: int, to: int | None, retains: bool, back: int | None) -> None:
        """A union ends: the last below it, and its members go to another, if it has any."""
        newest = MembershipEvent.objects.latest("pk").pk
        ending = [*self.counties, *self.movable]
        union = Union.objects.get(pk=ending[which % len(ending)].pk)
        target = None if to is None else self.standing[to % len(self.standing)]
        has_some_below = any(self.oracle.parents[one.pk] == union.pk for one in self.standing)
        has_members = Membership.objects.open().filter(union=union).exists()
        before, refused = self.registers(), None
        try:
            start_dissolution(
                union,
                memberships_to=target,
                retains_members=retains,
                closed_on=None if back is None else self.today - back * ONE_DAY,
                reason="已无会员",
                actor=None,
            )
        except RuleViolation as refusal:
            refused = refusal.code
        if has_some_below:
            assert refused == "children"
        elif has_members and target is None:
            assert refused == "required"
        if refused is not None:
            assert self.registers() == before
            return
        union.refresh_from_db()
        self._closed(union, newest)
        self.oracle.dissolve(union.pk, union.closed_on)

    def _closed(self, union: Union, newest: int) -> None:
        for unions in (self.counties, self.movable, self.standing):
            if union in unions:
                unions.remove(union)
        self._note_after(newest)

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
