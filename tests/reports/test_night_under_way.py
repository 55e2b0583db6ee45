"""Between posting and publishing nothing compares figures with the ledger."""

from __future__ import annotations

import datetime as dt

import pytest
from celery import current_app
from celery.exceptions import Retry
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Model

from core.clock import local_today
from core.errors import RuleViolation
from enterprises.models import Employer
from reports import nightly
from reports.counting.establishment import mend_establishment
from reports.counting.verifying import mend_counts
from reports.counting.verifying_units import mend_unit_counts
from reports.models import (
    CountedEmployer,
    CountedUnion,
    DailyCount,
    DailyEstablishment,
    DailyUnitCount,
    Drift,
)
from reports.nightly import run_nightly
from reports.runs import last_published_day
from reports.tasks import LOOK_AGAIN_SECONDS, check_everything_task
from tests.builders import make_membership, make_region, make_union
from unions.models import Union

pytestmark = pytest.mark.django_db

YESTERDAY = local_today() - dt.timedelta(days=1)
BEFORE = YESTERDAY - dt.timedelta(days=1)
TOLD = f"The night of {YESTERDAY} is not over: its figures are not published yet."


@pytest.fixture
def county() -> Union:
    return make_union("县总", "county_federation", make_union("市总", "city_federation"))


def _break_off(day: dt.date) -> int:
    raise RuntimeError(day)


@pytest.fixture(autouse=True)
def broken_off(county: Union, monkeypatch: pytest.MonkeyPatch) -> None:
    """A night has posted a late entry and a founding, and got no further."""
    make_membership(county, on=BEFORE.isoformat())
    run_nightly(BEFORE)
    make_membership(county, on=BEFORE.isoformat())
    make_union("骑手工会", "township_union", county, founded_on=YESTERDAY.isoformat())
    with monkeypatch.context() as patched:
        patched.setattr(nightly, "count_next_part", _break_off)
        with pytest.raises(RuntimeError):
            run_nightly()
    assert last_published_day() == BEFORE


def _books() -> list[list[tuple[object, ...]]]:
    books = (
        DailyCount, DailyUnitCount, DailyEstablishment, CountedUnion, CountedEmployer, Drift,
    )  # fmt: skip
    return [list(book.objects.order_by("pk").values_list()) for book in books]


def test_what_compares_says_so_and_names_no_difference(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = _books()
    with pytest.raises(CommandError, match=TOLD):
        call_command("reconcile")
    assert capsys.readouterr().out == ""
    with pytest.raises(CommandError, match=TOLD):
        call_command("nightly", date=BEFORE.isoformat(), full=True)
    assert _books() == before

    run_nightly()
    call_command("reconcile")
    assert capsys.readouterr().out == (
        f"2 memberships and the figures of {YESTERDAY}: all agree with the ledger\n"
    )
    assert Drift.objects.count() == 0


def test_the_weekly_check_looks_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def again(*args: object, **options: object) -> Retry:
        asked.append(options)
        return Retry()

    monkeypatch.setattr(current_app.tasks["reports.check_everything"], "retry", again)
    with pytest.raises(Retry):
        check_everything_task()
    (options,) = asked
    assert options["countdown"] == LOOK_AGAIN_SECONDS
    refusal = options["exc"]
    assert isinstance(refusal, RuleViolation)
    assert (refusal.code, str(refusal)) == ("night_under_way", TOLD)
    assert Drift.objects.count() == 0

    run_nightly()
    assert check_everything_task() == 0


@pytest.mark.parametrize(
    "book", [DailyCount, DailyUnitCount, DailyEstablishment], ids=lambda book: book.__name__
)
def test_nothing_is_mended_on_a_day_after_which_another_is_out(
    county: Union, book: type[Model]
) -> None:
    """What the books of the later day have, they had not on it."""
    riders = Union.objects.get(name="骑手工会")
    Employer.objects.create(
        name="快递公司", keeper=county, region=make_region("37", "山东省"), covering_union=riders
    )
    run_nightly()
    mend = {
        DailyCount: mend_counts,
        DailyUnitCount: mend_unit_counts,
        DailyEstablishment: mend_establishment,
    }[book]
    before = _books()
    with pytest.raises(RuleViolation) as refusal, transaction.atomic():
        mend(BEFORE)
    assert refusal.value.code == "night_under_way"
    assert str(refusal.value) == (
        f"The figures of {YESTERDAY} are out: those of {BEFORE} are not compared any more."
    )
    assert _books() == before
