"""The funnel reads the applications of its period, and keeps the answer of a day that is over."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from core.clock import local_today
from members.models import Application, ApplicationStep, JoinCode, JoinCodeVisit
from members.services.join_codes import create_join_code
from reports import keeping
from reports.metrics import metric_of
from reports.preparing import prepare_figures
from reports.selectors.funnel import Funnel, funnel_of
from reports.templatetags.reports_page import duration
from tests.builders import make_official, make_union
from tests.reports.sent import FIRST, LAST, send_applications
from tests.reports.world import count_anew
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.fixture
def union() -> Union:
    """A county whose town was sent some (``send_applications``)."""
    county = make_union("县总", "county_federation", make_union("市总", "city_federation"))
    send_applications(make_union("镇工会", "township_union", county))
    return county


def numbers(found: Funnel) -> tuple[object, ...]:
    return (
        found.sent, found.proven, found.decided, found.approved, found.refused, found.cancelled,
        found.waiting, found.corrected, found.median_days,
        [(row.reason != "", row.value) for row in found.refusals],
    )  # fmt: skip


EXPECTED = (6, 3, 3, 1, 2, 1, 2, 1, Decimal(3), [(True, 1), (False, 1)])


def test_what_became_of_the_applications_of_a_month(
    union: Union, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.FIGURES_KEPT_SECONDS = 60
    cache.clear()

    def asked(last: dt.date = LAST) -> tuple[tuple[object, ...], int]:
        with CaptureQueriesContext(connection) as queries:
            found = numbers(funnel_of(union, FIRST, last))
        return found, len(queries)

    # What is read at once is read each time, what takes long is kept.
    monkeypatch.setattr(keeping, "WORTH_SECONDS", 3600)
    assert [asked(), asked()] == [(EXPECTED, 1), (EXPECTED, 1)]
    monkeypatch.setattr(keeping, "WORTH_SECONDS", 0)
    assert [asked(), asked()] == [(EXPECTED, 1), (EXPECTED, 0)]
    # A day that is not over is not kept.
    today = local_today()
    assert [asked(today)[1], asked(today)[1]] == [1, 1]
    # Nor does one union answer for another.
    assert numbers(funnel_of(make_union("邻县", "county_federation"), FIRST, LAST))[0] == 0
    # Before anybody asks: of the roots and of those below them.
    assert prepare_figures(LAST) == 3
    cache.clear()


def visit(code: JoinCode, day: str, count: int) -> None:
    JoinCodeVisit.objects.create(code=code, day=day, count=count)


def at(day: str, hour: float) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T00:00:00+08:00") + dt.timedelta(hours=hour)


def test_what_was_opened_stands_before_what_was_sent_in_through_it(union: Union) -> None:
    def opened() -> tuple[object, ...]:
        found = funnel_of(union, FIRST, LAST)
        return (
            found.opened, found.through_code, found.through_opened, found.opened_share,
            found.opened_since, found.is_counted_in_part,
        )  # fmt: skip

    code, neighbour = JoinCode.objects.get(), make_union("邻县", "county_federation")
    # Not counted before, and not in this period.
    assert opened() == (None, 6, 0, None, None, False)
    visit(code, "2024-04-01", 7)
    assert opened() == (None, 6, 0, None, dt.date(2024, 4, 1), False)
    # Since a day within the period: of six sent in through a code four came since.
    elsewhere = create_join_code(neighbour, label="", actor=None)
    visit(elsewhere, "2024-03-06", 100)
    assert opened() == (0, 6, 4, None, dt.date(2024, 3, 6), True)
    visit(code, "2024-03-07", 3)
    second = create_join_code(code.union, label="", actor=None)
    visit(second, "2024-03-31", 5)
    assert opened() == (8, 6, 4, Decimal("0.5"), dt.date(2024, 3, 6), True)
    # Since before the period: all six.
    visit(code, "2024-02-29", 40)
    assert opened() == (8, 6, 6, Decimal("0.75"), dt.date(2024, 2, 29), False)
    # What came without a code is sent in, but not through one; nor what a window's device took in.
    for day, changes in (
        ("2024-03-01", {"join_code": None, "channel": "paper"}),
        ("2024-03-12", {"channel": "mobile_window"}),
    ):
        Application.objects.filter(submitted_at=at(day, 12)).update(**changes)
    assert opened()[:4] == (8, 4, 4, Decimal("0.5"))
    assert funnel_of(union, FIRST, LAST).sent == 6
    # A code that leads elsewhere now takes its numbers along.
    JoinCode.objects.filter(pk=second.pk).update(union=neighbour)
    assert opened()[0] == 3
    assert funnel_of(neighbour, FIRST, LAST).opened == 105


def test_the_time_to_each_step(union: Union) -> None:
    """Of each application of the period: when it was proven, answered, decided."""
    empty = funnel_of(make_union("空县", "county_federation"), FIRST, LAST)
    assert (empty.proof_days, empty.answer_days, empty.median_days, empty.approval_days) == (
        None, None, None, None,
    )  # fmt: skip
    Application.objects.update(phone_proven_at=None)
    sent = list(Application.objects.order_by("submitted_at")[1:7])
    # Minutes to the proof; the last one comes after the period.
    for application, minutes in zip(sent[:4], (3, 9, 30, 60 * 24 * 40), strict=True):
        application.phone_proven_at = application.submitted_at + dt.timedelta(minutes=minutes)
        application.save()
    ApplicationStep.objects.create(
        application=sent[2], type="correction", at=sent[2].submitted_at + dt.timedelta(hours=36)
    )
    Application.objects.filter(pk=sent[3].pk).update(decided_at=at("2024-03-31", 23))
    found = funnel_of(union, FIRST, LAST)
    assert (found.proven, round(found.proof_days * 24 * 60, 6)) == (3, 9)  # type: ignore[operator]
    # Answered after 1, 3 and 1.5 days and 21 days and 11 hours; decided after 1, 3, 5 and so many.
    assert (found.answered, found.answer_days) == (4, Decimal("2.25"))
    assert (found.decided, found.median_days) == (4, Decimal(4))
    assert found.approved == 2
    late = Decimal(21 * 24 + 11) / 24
    assert round(found.approval_days, 9) == round((1 + late) / 2, 9)  # type: ignore[arg-type]


def test_the_page_shows_the_steps_to_those_in_whose_scope_they_are(
    union: Union, client: Client
) -> None:
    visit(JoinCode.objects.get(), "2024-02-29", 1)
    visit(JoinCode.objects.get(), "2024-03-07", 4321)
    neighbour = make_union("邻县", "county_federation", union.parent)
    count_anew(LAST)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    query = {"period": "month", "union": str(union.pk), "day": LAST.isoformat()}

    def page(leader_of: Union, **changed: str) -> tuple[int, str]:
        client.force_login(make_official(f"leader{leader_of.pk}{changed}", leader_of, Role.LEADER))
        response = client.get("/dashboard/parts/funnel/", query | changed)
        return response.status_code, response.content.decode()

    status, shown = page(union)
    assert status == 200
    for piece in ("Form opened", "4,321", "Sent in through a code", "Median time", "3 days"):
        assert piece in shown
    assert page(neighbour)[0] == 404
    status, shown = page(neighbour, union=str(neighbour.pk))
    assert status == 200
    assert "Form opened" in shown
    assert "4,321" not in shown


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (None, "—"),
        (Decimal(0), "under a minute"),
        (Decimal(59) / 86400, "under a minute"),
        (Decimal(61) / 86400, "1 min"),
        (Decimal(9) / 1440, "9 min"),
        (Decimal("1.5"), "36 h"),
        (Decimal("0.1"), "2.4 h"),
        (Decimal("21.25"), "21.2 days"),
    ],
)
def test_times_are_said_as_people_say_them(days: Decimal | None, text: str) -> None:
    with override("en"):
        assert duration(days) == text


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
