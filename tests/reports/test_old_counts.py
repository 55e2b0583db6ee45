"""An upgrade takes over rows that were kept for each worker group: the same figures on all days."""

from __future__ import annotations

import datetime as dt
from importlib import import_module

import pytest
from django.db import connection

from reports.models import DailyCount
from reports.selectors.counts import read_counts
from tests.builders import make_union

pytestmark = pytest.mark.django_db

FIRST, SECOND, THIRD = (dt.date(2025, 3, day) for day in (1, 5, 9))
OLD = """
CREATE TABLE reports_dailycount_old (
    union_id bigint, breakdown varchar(40), day date, members int, retained int, joined int,
    rejoined int, definition_version smallint, PRIMARY KEY (union_id, breakdown, day))
"""


def test_old_rows_are_taken_over_day_by_day() -> None:
    migration = import_module("reports.migrations.0009_one_row_for_all_groups")
    union = make_union("县总", "county_federation")
    other = make_union("市总", "city_federation")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reports_groupnumber")
        cursor.execute(migration.NUMBER)
        cursor.execute(OLD)
        cursor.executemany(
            "INSERT INTO reports_dailycount_old VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (union.pk, "courier", FIRST, 2, 0, 2, 0, 1),
                (union.pk, "", FIRST, 2, 0, 2, 0, 1),
                # One moves from couriers to carers: the sum did not change, and has no row.
                (union.pk, "courier", SECOND, 1, 0, 2, 0, 2),
                (union.pk, "carer", SECOND, 1, 0, 0, 0, 2),
                (union.pk, "carer", THIRD, 0, 1, 0, 1, 2),
                (union.pk, "", THIRD, 1, 1, 2, 1, 2),
                (other.pk, "", THIRD, 5, 0, 5, 0, 2),  # a sum without its groups
            ],
        )
        cursor.execute(migration.TAKE_OVER)
    days = [FIRST - dt.timedelta(days=1), FIRST, SECOND, THIRD, THIRD + dt.timedelta(days=30)]
    metrics = ("members", "retained", "joined", "rejoined")
    groups = ("", "courier", "carer", "truck_driver")
    keys = [(metric, group) for metric in metrics for group in groups]
    counts = read_counts([union.pk, other.pk], keys, days)

    def course(group: str, pk: int = union.pk) -> list[tuple[int, ...]]:
        return [tuple(counts.at(pk, metric, group, day) for metric in metrics) for day in days]

    nothing = (0, 0, 0, 0)
    assert course("") == [nothing, (2, 0, 2, 0), (2, 0, 2, 0), (1, 1, 2, 1), (1, 1, 2, 1)]
    assert course("courier") == [nothing, (2, 0, 2, 0), *[(1, 0, 2, 0)] * 3]
    assert course("carer") == [nothing, nothing, (1, 0, 0, 0), *[(0, 1, 0, 1)] * 2]
    assert course("truck_driver") == [nothing] * 5
    assert course("", other.pk) == [*[nothing] * 3, *[(5, 0, 5, 0)] * 2]
    rows = DailyCount.objects.filter(union=union).order_by("day")
    assert [(row.day, row.definition_version) for row in rows] == [
        (FIRST, 1), (SECOND, 1), (THIRD, 2),
    ]  # fmt: skip
    assert DailyCount.objects.get(union=other).groups == []
