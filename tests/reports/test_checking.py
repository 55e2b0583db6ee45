"""The night names what does not agree, keeps it, and tells the operators once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.core import mail

from accounts.models import User
from core.clock import local_today
from members.models import Membership
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
