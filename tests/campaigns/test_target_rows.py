"""The rows of an indicator's page: only what was changed is written, and never over others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from campaigns.models import CampaignStatus, Indicator, Target
from campaigns.services.campaigns import publish_campaign
from campaigns.services.targets import withdraw_target
from tests.builders import make_union
from tests.campaigns.builders import make_campaign, make_target
from tests.portal.world import World, logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


@pytest.fixture
def pair(world: World) -> list[Target]:
    """Two targets of a draft of the city."""
    campaign = make_campaign("集中行动", world.city, status=CampaignStatus.DRAFT)
    return [make_target(campaign, union) for union in (world.county, world.low)]


def address(indicator: Indicator) -> str:
    return reverse("admin:campaigns_indicator_change", args=[indicator.pk])


def as_sent(client: Client, page: str) -> dict[str, Any]:
    """What a browser would send of the page, untouched."""
    formset = client.get(page).context["inline_admin_formsets"][0].formset
    sent: dict[str, Any] = {
        f"targets-{name}": value for name, value in formset.management_form.initial.items()
    }
    for row in formset.initial_forms:
        for box in row:
            if box.field.disabled:
                continue
            value = "" if box.value() is None else box.value()
            sent[box.html_name] = value
            if box.field.show_hidden_initial:
                sent[box.html_initial_name] = value
    return sent


def row_of(sent: dict[str, Any], target: Target) -> str:
    key = next(key for key, value in sent.items() if key.endswith("-id") and value == target.pk)
    return key.removesuffix("-id")


def values(pair: list[Target]) -> list[Decimal]:
    return [Target.objects.get(pk=target.pk).value for target in pair]


def test_only_the_changed_row_is_written(client: Client, pair: list[Target]) -> None:
    page = address(pair[0].indicator)
    older, newer = as_sent(client, page), as_sent(client, page)
    newer[f"{row_of(newer, pair[0])}-value"] = "200"
    assert client.post(page, newer).status_code == 302
    older[f"{row_of(older, pair[1])}-value"] = "70"
    assert client.post(page, older).status_code == 302
    assert values(pair) == [200, 70]
    written = AuditEntry.objects.filter(action="target.set").order_by("pk")
    assert [entry.object_id for entry in written] == [str(target.pk) for target in pair]


def test_what_somebody_else_changed_is_refused_beside_its_row(
    client: Client, pair: list[Target]
) -> None:
    page = address(pair[0].indicator)
    older = as_sent(client, page)
    Target.objects.filter(pk=pair[0].pk).update(value=200)
    changed = row_of(older, pair[0])
    refused = client.post(page, {**older, f"{changed}-value": "150"})
    formset = refused.context["inline_admin_formsets"][0].formset
    errors = {row.prefix: dict(row.errors) for row in formset.forms if row.errors}
    assert errors == {
        changed: {"value": ["Somebody else changed this meanwhile, to “200”: look at it again."]}
    }
    assert values(pair) == [200, 100]


def test_a_withdrawn_target_stays_so_until_it_is_put_in_force_again(
    client: Client, pair: list[Target]
) -> None:
    publish_campaign(pair[0].indicator.campaign, actor=None)
    withdraw_target(pair[0], reason="撤回", actor=None)
    page = address(pair[0].indicator)
    assert "portal-chip-rejected" in client.get(page).content.decode()
    sent = as_sent(client, page)
    row = row_of(sent, pair[1])
    sent |= {f"{row}-value": "70", f"{row}-reason": "下调"}
    assert client.post(page, sent).status_code == 302
    assert list(Target.objects.in_force()) == [pair[1]]
    assert values(pair) == [100, 70]
    own = reverse("admin:campaigns_target_change", args=[pair[0].pk])
    assert client.post(own, {"note": "只改备注", "initial-note": ""}).status_code == 302
    assert Target.objects.get(pk=pair[0].pk).note == "只改备注"
    back = reverse("admin:campaigns_target_reinstate", args=[pair[0].pk])
    client.post(back, {"reason": ""})
    assert list(Target.objects.in_force()) == [pair[1]]
    client.post(back, {"reason": "恢复"})
    assert Target.objects.in_force().count() == 2


def test_a_reason_without_another_value_changes_nothing(client: Client, pair: list[Target]) -> None:
    publish_campaign(pair[0].indicator.campaign, actor=None)
    own = reverse("admin:campaigns_target_change", args=[pair[0].pk])
    answer = client.post(own, {"value": "100", "note": "", "reason": "下调"})
    assert dict(answer.context["adminform"].form.errors) == {
        "reason": ["There is a reason, but no other value: nothing was changed."]
    }
    assert not AuditEntry.objects.filter(action="target.set").exists()


def test_the_second_page_is_reached_by_a_link_and_saved(
    world: World, client: Client, pair: list[Target]
) -> None:
    campaign = pair[0].indicator.campaign
    for number in range(50):
        union = make_union(f"第{number}工会", "grassroots_union", world.county)
        make_target(campaign, union)
    page = address(pair[0].indicator)
    shown = client.get(page).content.decode()
    assert 'href="?targets-page=2"' in shown
    assert "hx-get" not in shown
    second = f"{page}?targets-page=2"
    sent = as_sent(client, second)
    sent["targets-0-value"] = "7"
    assert client.post(second, sent).status_code == 302
    assert Target.objects.get(pk=sent["targets-0-id"]).value == 7


def test_a_withdrawn_target_is_not_offered_for_sharing(client: Client, pair: list[Target]) -> None:
    publish_campaign(pair[0].indicator.campaign, actor=None)
    shared = reverse("admin:campaigns_target_cascade", args=[pair[0].pk])
    listed = reverse("admin:campaigns_target_changelist")
    assert shared in client.get(listed).content.decode()
    withdraw_target(pair[0], reason="撤回", actor=None)
    assert shared not in client.get(listed).content.decode()
    assert client.get(shared).status_code == 403
