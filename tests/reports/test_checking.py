"""The night names what does not agree, keeps it, and tells the operators once."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from accounts.models import User
from core.clock import local_day_start, local_today
from members.models import Membership, MembershipEvent
from reports import checking
from reports.checking import check_books, check_everything
from reports.counting.verifying import find_differences
from reports.models import DailyCount, DailyUnitCount, Drift, ReportedFigure
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


def _open() -> set[tuple[object, ...]]:
    return set(Drift.objects.filter(mended_at=None).values_list("union", "book", "metric"))


def test_a_drift_is_open_until_a_full_count_has_mended_it(county: Union) -> None:
    make_membership(county, on=YESTERDAY.isoformat())
    run_nightly()
    city = county.parent
    assert city is not None
    DailyCount.objects.filter(union=city).update(members=5)
    check_books(YESTERDAY)
    check_everything()
    assert _open() == {(city.pk, "roll_up", "members"), (city.pk, "counts", "members")}
    run_nightly(full=True)
    assert _open() == set()
    mended = Drift.objects.get(book="counts")
    assert (mended.stored, mended.expected, mended.mended_at is None) == ("5", "1", False)
    # It comes back: the same line is open again.
    DailyCount.objects.filter(union=city).update(members=7)
    assert check_everything() == 1
    assert Drift.objects.get(book="counts", mended_at=None).stored == "7"


def test_what_the_weekly_check_finds_no_more_is_mended(county: Union) -> None:
    membership = make_membership(county, on=YESTERDAY.isoformat())
    other = make_membership(county, on=YESTERDAY.isoformat())
    run_nightly()
    Membership.objects.filter(pk__in=[membership.pk, other.pk]).update(worker_group="carer")
    assert check_everything() == 2
    Membership.objects.filter(pk=membership.pk).update(worker_group="courier")
    assert check_everything() == 0
    assert _open() == {(county.pk, "ledger", f"worker_group#{other.pk}")}


def test_a_report_that_was_corrected_is_no_drift_any_more(county: Union) -> None:
    make_membership(county, on=YESTERDAY.isoformat())
    report = {"union": county, "metric": "members", "unit": "person", "source": "通报"}
    wrong = ReportedFigure.objects.create(value=Decimal(50), as_of=YESTERDAY, **report)
    run_nightly()
    assert _open() == {(county.pk, "reported", "members")}
    ReportedFigure.objects.filter(pk=wrong.pk).update(value=Decimal(1))
    check_books(YESTERDAY)
    assert _open() == set()


def test_counts_of_unions_and_stations_are_checked_and_mended(county: Union) -> None:
    make_union("快递工会", "township_union", county, is_nef=True)
    run_nightly()
    city = county.parent
    assert city is not None
    before = _units()
    DailyUnitCount.objects.filter(union=city, metric="unions", breakdown="").update(value=99)
    DailyUnitCount.objects.filter(union=county, metric="nef_unions").delete()
    found = {(row.union_id, row.metric, row.breakdown, row.stored, row.expected)
             for row in find_differences(YESTERDAY)}  # fmt: skip
    assert found == {
        (city.pk, "unions", "", 99, 3),
        (county.pk, "nef_unions", "", 0, 1),
        (county.pk, "nef_unions", "township_union", 0, 1),
    }
    assert check_everything() == 3
    outcomes = {o.step: o.row_count for o in run_nightly(full=True)}
    assert (outcomes["recount_units"], outcomes["recount"]) == (3, 0)
    assert (_units(), _open()) == (before, set())
    assert list(find_differences(YESTERDAY)) == []


def _units() -> dict[tuple[object, ...], int]:
    """The newest figure of each kind."""
    rows = DailyUnitCount.objects.order_by("day")
    return {(row.union_id, row.metric, row.breakdown): row.value for row in rows}


def test_figures_are_marked_while_their_books_differ(
    county: Union, client: Client, django_user_model: type[User]
) -> None:
    client.force_login(django_user_model.objects.create_superuser("admin"))
    membership = make_membership(county, on=YESTERDAY.isoformat())
    city = county.parent
    assert city is not None
    run_nightly()

    def marked() -> set[str]:
        page = client.get("/dashboard/", {"union": city.pk}).content.decode()
        cards = re.split(r'<div class="panel card-figure" id="key-', page)[1:]
        return {card.split('"')[0] for card in cards if "账目不符" in card}

    assert marked() == set()
    DailyCount.objects.filter(union=city).update(members=5)
    check_everything()
    assert "members" in marked()
    run_nightly(full=True)
    assert marked() == set()
    # A membership far below: what is counted above it rests on it.
    Membership.objects.filter(pk=membership.pk).update(worker_group="carer")
    check_everything()
    assert "members" in marked()
