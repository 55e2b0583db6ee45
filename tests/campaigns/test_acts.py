"""What acts on campaigns leave standing, and what the trail says of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from audit.models import AuditEntry
from campaigns.models import Campaign, CampaignKind, CampaignStatus, HandInState, RecordKind
from campaigns.services.campaigns import (
    close_campaign,
    save_indicator,
    save_phase,
    update_campaign,
)
from campaigns.services.hand_ins import (
    accept_hand_in,
    hand_in,
    return_hand_in,
    save_requirement,
)
from campaigns.services.records import finish_task, save_practice, save_record
from campaigns.services.targets import withdraw_target
from tests.campaigns.builders import make_campaign, make_target, refused
from tests.campaigns.test_hand_ins import pdf
from tests.page_forms import as_sent, page_of
from tests.portal.world import World, logged_in
from unions.services import move_union

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(world: World) -> Campaign:
    return make_campaign("集中行动", world.city)


def last_entry(action: str) -> dict[str, Any]:
    return AuditEntry.objects.filter(action=action).latest("pk").data


def test_a_plan_the_viewer_could_not_choose_stays(world: World, campaign: Campaign) -> None:
    """The draft of the province, which the province tied the city's drive to."""
    draft = {"kind": CampaignKind.PLAN, "status": CampaignStatus.DRAFT}
    plan = make_campaign("全省计划", world.province, **draft)
    other = make_campaign("另一计划", world.province, **draft)
    update_campaign(campaign, plan=plan, actor=None)
    client = logged_in(world.official)
    sent = as_sent(client, page_of(campaign)) | {"note": "备注"}
    assert client.post(page_of(campaign), sent).status_code == 302
    campaign.refresh_from_db()
    assert (campaign.note, campaign.plan) == ("备注", plan)
    # No other one, though.
    answer = client.post(page_of(campaign), sent | {"plan": other.pk})
    assert "plan" in answer.context["adminform"].form.errors
    campaign.refresh_from_db()
    assert campaign.plan == plan


def test_a_plan_with_drives_stays_one(world: World, campaign: Campaign) -> None:
    plan = make_campaign("计划", world.city, kind=CampaignKind.PLAN)
    update_campaign(campaign, plan=plan, actor=None)
    with refused("in_use"):
        update_campaign(plan, kind=CampaignKind.DRIVE, actor=None)
    plan.refresh_from_db()
    assert plan.kind == CampaignKind.PLAN
    update_campaign(campaign, plan=None, actor=None)
    update_campaign(plan, kind=CampaignKind.DRIVE, actor=None)


def test_nothing_is_returned_after_closing(world: World, campaign: Campaign) -> None:
    """The unit could hand in no other paper."""
    make_target(campaign, world.county)
    requirement = save_requirement(
        None, campaign=campaign, kind="plan", due_on=dt.date(2024, 3, 1),
        required_of="with_target", actor=None,
    )  # fmt: skip
    paper = hand_in(requirement, unit=world.county, file=pdf(), actor=None)
    accept_hand_in(paper, actor=None)
    close_campaign(campaign, actor=None)
    paper.refresh_from_db()
    paper.requirement.campaign.refresh_from_db()
    with refused("closed"):
        return_hand_in(paper, reason="补充", actor=None)
    paper.refresh_from_db()
    assert paper.state == HandInState.ACCEPTED


def test_good_practice_of_who_was_moved_away_is_taken_off(world: World, campaign: Campaign) -> None:
    practice = save_practice(
        None, campaign=campaign, title="驿站", text="好", unit=world.county,
        published_on=campaign.starts_on, actor=None,
    )  # fmt: skip
    move_union(world.county, to_parent=world.other, reason="区划调整", actor=None)
    client = logged_in(world.official)
    sent = as_sent(client, page_of(practice)) | {"published_on": ""}
    assert client.post(page_of(practice), sent).status_code == 302
    practice.refresh_from_db()
    assert (practice.published_on, practice.unit) == (None, world.county)
    with refused("out_of_scope"):
        save_practice(
            None, campaign=campaign, title="又", text="好", unit=practice.unit, actor=None
        )


def test_a_second_click_on_withdrawing_from_a_draft(world: World) -> None:
    draft = make_campaign("草案", world.city, status=CampaignStatus.DRAFT)
    target = make_target(draft, world.county)
    client = logged_in(world.official)
    page = reverse("admin:campaigns_target_withdraw", args=[target.pk])
    assert client.post(page, {"reason": ""}).status_code == 302
    assert client.post(page, {"reason": ""}).status_code == 404
    with refused("withdrawn"):
        withdraw_target(target, actor=None)


def test_the_trail_says_of_what_and_from_what_to_what(world: World, campaign: Campaign) -> None:
    """Names of campaigns, phases and indicators are no secrets; texts may tell of people."""
    update_campaign(campaign, name="新名称", actor=None)
    assert last_entry("campaign.updated") == {"name": ["集中行动", "新名称"]}
    phase = campaign.phases.get(name="攻坚")
    save_phase(
        phase, campaign=campaign, name="攻坚", starts_on=phase.starts_on,
        ends_on=dt.date(2024, 11, 30), actor=None,
    )  # fmt: skip
    assert last_entry("phase.saved") == {"phase": "攻坚", "ends_on": ["2024-12-31", "2024-11-30"]}
    indicator = make_target(campaign, world.county).indicator
    save_indicator(
        indicator, campaign=campaign, name="新会员", metric=indicator.metric, unit=indicator.unit,
        group_set=indicator.group_set, actor=None,
    )  # fmt: skip
    assert last_entry("indicator.saved") == {
        "indicator": "新会员", "name": ["新增会员", "新会员"],
    }  # fmt: skip
    values: dict[str, Any] = {
        "campaign": campaign, "unit": world.county, "day": dt.date(2024, 5, 1), "actor": None,
        "kind": RecordKind.TASK,
    }  # fmt: skip
    record = save_record(None, text="整改", **values)
    save_record(record, text="张三整改", file=pdf(), **values)
    assert last_entry("campaign_record.updated") == {"text": "…", "file": "…"}


def test_mending_a_task_keeps_the_day_it_was_done_on(world: World, campaign: Campaign) -> None:
    """It was done while the page was open."""
    values: dict[str, Any] = {
        "campaign": campaign, "unit": world.county, "day": dt.date(2024, 5, 1), "actor": None,
        "kind": RecordKind.TASK,
    }  # fmt: skip
    record = save_record(None, text="整改", **values)
    before = type(record).objects.get(pk=record.pk)
    finish_task(record, actor=None)
    save_record(before, text="整改完毕", **values)
    record.refresh_from_db()
    assert (record.text, record.done_on is not None) == ("整改完毕", True)
