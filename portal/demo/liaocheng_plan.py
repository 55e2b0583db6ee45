"""Which 882 unions and 2,800 enterprises Liaocheng's demo has: a pure plan, the same every time.

Published: 882 unions, among them (by assumption) 135 township, 122 village and 48 community
flexible joint unions; 2,800 enterprises surveyed by 2023-09-06. Everything else is generated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from core.uscc import ALPHABET, make_uscc
from portal.demo.bulk import spread, working_days
from portal.demo.datafiles import read_data
from portal.demo.federations import union_code
from portal.demo.names import DEMO_MARK, FirmNames, union_of_firm

PUBLISHED_ON = dt.date(2023, 9, 6)
DRIVE_BEGAN = dt.date(2021, 8, 2)
SURVEY_BEGAN = dt.date(2022, 3, 1)

VILLAGE_UNIONS = 122
COMMUNITY_UNIONS = 48
TRADE_FEDERATIONS = 32
JOINT_UNIONS = 225
SINGLE_UNIONS = 320
COVERED_UNIONS = 882
ENTERPRISES = 2_800

FEDERATED_TRADES = (
    ("truck_driver", "货运行业"),
    ("ride_hailing_driver", "网约出行行业"),
    ("courier", "快递行业"),
    ("delivery_rider", "外卖配送行业"),
)
_AFFILIATES = {
    "truck_driver": "truck_affiliate",
    "courier": "courier_franchise",
    "delivery_rider": "delivery_agent",
    "security_guard": "labour_dispatch",
}


def in_drive(day: dt.date) -> bool:
    """The months in which the demo's drives ran: autumns of 2021 and 2022, summer of 2023."""
    return day.month >= 8 if day.year < 2023 else 5 <= day.month <= 8


@dataclass(frozen=True)
class Place:
    """A region as the plan needs it."""

    code: str
    name: str


@dataclass(frozen=True)
class PlannedUnion:
    """A union to be; ``group`` is the trade it organises ("" takes all), ``size`` is a weight."""

    code: str
    name: str
    kind: str
    parent: str
    region: str
    founded_on: dt.date
    group: str
    size: float
    mode: str
    strategy: str
    driver: str
    channel: str


@dataclass(frozen=True)
class PlannedEmployer:
    """An enterprise to be; ``union`` is the code of the union that covers it ("" none)."""

    name: str
    uscc: str
    region: str
    keeper: str
    union: str
    state: str
    group: str
    is_platform: bool
    is_head: bool
    affiliate: str
    staff: int
    nef_workers: int
    surveyed_on: dt.date


@dataclass
class LiaochengPlan:
    """All unions, parents before children, and all enterprises."""

    unions: list[PlannedUnion] = field(default_factory=list)
    employers: list[PlannedEmployer] = field(default_factory=list)


def plan_liaocheng(townships: Sequence[Place], villages: Sequence[Place]) -> LiaochengPlan:
    """The plan for these townships (135) and villages (of some of them). Same input, same plan."""
    planner = _Planner(townships, villages)
    planner.flexible_unions()
    planner.trade_federations()
    planner.firm_unions()
    planner.unorganised_firms()
    return planner.plan


class _Planner:
    def __init__(self, townships: Sequence[Place], villages: Sequence[Place]) -> None:
        self.plan = LiaochengPlan()
        self._random = Random("liaocheng-plan-1")  # noqa: S311 -- synthetic data, no secret
        self._names = FirmNames(self._random)
        self._townships = townships
        self._villages = villages
        self._counties = sorted({place.code[:6] for place in townships})
        days = working_days(DRIVE_BEGAN, dt.date(2023, 8, 31))
        self._founding_days = [day for day in days for _ in range(3 if in_drive(day) else 1)]
        self._survey_days = working_days(SURVEY_BEGAN, PUBLISHED_ON)
        self._groups = {row["group"]: int(row["members"]) for row in read_data("liaocheng_groups")}

    # -- 305 flexible joint unions ------------------------------------------------------------
    def flexible_unions(self) -> None:
        for place in self._townships:
            self._flexible("flexible_township", place.name, place, place.code, size=90.0)
        for kind, count, size in (
            ("flexible_village", VILLAGE_UNIONS, 24.0),
            ("flexible_community", COMMUNITY_UNIONS, 45.0),
        ):
            for village, short_name in self._choose_villages(kind, count):
                self._flexible(kind, short_name, village, village.code[:9], size=size)

    def _choose_villages(self, kind: str, count: int) -> list[tuple[Place, str]]:
        """``count`` villages or communities, spread over the counties, no township crowded."""
        wanted = dict(zip(self._counties, spread(count, [1.0] * len(self._counties)), strict=True))
        chosen: list[tuple[Place, str]] = []
        for county, number in wanted.items():
            by_township: dict[str, list[tuple[Place, str]]] = {}
            for village in self._villages:
                short = _short_name(village.name)
                is_community = short.endswith("社区")
                if village.code[:6] == county and is_community == (kind == "flexible_community"):
                    rows = by_township.setdefault(village.code[:9], [])
                    if all(short != other for _place, other in rows):
                        rows.append((village, short))
            rounds = max(map(len, by_township.values()), default=0)
            in_turn = [
                rows[turn]
                for turn in range(rounds)
                for rows in by_township.values()
                if turn < len(rows)
            ]
            chosen += in_turn[:number]
        if len(chosen) != count:
            raise ValueError(f"the regions hold too few places for {count} of {kind}")
        return chosen

    def _flexible(
        self, kind: str, short_name: str, place: Place, township: str, *, size: float
    ) -> None:
        self._add_union(
            name=f"{short_name}灵活就业人员联合工会",
            kind=kind,
            parent=union_code(township),
            region=place.code,
            group="",
            size=size * self._random.lognormvariate(0, 0.35),
            founding=("regional", "catch_all", "self"),
        )

    # -- 577 unions of firms and trades -------------------------------------------------------
    def trade_federations(self) -> None:
        for county in self._counties:
            for group, trade in FEDERATED_TRADES:
                self._add_union(
                    name=f"{trade}工会联合会{DEMO_MARK}",
                    kind="industry_federation",
                    parent=union_code(county),
                    region=county,
                    group=group,
                    size=90.0 * self._random.lognormvariate(0, 0.3),
                    founding=("industry", "trade", "trade_body"),
                    latest=dt.date(2022, 6, 30),
                )

    def firm_unions(self) -> None:
        groups = list(self._groups)
        weights = [self._groups[group] for group in groups]
        for kind, count in (("joint_union", JOINT_UNIONS), ("grassroots_union", SINGLE_UNIONS)):
            for group, number in zip(groups, spread(count, weights), strict=True):
                for _ in range(number):
                    self._firm_union(kind, group)

    def _firm_union(self, kind: str, group: str) -> None:
        random = self._random
        place = random.choice(self._townships)
        parent = union_code(place.code)
        in_federation = [
            union
            for union in self.plan.unions
            if union.kind == "industry_federation"
            and union.group == group
            and union.region == place.code[:6]
        ]
        if in_federation and random.random() < 0.35:
            parent = in_federation[0].code
        is_joint = kind == "joint_union"
        firms = [
            self._names.draw("聊城市", group)
            for _ in range(random.randint(3, 5) if is_joint else 1)
        ]
        union = self._add_union(
            name=f"{place.name}{firms[0].split('有限公司')[0].removeprefix('聊城市')}等企业联合工会{DEMO_MARK}"
            if is_joint
            else union_of_firm(firms[0]),
            kind=kind,
            parent=parent,
            region=place.code,
            group=group,
            size=(80.0 if is_joint else 60.0) * random.lognormvariate(0, 0.6),
            founding=("joint", "catch_all", "leading_firm")
            if is_joint
            else ("single", "key", "self"),
        )
        for firm in firms:
            self._add_employer(firm, place.code, group, union=union)

    # -- the rest of the 2,800 ----------------------------------------------------------------
    def unorganised_firms(self) -> None:
        groups = list(self._groups)
        rest = ENTERPRISES - len(self.plan.employers)
        weights = [self._groups[group] for group in groups]
        for group, number in zip(groups, spread(rest, weights), strict=True):
            for _ in range(number):
                place = self._random.choice(self._townships)
                self._add_employer(self._names.draw("聊城市", group), place.code, group, union=None)

    def _add_union(
        self,
        *,
        name: str,
        kind: str,
        parent: str,
        region: str,
        group: str,
        size: float,
        founding: tuple[str, str, str],
        latest: dt.date | None = None,
    ) -> PlannedUnion:
        days = self._founding_days
        # More of them early in the drive than late.
        day = days[int(len(days) * self._random.random() ** 1.4)]
        if latest is not None and day > latest:
            day = self._random.choice(working_days(DRIVE_BEGAN, latest))
        mode, strategy, driver = founding
        union = PlannedUnion(
            code=f"D3715-{len(self.plan.unions) + 1:04d}",
            name=name,
            kind=kind,
            parent=parent,
            region=region,
            founded_on=day,
            group=group,
            size=size,
            mode=mode,
            strategy=strategy,
            driver=driver,
            channel="online" if self._random.random() < 0.3 else "offline",
        )
        self.plan.unions.append(union)
        return union

    def _add_employer(
        self, name: str, township: str, group: str, *, union: PlannedUnion | None
    ) -> None:
        random = self._random
        workers = max(3, int(random.lognormvariate(2.4 if union is None else 3.2, 0.8)))
        state = "Y" if union else ("C" if random.random() < 0.12 else "N")
        surveyed = random.choice(self._survey_days)
        self.plan.employers.append(
            PlannedEmployer(
                name=name,
                uscc=demo_uscc("3715", len(self.plan.employers) + 1),
                region=township,
                keeper=union_code(township[:6]),
                union=union.code if union else "",
                state=state,
                group=group,
                is_platform=group in ("ride_hailing_driver", "delivery_rider")
                and random.random() < 0.08,
                is_head=workers > 45 and random.random() < 0.3,
                affiliate=_AFFILIATES.get(group, "") if random.random() < 0.35 else "",
                staff=int(workers * random.uniform(1.0, 1.4)),
                nef_workers=workers,
                surveyed_on=surveyed,
            )
        )


def demo_uscc(prefecture: str, number: int) -> str:
    """A code of true form and check character that no firm can hold: there is no province 99."""
    digits = ""
    rest = number
    for _ in range(9):
        rest, value = divmod(rest, len(ALPHABET))
        digits = ALPHABET[value] + digits
    return make_uscc(f"9199{prefecture}{digits}")


def _short_name(village: str) -> str:
    """“古城社区居委会” → “古城社区”, “某某村民委员会” → “某某村”."""
    for ending, short in (
        ("社区居民委员会", "社区"),
        ("社区居委会", "社区"),
        ("村民委员会", "村"),
        ("村委会", "村"),
        ("居民委员会", "社区"),
        ("居委会", "社区"),
    ):
        if village.endswith(ending):
            return village.removesuffix(ending).removesuffix(short) + short
    return village
