"""Once a campaign is published its targets change by versions with a reason, and never go away."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from campaigns.models import Campaign, CampaignStatus, Target, TargetVersion
from campaigns.selectors.targets import VALUE_ON_DAY_SQL, compare, versions_of
from campaigns.services.campaigns import create_campaign, publish_campaign
from campaigns.services.targets import reinstate_target, set_target, withdraw_target
from core.clock import local_today
from core.errors import RuleViolation
from tests.builders import make_official, make_union
from tests.campaigns.builders import make_campaign, make_target, refused
from tests.portal.world import World, logged_in, make_world
from unions.scope import Actor
from unions.services.unions import move_union

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def target(world: World) -> Target:
    """Of the county, in a published campaign of the city."""
    campaign = make_campaign("集中行动", world.city, status=CampaignStatus.DRAFT)
    target = make_target(campaign, world.county, "100")
    publish_campaign(campaign, actor=None)
    return target


def change(target: Target, value: str, actor: Actor = None, **more: Any) -> Target:
    values = {
        "union": target.union, "period_start": target.period_start,
        "period_end": target.period_end, **more,
    }  # fmt: skip
    stored = Target.objects.select_related("indicator", "union").get(pk=target.pk)
    return set_target(stored.indicator, target=stored, value=Decimal(value), actor=actor, **values)


def history(target: Target) -> list[tuple[int, str, int, str]]:
    return [
        (row.number, row.state, int(row.value), row.reason) for row in versions_of(target).reverse()
    ]


def test_a_life(world: World, target: Target) -> None:
    assert history(target) == [(1, "set", 100, "")]
    with pytest.raises(RuleViolation) as refusal:
        change(target, "120")
    assert (refusal.value.field, refusal.value.code) == ("reason", "required")
    change(target, "120", reason="底数复核")
    change(target, "120", note="只改备注")
    withdraw_target(Target.objects.get(), reason="并入另一指标", actor=None)
    assert Target.objects.get().withdrawn_on == local_today()
    assert not Target.objects.in_force().exists()
    with refused("withdrawn"):
        withdraw_target(Target.objects.get(), reason="再次", actor=None)
    with refused("withdrawn"):
        change(target, "130", reason="恢复")
    reinstate_target(Target.objects.get(), reason="恢复", actor=None)
    assert history(target) == [
        (1, "set", 100, ""),
        (2, "set", 120, "底数复核"),
        (3, "withdrawn", 120, "并入另一指标"),
        (4, "set", 120, "恢复"),
    ]
    assert Target.objects.in_force().get().value == 120
    versions = TargetVersion.objects.filter(target=target)
    assert set(versions.values_list("valid_from", flat=True)) == {local_today()}
    value_on = f"SELECT {VALUE_ON_DAY_SQL.format(target='%s', day='%s')}"
    with connection.cursor() as cursor:
        for day, value in (("2020-01-01", 100), ("2999-01-01", 120)):
            cursor.execute(value_on, [target.pk, day, target.pk])
            assert cursor.fetchone() == (value,)


def test_what_was_published_keeps_its_meaning(world: World, target: Target) -> None:
    others: list[tuple[str, Any]] = [
        ("union", world.low), ("period_end", target.period_start),
    ]  # fmt: skip
    for field, value in others:
        with pytest.raises(RuleViolation) as refusal:
            change(target, "100", reason="x", **{field: value})
        assert (refusal.value.field, refusal.value.code) == (field, "published")
    campaign = Campaign.objects.get()
    with pytest.raises(RuleViolation) as refusal:
        set_target(
            target.indicator, union=world.low, period_start=campaign.starts_on,
            period_end=campaign.ends_on, value=Decimal(5), actor=None,
        )  # fmt: skip
    assert refusal.value.field == "reason"
    assert Target.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE campaigns_target SET value = 7",
        "UPDATE campaigns_target SET withdrawn_on = '2024-01-01'",
        "UPDATE campaigns_target SET period_end = '2025-01-01'",
        "DELETE FROM campaigns_target",
        "UPDATE campaigns_targetversion SET value = 7",
        "DELETE FROM campaigns_targetversion",
    ],
)
def test_the_database_refuses_what_no_version_says(target: Target, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert history(target) == [(1, "set", 100, "")]


def test_nobody_sets_the_own_target_in_a_campaign_from_above(world: World, target: Target) -> None:
    county = make_official("county", world.county)
    for actor in (county, world.neighbour):
        with pytest.raises(RuleViolation) as refusal:
            change(target, "1", actor, reason="太高")
        assert (refusal.value.field, refusal.value.code) == ("union", "out_of_scope")
    below = set_target(
        target.indicator, union=world.low, period_start=target.period_start,
        period_end=target.period_end, value=Decimal(99), reason="分解", actor=county,
    )  # fmt: skip
    (compared,) = compare([Target.objects.select_related("indicator").get(pk=target.pk)])
    assert (compared.count, compared.difference, compared.agrees) == (1, Decimal(-1), False)
    assert below.versions.get().made_by == county


def test_a_draft_is_changed_without_versions(world: World) -> None:
    campaign = make_campaign("草案", world.city, status=CampaignStatus.DRAFT)
    target = make_target(campaign, world.county, "100")
    change(target, "50")
    assert history(target) == []
    withdraw_target(target, actor=None)
    assert not Target.objects.exists()


def test_changed_and_withdrawn_on_its_page(world: World, target: Target) -> None:
    client = logged_in(world.official)
    page = reverse("admin:campaigns_target_change", args=[target.pk])
    wrong = client.post(page, {"value": "90", "note": "", "reason": ""})
    assert list(wrong.context["adminform"].form.errors) == ["reason"]
    assert client.post(page, {"value": "90", "note": "", "reason": "下调"}).status_code == 302
    shown = client.get(page)
    assert [(row.number, value) for row, value, _gone in shown.context["versions"]] == [
        (2, "90"), (1, "100"),
    ]  # fmt: skip
    withdraw = reverse("admin:campaigns_target_withdraw", args=[target.pk])
    client.post(withdraw, {"reason": ""})
    assert Target.objects.in_force().exists()
    client.post(withdraw, {"reason": "撤回"})
    assert not Target.objects.in_force().exists()


def test_a_drive_is_part_of_a_plan_of_its_union_or_above(world: World) -> None:
    values: dict[str, Any] = {
        "starts_on": local_today(), "ends_on": local_today(), "actor": world.official,
    }  # fmt: skip
    plan = make_campaign("省计划", world.province, kind="plan")
    drive = create_campaign(owner=world.city, name="行动", plan=plan, **values)
    assert list(plan.drives.all()) == [drive]
    secret = make_campaign("省草案", world.province, kind="plan", status=CampaignStatus.DRAFT)
    foreign = make_campaign("德州计划", world.other, kind="plan")
    for wrong in (drive, secret, foreign):
        with pytest.raises(RuleViolation) as refusal:
            create_campaign(owner=world.city, name="另一行动", plan=wrong, **values)
        assert refusal.value.field == "plan"
    form = logged_in(world.official).get(reverse("admin:campaigns_campaign_add"))
    offered = form.context["adminform"].form.fields["plan"].queryset
    assert list(offered) == [plan]


def test_a_union_that_was_moved_away_is_let_go(world: World, target: Target) -> None:
    """Its target stays with the campaign: who holds the owner takes it back, nobody else."""
    region = make_union("他市总工会", "city_federation", world.province)
    move_union(target.union, to_parent=region, reason="区划调整", actor=None)
    target.refresh_from_db()
    with pytest.raises(RuleViolation) as refusal:
        withdraw_target(target, reason="x", actor=make_official("elsewhere", region))
    assert refusal.value.field == "union"
    assert Target.objects.in_force().count() == 1
    withdraw_target(target, reason="已划出", actor=world.official)
    assert not Target.objects.in_force().exists()
