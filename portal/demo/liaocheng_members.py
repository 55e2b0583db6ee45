"""Liaocheng's 57,768 members of 2023-09-06 with a living history before and after.

Published: 57,768 members over nine groups on that day. Generated: who, where, when. Before that day
people also left, were retained and restored; since then every leaver is matched by a joiner of the
same group on the same day, so that the stock stays what was published, group by group.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from core.clock import local_today
from enterprises.models import Employer
from members.enums import EventType, JoinChannel, MembershipStatus
from members.models import JoinCode, Member, Membership, MembershipEvent
from portal.demo.bulk import Tick, analyse, spread, working_days
from portal.demo.datafiles import read_data
from portal.demo.liaocheng_plan import PUBLISHED_ON, LiaochengPlan, in_drive
from portal.demo.liaocheng_unions import FEDERATION_CODE, FEDERATION_FOUNDED, read_plan
from portal.demo.register import Entry, History, RegisterWriter, Spell
from unions.models import Union

FIRST_PHONE = 0
EARLY_LEAVERS = 2_900
RETAINED = 640
RESTORED = 150
TRANSFERS = 700
# Pairs of one who leaves and one who joins, per working day.
TURNOVER_USUAL = 5
TURNOVER_RECENT = 18
RECENT_DAYS = 60
REVIEW_DAYS = 14

_CHANNELS: dict[str, tuple[tuple[JoinChannel, ...], tuple[int, ...]]] = {
    "flexible": (
        (JoinChannel.QR, JoinChannel.MOBILE_WINDOW, JoinChannel.ONLINE, JoinChannel.PAPER),
        (45, 20, 15, 20),
    ),
    "firm": (
        (JoinChannel.COLLECTIVE, JoinChannel.QR, JoinChannel.PAPER, JoinChannel.ONLINE,
         JoinChannel.PLATFORM),
        (45, 25, 15, 10, 5),
    ),
    "direct": ((JoinChannel.DIRECT,), (1,)),
}  # fmt: skip
# Share of each group's members by sort of union: firms and trades, flexible, the federation itself.
_SHARES = {"firm": 0.65, "flexible": 0.32, "direct": 0.03}


@dataclass
class Place:
    """A union that people join: ``sort`` decides on channels, ``group`` on who ("" everybody)."""

    union_id: int
    sort: str
    group: str
    size: float
    review_days: list[dt.date]
    employers: list[tuple[int, str]] = field(default_factory=list)
    join_code_id: int | None = None


@dataclass(frozen=True)
class Stay:
    """Somebody of ``group`` joined at ``place`` on a day."""

    place: Place
    group: str
    day: dt.date


def load_liaocheng_members(tick: Tick) -> dict[str, int]:
    """Write everybody's history; expects the unions and enterprises of the plan."""
    author = _Author(_places(read_plan()), yesterday=local_today() - dt.timedelta(days=1))
    histories = author.write()
    writer = RegisterWriter(
        "3715", first_number=0, first_phone=FIRST_PHONE, tick=tick, total=len(histories)
    )
    writer.write_all(histories)
    analyse(Member, Membership, MembershipEvent)
    return {"people": writer.people, "active": author.active}


def _places(plan: LiaochengPlan) -> list[Place]:
    random = Random("liaocheng-places")  # noqa: S311 -- synthetic data
    ids = dict(Union.objects.filter(code__startswith="D3715-").values_list("code", "pk"))
    codes = dict(JoinCode.objects.filter(is_demo=True).values_list("union_id", "pk"))
    employer_ids = dict(Employer.objects.filter(is_demo=True).values_list("uscc", "pk"))
    employers: dict[str, list[tuple[int, str]]] = {}
    for employer in plan.employers:
        if employer.union:
            row = (employer_ids[employer.uscc], employer.name)
            employers.setdefault(employer.union, []).append(row)
    places = [
        Place(
            union_id=ids[union.code],
            sort="firm" if union.group else "flexible",
            group=union.group,
            size=union.size,
            review_days=_review_days(random, union.founded_on),
            employers=employers.get(union.code, []),
            join_code_id=codes.get(ids[union.code]),
        )
        for union in plan.unions
    ]
    federation_id = ids[FEDERATION_CODE]
    direct = Place(
        union_id=federation_id,
        sort="direct",
        group="",
        size=1.0,
        review_days=_review_days(random, FEDERATION_FOUNDED),
        join_code_id=codes.get(federation_id),
    )
    return [*places, direct]


def _review_days(random: Random, founded_on: dt.date) -> list[dt.date]:
    """The founding day and some later days on which a union decides, more of them in drives."""
    later = working_days(founded_on + dt.timedelta(days=1), PUBLISHED_ON)
    drawn = random.choices(later, [3 if in_drive(day) else 1 for day in later], k=REVIEW_DAYS - 1)
    return sorted({founded_on, *drawn})


class _Author:
    """Invents the histories, the same on every run of a day."""

    def __init__(self, places: Sequence[Place], *, yesterday: dt.date) -> None:
        self._random = Random("liaocheng-members")  # noqa: S311 -- synthetic data
        self._places = places
        self._yesterday = yesterday
        self._groups = {row["group"]: int(row["members"]) for row in read_data("liaocheng_groups")}
        self._open_to = {group: self._weighted(group) for group in self._groups}
        self._cumulated = {g: list(accumulate(found[1])) for g, found in self._open_to.items()}
        self._histories: list[History] = []
        self.active = 0

    def write(self) -> list[History]:
        """Everybody, in the order of joining."""
        settled = self._settle()
        self._random.shuffle(settled)
        self.active = len(settled)
        for _ in range(RESTORED):
            self._retain(settled.pop(), restored=True)
        for _ in range(TRANSFERS):
            self._transfer(settled.pop())
        self._turn_over(settled)
        for stay in settled:
            self._add(stay)
        for _ in range(EARLY_LEAVERS):
            self._leave_early()
        for _ in range(RETAINED):
            self._retain(self._some_stay(), restored=False)
        self._histories.sort(key=lambda history: history.spells[0].started_on)
        return self._histories

    # -- who stands where on the published day ------------------------------------------------
    def _weighted(self, group: str) -> tuple[list[Place], list[float]]:
        """The places open to a group, with weights that sum to the shares of their sorts."""
        fitting = [place for place in self._places if place.group in ("", group)]
        sums = {
            sort: sum(place.size for place in fitting if place.sort == sort) for sort in _SHARES
        }
        return fitting, [_SHARES[p.sort] * p.size / sums[p.sort] for p in fitting]

    def _settle(self) -> list[Stay]:
        stays = []
        for group, count in self._groups.items():
            places, weights = self._open_to[group]
            for place, number in zip(places, spread(count, weights), strict=True):
                stays += [Stay(place, group, self._join_day(place)) for _ in range(number)]
        return stays

    def _join_day(self, place: Place) -> dt.date:
        """Two in five joined when the union was founded, the others on later review days."""
        if self._random.random() < 0.4:
            return place.review_days[0]
        return self._random.choice(place.review_days)

    def _some_stay(self) -> Stay:
        """Somebody who joined at least some weeks before the published day."""
        random = self._random
        latest = PUBLISHED_ON - dt.timedelta(days=45)
        while True:
            group = random.choices(list(self._groups), list(self._groups.values()))[0]
            place = self._draw_place(group)
            if (day := self._join_day(place)) <= latest:
                return Stay(place, group, day)

    def _draw_place(self, group: str) -> Place:
        places, _weights = self._open_to[group]
        return self._random.choices(places, cum_weights=self._cumulated[group])[0]

    # -- lives --------------------------------------------------------------------------------
    def _leave_early(self) -> None:
        stay = self._some_stay()
        day = self._day_between(stay.day + dt.timedelta(days=30), PUBLISHED_ON)
        self._leave(stay, day)

    def _leave(self, stay: Stay, day: dt.date) -> None:
        """``day`` is the first on which the person no longer counts."""
        kind = self._random.choices(
            [EventType.WITHDRAWN, EventType.DECEASED, EventType.EXPELLED], [960, 35, 5]
        )[0]
        self._add(
            stay,
            Entry(0, kind.value, stay.place.union_id, day),
            status=MembershipStatus.ENDED.value,
            ended_on=day - dt.timedelta(days=1),
        )

    def _retain(self, stay: Stay, *, restored: bool) -> None:
        """Retained before the published day, and back again before it where ``restored``."""
        union_id = stay.place.union_id
        latest = PUBLISHED_ON - dt.timedelta(days=10)
        if stay.day > latest - dt.timedelta(days=20):
            self._add(stay)  # too late for that: the stock is the same
            return
        day = self._day_between(stay.day + dt.timedelta(days=10), latest)
        entries = [Entry(0, EventType.RETAINED.value, union_id, day)]
        if restored:
            back = self._day_between(day + dt.timedelta(days=5), PUBLISHED_ON)
            entries.append(Entry(0, EventType.RESTORED.value, union_id, back))
        status = MembershipStatus.ACTIVE if restored else MembershipStatus.RETAINED
        self._add(stay, *entries, status=status.value)

    def _transfer(self, stay: Stay) -> None:
        day = self._day_between(stay.day + dt.timedelta(days=60), self._yesterday)
        target = self._draw_place(stay.group)
        if target is stay.place or day <= target.review_days[0]:
            self._add(stay)
            return
        first = self._spell(stay, ended_on=day - dt.timedelta(days=1), status="ended")
        second = self._spell(Stay(target, stay.group, day))._replace(channel=first.channel)
        here, there = stay.place.union_id, target.union_id
        self._histories.append(
            History(
                (first, second),
                (
                    Entry(0, EventType.JOINED.value, here, stay.day),
                    Entry(0, EventType.TRANSFERRED_OUT.value, here, day, there),
                    Entry(1, EventType.TRANSFERRED_IN.value, there, day, here),
                ),
            )
        )

    def _turn_over(self, settled: list[Stay]) -> None:
        """Since the published day: one leaves, one of the same group joins, on the same day."""
        recent = self._yesterday - dt.timedelta(days=RECENT_DAYS)
        for day in working_days(PUBLISHED_ON + dt.timedelta(days=1), self._yesterday):
            usual = TURNOVER_RECENT if day > recent else TURNOVER_USUAL
            for _ in range(self._random.randint(usual // 2, usual + usual // 2)):
                if not settled:
                    return
                leaver = settled.pop()
                self._leave(leaver, day)
                self._add(Stay(self._draw_place(leaver.group), leaver.group, day))

    def _day_between(self, first: dt.date, last: dt.date) -> dt.date:
        """A day from ``first`` to ``last``; ``first`` where ``last`` is before it."""
        return first + dt.timedelta(days=self._random.randint(0, max(0, (last - first).days)))

    def _add(
        self,
        stay: Stay,
        *entries: Entry,
        status: str = MembershipStatus.ACTIVE.value,
        ended_on: dt.date | None = None,
    ) -> None:
        joined = Entry(0, EventType.JOINED.value, stay.place.union_id, stay.day)
        spell = self._spell(stay, status=status, ended_on=ended_on)
        self._histories.append(History((spell,), (joined, *entries)))

    def _spell(
        self,
        stay: Stay,
        *,
        status: str = MembershipStatus.ACTIVE.value,
        ended_on: dt.date | None = None,
    ) -> Spell:
        place = stay.place
        channels, weights = _CHANNELS[place.sort]
        channel = self._random.choices(channels, weights)[0]
        employer_id, employer_name = (
            self._random.choice(place.employers) if place.employers else (None, "")
        )
        return Spell(
            union_id=place.union_id,
            group=stay.group,
            channel=channel.value,
            started_on=stay.day,
            ended_on=ended_on,
            status=status,
            join_code_id=place.join_code_id if channel == JoinChannel.QR else None,
            employer_id=employer_id,
            employer_name=employer_name,
        )
