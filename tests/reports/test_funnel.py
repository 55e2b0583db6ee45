"""The funnel reads the applications of its period, and keeps the answer of a day that is over."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.clock import local_today
from members.enums import ApplicationStatus
from members.models import Application, ApplicationStep
from members.services.join_codes import create_join_code
from reports.metrics import metric_of
from reports.selectors import funnel
from reports.selectors.funnel import Funnel, count_funnels, funnel_of
from tests.builders import make_application, make_union
from unions.models import Union

pytestmark = pytest.mark.django_db
FIRST, LAST = dt.date(2024, 3, 1), dt.date(2024, 3, 31)
A, R, C, S = (
    ApplicationStatus.APPROVED, ApplicationStatus.REJECTED, ApplicationStatus.CANCELLED,
    ApplicationStatus.SUBMITTED,
)  # fmt: skip


@pytest.fixture
def union() -> Union:
    """A county; in its town: sent, decided, how; two of them were asked to correct."""
    county = make_union("县总", "county_federation", make_union("市总", "city_federation"))
    town = make_union("镇工会", "township_union", county)
    code = create_join_code(town, label="", actor=None)
    rows = [
        ("2024-02-29", "2024-03-02", A, None),  # before
        ("2024-03-01", "2024-03-02", A, None),
        ("2024-03-05", "2024-03-08", R, "duplicate"),
        ("2024-03-06", "2024-03-11", R, None),
        ("2024-03-10", "2024-04-02", A, None),  # not known yet
        ("2024-03-12", "2024-03-13", C, None),
        ("2024-03-31", None, S, None),
        ("2024-04-01", None, S, None),  # after
    ]
    for number, (sent, decided, status, reason) in enumerate(rows):
        application = make_application(code)
        Application.objects.filter(pk=application.pk).update(
            submitted_at=f"{sent}T12:00:00+08:00",
            decided_at=decided and f"{decided}T12:00:00+08:00",
            status=status,
            rejection_reason=reason,
            phone_proven_at=f"{sent}T12:00:00+08:00" if number % 2 else None,
        )
        for day in {1: ("2024-03-02", "2024-03-03"), 4: ("2024-04-01",)}.get(number, ()):
            ApplicationStep.objects.create(
                application=application, type="correction", at=f"{day}T12:00:00+08:00"
            )
    return county


def numbers(found: Funnel) -> tuple[object, ...]:
    return (
        found.sent, found.proven, found.decided, found.approved, found.refused, found.cancelled,
        found.waiting, found.corrected, found.median_days,
        [(row.reason != "", row.value) for row in found.refusals],
    )  # fmt: skip


EXPECTED = (6, 3, 3, 1, 2, 1, 2, 1, Decimal(3), [(True, 1), (False, 1)])


def test_what_became_of_the_applications_of_a_month(
    union: Union, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()

    def asked(last: dt.date = LAST) -> tuple[tuple[object, ...], int]:
        with CaptureQueriesContext(connection) as queries:
            found = numbers(funnel_of(union, FIRST, last))
        return found, len(queries)

    # Few applications are read each time, many are kept.
    assert [asked(), asked()] == [(EXPECTED, 1), (EXPECTED, 1)]
    monkeypatch.setattr(funnel, "KEPT_FROM", 6)
    assert [asked(), asked()] == [(EXPECTED, 1), (EXPECTED, 0)]
    # A day that is not over is not kept.
    today = local_today()
    assert [asked(today)[1], asked(today)[1]] == [1, 1]
    # Nor does one union answer for another.
    assert numbers(funnel_of(make_union("邻县", "county_federation"), FIRST, LAST))[0] == 0
    # Before anybody asks: three periods of the roots and of those below them.
    assert count_funnels(LAST) == 9
    cache.clear()


def test_the_definitions_give_what_the_page_shows(union: Union) -> None:
    values: dict[str, Any] = {"union_path": union.path, "since": FIRST, "day": LAST}
    answers = {}
    for code in ("applications", "approval_share", "decision_days"):
        with connection.cursor() as cursor:
            cursor.execute(metric_of(code).statement, values)
            answers[code] = Decimal(cursor.fetchone()[0])
    assert {code: round(value, 4) for code, value in answers.items()} == {
        "applications": 6, "approval_share": round(Decimal(1) / 6, 4), "decision_days": 3,
    }  # fmt: skip


def test_the_plan_is_bounded_by_the_period(union: Union) -> None:
    """The indexes are there for it; the planner weighs them in a large table alone."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM members_application WHERE submitted_at >= %s", [FIRST]
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "members_application_by_time" in plan
