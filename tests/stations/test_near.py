"""The nearest stations are those of the plain scan, whatever the position and the spread."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings, strategies as st

from stations.models import Station
from stations.selectors import by_distance, find_stations, near
from tests.builders import make_region, make_union
from tests.stations.builders import make_station

COUNT = 400


@pytest.fixture
def spread(db: None) -> None:
    """Half in one town, half over the country, some at the same spot, one without a position."""
    region, host = make_region("37", "山东省"), make_union("市总", "city_federation")
    first = make_station("0", host, region)
    dice = random.Random("spread")
    places = [(dice.uniform(115.9, 116.1), dice.uniform(36.4, 36.5)) for _ in range(COUNT // 2)]
    places += [(dice.uniform(73, 136), dice.uniform(3, 54)) for _ in range(COUNT // 2 - 5)]
    places += [(116.0, 36.45)] * 5
    Station.objects.bulk_create(
        Station(
            name=str(number), host_union=host, region=region, kind_id=first.kind_id,
            address="东" if number % 3 else "西", opened_on=first.opened_on,
            longitude=Decimal(f"{longitude:.6f}"), latitude=Decimal(f"{latitude:.6f}"),
        )
        for number, (longitude, latitude) in enumerate(places, start=1)
    )  # fmt: skip


positions = st.one_of(
    st.tuples(st.floats(115.5, 116.5), st.floats(36, 37)),
    st.tuples(st.floats(73, 136), st.floats(3, 54)),
    st.tuples(st.floats(-180, 180), st.floats(-90, 90)),
    st.sampled_from([(180.0, 0.0), (-180.0, 50.0), (0.0, 90.0), (0.0, -90.0), (116.0, 36.45)]),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    position=positions,
    limit=st.sampled_from([1, 3, 20, 150, 500]),
    text=st.sampled_from(["", "西", "x"]),
)
def test_the_same_as_the_plain_scan(
    spread: None, position: tuple[float, float], limit: int, text: str
) -> None:
    rows = find_stations(text=text)
    plain = by_distance(rows, *position)[:limit]
    found = near(*position, limit, stations=rows)
    assert [(s.pk, s.distance) for s in found] == [(s.pk, s.distance) for s in plain]  # type: ignore[attr-defined]


def test_a_position_on_the_shore_of_the_date_line(spread: None) -> None:
    """Over the date line too, though no station may stand there today."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE stations_station DROP CONSTRAINT stations_position_in_china")
    for number, longitude in enumerate((179.99, -179.99, -179.95)):
        Station.objects.filter(name=str(number + 1)).update(longitude=longitude, latitude=0)
    for longitude in (179.999, -179.999):
        found = near(longitude, 0, 3)
        assert {station.name for station in found} == {"1", "2", "3"}


def test_the_near_ones_are_found_by_the_index(spread: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'stations_position'")
        assert cursor.fetchone()[0].endswith("(latitude, longitude)")


def test_nobody_asked_for(spread: None) -> None:
    assert list(near(116, 36, 0)) == []


def test_a_position_beside_nothing_is_zero(spread: None) -> None:
    """PostgreSQL would not square it: "value out of range: underflow"."""
    assert len(near(5e-324, -1e-200, 3)) == 3
