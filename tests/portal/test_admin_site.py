"""Who gets in, what the first page and the sidebar offer, and what every list costs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from campaigns.models import Campaign
from campaigns.services import create_campaign, save_indicator, set_target
from enterprises.services import record_baseline, record_employer
from members.models import ConsentText, RejectionReason
from members.services.review import approve_application
from portal.admin_site import site
from reference.models import GroupSet, WorkerGroup
from reports.models import PaceThreshold, ReportRun
from reports.services import record_figure
from stations.models import Facility, StationKind
from stations.services import open_station
from tests.builders import (
    PASSWORD,
    make_application,
    make_join_code,
    make_official,
    make_union,
    make_user,
    person,
)
from tests.portal.world import World, logged_in, make_world
from unions.services import cover_union

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def log_in(username: str, password: str = PASSWORD) -> Any:
    client = Client(headers={"Accept-Language": "en"})
    return client.post(
        "/admin/login/?next=/admin/", {"username": username, "password": password}, follow=True
    )


def test_official_logs_in_without_being_staff(world: World) -> None:
    response = log_in("city")
    assert response.redirect_chain == [("/admin/", 302)]
    assert "聊城市总工会" in response.text


def test_leader_is_led_to_the_dashboard(world: World) -> None:
    client = logged_in(world.leader)
    assert client.get("/admin/").headers["Location"] == "/dashboard/"
    assert client.get("/admin/login/").headers["Location"] == "/dashboard/"
    assert client.get("/admin/password_change/").status_code == 200


def test_who_has_no_appointment_cannot_log_in(world: World) -> None:
    make_user("nobody")
    response = log_in("nobody")
    assert response.status_code == 200
    assert response.context["form"].non_field_errors() == [
        "You have no appointment in force. Please ask your federation."
    ]


def test_leader_can_log_out(world: World) -> None:
    client = logged_in(world.leader)
    client.post("/admin/logout/")
    assert "_auth_user_id" not in client.session


def changelists() -> list[str]:
    return [
        f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        for model in site._registry
    ]


def test_leader_is_denied_every_list(world: World) -> None:
    client = logged_in(world.leader)
    assert {client.get(reverse(name)).status_code for name in changelists()} == {403}


def test_anonymous_is_asked_to_log_in(world: World) -> None:
    for name in changelists():
        response = Client().get(reverse(name))
        assert (response.status_code, response.headers["Location"].partition("?")[0]) == (
            302,
            "/admin/login/",
        )


OPERATORS_ONLY = {
    "workergroup", "groupset", "stationkind", "facility", "rejectionreason", "consenttext",
    "pacethreshold", "reportrun", "periodictask", "crontabschedule", "intervalschedule",
    "reviewrules",
}  # fmt: skip


def test_official_sees_every_list_but_the_operators(world: World) -> None:
    client = logged_in(world.official)
    denied = {
        name.split("_")[-2]
        for name in changelists()
        if client.get(reverse(name)).status_code == 403
    }
    assert denied == OPERATORS_ONLY


def test_operator_sees_every_list_and_the_first_page(world: World) -> None:
    client = logged_in(world.operator)
    assert {client.get(reverse(name)).status_code for name in changelists()} == {200}
    assert client.get("/admin/").status_code == 200


def sidebar_links(client: Client) -> set[str]:
    context = client.get("/admin/").context
    return {item["link"] for group in context["sidebar_navigation"] for item in group["items"]}


def test_sidebar_holds_what_the_role_may_use(world: World) -> None:
    grassroots = sidebar_links(logged_in(world.grassroots))
    official = sidebar_links(logged_in(world.official))
    operator = sidebar_links(logged_in(world.operator))
    assert official - grassroots == {reverse("admin:accounts_user_changelist")}
    assert reverse("admin:reports_reportrun_changelist") in operator - official
    assert "/dashboard/" in grassroots


def test_first_page_counts_what_waits_in_scope(world: World) -> None:
    code = make_join_code(world.low)
    make_application(code)
    make_application(make_join_code(world.other_low))
    response = logged_in(world.official).get("/admin/")
    assert (response.context["waiting"], response.context["oldest_days"]) == (1, 0)
    assert [shown.pk for shown in response.context["codes"]] == [code.pk]
    badges = [
        item["badge"]
        for group in response.context["sidebar_navigation"]
        for item in group["items"]
        if "badge" in item
    ]
    assert badges == ["1"]


def test_first_page_offers_what_may_be_done(world: World) -> None:
    titles = [
        action["url"]
        for action in logged_in(world.grassroots).get("/admin/").context["quick_actions"]
    ]
    assert reverse("admin:unions_union_add") not in titles
    assert reverse("admin:members_joincode_add") in titles


def test_djangos_own_log_stays_empty(world: World) -> None:
    client = logged_in(world.official)
    client.post(
        reverse("admin:unions_union_change", args=[world.low.pk]),
        {"name": "顺丰速运工会", "kind": "grassroots_union", "parent": world.county.pk,
         "status": "active"},
    )  # fmt: skip
    world.low.refresh_from_db()
    assert world.low.name == "顺丰速运工会"
    assert LogEntry.objects.count() == 0
    entry = AuditEntry.objects.get(action="union.updated")
    assert (entry.actor, entry.object_id) == (world.official, str(world.low.pk))


def test_history_shows_the_trail_in_scope(world: World) -> None:
    client = logged_in(world.official)
    response = client.get(reverse("admin:unions_union_history", args=[world.low.pk]))
    assert [entry.action for entry in response.context["entries"]] == ["union.created"]
    assert (
        client.get(reverse("admin:unions_union_history", args=[world.other.pk])).status_code == 404
    )


def test_trail_is_read_in_scope(world: World) -> None:
    foreign = AuditEntry.objects.get(object_type="unions.union", object_id=str(world.other.pk))
    own = AuditEntry.objects.get(object_type="unions.union", object_id=str(world.low.pk))
    client = logged_in(world.official)
    assert (
        client.get(reverse("admin:audit_auditentry_change", args=[foreign.pk])).status_code == 404
    )
    page = reverse("admin:audit_auditentry_change", args=[own.pk])
    assert client.get(page).status_code == 200
    assert client.post(page, {"action": "forged"}).status_code == 403


def test_nothing_can_be_deleted(world: World) -> None:
    client = logged_in(world.operator)
    page = reverse("admin:unions_union_delete", args=[world.low.pk])
    assert (client.get(page).status_code, client.post(page, {"post": "yes"}).status_code) == (
        403,
        403,
    )


# -- budgets --------------------------------------------------------------------------------------


def _unions(world: World, index: int) -> None:
    make_union(f"基层工会{index}", "grassroots_union", world.county, region=world.regions["371502"])


def _coverages(world: World, index: int) -> None:
    covered = make_union(f"基层工会{index}", "grassroots_union", world.county)
    cover_union(world.city, covered, since=dt.date(2023, 1, 1), actor=None)


def _appointments(world: World, index: int) -> None:
    make_official(f"official{index}", world.county)


def _employers(world: World, index: int) -> None:
    record_employer(
        name=f"快递公司{index}", region=world.regions["371502"], keeper=world.county,
        covering_union=world.low, actor=None,
    )  # fmt: skip


def _baselines(world: World, index: int) -> None:
    record_baseline(
        keeper=world.county, group=WorkerGroup.objects.get(pk="courier"),
        region=world.regions["371502"], counted_on=dt.date(2023, 1, 1 + index), worker_count=100,
        source="摸底", actor=None,
    )  # fmt: skip


def _figures(world: World, index: int) -> None:
    record_figure(
        union=world.county, metric="members", value=Decimal(100), unit="person",
        as_of=dt.date(2023, 1, 1 + index), source="月报", actor=None,
    )  # fmt: skip


def _applications(world: World, index: int) -> None:
    make_application(make_join_code(world.low), person(500 + index))


def _memberships(world: World, index: int) -> None:
    approve_application(
        make_application(make_join_code(world.low), person(500 + index)), actor=None
    )


def _codes(world: World, index: int) -> None:
    make_join_code(world.low)


def _campaigns(world: World, index: int) -> None:
    campaign = create_campaign(
        owner=world.city, name=f"行动{index}", starts_on=dt.date(2023, 1, 1),
        ends_on=dt.date(2023, 12, 31), group_set=GroupSet.objects.first(), actor=None,
    )  # fmt: skip
    indicator = save_indicator(
        None, campaign=campaign, name="新会员", metric="new_members", unit="person", actor=None
    )
    set_target(
        indicator, union=world.county, period_start=dt.date(2023, 1, 1),
        period_end=dt.date(2023, 12, 31), value=Decimal(10), actor=None,
    )  # fmt: skip


def _stations(world: World, index: int) -> None:
    kind, _made = StationKind.objects.get_or_create(
        code="rest", defaults={"name_zh": "工会驿站", "name_en": "Rest station"}
    )
    open_station(
        name=f"驿站{index}", kind=kind, host_union=world.county, region=world.regions["371502"],
        address="振兴路", opened_on=dt.date(2023, 1, 1),
        facilities=[
            Facility.objects.get_or_create(
                code="water", defaults={"name_zh": "饮水", "name_en": "Water"}
            )[0]
        ],
        actor=None,
    )  # fmt: skip


def _runs(world: World, index: int) -> None:
    ReportRun.objects.create(report="counts", day=dt.date(2023, 1, 1 + index))


def _reasons(world: World, index: int) -> None:
    RejectionReason.objects.create(code=f"r{index}", text_zh="不符", text_en="No")


def _texts(world: World, index: int) -> None:
    ConsentText.objects.create(
        purpose="joining", version=50 + index, title_zh="甲", title_en="A", body_zh="乙",
        body_en="B", published_on=dt.date(2023, 1, 1),
    )  # fmt: skip


def _groups(world: World, index: int) -> None:
    WorkerGroup.objects.create(code=f"g{index}", name_zh=f"群体{index}", name_en=f"Group {index}")


def _group_sets(world: World, index: int) -> None:
    made = GroupSet.objects.create(
        code=f"s{index}", name_zh="甲", name_en="A", valid_from=dt.date(2023, 1, 1), source="x"
    )
    made.groups.set(WorkerGroup.objects.all()[:2])


def _nothing(world: World, index: int) -> None:
    PaceThreshold.objects.count()


# Session, user and appointments (three for officials), the badge, the filters of the page, and for
# the list itself: rows counted up to the bound, and the rows with all they name.
BUDGETS: list[tuple[str, str, Callable[[World, int], None], int]] = [
    ("official", "unions_union", _unions, 7),
    ("official", "unions_unioncoverage", _coverages, 6),
    ("official", "unions_appointment", _appointments, 6),
    ("official", "unions_unionkind", _nothing, 6),
    ("official", "accounts_user", _appointments, 6),
    ("official", "enterprises_employer", _employers, 6),
    ("official", "enterprises_workforcebaseline", _baselines, 8),
    ("official", "members_application", _applications, 7),
    ("official", "members_member", _memberships, 6),
    ("official", "members_membership", _memberships, 7),
    ("official", "members_joincode", _codes, 6),
    ("official", "campaigns_campaign", _campaigns, 7),
    ("official", "campaigns_indicator", _campaigns, 6),
    ("official", "stations_station", _stations, 7),
    ("official", "reports_reportedfigure", _figures, 7),
    ("official", "reference_region", _nothing, 6),
    ("official", "audit_auditentry", _appointments, 6),
    ("operator", "reports_reportrun", _runs, 6),
    ("operator", "reports_pacethreshold", _nothing, 5),
    ("operator", "members_rejectionreason", _reasons, 5),
    ("operator", "members_consenttext", _texts, 5),
    ("operator", "reference_workergroup", _groups, 5),
    ("operator", "reference_groupset", _group_sets, 6),
    ("operator", "stations_stationkind", _stations, 5),
    ("operator", "stations_facility", _stations, 5),
    ("operator", "django_celery_beat_periodictask", _nothing, 5),
    ("operator", "django_celery_beat_crontabschedule", _nothing, 5),
    ("operator", "django_celery_beat_intervalschedule", _nothing, 5),
]


@pytest.mark.parametrize(("who", "listing", "fill", "budget"), BUDGETS, ids=[b[1] for b in BUDGETS])
def test_list_costs_the_same_with_one_and_three_rows(
    world: World,
    who: str,
    listing: str,
    fill: Callable[[World, int], None],
    budget: int,
    django_assert_num_queries: Any,
) -> None:
    client = logged_in(getattr(world, who))
    address = reverse(f"admin:{listing}_changelist")
    fill(world, 0)
    client.get(address)  # content types and the like are read once
    with django_assert_num_queries(budget):
        assert client.get(address).status_code == 200
    fill(world, 1)
    fill(world, 2)
    with django_assert_num_queries(budget):
        assert client.get(address).status_code == 200


def test_every_list_has_a_budget() -> None:
    assert {f"admin:{page}_changelist" for _who, page, _fill, _n in BUDGETS} == set(changelists())


def test_campaign_of_the_sibling_is_not_there(world: World) -> None:
    _campaigns(world, 0)
    campaign = Campaign.objects.get()
    assert (
        logged_in(world.neighbour)
        .get(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))
        .status_code
        == 404
    )
