"""A register of any size: tree, members with their ledger, applications, one campaign."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from accounts.models import User
from campaigns.models import Campaign, CampaignStatus, Indicator, Metric, Target, Unit
from core.clock import local_today
from enterprises.models import WorkforceBaseline
from members.models import JoinCode
from members.services.join_codes import create_join_code
from portal.benchmarks.register import HISTORY_DAYS, add_employers, add_lives, add_waiting
from portal.demo.bulk import analyse, copy_records, reserve_ids
from reference.models import GroupSet, Region
from reports.counting.history import THE_BEGINNING
from reports.models import DailyCount
from unions.enums import Role
from unions.models import Union
from unions.services import appoint
from unions.tree import lock_tree

WHOLE_HISTORY_UP_TO = 200_000  # members
# The last day of the history; the days after it are there for the nights that are measured.
DAYS_SINCE_HISTORY = 120  # more than the nights that any suite lets pass
OPENED_BEFORE = dt.timedelta(days=90)
FIRST_IN_QUEUE = 900_000_000
MEMBERS_EACH = 10  # for each employer of the register
OFFICIAL, LEADER = "bench-official", "bench-leader"


@dataclass(frozen=True)
class Sizes:
    """How much to build: members and unions, the federations above them included."""

    members: int
    unions: int

    @property
    def queue(self) -> int:
        """Applications that wait for review."""
        return max(50, self.members // 20)


def last_day() -> dt.date:
    """The last day of the history, and the last that has been counted."""
    return local_today() - dt.timedelta(days=DAYS_SINCE_HISTORY)


def build(sizes: Sizes) -> None:
    """Fill an empty, migrated database, and count it."""
    from reports.nightly import run_nightly

    with transaction.atomic():
        regions = _regions()
        levels = _tree(sizes.unions, regions)
        add_register(sizes.members, first=0)
        _queue(sizes.queue, levels[-1])
        _people(levels[0][0])
        _campaign(levels[0][0], levels[1])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    run_nightly(last_day(), opening=opening_of(sizes.members))
    analyse(DailyCount)


def opening_of(members: int) -> dt.date:
    """The first day of the figures: a register of millions is opened with a balance, a smaller one
    has its whole history."""
    if members <= WHOLE_HISTORY_UP_TO:
        return THE_BEGINNING
    return last_day() - OPENED_BEFORE


def add_register(count: int, *, first: int) -> None:
    """``count`` people as in ``add_members``, and an employer for every ten of them."""
    add_members(count, first=first)
    add_employers(count // MEMBERS_EACH, first=first // MEMBERS_EACH)


def add_members(
    count: int,
    *,
    first: int,
    days: tuple[dt.date, dt.date] | None = None,
    within: int | None = None,
) -> None:
    """Add ``count`` people, the first of them person ``first``, who joined in ``days``, all in the
    first ``within`` grassroots unions or spread over all of them."""
    end = last_day()
    since, until = days or (end - dt.timedelta(days=HISTORY_DAYS), end)
    add_lives(count, first=first, since=since, until=until, within=within)


def grow_to_double(sizes: Sizes) -> None:
    """As many members again, over the same unions and years."""
    with transaction.atomic():
        add_register(sizes.members, first=sizes.members)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def official() -> User:
    """A federation official at the top of the tree."""
    return User.objects.get(username=OFFICIAL)


def leader() -> User:
    """A leader at the top of the tree."""
    return User.objects.get(username=LEADER)


def leaders_of(unions: Sequence[Union]) -> list[User]:
    """One more leader for each of these unions, in their order."""
    first = User.objects.filter(username__startswith=f"{LEADER}-").count()
    users = [User(username=f"{LEADER}-{first + n}", is_staff=True) for n in range(len(unions))]
    for user, union in zip(User.objects.bulk_create(users), unions, strict=True):
        appoint(user, union=union, role=Role.LEADER, starts_on=dt.date(2020, 1, 1), actor=None)
    return users


def join_code() -> JoinCode:
    """The code behind which the sign-ups are measured."""
    return JoinCode.objects.get()


def _regions() -> list[Region]:
    regions: list[Region] = []
    for code, name in (("37", "省"), ("3715", "市"), ("371502", "区")):
        above = regions[-1] if regions else None
        regions.append(
            Region.objects.create(
                code=code,
                gb_code=code.ljust(6, "0"),
                name=name,
                full_name=(above.full_name if above else "") + name,
                level=len(code) // 2,
                parent=above,
            )
        )
    return regions


def _tree(count: int, regions: list[Region]) -> list[list[int]]:
    """Province, cities, counties, townships, and the rest grassroots unions; ids by level."""
    branching = max(1, int((count / 2) ** 0.25))
    sizes = [1, branching, branching**2, branching**3]
    sizes.append(max(1, count - sum(sizes)))
    kinds = (
        "provincial_federation", "city_federation", "county_federation", "township_union",
        "grassroots_union",
    )  # fmt: skip
    lock_tree()
    ids = reserve_ids(Union, sum(sizes))
    levels: list[list[int]] = []
    rows: list[tuple[object, ...]] = []
    paths: dict[int, str] = {}
    founded = last_day() - dt.timedelta(days=HISTORY_DAYS + 100)
    for kind, size in zip(kinds, sizes, strict=True):
        level, ids = ids[:size], ids[size:]
        for position, union_id in enumerate(level):
            parent = levels[-1][position % len(levels[-1])] if levels else None
            paths[union_id] = f"{paths[parent] if parent else ''}{union_id}/"
            region = regions[min(len(levels), 2)].pk
            rows.append(
                (union_id, f"{kind} {position}", kind, parent, paths[union_id], region, founded)
            )
        levels.append(level)
    copy_records(
        Union,
        ("id", "name", "kind_id", "parent_id", "path", "region_id", "founded_on"),
        rows,
    )
    return levels


def _queue(count: int, unions: list[int]) -> None:
    create_join_code(Union.objects.get(pk=unions[0]), actor=None)
    add_waiting(count, first=FIRST_IN_QUEUE, day=local_today())


def _people(top: int) -> None:
    union = Union.objects.get(pk=top)
    for name, role in ((OFFICIAL, Role.FEDERATION_OFFICIAL), (LEADER, Role.LEADER)):
        user = User.objects.create_user(name, password=None, is_staff=True)
        appoint(user, union=union, role=role, starts_on=dt.date(2020, 1, 1), actor=None)


def _campaign(top: int, cities: list[int]) -> None:
    """One campaign whose target every city has, with a baseline for each city's rate."""
    day = last_day()
    year = day.replace(month=1, day=1), day.replace(month=12, day=31)
    group_set = GroupSet.objects.filter(code="set4").latest("version")
    campaign = Campaign.objects.create(
        owner_id=top,
        name="Bench",
        starts_on=year[0],
        ends_on=year[1],
        group_set=group_set,
        status=CampaignStatus.PUBLISHED,
    )
    WorkforceBaseline.objects.bulk_create(
        WorkforceBaseline(
            keeper_id=top,
            union_id=union_id,
            group_set=group_set,
            counted_on=year[0],
            worker_count=100_000,
            source="bench",
        )
        for union_id in cities
    )
    for metric, unit, value in (
        (Metric.NEW_MEMBERS, Unit.PERSON, 10_000),
        (Metric.ENROLMENT_RATE, Unit.RATIO, "0.8"),
    ):
        indicator = Indicator.objects.create(
            campaign=campaign, metric=metric, group_set=group_set, name=metric, unit=unit
        )
        Target.objects.bulk_create(
            Target(
                indicator=indicator,
                union_id=union_id,
                period_start=year[0],
                period_end=year[1],
                value=value,
            )
            for union_id in (top, *cities)
        )
