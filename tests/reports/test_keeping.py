"""Answers that take long are kept until figures or marks change, and depend on no viewer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis import RedisError

from core.replica import REPLICA
from enterprises.models import Employer
from reports import keeping, nightly
from reports.checking import check_everything
from reports.keeping import forget_answers, kept_answer
from reports.models import DailyCount
from reports.nightly import run_nightly
from reports.preparing import prepare_figures
from reports.selectors.coverage_rates import read_units, staff_rates
from tests.builders import make_membership, make_region, make_union
from unions.models import Union

pytestmark = pytest.mark.django_db

DAY = dt.date(2024, 3, 15)


@pytest.fixture(autouse=True)
def _kept(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.FIGURES_KEPT_SECONDS = 60
    monkeypatch.setattr(keeping, "WORTH_SECONDS", 0)
    cache.clear()
    yield
    cache.clear()


def answers(*found: int) -> list[int]:
    """What is answered in turn where ``found`` would be read."""
    rest = list(found)
    return [kept_answer("a", lambda: rest.pop(0)) for _ in found]


def test_an_answer_is_kept_until_something_changes() -> None:
    assert answers(1, 2) == [1, 1]
    forget_answers()
    assert answers(3, 4) == [3, 3]
    assert kept_answer("b", lambda: 5) == 5


def test_what_is_read_at_once_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "WORTH_SECONDS", 3600)
    assert answers(1, 2) == [1, 2]


def test_where_nothing_is_kept_nothing_is(settings: Any) -> None:
    settings.FIGURES_KEPT_SECONDS = 0
    assert answers(1, 2) == [1, 2]


def test_a_replica_is_given_time(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES, REPLICA, {})
    settings.REPLICA_MAX_LAG_SECONDS = 3600
    forget_answers()
    assert answers(1, 2) == [1, 2]
    settings.REPLICA_MAX_LAG_SECONDS = 0
    assert answers(3, 4) == [3, 3]


def test_without_valkey_all_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_args: object, **_options: object) -> None:
        raise RedisError

    monkeypatch.setattr(cache, "get_many", gone)
    monkeypatch.setattr(cache, "set", gone)
    assert answers(1, 2) == [1, 2]
    forget_answers()


def test_a_night_a_recount_and_a_check_let_rates_be_read_anew(
    django_capture_on_commit_callbacks: Any,
) -> None:
    commit = django_capture_on_commit_callbacks
    city = make_union("市总", "city_federation")
    works = make_union("厂工会", "grassroots_union", city)
    region = make_region("3715", "聊城市", make_region("37", "山东省"))
    Employer.objects.create(name="厂", keeper=city, region=region, covering_union=works)
    make_membership(works, on="2024-03-01")
    with commit(execute=True):
        run_nightly(DAY)

    def members() -> tuple[int, int]:
        units = read_units([city.pk], [DAY])
        with CaptureQueriesContext(connection) as queries:
            rate = staff_rates(Union.objects.get(pk=city.pk), {DAY: units[city.pk, DAY]})[DAY]
        return rate.members, len(queries) - 1  # the union itself

    assert [members(), members()] == [(1, 1), (1, 0)]
    DailyCount.objects.filter(union=works).update(members=7)
    assert members() == (1, 0)
    with commit(execute=True):
        assert check_everything() == 1
    assert [members(), members()] == [(7, 1), (7, 0)]
    with commit(execute=True):
        run_nightly(DAY, full=True)
    assert [members(), members()] == [(1, 1), (1, 0)]
    with commit(execute=True):
        run_nightly(DAY + dt.timedelta(days=1))
    assert prepare_figures(DAY) == 2
    assert members() == (1, 1)  # of another set of groups than a page asks for


@pytest.mark.django_db(transaction=True)
def test_a_full_count_that_breaks_off_lets_answers_be_read_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The persons may have been mended by then."""
    run_nightly(DAY)
    done: list[str] = []

    def break_off(day: dt.date) -> int:
        done.append("broken off")
        raise RuntimeError(day)

    monkeypatch.setattr(nightly, "mend_unit_counts", break_off)
    monkeypatch.setattr(nightly, "forget_answers", lambda: done.append("forgotten"))
    with pytest.raises(RuntimeError):
        run_nightly(DAY, full=True)
    assert done[-2:] == ["broken off", "forgotten"]
