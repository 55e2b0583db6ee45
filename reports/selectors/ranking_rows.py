"""The rows of the ranking, out of what its statement gives."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from campaigns.models import Campaign, Indicator, Target
from enterprises.baselines import Baseline
from reference.models import Region
from reports.models import CampaignProgress
from reports.ratios import ratio
from reports.selectors.progress import TargetProgress
from unions.models import Union, UnionKind

RATES = ("set4", "nef")


@dataclass(frozen=True)
class RankedUnion:
    """One child union and its subtree on the day.

    Of the ``union`` there is what tables and maps show: names, code, kind and region. ``place`` is
    None where there is nothing to sort by: what is unknown has no place.
    """

    place: int | None
    union: Union
    members: int
    joined_this_month: int
    joined_this_year: int
    share: Decimal | None
    set_members: dict[str, int]
    baselines: dict[str, Baseline]
    pace: TargetProgress | None

    @property
    def rates(self) -> list[Decimal | None]:
        """Enrolment rates of ``RATES``, None without a baseline."""
        return [
            ratio(self.set_members[code], self.baselines[code].worker_count)
            if code in self.baselines
            else None
            for code in RATES
        ]

    @property
    def rate_set4(self) -> Decimal | None:
        """Enrolment rate of the four focus groups."""
        return self.rates[RATES.index("set4")]

    @property
    def rate_nef(self) -> Decimal | None:
        """Enrolment rate of all new-form workers."""
        return self.rates[RATES.index("nef")]

    @property
    def pace_value(self) -> Decimal | None:
        """Share of target ÷ share of time, for the target that is compared."""
        return self.pace.pace if self.pace else None


@dataclass(frozen=True)
class PaceColumn:
    """A target that children have, which the last column can compare."""

    indicator: Indicator
    period_start: dt.date
    period_end: dt.date

    @property
    def key(self) -> str:
        """The word for it in an address."""
        return f"{self.indicator.pk}.{self.period_start}.{self.period_end}"


def kinds_of(row: dict[str, Any]) -> dict[str, UnionKind]:
    """The kinds of all children by code, in the order of their levels."""
    by_level = sorted(row["kinds"] or (), key=lambda kind: (int(kind[0]), kind[1]))
    return {
        code: UnionKind(code=code, name_zh=zh, name_en=en, is_territorial=territorial == "true")
        for _level, code, zh, en, territorial in by_level
    }


def pace_column_of(row: dict[str, Any]) -> PaceColumn | None:
    """The target that is compared; None where no child has any."""
    if row["indicator_id"] is None:
        return None
    campaign = Campaign(pk=row["campaign_id"], name=row["campaign_name"])
    indicator = Indicator(
        pk=row["indicator_id"],
        name=row["indicator_name"],
        unit=row["indicator_unit"],
        metric=row["indicator_metric"],
        campaign=campaign,
    )
    return PaceColumn(indicator, row["period_start"], row["period_end"])


def pace_columns_of(row: dict[str, Any]) -> list[PaceColumn]:
    """All that are under way, those that were measured first."""
    return [
        PaceColumn(
            Indicator(pk=int(key), name=name, campaign=Campaign(pk=int(campaign), name=title)),
            dt.date.fromisoformat(start),
            dt.date.fromisoformat(end),
        )
        for key, name, campaign, title, start, end in row["pace_columns"] or ()
    ]


def ranked_union(
    rows: list[dict[str, Any]],
    codes: dict[int, str],
    kinds: dict[str, UnionKind],
    column: PaceColumn | None,
    day: dt.date,
) -> RankedUnion:
    """One child; its ``rows`` differ in the set (of ``codes``, by key) alone."""
    row = rows[0]
    of_sets = {codes[one["set_id"]]: one for one in rows if one["set_id"] is not None}
    union = Union(
        pk=row["id"],
        name=row["name"],
        short_name=row["short_name"],
        code=row["code"],
        kind=kinds[row["kind_id"]],
        region=_region(row),
    )
    pace = None
    if column is not None and row["target_id"] is not None:
        target = Target(
            pk=row["target_id"],
            union=union,
            indicator=column.indicator,
            period_start=column.period_start,
            period_end=column.period_end,
            value=row["target_value"],
        )
        # Nothing was measured yet where there is no share of time.
        progress = None
        if row["time_elapsed"] is not None:
            progress = CampaignProgress(
                target=target,
                day=row["measured_on"],
                value=row["value"],
                target_value=row["target_value"],
                share=row["share"],
                time_elapsed=row["time_elapsed"],
                status=row["status"],
            )
        pace = TargetProgress(target, progress, day, row["target_value"])
    return RankedUnion(
        place=row["place"],
        union=union,
        members=row["members"],
        joined_this_month=row["month"],
        joined_this_year=row["year"],
        share=ratio(row["members"], row["union_members"]),
        set_members={
            code: int(of_sets[code]["set_members"] or 0) if code in of_sets else 0 for code in RATES
        },
        baselines={
            code: Baseline(int(one["worker_count"]), one["counted_on"], one["source"])
            for code, one in of_sets.items()
            if one["worker_count"] is not None
        },
        pace=pace,
    )


def _region(row: dict[str, Any]) -> Region | None:
    if row["region_id"] is None:
        return None
    return Region(
        code=row["region_id"],
        gb_code=row["region_gb_code"],
        name=row["region_name"],
        level=row["region_level"],
        parent_id=row["region_parent_id"],
    )
