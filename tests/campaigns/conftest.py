"""What tests of campaigns stand on."""

from __future__ import annotations

import pytest

from tests.builders import make_union
from tests.portal.world import World, make_world
from unions.models import Union


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def counties(world: World) -> list[Union]:
    """The county of the world and two more below the city."""
    more = [
        make_union(name, "county_federation", world.city, code=f"37159{number}")
        for number, name in enumerate(("甲县总", "乙县总"), 1)
    ]
    return [world.county, *more]
