"""Papers, records and targets of campaigns, for the world of the permission table."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from campaigns.models import (
    Campaign,
    CampaignRecord,
    GoodPractice,
    HandIn,
    Requirement,
    Target,
)
from campaigns.services.campaigns import save_indicator
from campaigns.services.hand_ins import hand_in, save_requirement
from campaigns.services.records import save_practice, save_record
from campaigns.services.targets import set_target, withdraw_target
from tests.campaigns.builders import make_campaign
from tests.permission_ways_in import scan
from unions.models import Union


class CampaignPapers(NamedTuple):
    """One of each in the published campaign, and a paper that the right city owes the province."""

    target: Target
    withdrawn: Target
    requirement: Requirement
    requirement_open: Requirement
    hand_in: HandIn
    task: CampaignRecord
    practice: GoodPractice
    owed: Requirement


def withdrawn_beside(target: Target) -> Target:
    """A target of the same union by another indicator, which holds no longer."""
    indicator = save_indicator(
        None, campaign=target.indicator.campaign, name="建站数", metric="stations", unit="station",
        actor=None,
    )  # fmt: skip
    other = set_target(
        indicator, union=target.union, period_start=target.period_start,
        period_end=target.period_end, value=Decimal(3), reason="补充", actor=None,
    )  # fmt: skip
    withdraw_target(other, reason="取消", actor=None)
    return other


def make_campaign_papers(
    published: Campaign, county: Union, province: Union, mark: str
) -> CampaignPapers:
    """With files, in the right branch."""
    due_on = dt.date(2024, 3, 1)
    requirement = save_requirement(
        None, campaign=published, kind="plan", due_on=due_on, required_of="children",
        instructions=f"{mark}要求", actor=None,
    )  # fmt: skip
    requirement_open = save_requirement(
        None, campaign=published, kind="summary", due_on=due_on, required_of="children", actor=None
    )
    owed = save_requirement(
        None, campaign=make_campaign("全省行动", province), kind="plan", due_on=due_on,
        required_of="children", actor=None,
    )  # fmt: skip
    target = Target.objects.get(indicator__campaign=published)
    return CampaignPapers(
        target=target,
        withdrawn=withdrawn_beside(target),
        requirement=requirement,
        requirement_open=requirement_open,
        hand_in=hand_in(requirement, unit=county, file=scan(), note=f"{mark}稿", actor=None),
        task=save_record(
            None, campaign=published, kind="task", unit=county, day=due_on, text=f"{mark}补报",
            file=scan(), actor=None,
        ),
        practice=save_practice(
            None, campaign=published, title=f"{mark}做法", text="进站入会", unit=county,
            published_on=due_on, actor=None,
        ),
        owed=owed,
    )  # fmt: skip
