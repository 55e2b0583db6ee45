"""A NUL byte, which PostgreSQL stores nowhere, is refused before it gets there."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.builders import make_join_code
from tests.members.joining import answers
from tests.portal.world import World, logged_in, make_world

pytestmark = pytest.mark.django_db

PUBLIC = {
    "/?x=%00": 200,
    "/join/?q=%00": 200,
    "/join/?code=%00": 404,
    "/join/?county=%00": 200,
    "/join/%00/": 404,
    "/stations/?q=%00": 200,
    "/stations/?kind=%00": 200,
    "/stations/?region=%00": 200,
    "/stations/?facility=%00": 200,
    "/stations/?page=%00": 200,
    "/campaigns/?page=%00": 200,
    "/join/consent/%00/1/": 404,
}
API = (
    ("stations", "q"),
    ("stations", "kind"),
    ("stations", "facility"),
    ("stations", "region"),
    ("stations", "near"),
    ("stations", "datum"),
    ("unions", "kind"),
    ("unions", "parent"),
    ("unions", "q"),
)
OFFICIALS = {
    "/admin/unions/union/?q=%00": 200,
    "/admin/unions/union/?kind__code__exact=%00": 400,
    "/admin/unions/union/?o=%00": 200,
    "/admin/unions/union/?p=%00": 200,
    "/admin/members/application/?q=a%00b": 200,
    "/admin/reference/region/?q=%00": 200,
    "/admin/reference/region/%00/change/": 404,
    "/admin/autocomplete/?app_label=unions&model_name=union&field_name=parent&term=%00": 400,
    "/admin/search/?s=%00": 200,
    "/dashboard/?sort=%00": 200,
    "/dashboard/?day=%00": 404,
    "/dashboard/?groups=%00": 200,
}


@pytest.fixture
def world() -> World:
    return make_world()


def test_public_pages_find_nothing_or_do_not_understand(client: Client) -> None:
    assert {address: client.get(address).status_code for address in PUBLIC} == PUBLIC


def test_the_filters_of_the_api_say_so_by_name(world: World) -> None:
    client = logged_in(world.official)
    found = {(name, key): client.get(f"/api/v1/{name}/?{key}=%00") for name, key in API}
    assert {asked: (r.status_code, list(r.json())) for asked, r in found.items()} == {
        (name, key): (400, [key]) for name, key in API
    }


def test_officials_pages_too(world: World) -> None:
    client = logged_in(world.official)
    assert {address: client.get(address).status_code for address in OFFICIALS} == OFFICIALS
    page = client.get("/admin/unions/union/?kind__code__exact=%00")
    assert [template.name for template in page.templates] == ["400.html", "error_alone.html"]


def test_in_a_text_of_a_form_it_stands_beside_its_field(world: World) -> None:
    code = make_join_code(world.low)
    form = Client().post(f"/join/{code.code}/", answers(name="王\0小明")).context["form"]
    assert list(form.errors) == ["name"]
    login = Client().post("/admin/login/", {"username": "ci\0ty", "password": "x"})
    assert list(login.context["form"].errors) == ["username"]


def test_in_a_choice_of_a_form_it_stands_beside_its_field(world: World) -> None:
    code = make_join_code(world.low)
    response = Client().post(f"/join/{code.code}/", answers(worker_group="cou\0rier"))
    assert list(response.context["form"].errors) == ["worker_group"]
    client = logged_in(world.operator)
    page = client.post("/admin/unions/union/add/", {"name": "新工会", "kind": "grass\0roots"})
    assert "kind" in page.context["adminform"].form.errors
