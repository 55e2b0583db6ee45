"""Who gets in, what the first page and the sidebar offer, and what every list costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from campaigns.models import Campaign
from portal.admin_site import site
from tests.builders import (
    PASSWORD,
    make_application,
    make_join_code,
    make_user,
)
from tests.portal import admin_rows as rows
from tests.portal.world import World, logged_in, make_world

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


def test_the_head_of_a_page_offers_what_is_there_for_the_viewer(world: World) -> None:
    ways = ("/admin/", "/admin/password_change/", "/admin/logout/", "/admin/login/")

    def offered(client: Client) -> list[str]:
        page = client.get("/stations/").content.decode()
        return [way for way in ways if f'href="{way}"' in page or f'action="{way}"' in page]

    assert offered(logged_in(world.official)) == ["/admin/", "/admin/logout/"]
    assert offered(logged_in(world.leader)) == ["/admin/password_change/", "/admin/logout/"]
    assert offered(logged_in(make_user("nobody"))) == ["/admin/password_change/", "/admin/logout/"]
    assert offered(Client()) == ["/admin/login/"]


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
    "reviewrules", "message", "routingrule", "purgerun", "reminderrule", "retentionrule",
    "signalrule", "drift",
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
    assert official - grassroots == {
        reverse("admin:accounts_user_changelist"),
        reverse("admin:campaigns_requirement_changelist"),
        reverse("admin:members_membermerge_changelist"),
    }
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


def test_campaign_of_the_sibling_is_not_there(world: World) -> None:
    rows.campaigns(world, 0)
    campaign = Campaign.objects.get()
    assert (
        logged_in(world.neighbour)
        .get(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))
        .status_code
        == 404
    )
