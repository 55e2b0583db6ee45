"""Own areas: a federation adds them within its territory, if it has one."""

from __future__ import annotations

import pytest

from reference.models import Region
from tests.portal.world import World, logged_in, make_world
from unions.services import update_union

pytestmark = pytest.mark.django_db

ADD = "/admin/reference/region/add/"


@pytest.fixture
def world() -> World:
    return make_world()


def test_within_the_own_territory(world: World) -> None:
    response = logged_in(world.official).post(ADD, {"parent": "3715", "name": "高新区"})
    assert response.status_code == 302
    assert Region.objects.get(name="高新区").parent_id == "3715"


@pytest.mark.parametrize("region", ["3714", "3715"])
def test_without_a_territory_nowhere(world: World, region: str) -> None:
    update_union(world.city, region=None, actor=None)
    response = logged_in(world.official).post(ADD, {"parent": region, "name": "高新区"})
    assert response.context["adminform"].form.errors == {
        "parent": ["This region lies outside the territory of your union."]
    }
    assert not Region.objects.filter(name="高新区").exists()
