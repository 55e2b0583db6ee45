"""Between posting and publishing nothing compares figures with the ledger."""

from __future__ import annotations

import datetime as dt

import pytest
from celery import current_app
from celery.exceptions import Retry
from django.core.management import CommandError, call_command

from core.clock import local_today
from core.errors import RuleViolation
from reports import nightly
from reports.models import DailyCount, Drift
from reports.nightly import run_nightly
from reports.runs import last_published_day
from reports.tasks import LOOK_AGAIN_SECONDS, check_everything_task
from tests.builders import make_membership, make_union
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
    """A night has posted a late entry and got no further."""
    make_membership(county, on=BEFORE.isoformat())
    run_nightly(BEFORE)
    make_membership(county, on=BEFORE.isoformat())
    with monkeypatch.context() as patched:
        patched.setattr(nightly, "count_next_part", _break_off)
        with pytest.raises(RuntimeError):
            run_nightly()
    assert last_published_day() == BEFORE


def _books() -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    return (
        list(DailyCount.objects.order_by("union_id", "day").values_list()),
        list(Drift.objects.order_by("pk").values_list()),
    )


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
