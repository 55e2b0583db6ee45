"""The night names what does not agree, keeps it, and tells the operators once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.core import mail
from django.db import connection

from accounts.models import User
from core.clock import local_day_start, local_today
from members.models import Membership, MembershipEvent
from reports import checking
from reports.checking import check_books, check_everything
from reports.models import DailyCount, Drift, ReportedFigure
from reports.nightly import run_nightly
from tests.builders import make_membership, make_union
from unions.models import Union

pytestmark = pytest.mark.django_db

YESTERDAY = local_today() - dt.timedelta(days=1)
FIELDS = ("union", "book", "metric", "stored", "expected")


@pytest.fixture
def county() -> Union:
    return make_union("县总", "county_federation", make_union("市总", "city_federation"))


def test_sound_books_give_nothing(county: Union) -> None:
    make_membership(county, on=YESTERDAY.isoformat())
    run_nightly()
    assert (check_books(YESTERDAY), check_everything(), Drift.objects.count()) == (0, 0, 0)


def test_each_book_is_named_once_and_the_operators_hear_of_it(county: Union) -> None:
    User.objects.create_superuser("operator", email="operator@example.org")
    membership = make_membership(county, on=YESTERDAY.isoformat())
    ReportedFigure.objects.create(
        union=county, metric="members", value=Decimal(50), unit="person", as_of=YESTERDAY,
        source="通报",
    )  # fmt: skip
    run_nightly()
    city = county.parent
    assert city is not None
    DailyCount.objects.filter(union=city).update(members=5)
    Membership.objects.filter(pk=membership.pk).update(worker_group="carer")
    mail.outbox.clear()
    assert check_books(YESTERDAY) == 2
    key = membership.pk
    assert set(Drift.objects.values_list(*FIELDS)) == {
        (county.pk, "reported", "members", "50", "1"),
        (county.pk, "ledger", f"worker_group#{key}", "carer", "courier"),
        (city.pk, "roll_up", "members", "5", "1"),
    }
    assert [letter.to for letter in mail.outbox] == [["operator@example.org"]]
    assert check_books(YESTERDAY) == 0
    assert check_everything() == 1  # the same figure against the whole ledger
    assert Drift.objects.filter(book="counts", union=city, stored="5", expected="1").count() == 1
    assert len(mail.outbox) == 2


def test_the_top_is_checked_every_night_what_is_below_it_on_its_day_of_the_week(
    county: Union, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "SAMPLE", 0)
    city = county.parent
    assert city is not None
    town = make_union("镇工会", "township_union", county)
    run_nightly()
    week = [YESTERDAY - dt.timedelta(days=age) for age in range(7)]
    for day in week:  # more persons than those below have
        for one, members in ((city, 1_000), (county, 100), (town, 10)):
            DailyCount.objects.update_or_create(union=one, day=day, defaults={"members": members})
    found = [(drift.union_id, day) for day in week if check_books(day) for drift in _drifts_of(day)]
    assert [day for union_id, day in found if union_id == city.pk] == week
    (its_day,) = [day for union_id, day in found if union_id == town.pk]
    assert (its_day.toordinal() + town.pk) % 7 == 0


def _drifts_of(day: dt.date) -> list[Drift]:
    return list(Drift.objects.filter(day=day, book="roll_up"))


def test_a_sample_of_the_rest_is_neighbours_with_what_lies_below_them(
    county: Union, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "SAMPLE", 4)
    monkeypatch.setattr(checking, "UPPER_LEVELS", 0)
    towns = [make_union(f"镇{n}", "township_union", county) for n in range(6)]
    run_nightly()
    for town in towns:
        DailyCount.objects.create(union=town, day=YESTERDAY, members=1)
    check_books(YESTERDAY)
    found = sorted(drift.union_id for drift in _drifts_of(YESTERDAY))
    keys = [town.pk for town in towns]
    runs = [sorted((keys + keys)[begin : begin + 4]) for begin in range(len(keys))]
    assert found in runs


def test_memberships_recorded_on_the_day_are_checked_days_later_too(county: Union) -> None:
    """A night that comes late looks at the entries of its own day."""
    day = YESTERDAY - dt.timedelta(days=9)
    membership = make_membership(county, on=day.isoformat())
    run_nightly(day)
    Membership.objects.filter(pk=membership.pk).update(worker_group="carer")
    recorded = MembershipEvent.objects.filter(membership=membership)
    assert check_books(day) == 0  # recorded today
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # the ledger is not changed
        recorded.update(recorded_at=local_day_start(day) + dt.timedelta(hours=30))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    assert check_books(day) == 1
    assert Drift.objects.get().metric == f"worker_group#{membership.pk}"
