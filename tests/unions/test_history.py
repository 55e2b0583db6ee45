"""Where unions stood before they moved: remembered once a day, and never rewritten."""

import datetime as dt
from contextlib import AbstractContextManager
from unittest import mock

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from core.clock import CHINA
from tests.builders import make_union
from unions import tree
from unions.history import PATH_ON_SQL, moved_since, paths_on
from unions.models import PastPath, Union
from unions.services import update_union

pytestmark = pytest.mark.django_db

FIRST = dt.date(2026, 3, 1)


def on(days: int, hour: int = 12) -> AbstractContextManager[object]:
    """The clock stands at ``hour`` in China, ``days`` after ``FIRST``."""
    day = FIRST + dt.timedelta(days=days)
    now = dt.datetime.combine(day, dt.time(hour), tzinfo=CHINA)
    return mock.patch.object(timezone, "now", return_value=now)


def by_sql(union: Union, day: dt.date) -> str:
    with connection.cursor() as cursor:
        expression = PATH_ON_SQL.format(union="u", day="%s::date")
        cursor.execute(f"SELECT {expression} FROM unions_union u WHERE id = %s", [day, union.pk])
        return str(cursor.fetchone()[0])


def test_every_past_day_keeps_its_tree() -> None:
    with on(0):
        top = make_union("省总", "provincial_federation")
        cities = [make_union(f"市总{n}", "city_federation", top) for n in range(3)]
        county = make_union("县总", "county_federation", cities[0])
        low = make_union("镇工会", "township_union", county)
    kept = {}  # what the tree looked like at the end of each day
    moves = {2: [1], 3: [], 5: [2, 0, 1], 6: [0], 9: [0, 2]}
    for day in range(12):
        for target in moves.get(day, ()):
            # Half past midnight in China is still yesterday by the server's UTC.
            with on(day, hour=0 if day == 6 else 23):
                tree.move(county, cities[target])
        if day == 7:
            with on(day):
                young = make_union("村工会", "community_union", low)
        if day == 9:
            with on(day):
                newest = make_union("村工会二", "community_union", low)
                tree.move(county, cities[1])
        kept[day] = dict(Union.objects.values_list("pk", "path"))
    for day, paths in kept.items():
        date = FIRST + dt.timedelta(days=day)
        then = paths_on(Union.objects.all(), date)
        assert {pk: then[pk] for pk in paths} == paths, day
        assert {low.pk: by_sql(low, date)} == {low.pk: paths[low.pk]}
    # Sparse: a row for each day on which a union moved, none for those that never did.
    rows = list(PastPath.objects.values_list("union", "until").order_by("union", "until"))
    last_days = [FIRST + dt.timedelta(days=day - 1) for day in (2, 5, 6, 9)]
    assert rows == [
        *((county.pk, day) for day in last_days),
        *((low.pk, day) for day in last_days),
        (young.pk, last_days[-1]),
    ]
    assert not PastPath.objects.filter(union=newest).exists()
    assert moved_since(last_days[-1]) == {county.pk, low.pk, young.pk}
    assert moved_since(last_days[-1] + dt.timedelta(days=1)) == set()


def test_only_a_move_writes_history_and_nothing_rewrites_it() -> None:
    with on(0):
        top = make_union("省总", "provincial_federation")
        city, other = (make_union(f"市总{n}", "city_federation", top) for n in range(2))
        county = make_union("县总", "county_federation", city)
    with on(1):
        update_union(county, actor=None, parent=city, short_name="县")
        tree.move(county, city)
        assert not PastPath.objects.exists()
        update_union(county, actor=None, parent=other)
    rows = list(PastPath.objects.values())
    assert [(row["path"], row["until"]) for row in rows] == [
        (f"{top.pk}/{city.pk}/{county.pk}/", FIRST)
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE unions_union DISABLE TRIGGER unions_union_guard_update")
    Union.objects.filter(pk=county.pk).update(path="wrong/")
    call_command("rebuild_union_paths", verbosity=0)
    for change in (lambda r: r.update(path="1/"), lambda r: r._raw_delete("default")):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change(PastPath.objects.all())
    assert list(PastPath.objects.values()) == rows
