"""Reported figures in the officials' site."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from audit.models import AuditEntry
from reports.models import PaceThreshold, ReportedFigure, ReportRun
from tests.portal.world import World, logged_in, make_world

pytestmark = pytest.mark.django_db

FIGURES = "/admin/reports/reportedfigure/"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


def figure_form(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "union": world.county.pk, "metric": "nef_member_share", "value": "0.0917",
        "unit": "ratio", "as_of": "2023-08-24", "source": "洛工发〔2023〕1号", **changes,
    }  # fmt: skip


def errors_of(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def test_figure_is_recorded_once_and_changed(world: World, client: Client) -> None:
    assert client.post(f"{FIGURES}add/", figure_form(world)).status_code == 302
    figure = ReportedFigure.objects.get()
    assert errors_of(client.post(f"{FIGURES}add/", figure_form(world))) == {
        "as_of": ["This union already reported this figure for this day."]
    }
    page = reverse("admin:reports_reportedfigure_change", args=[figure.pk])
    client.post(page, figure_form(world, value="0.0931"))
    figure.refresh_from_db()
    assert figure.value == Decimal("0.0931")
    trail = AuditEntry.objects.filter(object_type="reports.reportedfigure").order_by("id")
    assert [entry.action for entry in trail] == ["figure.recorded", "figure.updated"]
    assert "9.31 %" in client.get(FIGURES).text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"value": "9.17"}, "value"),
        ({"value": "-1"}, "value"),
        ({"unit": "person", "value": "1.5"}, "value"),
        ({"metric": "unheard_of"}, "metric"),
        ({"source": " "}, "source"),
    ],
)
def test_what_does_not_fit_is_refused_beside_the_field(
    world: World, client: Client, changes: dict[str, str], field: str
) -> None:
    response = client.post(f"{FIGURES}add/", figure_form(world, **changes))
    assert list(errors_of(response)) == [field]
    assert ReportedFigure.objects.count() == 0


def test_figure_of_the_sibling_is_not_there(world: World, client: Client) -> None:
    refused = client.post(f"{FIGURES}add/", figure_form(world, union=world.other.pk))
    assert list(errors_of(refused)) == ["union"]
    logged_in(world.neighbour).post(f"{FIGURES}add/", figure_form(world, union=world.other.pk))
    figure = ReportedFigure.objects.get()
    page = reverse("admin:reports_reportedfigure_change", args=[figure.pk])
    assert client.get(page).status_code == 404
    assert client.post(page, figure_form(world)).status_code == 404
    figure.refresh_from_db()
    assert (figure.union, figure.value) == (world.other, Decimal("0.0917"))


def test_runs_are_for_operators_to_read(world: World) -> None:
    run = ReportRun.objects.create(report="counts", day="2023-01-01")
    page = reverse("admin:reports_reportrun_change", args=[run.pk])
    operator = logged_in(world.operator)
    assert (operator.get(page).status_code, operator.post(page, {}).status_code) == (200, 403)
    assert logged_in(world.official).get(page).status_code == 403


@pytest.mark.parametrize(
    ("pace", "said"),
    [("1.10", "ahead"), ("1.30", "ahead"), ("0.70", "behind"), ("0.10", "behind"), ("1.00", "")],
)
def test_thresholds_of_pace_keep_their_order(world: World, pace: str, said: str) -> None:
    """Or nobody would be on pace, or somebody ahead who is behind."""
    page = reverse("admin:reports_pacethreshold_change", args=["on_pace"])
    operator = logged_in(world.operator)
    with translation.override("en"):
        response = operator.post(page, {"minimum_pace": pace}, headers={"accept-language": "en"})
    now = str(PaceThreshold.objects.get(status="on_pace").minimum_pace)
    if not said:
        assert (response.status_code, now) == (302, pace)
        return
    (error,) = errors_of(response)["minimum_pace"]
    assert (f"“{said}”" in error, now) == (True, "0.95")
