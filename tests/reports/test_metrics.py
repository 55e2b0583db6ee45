"""The registry: every formula is run, and gives what the dashboard shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.template import Context, Template
from django.test import Client

from core.clock import local_today
from enterprises.models import Employer, WorkforceBaseline
from members.enums import EventType, MembershipStatus
from members.models import Membership
from members.services.ledger import record_event
from reports.metrics import METRICS, SMALL_CELL, metric_of, suppressed, suppressed_cells
from reports.metrics.document import with_registry
from reports.models import CampaignForecast, ReportedFigure
from reports.nightly import run_nightly
from reports.selectors.counts import Metric, read_counts
from reports.selectors.coverage_rates import (
    DualCoverage,
    StaffRate,
    Units,
    read_units,
    staff_rates,
)
from reports.selectors.figures import figures_of
from reports.selectors.forecasts import forecasts_of
from reports.selectors.funnel import funnel_of
from reports.selectors.key_figures import key_figures
from reports.selectors.progress import measured
from reports.selectors.rates import rate_table
from reports.selectors.reading import Reading
from reports.selectors.structure import coverage_of
from tests.builders import make_membership, make_union
from tests.reports.world import DAY, World, build_world, group_set
from unions.enums import UnionStatus
from unions.models import Union
from unions.services import dissolve_union

pytestmark = pytest.mark.django_db
D = dt.date
SINCE = D(2024, 1, 1)


@pytest.fixture
def world() -> World:
    """The world of the dashboards, with units, one who came back, papers and a forecast."""
    world = build_world(count=False)
    come_back(world.town)
    units(world)
    # The township is a territory: what is counted for it are not its units' workers.
    for union, workers in ((world.flexible, 4), (world.town, 40)):
        WorkforceBaseline.objects.create(
            keeper=world.city, union=union, group_set=group_set("set4"), worker_count=workers,
            counted_on=D(2024, 1, 1), source="摸底表",
        )  # fmt: skip
    for metric, value in (("legal_checkups", 245), ("grants_paid", 20_000)):
        ReportedFigure.objects.create(
            union=world.city, metric=metric, value=Decimal(value), unit="checkup",
            as_of=D(2023, 9, 6), source="发布会",
        )  # fmt: skip
    run_nightly(DAY)
    CampaignForecast.objects.filter(target=world.targets["city_year"]).delete()
    CampaignForecast.objects.create(
        target=world.targets["city_year"], day=DAY, method="mean_rate", expected=Decimal("19"),
        low=Decimal("15"), high=Decimal("24"), confidence=Decimal("0.8"), days_used=30,
        needed_per_day=Decimal("0.055"),
    )  # fmt: skip
    return world


def come_back(union: Union) -> None:
    """A courier who left in 2023 and joined again in February 2024; another retained."""
    first = make_membership(union, on="2022-05-01")
    record_event(first, EventType.WITHDRAWN, union=union, effective_on=D(2023, 4, 1), actor=None)
    Membership.objects.filter(pk=first.pk).update(
        status=MembershipStatus.ENDED, ended_on=D(2023, 3, 31)
    )
    second = Membership.objects.create(
        member=first.member, union=union, worker_group_id="courier", channel=first.channel,
        started_on=D(2024, 2, 1),
    )  # fmt: skip
    record_event(second, EventType.JOINED, union=union, effective_on=D(2024, 2, 1), actor=None)
    kept = make_membership(union, group="employee", on="2022-06-01")
    record_event(kept, EventType.RETAINED, union=union, effective_on=D(2024, 1, 5), actor=None)


def units(world: World) -> None:
    """Five units of the city, four of them leading or platform firms, two covered on the day.

    The town's union covers one and, through its flexible union below, another; a union founded
    after the day a third; a fourth is only marked as unionised.
    """
    late = make_union("晚建工会", "grassroots_union", world.lin, founded_on="2024-03-16")
    # Never founded, though it was dissolved after the day.
    given_up = make_union("停建工会", "grassroots_union", world.lin, status=UnionStatus.PREPARING)
    dissolve_union(given_up, closed_on=local_today(), reason="不再筹建", actor=None)
    for name, keeper, covering, staff, state, is_firm in (
        ("甲平台", world.city, world.town, 6, "Y", True),
        ("乙快递", world.dong, world.flexible, None, "Y", True),
        ("丙货运", world.lin, late, 9, "Y", True),
        ("丁餐饮", world.lin, None, 5, "Y", True),
        ("戊商店", world.shen, None, 3, "N", False),
        ("洛阳店", world.other_city, world.other_city, 4, "Y", True),
    ):
        Employer.objects.create(
            name=name, keeper=keeper, region=world.region, covering_union=covering,
            staff_count=staff, founding_state=state, is_platform=is_firm,
        )  # fmt: skip


def shown_figures(world: World, union: Union) -> dict[str, Callable[[], Any]]:
    """What the pages show of each figure that has a formula, by its code."""
    figures = figures_of(union, DAY)
    reading = Reading([union.pk], [DAY])
    keys = {key.code: key.value for key in key_figures(reading, union, DAY)}
    found = read_units([union.pk], [DAY])[union.pk, DAY]
    eve = SINCE - dt.timedelta(days=1)
    counts = read_counts([union.pk], [(metric, "") for metric in Metric], [DAY, eve])

    def period(metric: str) -> int:
        return counts.at(union.pk, metric, "", DAY) - counts.at(union.pk, metric, "", eve)

    target = world.targets["city_year"]
    progress = measured([target], DAY)[0]
    forecast = forecasts_of([progress])[target.pk].forecast
    papers = {row.metric: row.value for row in union.reported_figures.filter(group_set=None)}
    funnel = funnel_of(union, SINCE, DAY)
    rate_nef = reading.set_rate(union.pk, "nef", DAY)
    dual = DualCoverage(found.firm_rate, rate_nef)
    return {
        "members": lambda: figures.members,
        "retained": lambda: figures.retained,
        "joined": lambda: figures.joined_this_year,
        "rejoined": lambda: period(Metric.REJOINED),
        "net_change": lambda: reading.net_change(union.pk, SINCE, DAY),
        "reported_members": lambda: papers.get("members"),
        "nef_members": lambda: figures.nef_members,
        "nef_member_share": lambda: figures.nef_member_share,
        "enrolment_rate": lambda: keys["enrolment_rate"],
        "enrolment_rate_staff": lambda: staff_rates(union, {DAY: found})[DAY].rate,
        "enrolment_rate_staff_set": lambda: next(
            row.rate
            for row in rate_table(union, DAY).rates
            if row.metric.code == "enrolment_rate_staff_set"
        ),
        "applications": lambda: funnel.sent,
        "approval_share": lambda: funnel.steps[-1][2],
        "decision_days": lambda: funnel.median_days,
        "unions": lambda: figures.unions,
        "unions_founded": lambda: period(Metric.UNIONS_FOUNDED),
        "nef_unions": lambda: figures.nef_unions,
        "nef_union_share": lambda: figures.nef_union_share,
        "coverage": lambda: coverage_of(union, DAY).covered,
        "establishment_rate": lambda: found.establishment_rate,
        "dual_coverage_firms": lambda: found.firm_rate,
        "dual_coverage_workers": lambda: rate_nef,
        "dual_coverage": lambda: dual.is_reached,
        "stations": lambda: figures.stations,
        "stations_per_10000": lambda: keys["stations_per_10000"],
        "legal_checkups": lambda: papers.get("legal_checkups"),
        "grants_paid": lambda: papers.get("grants_paid"),
        "target_share": lambda: progress.share,
        "time_elapsed": lambda: progress.time_elapsed,
        "pace": lambda: progress.pace,
        "forecast": lambda: forecast and forecast.expected,
        "needed_per_day": lambda: forecast and forecast.needed_per_day,
        "needed_per_working_day": lambda: forecast and forecast.needed_per_working_day,
    }


def computed(code: str, union: Union, target: int) -> Any:
    """The answer of the metric's formula."""
    metric = metric_of(code)
    values: dict[str, Any] = {
        "union_path": union.path, "day": DAY, "since": SINCE, "group_set": "set4",
        "target": target, "majority": Decimal("0.5"),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(metric.statement, {name: values[name] for name in metric.parameters})
        rows = cursor.fetchall()
    assert len(rows) <= 1, code
    return rows[0][0] if rows else None


def rounded(value: Any) -> Any:
    return round(Decimal(value), 4) if isinstance(value, Decimal | int | float) else value


def test_every_formula_gives_what_the_pages_show(world: World) -> None:
    wanted = [metric.code for metric in METRICS if metric.sql]
    target = world.targets["city_year"].pk
    for union in (world.city, world.dong, world.shen):
        shown = shown_figures(world, union)
        assert list(shown) == wanted
        by_page = {code: rounded(value()) for code, value in shown.items()}
        by_formula = {code: rounded(computed(code, union, target)) for code in wanted}
        assert by_formula == by_page, union.name
        if union == world.city:
            assert {code: by_page[code] for code in EXPECTED} == {
                code: rounded(value) for code, value in EXPECTED.items()
            }


# What the world of the tests comes to, by hand.
EXPECTED: dict[str, Any] = {
    "members": 8, "retained": 1, "joined": 4, "rejoined": 1, "net_change": 4,
    "enrolment_rate": Decimal(7) / 12, "enrolment_rate_staff": Decimal(5) / 6,
    "enrolment_rate_staff_set": Decimal(1) / 4,
    "establishment_rate": Decimal(2) / 5, "dual_coverage_firms": Decimal(2) / 4,
    "dual_coverage_workers": None, "dual_coverage": False,
    "stations_per_10000": Decimal(10_000) / 12, "legal_checkups": 245, "grants_paid": 20_000,
    "target_share": Decimal(4) / 20, "forecast": 19,
}  # fmt: skip


def test_units_are_told_apart_and_staff_counts_once(world: World) -> None:
    run_nightly(D(2024, 3, 16))
    found = read_units([world.city.pk, world.shen.pk], [DAY, D(2024, 3, 16)])
    assert found[world.city.pk, DAY] == Units(
        units=5, covered=2, marked_only=2, firms=4, covered_firms=2, staff=6, without_staff=1
    )
    assert found[world.city.pk, D(2024, 3, 16)].covered == 3
    assert found[world.shen.pk, DAY].establishment_rate == 0
    # The flexible union stands below the town's: its member is not counted twice.
    rates = staff_rates(world.city, {DAY: found[world.city.pk, DAY]})
    assert rates[DAY].members == 5
    assert StaffRate(7, found[world.city.pk, DAY]).is_over_full
    nothing = read_units([world.nef.pk], [DAY])[world.nef.pk, DAY]
    assert (nothing, nothing.establishment_rate, nothing.firm_rate) == (Units(), None, None)
    assert StaffRate(0, nothing).rate is None


def test_most_is_more_than_half_unless_set(settings: Any) -> None:
    half, all_firms = Decimal("0.5"), Decimal(1)
    for firms, workers, reached in (
        (all_firms, Decimal("0.51"), True), (all_firms, half, False), (half, None, False),
        (None, half, False), (all_firms, None, None), (None, None, None),
    ):  # fmt: skip
        assert DualCoverage(firms, workers).is_reached is reached
    settings.DUAL_COVERAGE_MAJORITY_PERCENT = 80
    assert DualCoverage(all_firms, Decimal("0.8")).is_reached is False


def test_small_cells_are_left_out() -> None:
    assert [suppressed(value) for value in (None, 0, 1, SMALL_CELL - 1, SMALL_CELL)] == [
        None, 0, None, None, 10,
    ]  # fmt: skip
    # One alone would follow from the total.
    assert suppressed_cells([3, 40, 12, 0]) == [None, 40, None, 0]
    assert suppressed_cells([3, 4, 12]) == [None, None, 12]
    assert suppressed_cells([30, 12]) == [30, 12]


def test_codes_are_anchors_and_the_link_leads_there(client: Client, world: World) -> None:
    codes = [metric.code for metric in METRICS]
    assert len(set(codes)) == len(codes)
    link = Template('{% load reports_figures %}{% metric_link "members" %}').render(Context())
    assert 'href="/dashboard/definitions/#metric-members"' in link
    with pytest.raises(KeyError):
        Template('{% load reports_figures %}{% metric_link "no" %}').render(Context())
    client.force_login(world.grassroots)
    content = client.get("/dashboard/definitions/").content.decode()
    assert [code for code in codes if f'id="metric-{code}"' not in content] == []


def test_the_document_is_that_of_the_registry() -> None:
    document = Path(django_settings.BASE_DIR, "docs/metrics.md").read_text("utf-8")
    assert with_registry(document) == document


def test_rates_stand_with_the_numbers_they_rest_on(client: Client, world: World) -> None:
    table = rate_table(world.city, DAY)
    assert [(row.metric.code, row.part, row.whole) for row in table.rates] == [
        ("enrolment_rate", 7, 12), ("enrolment_rate", 7, None), ("enrolment_rate", 7, None),
        ("enrolment_rate", 7, None), ("enrolment_rate_staff", 5, 6),
        ("enrolment_rate_staff_set", 1, 4), ("enrolment_rate_staff_set", None, None),
        ("enrolment_rate_staff_set", None, None), ("enrolment_rate_staff_set", None, None),
        ("establishment_rate", 2, 5), ("dual_coverage_firms", 2, 4),
        ("dual_coverage_workers", 7, None),
    ]  # fmt: skip
    assert [(row.metric.code, row.month, row.year) for row in table.flows] == [
        ("joined", 2, 4), ("rejoined", 0, 1), ("net_change", 2, 4),
    ]  # fmt: skip
    assert [(row.metric.code, row.reported and row.reported.value) for row in table.awaited] == [
        ("legal_checkups", 245), ("grants_paid", 20_000), ("duty_scorecard", None),
    ]  # fmt: skip
    client.force_login(world.leader)
    content = client.get(
        "/dashboard/parts/rates/", {"union": world.lin.pk}, headers={"accept-language": "en"}
    ).content.decode()
    for piece in ("200.00%", "over 100%", "no baseline", "#metric-dual_coverage"):
        assert piece in content, piece
