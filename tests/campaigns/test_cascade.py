"""A target shared among the unions below: exact, from known figures, and never by force."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings as budget, strategies as st
from pytest_django import DjangoAssertNumQueries

from audit.models import AuditEntry
from campaigns.cascade import divide
from campaigns.models import Campaign, CampaignStatus, Indicator, Target, TargetVersion
from campaigns.selectors.cascade import CascadeBy, Proposal, propose
from campaigns.selectors.targets import compare, compare_campaign, disagreements
from campaigns.services.campaigns import publish_campaign
from campaigns.services.cascade import cascade_target
from enterprises.services import record_baseline
from reference.models import GroupSet
from tests.builders import make_membership, make_union
from tests.campaigns.builders import make_campaign, make_target, refused
from tests.portal.world import World, logged_in
from unions.models import Union


@budget(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**7), min_size=1, max_size=40))
def test_shares_come_to_the_whole_and_are_never_one_off(total: int, weights: list[int]) -> None:
    whole = sum(weights)
    if not whole:
        if total:
            with pytest.raises(ValueError, match="nothing to divide by"):
                divide(total, weights)
        else:
            assert divide(0, weights) == [0] * len(weights)
        return
    shares = divide(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * whole - total * weight) < whole  # less than one from the exact share
        assert share == 0 or weight > 0


def test_largest_remainders() -> None:
    # 10 × 1/3 each: one is left, and of equal remainders the first has it.
    assert divide(10, [1, 1, 1]) == [4, 3, 3]
    # 7 × 2/11, 3/11, 6/11 = 1.27, 1.91, 3.82.
    assert divide(7, [2, 3, 6]) == [1, 2, 4]


@pytest.fixture
def campaign(world: World) -> Campaign:
    return make_campaign("集中行动", world.city, status=CampaignStatus.DRAFT)


def shares(proposal: Proposal) -> list[tuple[str, int | None, Decimal | None]]:
    return [(row.union.name, row.weight, row.value) for row in proposal.shares]


def count_workers(union: Union, keeper: Union, on: dt.date, count: int) -> None:
    record_baseline(
        keeper=keeper, group_set=GroupSet.objects.get(code="set4", version=1), union=union,
        counted_on=on, worker_count=count, source="摸底", actor=None,
    )  # fmt: skip


def test_by_baseline_the_newest_known_and_nobody_without(
    world: World, counties: list[Union], campaign: Campaign
) -> None:
    target = make_target(campaign, world.city, "100")
    count_workers(counties[0], world.city, dt.date(2023, 1, 1), 5000)
    count_workers(counties[0], world.city, dt.date(2023, 6, 1), 2000)
    count_workers(counties[0], world.city, dt.date(2024, 2, 1), 9000)  # after the day asked for
    count_workers(counties[1], world.city, dt.date(2023, 1, 1), 1000)
    proposal = propose(target, by=CascadeBy.BASELINE, day=dt.date(2024, 1, 1))
    assert shares(proposal) == [
        ("东昌府区总工会", 2000, Decimal(67)),
        ("甲县总", 1000, Decimal(33)),
        ("乙县总", None, None),
    ]  # fmt: skip
    assert [union.name for union in proposal.without] == ["乙县总"]
    assert proposal.total == 100


def test_by_last_year_in_the_same_days_of_the_subtree(
    world: World, counties: list[Union], campaign: Campaign
) -> None:
    target = make_target(campaign, world.city, "10")
    low = make_union("甲基层", "grassroots_union", counties[1])
    for union, day, group in (
        (world.low, "2023-01-01", "courier"),
        (world.low, "2023-12-31", "courier"),
        (low, "2023-05-01", "courier"),
        (low, "2022-12-31", "courier"),
        (low, "2024-01-01", "courier"),
        (low, "2023-05-01", "domestic_worker"),
        (world.other_low, "2023-05-01", "courier"),
    ):
        make_membership(union, group=group, on=day)
    assert shares(propose(target, by=CascadeBy.LAST_YEAR)) == [
        ("东昌府区总工会", 2, Decimal(7)), ("甲县总", 1, Decimal(3)), ("乙县总", 0, None),
    ]  # fmt: skip


def test_what_exists_is_kept_until_it_is_to_be_replaced(
    world: World, counties: list[Union], campaign: Campaign
) -> None:
    target = make_target(campaign, world.city, "100")
    kept = make_target(campaign, counties[0], "41")
    proposal = propose(target, by=CascadeBy.EVENLY)
    assert [(row.value, row.is_kept) for row in proposal.shares] == [
        (Decimal(41), True), (Decimal(30), False), (Decimal(29), False),
    ]  # fmt: skip
    again = propose(target, by=CascadeBy.EVENLY, replaces=True)
    assert [row.value for row in again.shares] == [Decimal(34), Decimal(33), Decimal(33)]
    values = {row.union.pk: row.value for row in again.shares if row.value is not None}
    assert cascade_target(target, values, by=CascadeBy.EVENLY, actor=None) == 2
    kept.refresh_from_db()
    assert kept.value == 41
    (compared,) = compare([target])
    assert (compared.count, compared.total, compared.difference) == (3, Decimal(107), Decimal(7))
    assert cascade_target(target, values, by=CascadeBy.EVENLY, replaces=True, actor=None) == 1
    (compared,) = compare([target])
    assert (compared.total, compared.agrees) == (Decimal(100), True)
    Target.objects.filter(pk=kept.pk).update(value=101)
    with refused("exceeded"):
        propose(target, by=CascadeBy.EVENLY, kind="grassroots_union")


def test_a_ratio_is_copied(world: World, counties: list[Union], campaign: Campaign) -> None:
    indicator = Indicator.objects.create(
        campaign=campaign, metric="enrolment_rate", name="入会率", unit="ratio"
    )
    target = Target.objects.create(
        indicator=indicator, union=world.city, period_start=campaign.starts_on,
        period_end=campaign.ends_on, value=Decimal("0.8"),
    )  # fmt: skip
    assert {row.value for row in propose(target, by=CascadeBy.BASELINE).shares} == {Decimal("0.8")}


@pytest.mark.parametrize("count", [3, 30])
def test_three_thousand_cost_as_many_statements_as_three(
    world: World, campaign: Campaign, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    target = make_target(campaign, world.county, "1000")
    publish_campaign(campaign, actor=None)
    for number in range(count):
        make_union(f"基层{number}", "grassroots_union", world.county)
    proposal = propose(target, by=CascadeBy.EVENLY)
    values = {row.union.pk: row.value for row in proposal.shares if row.value is not None}
    # Savepoint, campaign, target, children, existing, versions of none, numbers and update of
    # none, targets, versions, two entries of the trail.
    with django_assert_num_queries(12):
        cascade_target(target, values, by=CascadeBy.EVENLY, reason="分解", actor=None)
    assert sum(Target.objects.exclude(pk=target.pk).values_list("value", flat=True)) == 1000
    assert TargetVersion.objects.filter(reason="分解", number=1).count() == count + 1


# -- the page -------------------------------------------------------------------------------------


def page_of(target: Target) -> str:
    return reverse("admin:campaigns_target_cascade", args=[target.pk])


def sent(target: Target, by: str, values: dict[Union, str], **more: str) -> dict[str, Any]:
    seen = f"{target.value.normalize():f}"
    fields = {f"value_{union.pk}": value for union, value in values.items()}
    return {"by": by, "seen": seen, **fields, **more}


@pytest.fixture
def published(world: World, campaign: Campaign) -> Target:
    target = make_target(campaign, world.city, "100")
    publish_campaign(campaign, actor=None)
    return target


def test_looked_at_changed_and_saved(
    world: World, counties: list[Union], published: Target
) -> None:
    client = logged_in(world.official)
    page = client.get(f"{page_of(published)}?by=evenly")
    assert [row["text"] for row in page.context["rows"]] == ["34", "33", "33"]
    values = dict(zip(counties, ("40", "1e3", "-3"), strict=True))
    wrong = client.post(page_of(published), sent(published, "evenly", values, save="1"))
    assert [row["error"] for row in wrong.context["rows"]] == [
        "", "This is no number.", "This cannot be negative.",
    ]  # fmt: skip
    values = dict(zip(counties, ("40", "３０", ""), strict=True))
    look = client.post(page_of(published), sent(published, "evenly", values, look="1"))
    assert (look.context["total"], look.context["difference"]) == ("70", "-30")
    unexplained = client.post(page_of(published), sent(published, "evenly", values, save="1"))
    assert (
        unexplained.context["reason_fault"]
        == "The campaign is published: say why the target changes."
    )
    assert Target.objects.count() == 1
    stale = {**sent(published, "evenly", values, save="1", reason="分解"), "seen": "99"}
    assert "has changed since" in client.post(page_of(published), stale).context["fault"]
    assert Target.objects.count() == 1
    done = client.post(
        page_of(published), sent(published, "evenly", values, save="1", reason="分解")
    )
    assert done.status_code == 302
    found = Target.objects.exclude(pk=published.pk).order_by("pk")
    assert [(row.union, int(row.value)) for row in found] == [(counties[0], 40), (counties[1], 30)]
    trail = AuditEntry.objects.filter(actor=world.official).order_by("pk")
    assert [entry.action for entry in trail] == ["target.set", "target.set", "target.cascaded"]


@pytest.mark.parametrize("replaces", [True, False])
def test_what_a_colleague_set_meanwhile_is_not_written_over(
    world: World, counties: list[Union], published: Target, replaces: bool
) -> None:
    """Two had the page open: the second is told beside the row, and nothing is written."""
    client = logged_in(world.official)
    way = "?by=evenly&replaces=on" if replaces else "?by=evenly"
    rows = client.get(f"{page_of(published)}{way}").context["rows"]
    cascade_target(
        published, {counties[1].pk: Decimal(50)}, by=CascadeBy.BY_HAND, reason="x", actor=None
    )
    typed = {
        **sent(published, "evenly", dict.fromkeys(counties, "33"), save="1", reason="分解"),
        **{f"was_{row['union'].pk}": row["was"] for row in rows},
        **({"replaces": "on"} if replaces else {}),
    }
    answer = client.post(page_of(published), typed)
    assert {row["union"].pk: row["error"] for row in answer.context["rows"]} == {
        counties[0].pk: "",
        counties[1].pk: "Somebody else changed this meanwhile, to “50”: look at it again.",
        counties[2].pk: "",
    }
    assert [int(row.value) for row in Target.objects.exclude(pk=published.pk)] == [50]
    # The page shows now what is there: sent again, it is meant.
    again = {f"was_{row['union'].pk}": row["was"] for row in answer.context["rows"]}
    assert client.post(page_of(published), {**typed, **again}).status_code == 302
    now = {row.union_id: int(row.value) for row in Target.objects.exclude(pk=published.pk)}
    kept = 33 if replaces else 50
    assert now == {counties[0].pk: 33, counties[1].pk: kept, counties[2].pk: 33}


def test_what_was_typed_stays_where_nothing_is_left_to_share(
    world: World, counties: list[Union], published: Target
) -> None:
    """A colleague has set more than the target meanwhile: it goes on by hand."""
    client = logged_in(world.official)
    values = dict.fromkeys(counties, "33")
    cascade_target(
        published, {counties[1].pk: Decimal(150)}, by=CascadeBy.BY_HAND, reason="x", actor=None
    )
    typed = sent(published, "evenly", values, save="1", reason="分解")
    answer = client.post(page_of(published), typed)
    assert "comes to more than the target" in str(answer.context["form"].errors["by"])
    assert [row["text"] for row in answer.context["rows"]] == ["33", "150", "33"]
    assert answer.context["reason"] == "分解"
    assert Target.objects.count() == 2
    # As the page sends it then.
    by_hand = {**typed, "by": answer.context["proposal"].by.value}
    assert by_hand["by"] == "by_hand"
    assert client.post(page_of(published), by_hand).status_code == 302
    now = {row.union_id: int(row.value) for row in Target.objects.exclude(pk=published.pk)}
    assert now == {counties[0].pk: 33, counties[1].pk: 150, counties[2].pk: 33}


@pytest.mark.parametrize("gone", [{"kind": "street_union"}, {"group_set": "0"}, {"by": "lots"}])
def test_what_was_typed_stays_where_a_choice_is_gone(
    world: World, counties: list[Union], published: Target, gone: dict[str, str]
) -> None:
    """As when the last union of the kind was dissolved meanwhile; nothing is saved unasked."""
    client = logged_in(world.official)
    typed = sent(published, "by_hand", dict.fromkeys(counties, "33"), save="1", reason="分解")
    answer = client.post(page_of(published), {**typed, **gone})
    assert (answer.status_code, list(answer.context["form"].errors)) == (200, list(gone))
    assert [row["text"] for row in answer.context["rows"]] == ["33", "33", "33"]
    assert (answer.context["reason"], Target.objects.count()) == ("分解", 1)
    assert client.post(page_of(published), typed).status_code == 302


def test_the_list_of_campaigns_says_how_many_do_not_add_up(
    world: World, counties: list[Union], published: Target, campaign: Campaign
) -> None:
    """Sums of what adds up, each of a rate; two queries however many there are."""
    rate = Indicator.objects.create(
        campaign=campaign, metric="enrolment_rate", name="入会率", unit="ratio"
    )
    days = {"period_start": campaign.starts_on, "period_end": campaign.ends_on}
    for union, value in ((world.city, "0.8"), (counties[0], "0.8"), (counties[1], "0.7")):
        Target.objects.create(indicator=rate, union=union, value=Decimal(value), **days)
    other = make_campaign("他项行动", world.city)
    make_target(other, world.city, "5")
    assert told([campaign, other]) == {campaign.pk: (1, 1), other.pk: (0, 0)}
    for union, value in ((counties[0], "60"), (counties[1], "40")):
        make_target(campaign, union, value)
    assert told([campaign, other]) == {campaign.pk: (2, 1), other.pk: (0, 0)}
    make_target(campaign, counties[2], "1")
    assert told([campaign]) == {campaign.pk: (2, 2)}
    assert told([]) == {}
    # On the campaign's own page those are listed that have others below, and the owner's.
    rows = compare_campaign(campaign, world.official)
    assert [(row.target.union, row.count, row.agrees) for row in rows] == [
        (world.city, 3, False), (world.city, 2, False),
    ]  # fmt: skip
    assert [row.count for row in compare_campaign(other, world.official)] == [0]


def told(campaigns: list[Campaign]) -> dict[int, tuple[int, int]]:
    with CaptureQueriesContext(connection) as queries:
        found = disagreements(campaigns)
    assert len(queries) <= 2
    return found


def test_whoever_stands_below_shares_the_own_target_only(
    world: World, counties: list[Union], published: Target
) -> None:
    """A target of the city is no affair of others; foreign children are refused."""
    stranger = logged_in(world.neighbour)
    values = {counties[0]: "1"}
    form = sent(published, "by_hand", values, save="1", reason="x")
    assert stranger.post(page_of(published), form).status_code == 404
    assert logged_in(world.grassroots).post(page_of(published), form).status_code == 403
    with refused("changed"):
        cascade_target(
            published, {world.other.pk: Decimal(1)}, by=CascadeBy.BY_HAND, reason="x", actor=None
        )
    assert Target.objects.count() == 1


def test_a_campaigns_page_says_what_it_leaves_out_and_leads_to_all_of_it(
    world: World, counties: list[Union], campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.admin.campaigns.SHOWN_COMPARISONS", 1)
    ended = [make_union(name, "grassroots_union", counties[1]) for name in ("一厂", "二厂")]
    for union, value in (
        (world.city, "100"), (counties[0], "60"), (world.low, "60"), (counties[1], "30"),
        (ended[0], "10"), (ended[1], "20"),
    ):  # fmt: skip
        make_target(campaign, union, value)
    client = logged_in(world.official)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    address = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    whole = f"{reverse('admin:campaigns_target_changelist')}?indicator__campaign={campaign.pk}"
    page = client.get(address)
    (shown,) = page.context["compared"]  # the city's: the others come to what stands above them
    assert (shown["row"].target.union, shown["row"].difference) == (world.city, Decimal(-10))
    assert "1 of 3, those that differ first." in page.content.decode()
    assert f'href="{whole}">All targets</a>' in page.content.decode()
    assert page.context["of_dissolved"] == []

    Union.objects.filter(pk__in=[union.pk for union in ended]).update(status="dissolved")
    page = client.get(address)
    assert len(page.context["of_dissolved"]) == 1
    content = page.content.decode()
    assert "(the first 1," in content
    link = f"{whole}&amp;union__status__exact=dissolved"
    assert f'href="{link}">all of them</a>)' in content
    rows = client.get(link.replace("&amp;", "&")).context["cl"].queryset
    assert {row.union for row in rows} == set(ended)
    assert client.get(whole).context["cl"].queryset.count() == 6
    monkeypatch.setattr("campaigns.admin.campaigns.SHOWN_COMPARISONS", 2)
    assert "the first" not in client.get(address).content.decode()
