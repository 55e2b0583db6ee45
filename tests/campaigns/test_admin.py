"""Campaigns with phases, indicators and targets in the officials' site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from campaigns.models import Campaign, Indicator, Phase, Target
from campaigns.services.campaigns import (
    create_campaign,
    publish_campaign,
    save_indicator,
    save_phase,
)
from campaigns.services.targets import set_target
from core.errors import RuleViolation
from members.models import JoinCode
from reference.models import GroupSet
from tests.portal.world import World, logged_in, make_world

pytestmark = pytest.mark.django_db

CAMPAIGNS = "/admin/campaigns/campaign/"
FROM, TO = dt.date(2023, 1, 1), dt.date(2023, 12, 31)


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


@pytest.fixture
def campaign(world: World) -> Campaign:
    return create_campaign(
        owner=world.city, name="集中行动", starts_on=FROM, ends_on=TO, actor=None
    )


@pytest.fixture
def indicator(campaign: Campaign) -> Indicator:
    return save_indicator(
        None, campaign=campaign, name="新会员", metric="new_members", unit="person", actor=None
    )


def form_of(
    phases: Sequence[dict[str, Any]] = (),
    indicators: Sequence[dict[str, Any]] = (),
    requirements: Sequence[dict[str, Any]] = (),
    **changes: Any,
) -> dict[str, Any]:
    form = {
        "name": "集中行动", "kind": "drive", "starts_on": "2023-01-01", "ends_on": "2023-12-31",
        **changes,
    }  # fmt: skip
    for prefix, rows in (
        ("phases", phases), ("indicators", indicators), ("requirements", requirements),
    ):  # fmt: skip
        form[f"{prefix}-TOTAL_FORMS"] = len(rows)
        form[f"{prefix}-INITIAL_FORMS"] = sum("id" in row for row in rows)
        for index, row in enumerate(rows):
            form.update({f"{prefix}-{index}-{name}": value for name, value in row.items()})
    return form


def page_of(campaign: Campaign, name: str = "change") -> str:
    return reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk])


PHASE = {"name": "动员", "starts_on": "2023-01-01", "ends_on": "2023-03-31"}
INDICATOR = {"name": "新会员", "metric": "new_members", "unit": "person"}


def test_campaign_is_drafted_with_its_plan(world: World, client: Client) -> None:
    response = client.post(f"{CAMPAIGNS}add/", form_of([PHASE], [INDICATOR], owner=world.city.pk))
    assert response.status_code == 302
    campaign = Campaign.objects.get()
    assert (campaign.status, campaign.phases.get().name, campaign.indicators.get().metric) == (
        "draft",
        "动员",
        "new_members",
    )
    trail = AuditEntry.objects.filter(actor=world.official).values_list("action", flat=True)
    assert set(trail) == {"campaign.created", "phase.saved", "indicator.saved"}


def test_refused_phase_stands_beside_its_row_and_nothing_is_written(
    world: World, client: Client
) -> None:
    late = {**PHASE, "ends_on": "2024-02-01"}
    response = client.post(
        f"{CAMPAIGNS}add/", form_of([PHASE, late], [INDICATOR], owner=world.city.pk)
    )
    phases = response.context["inline_admin_formsets"][0].formset
    assert [dict(row.errors) for row in phases.forms] == [
        {},
        {"ends_on": ["A phase lies within the days of its campaign."]},
    ]
    assert (Campaign.objects.count(), Phase.objects.count()) == (0, 0)
    assert not AuditEntry.objects.filter(actor=world.official).exists()


def test_an_indicator_is_counted_in_the_unit_of_its_metric(world: World, client: Client) -> None:
    wrong = {**INDICATOR, "unit": "ratio"}
    response = client.post(f"{CAMPAIGNS}add/", form_of([], [wrong], owner=world.city.pk))
    indicators = response.context["inline_admin_formsets"][1].formset
    assert indicators.errors == [{"unit": ["“new members” is counted in persons."]}]
    assert Campaign.objects.count() == 0


def test_plan_is_changed_and_shortened_while_a_draft(
    client: Client, campaign: Campaign, indicator: Indicator
) -> None:
    phase = save_phase(None, campaign=campaign, name="动员", starts_on=FROM, ends_on=TO, actor=None)
    kept = {**INDICATOR, "id": indicator.pk, "name": "新发展会员"}
    gone = {**PHASE, "id": phase.pk, "DELETE": "on"}
    assert client.post(page_of(campaign), form_of([gone], [kept])).status_code == 302
    indicator.refresh_from_db()
    assert (indicator.name, Phase.objects.count()) == ("新发展会员", 0)


def test_published_plan_loses_nothing(
    client: Client, campaign: Campaign, indicator: Indicator
) -> None:
    phase = save_phase(None, campaign=campaign, name="动员", starts_on=FROM, ends_on=TO, actor=None)
    publish_campaign(campaign, actor=None)
    gone = {**PHASE, "id": phase.pk, "DELETE": "on"}
    client.post(page_of(campaign), form_of([gone], [{**INDICATOR, "id": indicator.pk}]))
    assert Phase.objects.count() == 1


def test_status_goes_from_draft_to_published_to_closed(
    client: Client, campaign: Campaign, world: World
) -> None:
    refused = client.post(page_of(campaign, "publish"), follow=True)
    assert [str(m) for m in refused.context["messages"]] == [
        "Say first what the campaign measures: add an indicator."
    ]
    save_indicator(
        None, campaign=campaign, name="新会员", metric="new_members", unit="person", actor=None
    )
    states = []
    for step in ("close", "publish", "publish", "close"):
        client.post(page_of(campaign, step))
        campaign.refresh_from_db()
        states.append(campaign.status)
    assert states == ["draft", "published", "published", "closed"]
    trail = AuditEntry.objects.filter(actor=world.official).order_by("id")
    assert [entry.action for entry in trail] == ["campaign.published", "campaign.closed"]


def test_foreign_campaign_is_not_there(world: World, client: Client) -> None:
    foreign = create_campaign(
        owner=world.other, name="德州行动", starts_on=FROM, ends_on=TO, actor=None
    )
    for name in ("change", "publish", "close", "join_code"):
        assert client.get(page_of(foreign, name)).status_code == 404
        assert client.post(page_of(foreign, name), form_of()).status_code == 404
    foreign.refresh_from_db()
    assert (foreign.name, foreign.status) == ("德州行动", "draft")


def test_grassroots_official_reads_campaigns_of_the_own_union_only(
    world: World, campaign: Campaign
) -> None:
    client = logged_in(world.grassroots)
    assert client.get(page_of(campaign)).status_code == 404
    assert client.get(f"{CAMPAIGNS}add/").status_code == 403
    own = create_campaign(owner=world.low, name="本会", starts_on=FROM, ends_on=TO, actor=None)
    assert client.get(page_of(own)).status_code == 200
    assert client.post(page_of(own), form_of()).status_code == 403
    assert client.post(page_of(own, "publish")).status_code == 403


# -- targets --------------------------------------------------------------------------------------


def target_form(rows: list[dict[str, Any]]) -> dict[str, Any]:
    form: dict[str, Any] = {
        "targets-TOTAL_FORMS": len(rows),
        "targets-INITIAL_FORMS": sum("id" in row for row in rows),
    }
    for index, row in enumerate(rows):
        form.update({f"targets-{index}-{name}": value for name, value in row.items()})
    return form


def target_row(union_pk: int, value: str = "5000", **more: Any) -> dict[str, Any]:
    return {
        "union": union_pk, "period_start": "2023-01-01", "period_end": "2023-12-31",
        "value": value, **more,
    }  # fmt: skip


def test_targets_are_set_and_changed(world: World, client: Client, indicator: Indicator) -> None:
    page = reverse("admin:campaigns_indicator_change", args=[indicator.pk])
    client.post(page, target_form([target_row(world.county.pk)]))
    target = Target.objects.get()
    client.post(page, target_form([target_row(world.county.pk, "6000", id=target.pk)]))
    target.refresh_from_db()
    assert (target.value, target.union) == (Decimal(6000), world.county)
    assert AuditEntry.objects.filter(action="target.set", actor=world.official).count() == 2


def test_refused_target_stands_beside_its_row(
    world: World, client: Client, indicator: Indicator
) -> None:
    page = reverse("admin:campaigns_indicator_change", args=[indicator.pk])

    def errors(*rows: dict[str, Any]) -> list[dict[str, list[str]]]:
        response = client.post(page, target_form(list(rows)))
        formset = response.context["inline_admin_formsets"][0].formset
        return [dict(row.errors) for row in formset.forms]

    good = target_row(world.county.pk)
    assert list(errors(target_row(world.other.pk))[0]) == ["union"]
    assert errors(good, target_row(world.low.pk, "-1")) == [
        {},
        {"value": ["This cannot be negative."]},
    ]
    assert errors(good, good) == [
        {},
        {"union": ["This union already has a target for this indicator and period."]},
    ]
    assert Target.objects.count() == 0


def test_what_was_promised_keeps_its_meaning(
    world: World, campaign: Campaign, indicator: Indicator
) -> None:
    set_target(
        indicator, union=world.county, period_start=FROM, period_end=TO, value=Decimal(10),
        actor=None,
    )  # fmt: skip
    with pytest.raises(RuleViolation) as refusal:
        save_indicator(
            indicator, campaign=campaign, name="x", metric="stations", unit="station", actor=None
        )
    assert refusal.value.field == "metric"
    renamed = save_indicator(
        Indicator.objects.get(pk=indicator.pk), campaign=campaign, name="新发展", unit="person",
        metric="new_members", actor=None,
    )  # fmt: skip
    assert renamed.name == "新发展"


@pytest.mark.parametrize(
    ("metric", "unit", "code"),
    [("stations", "station", "set4"), ("unions_established", "union", "nef"),
     ("enrolment_rate", "ratio", None)],
)  # fmt: skip
def test_a_group_set_belongs_to_what_is_counted_by_group(
    campaign: Campaign, metric: str, unit: str, code: str | None
) -> None:
    group_set = GroupSet.objects.get(code=code, version=1) if code else None
    with pytest.raises(RuleViolation) as refusal:
        save_indicator(
            None, campaign=campaign, name="x", metric=metric, unit=unit, group_set=group_set,
            actor=None,
        )  # fmt: skip
    assert refusal.value.field == "group_set"
    assert not campaign.indicators.exists()


def test_join_code_belongs_to_the_campaign(
    world: World, client: Client, campaign: Campaign
) -> None:
    page = page_of(campaign, "join_code")
    assert list(client.post(page, {"union": world.other_low.pk}).context["form"].errors) == [
        "union"
    ]
    client.post(page, {"union": world.low.pk})
    code = JoinCode.objects.get()
    assert (code.campaign_link.campaign, code.union) == (campaign, world.low)
