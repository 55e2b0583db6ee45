"""Targets: whose they were counts as much as whose they become."""

from __future__ import annotations

from decimal import Decimal

import pytest

from campaigns.models import Indicator, Target
from campaigns.services.targets import set_target
from core.errors import RuleViolation
from tests.campaigns.builders import make_campaign, make_target
from tests.portal.world import World, logged_in, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def test_a_target_of_somebody_else_is_not_taken_over(world: World) -> None:
    target = make_target(make_campaign("全省行动", world.province), world.other)
    # A form has put the new union on the object already, as Django's forms do.
    target.union = world.county
    with pytest.raises(RuleViolation) as refusal:
        set_target(
            target.indicator, target=target, union=world.county, value=Decimal(7),
            period_start=target.period_start, period_end=target.period_end,
            actor=world.official,
        )  # fmt: skip
    assert (refusal.value.field, refusal.value.code) == ("union", "out_of_scope")
    stored = Target.objects.get(pk=target.pk)
    assert (stored.union, stored.value) == (world.other, Decimal(100))


def test_only_targets_in_sight_are_counted(world: World) -> None:
    campaign = make_campaign("本市行动", world.city)
    make_target(campaign, world.county)
    make_target(campaign, world.low)
    # As after a move: the union stands under another federation by now.
    make_target(campaign, world.other_low)
    assert Indicator.objects.get().targets.count() == 3
    for viewer, count in ((world.official, 2), (world.operator, 3)):
        page = logged_in(viewer).get("/admin/campaigns/indicator/")
        assert [row.targets_set for row in page.context["cl"].result_list] == [count]
