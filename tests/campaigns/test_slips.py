"""Slips of officials: days nobody means, keys that are none, acts reached by a link."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from campaigns.models import Campaign, Indicator, Phase
from campaigns.selectors.cascade import year_before
from campaigns.services.campaigns import create_campaign, save_indicator, update_campaign
from campaigns.services.hand_ins import save_requirement
from campaigns.services.records import save_practice, save_record
from campaigns.services.targets import set_target, withdraw_target
from core.errors import RuleViolation
from reports.progress import measure_history
from tests.campaigns.builders import make_campaign, make_target
from tests.campaigns.test_admin import form_of
from tests.portal.world import World, logged_in, make_world

pytestmark = pytest.mark.django_db

FROM, TO = dt.date(2023, 1, 1), dt.date(2023, 12, 31)
YEAR_ONE, YEAR_9999 = dt.date(1, 1, 1), dt.date(9999, 12, 31)


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def campaign(world: World) -> Campaign:
    return create_campaign(owner=world.city, name="行动", starts_on=FROM, ends_on=TO, actor=None)


@pytest.fixture
def indicator(campaign: Campaign) -> Indicator:
    return save_indicator(
        None, campaign=campaign, name="新会员", metric="new_members", unit="person", actor=None
    )


def field_refused(service: Any, *args: Any, **values: Any) -> str | None:
    with pytest.raises(RuleViolation) as refusal:
        service(*args, actor=None, **values)
    return refusal.value.field


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (YEAR_ONE, YEAR_9999, "starts_on"),
        (dt.date(1999, 12, 31), dt.date(2000, 12, 31), "starts_on"),
        (dt.date(2999, 1, 1), dt.date(2999, 12, 31), "starts_on"),
        (FROM, YEAR_9999, "ends_on"),
        (FROM, dt.date(2033, 1, 1), "ends_on"),
        (TO, FROM, "ends_on"),
    ],
)
def test_a_campaign_has_days_somebody_means(
    world: World, campaign: Campaign, first: dt.date, last: dt.date, field: str
) -> None:
    values = {"starts_on": first, "ends_on": last}
    assert field_refused(create_campaign, owner=world.city, name="另一", **values) == field
    assert field_refused(update_campaign, campaign, **values) == field
    assert list(Campaign.objects.values_list("starts_on", "ends_on")) == [(FROM, TO)]


def test_a_campaign_may_last_ten_years(world: World) -> None:
    made = create_campaign(
        owner=world.city, name="十年", starts_on=dt.date(2024, 2, 29),
        ends_on=dt.date(2034, 2, 27), actor=None,
    )  # fmt: skip
    assert made.ends_on == dt.date(2034, 2, 27)


def test_what_hangs_on_a_campaign_lies_near_it(
    world: World, campaign: Campaign, indicator: Indicator
) -> None:
    target: dict[str, Any] = {"union": world.county, "value": Decimal(10)}
    for first, last, field in (
        (dt.date(1990, 1, 1), dt.date(1990, 12, 31), "period_start"),
        (YEAR_ONE, TO, "period_start"),
        (FROM, YEAR_9999, "period_end"),
    ):
        assert field == field_refused(
            set_target, indicator, period_start=first, period_end=last, **target
        )
    for day in (YEAR_ONE, dt.date(2020, 6, 1), YEAR_9999):
        paper = {"campaign": campaign, "kind": "plan", "required_of": "children"}
        assert field_refused(save_requirement, None, due_on=day, **paper) == "due_on"
    about = {"campaign": campaign, "unit": world.county, "text": "补报"}
    record = {**about, "kind": "task"}
    assert field_refused(save_record, None, day=YEAR_ONE, **record) == "day"
    assert field_refused(save_record, None, day=FROM, due_on=YEAR_9999, **record) == "due_on"
    practice = {**about, "title": "做法", "published_on": YEAR_9999}
    assert field_refused(save_practice, None, **practice) == "published_on"
    # The year around is near: a yearly target, a plan handed in before, a summary after.
    set_target(
        indicator, period_start=dt.date(2022, 1, 1), period_end=dt.date(2024, 12, 31), actor=None,
        **target,
    )  # fmt: skip
    for kind, day in (("plan", dt.date(2022, 12, 1)), ("summary", dt.date(2024, 1, 31))):
        save_requirement(
            None, campaign=campaign, kind=kind, due_on=day, required_of="children", actor=None
        )
    assert campaign.requirements.count() == 2


def test_a_task_is_not_due_before_its_day(world: World, campaign: Campaign) -> None:
    with pytest.raises(RuleViolation) as refusal:
        save_record(
            None, campaign=campaign, kind="task", unit=world.county, text="补报", day=TO,
            due_on=FROM, actor=None,
        )  # fmt: skip
    assert (refusal.value.field, refusal.value.code) == ("due_on", "order")


def test_days_stored_long_ago_break_nothing(world: World) -> None:
    assert year_before(YEAR_ONE) == YEAR_ONE
    assert year_before(dt.date(2024, 2, 29)) == dt.date(2023, 2, 28)
    campaign = make_campaign("旧行动", world.city, starts_on=YEAR_ONE, ends_on=YEAR_9999)
    target = make_target(campaign, world.county)
    page = reverse("admin:campaigns_target_cascade", args=[target.pk])
    assert logged_in(world.official).get(f"{page}?by=last_year").status_code == 200


def test_history_is_measured_ten_years_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    make_target(make_campaign("旧行动", world.city, starts_on=YEAR_ONE), world.county)
    measured: list[dt.date] = []

    def measure(day: dt.date, *, night: dt.date) -> int:
        measured.append(day)
        return 0

    monkeypatch.setattr("reports.progress.measure_progress", measure)
    measure_history(dt.date(2024, 6, 30))
    assert min(measured) == dt.date(2014, 6, 30)
    assert len(measured) == 121 + 33  # of the 35 days up to it two are ends of months


# -- shortening ------------------------------------------------------------------------------------


def test_a_campaign_is_not_shortened_past_its_phases_and_targets(world: World) -> None:
    campaign = make_campaign("集中行动", world.city)
    target = make_target(campaign, world.county)
    client = logged_in(world.official)
    page = reverse("admin:campaigns_campaign_change", args=[campaign.pk])

    def errors(**changes: Any) -> dict[str, list[str]]:
        phases: list[dict[str, Any]] = [
            {"id": row.pk, "name": row.name, "starts_on": row.starts_on, "ends_on": row.ends_on}
            for row in campaign.phases.all()
        ]
        indicator = campaign.indicators.get()
        rows = [{
            "id": indicator.pk, "name": indicator.name, "metric": indicator.metric,
            "unit": indicator.unit, "group_set": indicator.group_set_id,
        }]  # fmt: skip
        for row in phases:
            row.update(changes_of_phases.get(row["name"], {}))
        form = form_of(
            phases, rows, name=campaign.name, starts_on="2024-01-01",
            group_set=str(campaign.group_set_id), **changes,
        )  # fmt: skip
        answer = client.post(page, form)
        return {} if answer.status_code == 302 else dict(answer.context["adminform"].form.errors)

    changes_of_phases: dict[str, dict[str, str]] = {}
    in_the_way = f"target of {world.county.name}, 新增会员 (2024-01-01 – 2024-12-31)"
    assert errors(ends_on="2024-10-31") == {
        "ends_on": [f"Outside these days would lie: {in_the_way}. Change these first."]
    }
    withdraw_target(target, reason="取消", actor=None)
    assert errors(ends_on="2024-10-31") == {
        "ends_on": [
            "Outside these days would lie: phase “攻坚” (2024-03-01 – 2024-12-31). "
            "Change these first."
        ]
    }
    campaign.refresh_from_db()
    assert campaign.ends_on == dt.date(2024, 12, 31)
    # On the page both change at once.
    changes_of_phases["攻坚"] = {"ends_on": "2024-10-31"}
    assert errors(ends_on="2024-10-31") == {}
    campaign.refresh_from_db()
    assert campaign.ends_on == dt.date(2024, 10, 31)
    assert Phase.objects.get(name="攻坚").ends_on == dt.date(2024, 10, 31)


def test_a_target_that_ran_beyond_is_in_nobodys_way(
    world: World, campaign: Campaign, indicator: Indicator
) -> None:
    set_target(
        indicator, union=world.county, period_start=FROM, period_end=dt.date(2024, 12, 31),
        value=Decimal(5), actor=None,
    )  # fmt: skip
    update_campaign(campaign, ends_on=dt.date(2023, 10, 31), actor=None)
    assert Campaign.objects.get().ends_on == dt.date(2023, 10, 31)


# -- pages -----------------------------------------------------------------------------------------


def test_an_act_reached_by_a_link_leads_back_and_does_nothing(world: World) -> None:
    campaign = make_campaign("集中行动", world.city)
    target = make_target(campaign, world.county)
    requirement = save_requirement(
        None, campaign=campaign, kind="plan", due_on=dt.date(2024, 3, 1), required_of="children",
        actor=None,
    )  # fmt: skip
    client = logged_in(world.official)
    for name, pk in (("target_withdraw", target.pk), ("requirement_remind", requirement.pk)):
        answer = client.get(reverse(f"admin:campaigns_{name}", args=[pk]), follow=True)
        change = reverse(f"admin:campaigns_{name.partition('_')[0]}_change", args=[pk])
        assert answer.redirect_chain == [(change, 302)]
        assert [str(message) for message in answer.context["messages"]] == [
            "Nothing has been done yet: press the button again."
        ]
        assert client.put(reverse(f"admin:campaigns_{name}", args=[pk])).status_code == 405
    target.refresh_from_db()
    assert (target.withdrawn_on, requirement.reminders.count()) == (None, 0)


def test_publishing_and_closing_say_first_what_follows(
    world: World, campaign: Campaign, indicator: Indicator
) -> None:
    client = logged_in(world.official)
    page = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    for step, words, state in (
        ("publish", "A published campaign does not become a draft again.", "published"),
        ("close", "A closed campaign is not opened again.", "closed"),
    ):
        address = reverse(f"admin:campaigns_campaign_{step}", args=[campaign.pk])
        shown = client.get(page).content.decode()
        assert f'href="{address}"' in shown
        assert f'formaction="{address}"' not in shown
        before = campaign.status
        assert words in client.get(address).content.decode()
        campaign.refresh_from_db()
        assert campaign.status == before
        client.post(address)
        campaign.refresh_from_db()
        assert campaign.status == state
        again = client.get(address).content.decode()
        assert words not in again
        assert "The campaign is “" in again


@pytest.mark.parametrize(
    "query",
    [
        "campaignrecord/add/?campaign=abc",
        "campaignrecord/add/?unit=abc",
        "campaign/add/?owner=abc",
        "goodpractice/add/?campaign=abc",
        "goodpractice/add/?unit=99999999999999999999",
    ],
)
def test_a_key_that_is_none_chooses_nothing(world: World, query: str) -> None:
    assert logged_in(world.official).get(f"/admin/campaigns/{query}").status_code == 200


def test_a_row_with_a_key_that_is_none_is_shown_again(world: World, indicator: Indicator) -> None:
    page = reverse("admin:campaigns_indicator_change", args=[indicator.pk])
    form = {
        "targets-TOTAL_FORMS": 1, "targets-INITIAL_FORMS": 0, "targets-0-union": "abc",
        "targets-0-period_start": "2023-01-01", "targets-0-period_end": "2023-12-31",
        "targets-0-value": "5",
    }  # fmt: skip
    answer = logged_in(world.official).post(page, form)
    assert answer.status_code == 200
    assert list(answer.context["inline_admin_formsets"][0].formset.errors[0]) == ["union"]


def test_a_draft_links_to_no_figures(world: World, campaign: Campaign) -> None:
    client = logged_in(world.official)
    figures = f"/dashboard/campaigns/{campaign.pk}/"
    pages = (
        reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
        "/admin/campaigns/campaign/",
    )
    assert [figures in client.get(page).content.decode() for page in pages] == [False, False]
    Campaign.objects.update(status="published")
    assert [figures in client.get(page).content.decode() for page in pages] == [True, True]


def test_cards_stay_when_a_form_is_refused(world: World) -> None:
    campaign = make_campaign("集中行动", world.city)
    make_target(campaign, world.city)
    make_target(campaign, world.county)
    page = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    answer = logged_in(world.official).post(page, form_of(name=""))
    assert answer.status_code == 200
    assert len(answer.context["compared"]) == 1


def test_a_day_of_reminding_lies_within_a_year(world: World) -> None:
    page = logged_in(world.operator).post(
        "/admin/campaigns/reminderrule/add/", {"days": "400", "is_active": "on"}
    )
    assert page.context["adminform"].form.errors == {
        "days": ["At most 365 days before or after the due day."]
    }
