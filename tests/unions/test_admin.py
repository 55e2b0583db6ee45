"""Registering unions, appointing officials, recording coverage through the officials' site."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import AuditEntry
from tests.builders import PASSWORD, make_official, make_union
from tests.portal.world import World, logged_in, make_world
from unions.enums import Role
from unions.models import Appointment, Union, UnionCoverage
from unions.services import appoint

pytestmark = pytest.mark.django_db

ADD = "/admin/unions/union/add/"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


def union_form(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "name": "阳谷县总工会", "kind": "county_federation", "parent": world.city.pk,
        "status": "active", **changes,
    }  # fmt: skip


def errors_of(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    return dict(response.context["adminform"].form.errors)


def test_official_registers_a_union_with_its_trail(world: World, client: Client) -> None:
    response = client.post(
        ADD,
        union_form(
            world, short_name="阳谷总", region="371502", mode="single", strategy="key",
            driver="self", channel="online", is_nef="on", approval_number="聊工发〔2023〕7号",
            prepared_on="2023-03-01", founded_on="2023-04-01", term_ends_on="2028-04-01",
            code="371521", contact_name="王", contact_phone="0635-1", address="谷山路",
        ),
    )  # fmt: skip
    assert response.status_code == 302
    union = Union.objects.get(name="阳谷县总工会")
    assert (union.path, union.region_id, union.is_nef, union.founded_on) == (
        f"{world.city.path}{union.pk}/",
        "371502",
        True,
        dt.date(2023, 4, 1),
    )
    assert (union.mode, union.strategy, union.driver, union.channel) == (
        "single",
        "key",
        "self",
        "online",
    )
    entry = AuditEntry.objects.get(action="union.created", object_id=str(union.pk))
    assert entry.actor == world.official


def test_duplicate_is_refused_beside_the_name(world: World, client: Client) -> None:
    response = client.post(ADD, union_form(world, name="东昌府区总工会"))
    assert errors_of(response) == {
        "name": ["A union of this name is already registered under the same parent."]
    }
    assert Union.objects.filter(name="东昌府区总工会").count() == 1


def test_illegal_parent_is_refused_beside_the_parent(world: World, client: Client) -> None:
    response = client.post(ADD, union_form(world, kind="branch"))
    assert errors_of(response) == {
        "parent": ["This kind of union may not stand under a “City federation”."]
    }


def test_taken_code_is_refused_beside_the_code(world: World, client: Client) -> None:
    response = client.post(ADD, union_form(world, code="371502"))
    assert errors_of(response) == {"code": ["This code is taken."]}


def test_odd_credit_code_is_a_warning(world: World, client: Client) -> None:
    response = client.post(ADD, union_form(world, uscc="81370000mc12345678"), follow=True)
    texts = [str(message) for message in response.context["messages"]]
    assert texts[0] == "The check character of the unified social credit code does not fit."
    assert Union.objects.get(name="阳谷县总工会").uscc == "81370000MC12345678"


def test_parent_out_of_scope_is_no_choice(world: World, client: Client) -> None:
    response = client.post(ADD, union_form(world, parent=world.other.pk))
    assert list(errors_of(response)) == ["parent"]
    response = client.post(ADD, union_form(world, parent=world.province.pk))
    assert list(errors_of(response)) == ["parent"]
    assert not Union.objects.filter(name="阳谷县总工会").exists()


def test_dissolving_is_no_choice_of_the_form(world: World, client: Client) -> None:
    assert list(errors_of(client.post(ADD, union_form(world, status="dissolved")))) == ["status"]


def test_sibling_is_not_there(world: World, client: Client) -> None:
    page = reverse("admin:unions_union_change", args=[world.other.pk])
    answers = [client.get(page).status_code, client.post(page, union_form(world)).status_code]
    assert answers == [404, 404]
    world.other.refresh_from_db()
    assert world.other.name == "德州市总工会"
    assert client.get("/admin/unions/union/nonsense/change/").status_code == 404
    rows = client.get("/admin/unions/union/").context["cl"].queryset
    assert set(rows) == {world.city, world.county, world.low}


def test_own_top_keeps_its_parent(world: World, client: Client) -> None:
    page = reverse("admin:unions_union_change", args=[world.city.pk])
    form = client.get(page).context["adminform"].form
    assert "parent" not in form.fields
    response = client.post(
        page,
        {
            "name": "聊城总工会", "kind": "city_federation", "status": "active",
            "region": "3715", "code": "3715", "founded_on": "2020-01-01",
        },
    )  # fmt: skip
    assert response.status_code == 302
    world.city.refresh_from_db()
    assert (world.city.name, world.city.parent) == ("聊城总工会", world.province)


def test_saving_without_a_change_writes_no_trail(world: World, client: Client) -> None:
    page = reverse("admin:unions_union_change", args=[world.low.pk])
    form = client.get(page).context["adminform"].form
    same = {name: value for name, value in form.initial.items() if value not in (None, False)}
    before = AuditEntry.objects.count()
    assert client.post(page, same).status_code == 302
    assert AuditEntry.objects.count() == before


def test_autocomplete_finds_in_scope_only(world: World, client: Client) -> None:
    answer = client.get(
        "/admin/autocomplete/",
        {"app_label": "unions", "model_name": "union", "field_name": "parent", "term": "总工会"},
    ).json()
    assert {row["text"] for row in answer["results"]} == {"聊城市总工会", "东昌府区总工会"}


def test_region_is_found_by_name_and_code(client: Client) -> None:
    def found(term: str) -> list[str]:
        answer = client.get(
            "/admin/autocomplete/",
            {"app_label": "unions", "model_name": "union", "field_name": "region", "term": term},
        )
        return [row["id"] for row in answer.json()["results"]]

    assert found("东昌府") == ["371502"]
    assert found("3714") == ["3714"]


def test_grassroots_official_edits_the_own_union_and_registers_none(world: World) -> None:
    client = logged_in(world.grassroots)
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, union_form(world, parent=world.low.pk)).status_code == 403
    assert list(client.get("/admin/unions/union/").context["cl"].queryset) == [world.low]
    assert (
        client.get(reverse("admin:unions_union_change", args=[world.county.pk])).status_code == 404
    )


# -- officials ------------------------------------------------------------------------------------

APPOINT = "/admin/unions/appointment/add/"


def appointment_form(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "union": world.county.pk, "role": Role.FEDERATION_OFFICIAL, "starts_on": "2023-01-01",
        **changes,
    }  # fmt: skip


def test_new_official_is_made_and_appointed(world: World, client: Client) -> None:
    response = client.post(
        APPOINT,
        appointment_form(world, display_name="李县总", username="lixian", password="Tree-and-7"),
    )
    assert response.status_code == 302
    user = User.objects.get(username="lixian")
    assert (user.display_name, user.is_staff, user.check_password("Tree-and-7")) == (
        "李县总",
        False,
        True,
    )
    assert user.appointments.get().union == world.county
    trail = AuditEntry.objects.filter(actor=world.official).values_list("action", flat=True)
    assert set(trail) == {"official.created", "appointment.made"}
    assert "Tree-and-7" not in str(list(AuditEntry.objects.values_list("data", flat=True)))


def test_refused_appointment_makes_no_user(world: World, client: Client) -> None:
    response = client.post(
        APPOINT,
        appointment_form(
            world, display_name="李", username="lixian", password="Tree-and-7",
            ends_on="2022-01-01",
        ),
    )  # fmt: skip
    assert errors_of(response) == {"ends_on": ["The end lies before the beginning."]}
    assert not User.objects.filter(username="lixian").exists()


@pytest.mark.parametrize(
    ("fields", "beside"),
    [
        ({"display_name": "李", "username": "city", "password": "Tree-and-7"}, "username"),
        ({"display_name": "李", "username": "lixian", "password": "short"}, "password"),
        ({"username": "lixian", "password": "Tree-and-7"}, "display_name"),
        ({}, "user"),
    ],
)
def test_incomplete_new_official_is_refused_beside_the_field(
    world: World, client: Client, fields: dict[str, str], beside: str
) -> None:
    response = client.post(APPOINT, appointment_form(world, **fields))
    assert list(errors_of(response)) == [beside]
    assert Appointment.objects.filter(union=world.county).count() == 0


def test_only_known_officials_can_be_chosen(world: World, client: Client) -> None:
    foreign = client.post(APPOINT, appointment_form(world, user=world.neighbour.pk))
    assert list(errors_of(foreign)) == ["user"]
    operator = client.post(APPOINT, appointment_form(world, user=world.operator.pk))
    assert list(errors_of(operator)) == ["user"]
    assert (
        client.post(APPOINT, appointment_form(world, user=world.grassroots.pk)).status_code == 302
    )


def test_appointing_out_of_scope_is_refused(world: World, client: Client) -> None:
    response = client.post(
        APPOINT, appointment_form(world, union=world.other.pk, user=world.grassroots.pk)
    )
    assert list(errors_of(response)) == ["union"]
    assert Appointment.objects.filter(union=world.other).count() == 1


def test_appointment_ends(world: World, client: Client) -> None:
    appointment = world.grassroots.appointments.get()
    page = reverse("admin:unions_appointment_change", args=[appointment.pk])
    assert client.post(page, {"ends_on": "2023-12-31"}).status_code == 302
    appointment.refresh_from_db()
    assert (appointment.ends_on, appointment.union) == (dt.date(2023, 12, 31), world.low)
    assert list(errors_of(client.post(page, {"ends_on": ""}))) == ["ends_on"]


def test_foreign_appointment_is_not_there(world: World, client: Client) -> None:
    appointment = world.neighbour.appointments.get()
    page = reverse("admin:unions_appointment_change", args=[appointment.pk])
    assert (client.get(page).status_code, client.post(page, {}).status_code) == (404, 404)


# -- accounts -------------------------------------------------------------------------------------


def account(user: User, name: str = "change") -> str:
    return reverse(f"admin:accounts_user_{name}", args=[user.pk])


def test_account_within_scope_is_kept_by_the_federation(world: World, client: Client) -> None:
    assert (
        client.post(
            account(world.grassroots), {"display_name": "李基层", "email": "", "is_active": ""}
        ).status_code
        == 302
    )
    world.grassroots.refresh_from_db()
    assert (world.grassroots.display_name, world.grassroots.is_active) == ("李基层", False)
    new = {"password1": "Other-tree-8", "password2": "Other-tree-8"}
    assert client.post(account(world.grassroots, "password"), new).status_code == 302
    world.grassroots.refresh_from_db()
    assert world.grassroots.check_password("Other-tree-8")
    trail = AuditEntry.objects.filter(actor=world.official).values_list("action", flat=True)
    assert list(trail) == ["official.password_reset", "official.changed"]


def test_account_that_also_serves_elsewhere_is_left_alone(world: World, client: Client) -> None:
    appoint(
        world.grassroots, union=world.other, role=Role.LEADER, starts_on=dt.date(2023, 1, 1),
        actor=None,
    )  # fmt: skip
    new = {"password1": "Other-tree-8", "password2": "Other-tree-8"}
    assert client.get(account(world.grassroots)).status_code == 200
    assert client.post(account(world.grassroots), {"display_name": "x"}).status_code == 403
    assert client.post(account(world.grassroots, "password"), new).status_code == 403
    world.grassroots.refresh_from_db()
    assert world.grassroots.check_password(PASSWORD)


def test_foreign_and_operators_accounts_are_not_there(world: World, client: Client) -> None:
    new = {"password1": "Other-tree-8", "password2": "Other-tree-8"}
    for user in (world.neighbour, world.operator):
        assert client.get(account(user)).status_code == 404
        assert client.post(account(user), {"display_name": "x"}).status_code == 404
        assert client.post(account(user, "password"), new).status_code == 404
    assert client.post(account(world.official, "password"), new).status_code == 403


# -- coverage -------------------------------------------------------------------------------------


def test_coverage_is_recorded_once(world: World, client: Client) -> None:
    nef = make_union("新业态工会联合会", "nef_federation", world.city)
    form = {"covering": nef.pk, "covered": world.low.pk, "since": "2023-09-06"}
    page = "/admin/unions/unioncoverage/add/"
    assert client.post(page, form).status_code == 302
    assert errors_of(client.post(page, form)) == {"covered": ["This union is covered already."]}
    assert UnionCoverage.objects.get().covering == nef
    assert list(errors_of(client.post(page, {**form, "covered": world.other_low.pk}))) == [
        "covered"
    ]


# -- areas ----------------------------------------------------------------------------------------


def test_federation_adds_an_area_of_its_territory(world: World, client: Client) -> None:
    page = "/admin/reference/region/add/"
    assert client.post(page, {"parent": "3715", "name": "开发区"}).status_code == 302
    entry = AuditEntry.objects.get(action="region.area_added")
    assert (entry.object_id, entry.union_path) == ("3715F01", world.city.path)
    assert errors_of(client.post(page, {"parent": "3714", "name": "开发区"})) == {
        "parent": ["This region lies outside the territory of your union."]
    }
    assert logged_in(world.grassroots).get(page).status_code == 403


def test_two_officials_do_not_share_answers(world: World) -> None:
    county_official = make_official("county", world.county)
    rows = logged_in(county_official).get("/admin/unions/union/").context["cl"].queryset
    assert set(rows) == {world.county, world.low}
