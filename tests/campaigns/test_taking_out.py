"""Rows of a plan that are taken out: the service says whether, beside the row."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from campaigns.models import (
    Campaign,
    CampaignStatus,
    HandIn,
    HandInReminder,
    Indicator,
    Requirement,
)
from campaigns.services.hand_ins import save_requirement
from tests.campaigns.builders import make_campaign, make_target
from tests.campaigns.test_admin import form_of, page_of
from tests.portal.world import World, logged_in, make_world

pytestmark = pytest.mark.django_db

DUE = dt.date(2023, 6, 30)


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


@pytest.fixture
def campaign(world: World) -> Campaign:
    return make_campaign("集中行动", world.city, status=CampaignStatus.DRAFT)


def sent(campaign: Campaign, name: str, row: dict[str, Any]) -> dict[str, Any]:
    rows: dict[str, Any] = {name: [{**row, "DELETE": "on"}]}
    kept = {"starts_on": campaign.starts_on, "ends_on": campaign.ends_on, "kind": campaign.kind}
    return {**form_of(**rows), **kept, "name": campaign.name}


def errors(response: Any, name: str) -> list[dict[str, list[str]]]:
    (formset,) = [
        inline.formset
        for inline in response.context["inline_admin_formsets"]
        if inline.formset.prefix == name
    ]
    return [dict(row.errors) for row in formset.forms]


def indicator_row(indicator: Indicator) -> dict[str, Any]:
    return {"id": indicator.pk, "name": indicator.name, "metric": indicator.metric,
            "unit": indicator.unit, "group_set": indicator.group_set_id or ""}  # fmt: skip


def test_an_indicator_with_targets_stays_and_says_so(
    world: World, campaign: Campaign, client: Client
) -> None:
    indicator = make_target(campaign, world.county).indicator
    response = client.post(
        page_of(campaign), sent(campaign, "indicators", indicator_row(indicator))
    )
    assert response.status_code == 200
    assert errors(response, "indicators") == [
        {"__all__": [f"“{indicator.name}” has targets; it stays."]}
    ]
    assert Indicator.objects.get() == indicator


def test_an_indicator_without_targets_goes(campaign: Campaign, client: Client) -> None:
    indicator = Indicator.objects.create(
        campaign=campaign, name="新会员", metric="new_members", unit="person"
    )
    response = client.post(
        page_of(campaign), sent(campaign, "indicators", indicator_row(indicator))
    )
    assert response.status_code == 302
    assert not Indicator.objects.exists()


@pytest.fixture
def requirement(campaign: Campaign) -> Requirement:
    return save_requirement(
        None, campaign=campaign, kind="summary", due_on=DUE, required_of="children",
        instructions="", actor=None,
    )  # fmt: skip


def requirement_row(requirement: Requirement) -> dict[str, Any]:
    return {"id": requirement.pk, "kind": requirement.kind, "due_on": DUE.isoformat(),
            "required_of": requirement.required_of, "instructions": ""}  # fmt: skip


def test_a_paper_that_was_handed_in_keeps_its_requirement(
    world: World, campaign: Campaign, requirement: Requirement, client: Client
) -> None:
    HandIn.objects.create(requirement=requirement, unit=world.county, number=1)
    response = client.post(
        page_of(campaign), sent(campaign, "requirements", requirement_row(requirement))
    )
    assert response.status_code == 200
    assert errors(response, "requirements") == [
        {"__all__": ["Papers have been handed in; this stays."]}
    ]
    assert Requirement.objects.get() == requirement


def test_reminders_are_in_nobodys_way(
    world: World, campaign: Campaign, requirement: Requirement, client: Client
) -> None:
    HandInReminder.objects.create(
        requirement=requirement, unit=world.county, days=0, due_on=requirement.due_on
    )
    response = client.post(
        page_of(campaign), sent(campaign, "requirements", requirement_row(requirement))
    )
    assert response.status_code == 302
    assert not Requirement.objects.exists()
