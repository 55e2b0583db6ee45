"""Campaigns for tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from campaigns.models import Campaign, CampaignStatus, Indicator, Metric, Phase, Target, Unit
from core.errors import RuleViolation
from reference.models import GroupSet
from unions.models import Union


def make_campaign(name: str, owner: Union, **fields: Any) -> Campaign:
    """A published campaign over 2024 for the groups of set4, with two overlapping phases."""
    values = {
        "starts_on": dt.date(2024, 1, 1),
        "ends_on": dt.date(2024, 12, 31),
        "status": CampaignStatus.PUBLISHED,
        "group_set": GroupSet.objects.get(code="set4", version=1),
        **fields,
    }
    campaign = Campaign.objects.create(name=name, owner=owner, **values)
    for phase, first, last in (("动员", (1, 1), (4, 30)), ("攻坚", (3, 1), (12, 31))):
        Phase.objects.create(
            campaign=campaign,
            name=phase,
            starts_on=dt.date(2024, *first),
            ends_on=dt.date(2024, *last),
        )
    return campaign


def make_target(campaign: Campaign, union: Union, value: str = "100") -> Target:
    """New members of ``union`` over the campaign's dates; one indicator for all unions."""
    indicator, _made = Indicator.objects.get_or_create(
        campaign=campaign,
        metric=Metric.NEW_MEMBERS,
        name="新增会员",
        unit=Unit.PERSON,
        group_set=campaign.group_set,
    )
    return Target.objects.create(
        indicator=indicator,
        union=union,
        period_start=campaign.starts_on,
        period_end=campaign.ends_on,
        value=Decimal(value),
    )


@contextmanager
def refused(code: str) -> Iterator[None]:
    """What is inside is refused for the reason of this code."""
    with pytest.raises(RuleViolation) as refusal:
        yield
    assert refusal.value.code == code
