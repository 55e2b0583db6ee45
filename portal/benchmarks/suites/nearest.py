"""The stations nearest to a worker, beside PostgreSQL's own nearest-neighbour search (GiST)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from random import Random

from django.db import connection, transaction

from portal.benchmarks.dataset import Sizes, last_day
from portal.benchmarks.rows import Row, median_seconds
from portal.demo.bulk import analyse, copy_records, reserve_ids
from reference.models import Region
from stations.models import Station, StationKind
from stations.selectors import for_reading, near
from unions.models import Union

SUITE = "nearest"
WANTED = 20
TIMES = 30

_FLOOR = """
SELECT id FROM stations_station
ORDER BY point(longitude::float8, latitude::float8) <-> point(%s, %s) LIMIT %s
"""


def run(sizes: Sizes) -> Iterator[Row]:
    """``nearest``: milliseconds for the 20 nearest of ``n`` stations, read as the page does."""
    stations = min(200_000, max(1_000, sizes.members * 5))
    with transaction.atomic():
        _add_stations(stations)
    analyse(Station)
    places = itertools.cycle(_places(TIMES))
    portal = median_seconds(lambda: list(for_reading(near(*next(places), WANTED))), times=TIMES)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE INDEX bench_point ON stations_station"
            " USING gist (point(longitude::float8, latitude::float8))"
        )
    floor = median_seconds(lambda: _nearest_by_index(*next(places)), times=TIMES)
    yield Row(SUITE, "nearest", portal * 1000, "ms", floor * 1000, stations)


def _add_stations(count: int) -> None:
    random = Random("bench-stations")  # noqa: S311 -- synthetic data
    hosts = list(Union.objects.values_list("pk", flat=True))
    kinds = list(StationKind.objects.values_list("pk", flat=True))
    region, opened = Region.objects.get(code="371502").pk, last_day()
    copy_records(
        Station,
        (
            "id", "name", "kind_id", "host_union_id", "region_id", "longitude", "latitude",
            "opened_on", "address",
        ),
        (
            (
                station_id, f"Station {station_id}", random.choice(kinds), random.choice(hosts),
                region, f"{random.uniform(75, 134):.6f}", f"{random.uniform(19, 52):.6f}", opened,
                "Street 1",
            )
            for station_id in reserve_ids(Station, count)
        ),
    )  # fmt: skip


def _places(count: int) -> list[tuple[float, float]]:
    random = Random("bench-places")  # noqa: S311 -- synthetic data
    return [(random.uniform(100, 120), random.uniform(25, 42)) for _ in range(count)]


def _nearest_by_index(longitude: float, latitude: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR, [longitude, latitude, WANTED])
        cursor.fetchall()
