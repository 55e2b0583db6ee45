"""Sharing where something stands below already: kept, withdrawn, dissolved or moved away."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from campaigns.models import Campaign, CampaignStatus, Target, TargetVersion
from campaigns.selectors.cascade import CascadeBy
from campaigns.selectors.targets import compare
from campaigns.services.campaigns import publish_campaign
from campaigns.services.cascade import cascade_target
from campaigns.services.targets import set_target, withdraw_target
from enterprises.services import record_baseline
from reference.models import GroupSet
from tests.builders import make_official, make_union
from tests.campaigns.builders import make_campaign, make_target, refused
from tests.portal.world import World, logged_in
from unions.enums import Role, UnionStatus
from unions.models import Union
from unions.services import move_union

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


@pytest.fixture
def campaign(world: World) -> Campaign:
    return make_campaign("集中行动", world.city, status=CampaignStatus.DRAFT)


@pytest.fixture
def published(world: World, campaign: Campaign, counties: list[Union]) -> Target:
    """100 for the city, 30 for the first county."""
    target = make_target(campaign, world.city, "100")
    make_target(campaign, counties[0], "30")
    publish_campaign(campaign, actor=None)
    return target


def page_of(target: Target) -> str:
    return reverse("admin:campaigns_target_cascade", args=[target.pk])


def rows_of(response: Any) -> list[tuple[str, str]]:
    return [(row["text"], row["error"]) for row in response.context["rows"]]


def of_counties(published: Target) -> dict[int, tuple[int, bool]]:
    rows = Target.objects.exclude(pk=published.pk)
    return {row.union_id: (int(row.value), row.withdrawn_on is None) for row in rows}


def form_of(response: Any, **more: str) -> dict[str, str]:
    """What the page sends back, with every box as it stands."""
    rows = response.context["rows"]
    boxes = {f"value_{row['union'].pk}": row["text"] for row in rows if not row["is_kept"]}
    was = {f"was_{row['union'].pk}": row["was"] for row in rows if not row["is_kept"]}
    fields = {"by": response.context["proposal"].by.value, "seen": response.context["seen"]}
    return {**fields, **boxes, **was, "save": "1", "reason": "分解", **more}


def test_who_has_no_baseline_keeps_what_it_has(
    client: Client, world: World, counties: list[Union], published: Target
) -> None:
    """Replacing shares what is left beside it: the sum shown is the sum that comes about."""
    for union in counties[1:]:
        record_baseline(
            keeper=world.city, group_set=GroupSet.objects.get(code="set4", version=1), union=union,
            counted_on=published.period_start, worker_count=500, source="摸底", actor=None,
        )  # fmt: skip
    page = client.get(f"{page_of(published)}?by=baseline&replaces=on")
    assert rows_of(page) == [("30", ""), ("35", ""), ("35", "")]
    assert (page.context["total"], page.context["differs"]) == ("100", False)
    assert page.context["without"] == []
    sent = client.post(page_of(published), form_of(page, replaces="on"))
    assert sent.status_code == 302
    (compared,) = compare([published])
    assert (compared.total, compared.agrees) == (Decimal(100), True)


@pytest.mark.parametrize("by", ["evenly", "by_hand"])
def test_an_emptied_box_of_a_target_asks_what_is_meant(
    client: Client, counties: list[Union], published: Target, by: str
) -> None:
    """Nobody is left with a target that the page no longer counts."""
    page = client.get(f"{page_of(published)}?by={by}&replaces=on")
    emptied = form_of(page, replaces="on") | {f"value_{counties[0].pk}": ""}
    answer = client.post(page_of(published), emptied)
    (first, *_others) = rows_of(answer)
    assert first == ("", "Enter what it is to be: 0 asks for nothing.")
    assert of_counties(published) == {counties[0].pk: (30, True)}
    given = emptied | {f"value_{counties[0].pk}": "0", f"value_{counties[1].pk}": "60"}
    assert client.post(page_of(published), given).status_code == 302
    assert of_counties(published)[counties[0].pk] == (0, True)


def test_a_dissolved_union_counts_until_its_target_is_withdrawn(
    client: Client, counties: list[Union], published: Target
) -> None:
    """As on the campaign's page."""
    Union.objects.filter(pk=counties[0].pk).update(
        status=UnionStatus.DISSOLVED, closed_on="2024-05-01"
    )
    page = client.get(f"{page_of(published)}?by=evenly")
    shown = [(row["union"], row["text"], row["is_kept"]) for row in page.context["rows"]]
    assert shown == [
        (counties[1], "35", False), (counties[2], "35", False), (counties[0], "30", True),
    ]  # fmt: skip
    assert page.context["rows"][2]["is_gone"]
    assert (page.context["total"], page.context["differs"]) == ("100", False)
    assert client.post(page_of(published), form_of(page)).status_code == 302
    (compared,) = compare([published])
    assert compared.agrees


def test_what_was_withdrawn_stays_withdrawn(
    client: Client, counties: list[Union], published: Target
) -> None:
    """Putting it in force again is an act of its own."""
    child = Target.objects.get(union=counties[0])
    withdraw_target(child, reason="撤并", actor=None)
    page = client.get(f"{page_of(published)}?by=evenly")
    assert rows_of(page) == [("", ""), ("50", ""), ("50", "")]
    assert page.context["rows"][0]["is_withdrawn"]
    entries = AuditEntry.objects.count()
    with refused("withdrawn"):
        cascade_target(
            published, {counties[0].pk: Decimal(1)}, by=CascadeBy.BY_HAND, reason="x", actor=None
        )
    assert AuditEntry.objects.count() == entries
    assert client.post(page_of(published), form_of(page)).status_code == 302
    assert of_counties(published) == {
        counties[0].pk: (30, False), counties[1].pk: (50, True), counties[2].pk: (50, True),
    }  # fmt: skip


def test_what_was_typed_for_who_is_gone_is_not_dropped_unsaid(
    client: Client, world: World, counties: list[Union], published: Target
) -> None:
    """A county is given to another city while the page is open."""
    page = client.get(f"{page_of(published)}?by=by_hand")
    typed = form_of(page) | {f"value_{counties[1].pk}": "60", f"value_{counties[2].pk}": "10"}
    move_union(counties[1], to_parent=world.other, reason="区划调整", actor=None)
    answer = client.post(page_of(published), typed)
    assert "The unions below have changed since" in answer.context["fault"]
    assert rows_of(answer) == [("30", ""), ("10", "")]
    assert of_counties(published) == {counties[0].pk: (30, True)}
    again = form_of(answer)
    assert client.post(page_of(published), again).status_code == 302
    assert of_counties(published)[counties[2].pk] == (10, True)


def test_what_was_typed_for_who_was_dissolved_is_not_dropped_either(
    client: Client, counties: list[Union], published: Target
) -> None:
    """Its target stands in the table still, and counts."""
    page = client.get(f"{page_of(published)}?by=by_hand&replaces=on")
    typed = form_of(page, replaces="on") | {
        f"value_{counties[0].pk}": "0", f"value_{counties[1].pk}": "100",
    }  # fmt: skip
    Union.objects.filter(pk=counties[0].pk).update(
        status=UnionStatus.DISSOLVED, closed_on="2024-05-01"
    )
    answer = client.post(page_of(published), typed)
    assert "The unions below have changed since" in answer.context["fault"]
    assert (answer.context["total"], answer.context["difference"]) == ("130", "30")
    assert of_counties(published) == {counties[0].pk: (30, True)}


def test_who_sees_the_owner_alone_finds_no_target_below_it(
    world: World, counties: list[Union], published: Target
) -> None:
    """Neither those below, nor those of unions moved away."""
    gone = make_target(published.indicator.campaign, counties[1], "5")
    move_union(counties[1], to_parent=world.other, reason="区划调整", actor=None)
    own = logged_in(make_official("own", world.city, Role.GRASSROOTS_OFFICIAL))
    listed = own.get(reverse("admin:campaigns_target_changelist")).context["cl"].result_list
    assert list(listed) == [published]
    for target in (Target.objects.get(union=counties[0]), gone):
        address = reverse("admin:campaigns_target_change", args=[target.pk])
        assert own.get(address).status_code == 404
        history = reverse("admin:campaigns_target_history", args=[target.pk])
        assert own.get(history).status_code == 404


def test_who_was_moved_away_shares_no_target_of_a_foreign_campaign(
    world: World, counties: list[Union], published: Target
) -> None:
    """Its owner alone still has a word in it: to take it back."""
    make_union("基层", "grassroots_union", counties[0])
    child = Target.objects.get(union=counties[0])
    move_union(counties[0], to_parent=world.other, reason="区划调整", actor=None)
    child = Target.objects.get(pk=child.pk)
    new_above = logged_in(
        make_official(
            "above",
            world.other,
        )
    )
    page = reverse("admin:campaigns_target_change", args=[child.pk])
    assert new_above.get(page).context["may_withdraw"] is False
    assert new_above.get(page_of(child)).status_code == 403
    with refused("out_of_scope"):
        cascade_target(child, {}, by=CascadeBy.EVENLY, reason="x", actor=None)
    withdraw = reverse("admin:campaigns_target_withdraw", args=[child.pk])
    assert new_above.post(withdraw, {"reason": "不属"}).status_code == 404
    assert of_counties(published) == {counties[0].pk: (30, True)}
    # The owner finds it in the list, cannot change it, and takes it back.
    owner = logged_in(world.official)
    listed = owner.get(reverse("admin:campaigns_target_changelist")).content.decode()
    assert "moved away" in listed
    shown = owner.get(page)
    assert (shown.context["may_withdraw"], shown.context["may_share"]) == (True, False)
    assert shown.context["has_change_permission"] is False
    with refused("out_of_scope"):
        set_target(
            child.indicator, target=child, union=child.union, period_start=child.period_start,
            period_end=child.period_end, value=Decimal(5), reason="x", actor=world.official,
        )  # fmt: skip
    versions = TargetVersion.objects.filter(target=child).count()
    assert owner.post(withdraw, {"reason": "已划出"}).status_code == 302
    assert of_counties(published) == {counties[0].pk: (30, False)}
    assert TargetVersion.objects.filter(target=child).count() == versions + 1
