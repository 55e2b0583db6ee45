"""Luoyang at full size: 16,800 unions and 1,450,000 members, 1,072 and 135,000 of new form.

Published on 2023-08-24 as round numbers; the demo stands at exactly these. Unions, names, dates and
the split over places and groups are generated. Members are written county by county, so that a load
that was cut off goes on with the next county.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from members.enums import EventType, JoinChannel
from members.models import Member, Membership, MembershipEvent
from portal.demo.bulk import Tick, analyse, spread, working_days
from portal.demo.datafiles import read_data
from portal.demo.federations import DEMO_FOUNDED, union_code
from portal.demo.liaocheng_plan import FEDERATED_TRADES, PlannedUnion
from portal.demo.liaocheng_unions import copy_planned_unions
from portal.demo.names import DEMO_MARK, FirmNames, union_of_firm
from portal.demo.register import Entry, History, RegisterWriter, Spell
from reference.enums import RegionKind, RegionLevel
from reference.models import Region
from unions import tree
from unions.models import Union

CITY = "4103"
PUBLISHED_ON = dt.date(2023, 8, 24)
UNIONS = 16_800  # 洛阳市总工会 among them
NEF_UNIONS = 1_072
MEMBERS = 1_450_000
NEF_MEMBERS = 135_000
FIRST_PHONE = 10_000_000
# The register of real names begins then: everybody in it was of age by that year.
REGISTER_BEGAN = dt.date(2020, 3, 2)

_LATE_DAYS = working_days(dt.date(2023, 1, 3), PUBLISHED_ON)
_EMPLOYEE = "employee"
_EMPLOYEE_DAYS = 3
_NEF_DAYS = 10
# So many new-form members joined in 2023: some 9,500 by August, of 12,000 asked for the year.
_NEF_SHARE_2023 = 0.07
_BEFORE_2023 = dt.date(2022, 12, 30)


@dataclass(frozen=True)
class Headcount:
    """How many of each group a union has."""

    union: PlannedUnion
    by_group: tuple[tuple[str, int], ...]

    @property
    def people(self) -> int:
        """All of them."""
        return sum(count for _group, count in self.by_group)


@dataclass(frozen=True)
class LuoyangPlan:
    """Unions, parents before children, and who is in them."""

    unions: tuple[PlannedUnion, ...]
    nef_codes: frozenset[str]
    headcounts: tuple[Headcount, ...]

    def of_county(self, county: str) -> tuple[int, list[Headcount]]:
        """Number of the county's first person, and its unions with members."""
        before = 0
        found: list[Headcount] = []
        for headcount in self.headcounts:
            if headcount.union.region.startswith(county):
                found.append(headcount)
            elif headcount.union.region[:6] < county:
                before += headcount.people
        return before, found


def load_luoyang_unions(tick: Tick) -> dict[str, int]:
    """Write the unions below the counties; the subtree then stands at 16,800."""
    plan = read_luoyang_plan()
    tree.lock_tree()
    bodies = [union for union in plan.unions if union.kind == "township_union"]
    nef = [union for union in plan.unions if union.code in plan.nef_codes]
    others = [u for u in plan.unions if u.code not in plan.nef_codes and u.kind != "township_union"]
    copy_planned_unions(bodies, is_nef=False)
    copy_planned_unions(nef, is_nef=True)
    tick(len(bodies) + len(nef), len(plan.unions))
    copy_planned_unions(others, is_nef=False)
    tick(len(plan.unions), len(plan.unions))
    analyse(Union)
    return {"unions": len(plan.unions)}


def county_codes() -> list[str]:
    """The county-level regions of Luoyang, in order."""
    regions = Region.objects.filter(parent=CITY, level=RegionLevel.COUNTY)
    return list(regions.order_by("code").values_list("code", flat=True))


def load_county_members(county: str, tick: Tick) -> dict[str, int]:
    """Write the members of one county's unions, streaming."""
    first, headcounts = read_luoyang_plan().of_county(county)
    codes = [headcount.union.code for headcount in headcounts]
    ids = dict(Union.objects.filter(code__in=codes).values_list("code", "pk"))
    total = sum(headcount.people for headcount in headcounts)
    writer = RegisterWriter(
        CITY, first_number=first, first_phone=FIRST_PHONE, tick=tick, total=total
    )
    writer.write_all(_histories(county, headcounts, ids))
    analyse(Member, Membership, MembershipEvent)
    return {"people": writer.people}


def _histories(county: str, headcounts: list[Headcount], ids: dict[str, int]) -> Iterator[History]:
    random = Random(f"luoyang-members-{county}")  # noqa: S311 -- synthetic data
    for headcount in headcounts:
        union_id = ids[headcount.union.code]
        is_nef = headcount.by_group[0][0] != _EMPLOYEE
        if is_nef:
            days = _join_days(random, headcount.union, _NEF_DAYS, _BEFORE_2023)
            late_days = random.sample(_LATE_DAYS, 2)
        else:
            late_days = days = _join_days(random, headcount.union, _EMPLOYEE_DAYS, PUBLISHED_ON)
        for group, count in headcount.by_group:
            for _ in range(count):
                channel = _channel(random) if is_nef else JoinChannel.IMPORT.value
                is_late = random.random() < _NEF_SHARE_2023
                day = random.choice(late_days if is_late else days)
                yield _history(union_id, group, channel, day)


def _history(union_id: int, group: str, channel: str, day: dt.date) -> History:
    return History(
        (Spell(union_id, group, channel, day),),
        (Entry(0, EventType.JOINED.value, union_id, day),),
    )


def _channel(random: Random) -> str:
    channels = (JoinChannel.QR, JoinChannel.COLLECTIVE, JoinChannel.MOBILE_WINDOW)
    return channels[int(3 * random.random())].value


def _join_days(random: Random, union: PlannedUnion, count: int, last: dt.date) -> list[dt.date]:
    first = max(union.founded_on, REGISTER_BEGAN)
    days = working_days(first, last)
    return [first, *random.choices(days, k=count - 1)] if days else [first]


@lru_cache(maxsize=1)
def read_luoyang_plan() -> LuoyangPlan:
    """The plan for the regions that are loaded; the same every time."""
    townships = Region.objects.filter(
        code__startswith=CITY, level=RegionLevel.TOWNSHIP, kind=RegionKind.DIVISION
    )
    counties = Region.objects.filter(parent=CITY, level=RegionLevel.COUNTY)
    planner = _Planner(
        dict(counties.order_by("code").values_list("code", "name")),
        dict(townships.order_by("code").values_list("code", "name")),
    )
    return planner.plan()


class _Planner:
    def __init__(self, counties: dict[str, str], townships: dict[str, str]) -> None:
        self._random = Random("luoyang-plan-1")  # noqa: S311 -- synthetic data
        self._names = FirmNames(self._random)
        self._counties = counties
        self._townships = townships
        self._town_codes = list(townships)
        self._unions: list[PlannedUnion] = []
        self._nef_days = working_days(dt.date(2020, 6, 1), dt.date(2022, 12, 16))
        self._old_days = working_days(DEMO_FOUNDED, dt.date(2023, 6, 30))

    def plan(self) -> LuoyangPlan:
        for code, name in self._townships.items():
            self._add(
                f"{self._counties[code[:6]]}{name}总工会", "township_union", code[:6], code,
                founded_on=DEMO_FOUNDED, code=union_code(code),
            )  # fmt: skip
        nef = self._new_form_unions()
        ordinary = [
            self._firm_union("joint_union" if self._random.random() < 0.12 else "grassroots_union",
                             _EMPLOYEE, self._old_days)
            for _ in range(UNIONS - 1 - len(self._counties) - len(self._townships) - len(nef))
        ]  # fmt: skip
        headcounts = [*self._new_form_people(nef), *self._employees(ordinary)]
        headcounts.sort(key=lambda headcount: headcount.union.region[:6])
        return LuoyangPlan(
            tuple(self._unions), frozenset(union.code for union in nef), tuple(headcounts)
        )

    def _new_form_unions(self) -> list[PlannedUnion]:
        """Flexible joint unions of the townships, trade federations of the counties, firms."""
        nef = [
            self._add(f"{name}灵活就业人员联合工会", "flexible_township", code, code, size=110.0)
            for code, name in self._townships.items()
        ]
        nef += [
            self._add(
                f"{trade}工会联合会{DEMO_MARK}", "industry_federation", county, county,
                group=group, size=260.0,
            )
            for county in self._counties
            for group, trade in FEDERATED_TRADES
        ]  # fmt: skip
        groups = read_data("luoyang_groups")
        weights = [float(row["members"]) for row in groups]
        for row, number in zip(groups, spread(NEF_UNIONS - len(nef), weights), strict=True):
            for position in range(number):
                kind = "joint_union" if position % 5 < 2 else "grassroots_union"
                nef.append(self._firm_union(kind, row["group"], self._nef_days))
        return nef

    def _firm_union(self, kind: str, group: str, days: list[dt.date]) -> PlannedUnion:
        town = self._random.choice(self._town_codes)
        firm = self._names.draw(f"洛阳{self._counties[town[:6]].removeprefix('洛阳')}", group)
        name = union_of_firm(firm)
        if kind == "joint_union":
            name = f"{firm.split('有限公司')[0]}等企业联合工会{DEMO_MARK}"
        return self._add(
            name, kind, town, town, group=group, size=self._random.lognormvariate(4.0, 0.9),
            founded_on=self._random.choice(days),
        )  # fmt: skip

    def _add(
        self,
        name: str,
        kind: str,
        parent_region: str,
        region: str,
        *,
        group: str = "",
        size: float = 0.0,
        founded_on: dt.date | None = None,
        code: str = "",
    ) -> PlannedUnion:
        union = PlannedUnion(
            code=code or f"D{CITY}-{len(self._unions) + 1:05d}",
            name=name,
            kind=kind,
            parent=union_code(parent_region),
            region=region,
            founded_on=founded_on or self._random.choice(self._nef_days),
            group=group,
            size=size,
            mode="joint" if kind == "joint_union" else "",
            strategy="",
            driver="",
            channel="offline",
        )
        self._unions.append(union)
        return union

    def _new_form_people(self, nef: list[PlannedUnion]) -> list[Headcount]:
        counts: dict[str, list[tuple[str, int]]] = {union.code: [] for union in nef}
        rows = read_data("luoyang_groups")
        total = sum(int(row["members"]) for row in rows)
        for row in rows:
            group, members = row["group"], int(row["members"])
            open_to = [union for union in nef if union.group in ("", group)]
            weights = [u.size * (1.0 if u.group else members / total) for u in open_to]
            for union, count in zip(open_to, spread(members, weights), strict=True):
                if count:
                    counts[union.code].append((group, count))
        return [Headcount(union, tuple(counts[union.code])) for union in nef if counts[union.code]]

    def _employees(self, ordinary: list[PlannedUnion]) -> list[Headcount]:
        counts = spread(MEMBERS - NEF_MEMBERS, [union.size for union in ordinary])
        return [
            Headcount(union, ((_EMPLOYEE, count),))
            for union, count in zip(ordinary, counts, strict=True)
            if count
        ]
